//! A persistent Merkle-Patricia trie: updates share all untouched nodes with the version before, node hashes are computed
//! once and kept. One structure serves as map, as history (a version is one pointer) and as commitment.
//! Keys are hashed to 32 bytes (the "secure trie" of the Yellow Paper, appendix D), so no key is a prefix of another and a
//! branch never holds a value of its own.

use std::sync::{Arc, OnceLock};

use alloy_primitives::{B256, keccak256};
use alloy_trie::{
    EMPTY_ROOT_HASH, Nibbles, TrieMask,
    nodes::{BranchNodeRef, ExtensionNodeRef, LeafNodeRef, RlpNode},
};

/// What a leaf holds: its RLP goes into the commitment.
pub(crate) trait TrieValue: Clone {
    /// Appends the RLP of the value.
    fn encode_value(&self, out: &mut Vec<u8>);
}

#[derive(Debug)]
enum Kind<V> {
    Leaf { path: Nibbles, value: V },
    Extension { path: Nibbles, child: Arc<Node<V>> },
    Branch(Children<V>),
}

type Children<V> = [Option<Arc<Node<V>>>; 16];

#[derive(Debug)]
struct Node<V> {
    kind: Kind<V>,
    rlp: OnceLock<RlpNode>,
}

/// A version of the map; cloning is one pointer.
#[derive(Debug)]
pub(crate) struct Trie<V>(Option<Arc<Node<V>>>);

impl<V> Clone for Trie<V> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<V> Default for Trie<V> {
    fn default() -> Self {
        Self(None)
    }
}

impl<V: TrieValue> Trie<V> {
    /// The value under a key.
    pub(crate) fn get(&self, key: &[u8]) -> Option<&V> {
        let mut path = hashed(key);
        let mut node = self.0.as_deref()?;
        loop {
            match &node.kind {
                Kind::Leaf { path: rest, value } => return (*rest == path).then_some(value),
                Kind::Extension { path: prefix, child } => {
                    if !path.starts_with(prefix) {
                        return None;
                    }
                    path = path.slice(prefix.len()..);
                    node = child;
                }
                Kind::Branch(children) => {
                    node = child_at(children, path.first()?)?;
                    path = path.slice(1..);
                }
            }
        }
    }

    /// Sets the value under a key.
    pub(crate) fn insert(&mut self, key: &[u8], value: V) {
        self.0 = Some(insert(self.0.as_ref(), hashed(key), value));
    }

    /// Removes a key; an absent key changes nothing.
    pub(crate) fn remove(&mut self, key: &[u8]) {
        if let Some(root) = &self.0 {
            self.0 = remove(root, hashed(key));
        }
    }

    /// The root hash.
    pub(crate) fn root(&self) -> B256 {
        let Some(node) = &self.0 else { return EMPTY_ROOT_HASH };
        let rlp = node.rlp();
        rlp.as_hash().unwrap_or_else(|| keccak256(rlp.as_slice()))
    }
}

impl<V: TrieValue> Node<V> {
    fn new(kind: Kind<V>) -> Arc<Self> {
        Arc::new(Self { kind, rlp: OnceLock::new() })
    }

    /// The node's RLP if it is shorter than 32 bytes, else the RLP of its hash.
    fn rlp(&self) -> &RlpNode {
        self.rlp.get_or_init(|| {
            let mut buffer = Vec::new();
            match &self.kind {
                Kind::Leaf { path, value } => {
                    let mut encoded = Vec::new();
                    value.encode_value(&mut encoded);
                    LeafNodeRef::new(path, &encoded).rlp(&mut buffer)
                }
                Kind::Extension { path, child } => ExtensionNodeRef::new(path, child.rlp()).rlp(&mut buffer),
                Kind::Branch(children) => {
                    let mut mask = TrieMask::default();
                    let mut stack = Vec::with_capacity(16);
                    for (nibble, child) in (0u8..).zip(children) {
                        if let Some(child) = child {
                            mask.set_bit(nibble);
                            stack.push(child.rlp().clone());
                        }
                    }
                    BranchNodeRef::new(&stack, mask).rlp(&mut buffer)
                }
            }
        })
    }
}

fn hashed(key: &[u8]) -> Nibbles {
    Nibbles::unpack(keccak256(key))
}

fn child_at<V>(children: &Children<V>, nibble: u8) -> Option<&Arc<Node<V>>> {
    children.get(usize::from(nibble)).and_then(Option::as_ref)
}

fn set_child<V>(children: &mut Children<V>, nibble: u8, child: Option<Arc<Node<V>>>) {
    if let Some(slot) = children.get_mut(usize::from(nibble)) {
        *slot = child;
    }
}

/// Puts `path` in front of a subtree, merging with the path it starts with.
fn prefixed<V: TrieValue>(path: Nibbles, node: Arc<Node<V>>) -> Arc<Node<V>> {
    if path.is_empty() {
        return node;
    }
    match &node.kind {
        Kind::Leaf { path: rest, value } => Node::new(Kind::Leaf { path: path.join(rest), value: value.clone() }),
        Kind::Extension { path: rest, child } => {
            Node::new(Kind::Extension { path: path.join(rest), child: child.clone() })
        }
        Kind::Branch(_) => Node::new(Kind::Extension { path, child: node }),
    }
}

