//! The rows in memory, and their undo.

use std::collections::BTreeMap;

use pars_circuits::Tree;
use serde::{Deserialize, Serialize};

use crate::leaves;
use crate::refusal::Inconsistency;
use crate::rows::{Key, Leaf, Row};

/// What a row was before a block touched it: nothing, or the row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Undo {
    /// Which row.
    pub key: Key,
    /// The row before; nothing when the block created it.
    pub before: Option<Row>,
}

/// What a row is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Which row.
    pub key: Key,
    /// The row; nothing when it is gone.
    pub row: Option<Row>,
}

/// The newest rows of the state tables and the eligibility tree over the leaves.
#[derive(Clone, Debug, Default)]
pub(crate) struct State {
    rows: BTreeMap<Key, Row>,
    tree: Tree,
}

impl State {
    /// State of stored rows; fails when the leaves do not form a tree.
    pub(crate) fn restore(rows: impl IntoIterator<Item = Row>) -> Result<Self, Inconsistency> {
        let rows: BTreeMap<_, _> = rows.into_iter().map(|row| (row.key(), row)).collect();
        let tree = leaves::tree_of(rows.values().filter_map(|row| <&Leaf>::try_from(row).ok()))?;
        Ok(Self { rows, tree })
    }

    pub(crate) fn get<'a, T>(&'a self, key: &Key) -> Option<&'a T>
    where
        &'a T: TryFrom<&'a Row>,
    {
        self.rows.get(key).and_then(|row| row.try_into().ok())
    }

    pub(crate) fn rows(&self) -> impl Iterator<Item = &Row> {
        self.rows.values()
    }

    pub(crate) fn range(&self, from: &Key) -> impl Iterator<Item = (&Key, &Row)> {
        self.rows.range(from..)
    }

    pub(crate) const fn tree(&self) -> &Tree {
        &self.tree
    }

    /// Puts every row back as it was and returns the changes that this makes.
    pub(crate) fn revert(&mut self, undo: BTreeMap<Key, Option<Row>>) -> Vec<Change> {
        let leaves = undo.iter().filter_map(|(key, before)| match key {
            Key::Leaf(index) => Some((*index, before.as_ref().and_then(|row| <&Leaf>::try_from(row).ok()))),
            _ => None,
        });
        let mut leaves = leaves.peekable();
        if leaves.peek().is_some() {
            leaves::revert(&mut self.tree, leaves);
        }
        let mut changes = Vec::with_capacity(undo.len());
        for (key, before) in undo {
            self.put(&key, before.as_ref());
            changes.push(Change { key, row: before });
        }
        changes
    }

    fn put(&mut self, key: &Key, row: Option<&Row>) {
        match row {
            Some(row) if key.table().state => drop(self.rows.insert(key.clone(), row.clone())),
            _ => drop(self.rows.remove(key)),
        }
    }
}

/// The changes of one block while its logs are read: all or nothing.
pub(crate) struct Draft<'a> {
    state: &'a mut State,
    undo: BTreeMap<Key, Option<Row>>,
    after: BTreeMap<Key, Option<Row>>,
}

impl<'a> Draft<'a> {
    pub(crate) const fn new(state: &'a mut State) -> Self {
        Self { state, undo: BTreeMap::new(), after: BTreeMap::new() }
    }

    pub(crate) const fn state(&self) -> &State {
        self.state
    }

    /// Writes a row.
    pub(crate) fn put(&mut self, row: impl Into<Row>) {
        let row = row.into();
        self.set(row.key(), Some(row));
    }

    /// Removes a row, if it is there.
    pub(crate) fn remove(&mut self, key: Key) {
        if self.state.rows.contains_key(&key) {
            self.set(key, None);
        }
    }

    /// Writes a leaf to its table and to the tree.
    pub(crate) fn put_leaf(&mut self, leaf: Leaf) -> Result<(), Inconsistency> {
        leaves::set(&mut self.state.tree, &leaf)?;
        self.put(leaf);
        Ok(())
    }

    fn set(&mut self, key: Key, row: Option<Row>) {
        let before = self.state.rows.get(&key).cloned();
        self.undo.entry(key.clone()).or_insert(before);
        self.state.put(&key, row.as_ref());
        self.after.insert(key, row);
    }

    /// Keeps the changes; returns them with their undo.
    pub(crate) fn commit(self) -> (Vec<Change>, Vec<Undo>) {
        let changes = self.after.into_iter().map(|(key, row)| Change { key, row }).collect();
        let undo = self.undo.into_iter().map(|(key, before)| Undo { key, before }).collect();
        (changes, undo)
    }

    /// Takes everything back.
    pub(crate) fn abandon(self) {
        self.state.revert(self.undo);
    }
}