/// A branch after `shared` nibbles of `old_path`, holding the old subtree and a new leaf that part ways there.
fn split<V: TrieValue>(old_path: Nibbles, old: Arc<Node<V>>, new_path: Nibbles, value: V) -> Arc<Node<V>> {
    let shared = old_path.common_prefix_length(&new_path);
    let mut children: Children<V> = Default::default();
    if let (Some(old_nibble), Some(new_nibble)) = (old_path.get(shared), new_path.get(shared)) {
        set_child(&mut children, old_nibble, Some(prefixed(old_path.slice(shared + 1..), old)));
        let leaf = Node::new(Kind::Leaf { path: new_path.slice(shared + 1..), value });
        set_child(&mut children, new_nibble, Some(leaf));
    }
    prefixed(old_path.slice(..shared), Node::new(Kind::Branch(children)))
}

fn insert<V: TrieValue>(node: Option<&Arc<Node<V>>>, path: Nibbles, value: V) -> Arc<Node<V>> {
    let Some(node) = node else { return Node::new(Kind::Leaf { path, value }) };
    match &node.kind {
        Kind::Leaf { path: rest, .. } if *rest == path => Node::new(Kind::Leaf { path, value }),
        Kind::Leaf { path: rest, value: old } => {
            let shared = rest.common_prefix_length(&path);
            let tail = Node::new(Kind::Leaf { path: Nibbles::new(), value: old.clone() });
            debug_assert!(shared < rest.len(), "keys have one length, so two of them part ways inside it");
            split(*rest, tail, path, value)
        }
        Kind::Extension { path: prefix, child } => {
            if path.starts_with(prefix) {
                prefixed(*prefix, insert(Some(child), path.slice(prefix.len()..), value))
            } else {
                split(*prefix, child.clone(), path, value)
            }
        }
        Kind::Branch(children) => {
            let mut children = children.clone();
            if let Some(nibble) = path.first() {
                let child = insert(child_at(&children, nibble), path.slice(1..), value);
                set_child(&mut children, nibble, Some(child));
            }
            Node::new(Kind::Branch(children))
        }
    }
}

fn remove<V: TrieValue>(node: &Arc<Node<V>>, path: Nibbles) -> Option<Arc<Node<V>>> {
    match &node.kind {
        Kind::Leaf { path: rest, .. } => (*rest != path).then(|| node.clone()),
        Kind::Extension { path: prefix, child } => {
            if !path.starts_with(prefix) {
                return Some(node.clone());
            }
            remove(child, path.slice(prefix.len()..)).map(|rest| prefixed(*prefix, rest))
        }
        Kind::Branch(children) => {
            let Some(nibble) = path.first() else { return Some(node.clone()) };
            let Some(child) = child_at(children, nibble) else { return Some(node.clone()) };
            let mut children = children.clone();
            set_child(&mut children, nibble, remove(child, path.slice(1..)));
            let mut left = (0u8..).zip(&children).filter_map(|(n, c)| c.as_ref().map(|c| (n, c)));
            match (left.next(), left.next()) {
                (None, _) => None,
                (Some((only, child)), None) => Some(prefixed(Nibbles::from_nibbles([only]), child.clone())),
                _ => Some(Node::new(Kind::Branch(children))),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use alloy_consensus::proofs::storage_root_unhashed;
    use alloy_primitives::U256;
    use proptest::prelude::*;

    use super::*;

    fn reference(map: &BTreeMap<B256, U256>) -> B256 {
        storage_root_unhashed(map.iter().map(|(k, v)| (*k, *v)))
    }

    #[test]
    fn an_empty_trie_has_the_empty_root() {
        assert_eq!(Trie::<U256>::default().root(), EMPTY_ROOT_HASH);
    }

    proptest! {
        #[test]
        fn every_version_has_the_root_of_the_reference_and_old_versions_stay(
            steps in prop::collection::vec((0u8..40, 0u64..4), 1..120)
        ) {
            let mut trie = Trie::<U256>::default();
            let mut map = BTreeMap::new();
            let mut versions = Vec::new();
            for (key, value) in steps {
                let key = B256::with_last_byte(key);
                if value == 0 {
                    trie.remove(key.as_slice());
                    map.remove(&key);
                } else {
                    trie.insert(key.as_slice(), U256::from(value));
                    map.insert(key, U256::from(value));
                }
                prop_assert_eq!(trie.root(), reference(&map));
                versions.push((trie.clone(), map.clone()));
            }
            for (trie, map) in versions {
                for key in 0u8..40 {
                    let key = B256::with_last_byte(key);
                    prop_assert_eq!(trie.get(key.as_slice()), map.get(&key));
                }
                prop_assert_eq!(trie.root(), reference(&map));
            }
        }
    }
}
