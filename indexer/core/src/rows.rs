//! The tables, each said once: the row type, its key, its columns. Everything that stores or loads rows is derived from
//! this list, so that a table cannot be forgotten by the undo log, by a restart or by a comparison.
//!
//! Every row ends with the log it comes from, which is what finality is judged by. *State* tables hold the newest row
//! of a key and are kept in memory, because a later log may change them. *History* tables only grow.

use alloy_primitives::{Address, B256, Bytes, U256};
use pars_wire::{Kind, NodeId, RecordingId, RoomId, SignerId, SittingId};
use serde::{Deserialize, Serialize};

use crate::cell::{Cell, Column, Rule};

/// The log a row comes from: unique on one branch, and ordered as the chain is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Position {
    /// Number of the block.
    pub block: u64,
    /// Index of the log in its block.
    pub log_index: u64,
    /// Hash of the block.
    pub block_hash: B256,
}

/// Shape of one table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Table {
    /// Its SQL name.
    pub name: &'static str,
    /// All columns in the order of [`Row::cells`]; the key's come first.
    pub columns: &'static [&'static str],
    /// How many leading columns form the key.
    pub key_len: usize,
    /// Whether the newest row of each key is kept in memory (a state table) or not (a history table).
    pub state: bool,
}

/// The rows of one table.
pub trait TableRow: Sized {
    /// Shape of the table.
    const TABLE: Table;
    /// Reads a row from its columns; nothing when they do not fit.
    fn from_cells(cells: &[Cell]) -> Option<Self>;
}

macro_rules! tables {
    ($(
        #[doc = $doc:literal]
        $name:ident in $table:literal, state $state:literal,
        key { $( #[doc = $kdoc:literal] $key:ident: $ktype:ty, )+ }
        row { $( #[doc = $fdoc:literal] $field:ident: $ftype:ty, )* }
    )+) => {
        $(
            #[doc = $doc]
            #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
            pub struct $name {
                $( #[doc = $kdoc] pub $key: $ktype, )+
                $( #[doc = $fdoc] pub $field: $ftype, )*
                /// The log this row comes from.
                pub at: Position,
            }

            impl TableRow for $name {
                const TABLE: Table = Table {
                    name: $table,
                    columns: &[$(stringify!($key),)+ $(stringify!($field),)* "block", "log_index", "block_hash"],
                    key_len: [$(stringify!($key)),+].len(),
                    state: $state,
                };

                fn from_cells(cells: &[Cell]) -> Option<Self> {
                    let mut cells = cells.iter();
                    let row = Self {
                        $( $key: Column::from_cell(cells.next()?)?, )+
                        $( $field: Column::from_cell(cells.next()?)?, )*
                        at: Position {
                            block: Column::from_cell(cells.next()?)?,
                            log_index: Column::from_cell(cells.next()?)?,
                            block_hash: Column::from_cell(cells.next()?)?,
                        },
                    };
                    cells.next().is_none().then_some(row)
                }
            }

            impl<'a> TryFrom<&'a Row> for &'a $name {
                type Error = ();

                fn try_from(row: &'a Row) -> Result<Self, ()> {
                    if let Row::$name(row) = row { Ok(row) } else { Err(()) }
                }
            }

            impl From<$name> for Row {
                fn from(row: $name) -> Self {
                    Self::$name(row)
                }
            }
        )+

        /// Which row: the table and the value of its key columns.
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum Key {
            $( #[doc = $doc] $name($($ktype),+), )+
        }

        /// A row of any table.
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
        pub enum Row {
            $( #[doc = $doc] $name($name), )+
        }

        /// Every table.
        pub const TABLES: &[Table] = &[$($name::TABLE),+];

        impl Key {
            /// The table of this key.
            pub const fn table(&self) -> Table {
                match self { $( Self::$name(..) => $name::TABLE, )+ }
            }

            /// The key columns.
            pub fn cells(&self) -> Vec<Cell> {
                match self { $( Self::$name($($key),+) => vec![$($key.to_cell()),+], )+ }
            }
        }

        impl Row {
            /// The key of this row.
            pub fn key(&self) -> Key {
                match self { $( Self::$name(row) => Key::$name($(row.$key.clone()),+), )+ }
            }

            /// The log this row comes from.
            pub const fn at(&self) -> Position {
                match self { $( Self::$name(row) => row.at, )+ }
            }

            /// All columns, in the order of [`Table::columns`].
            pub fn cells(&self) -> Vec<Cell> {
                match self { $( Self::$name(row) => vec![
                    $(row.$key.to_cell(),)+ $(row.$field.to_cell(),)*
                    row.at.block.to_cell(), row.at.log_index.to_cell(), row.at.block_hash.to_cell(),
                ], )+ }
            }

            /// Reads a row of the named table; nothing for an unknown table or columns that do not fit.
            pub fn from_cells(table: &str, cells: &[Cell]) -> Option<Self> {
                match table {
                    $( $table => $name::from_cells(cells).map(Self::$name), )+
                    _ => None,
                }
            }
        }
    };
}

tables! {
    /// A room as configured last. `at` is the log that changed the room itself last.
    Room in "rooms", state true,
    key {
        /// The room.
        room_id: RoomId,
    }
    row {
        /// Who may configure it.
        creator: Address,
        /// Whose lock paid the hourly slot.
        slot_of: Address,
        /// What kind of room.
        kind: Kind,
        /// Seats.
        capacity: u16,
        /// Least locked balance, raw units of the token; 0 for a committee.
        min_balance: u128,
        /// The Safe whose owners are members, or zero.
        safe: Address,
        /// The committee contract, or zero.
        committee: Address,
        /// Hash of the metadata object.
        metadata_hash: B256,
        /// Whether the room is closed for good.
        closed: bool,
        /// Block of its creation: rooms are listed in order of creation.
        created_block: u64,
        /// Log of its creation in that block.
        created_log_index: u64,
    }

    /// A moderator of a room.
    Moderator in "moderators", state true,
    key {
        /// The room.
        room_id: RoomId,
        /// The moderator.
        account: Address,
    }
    row {}

    /// A listed member of a committee room.
    Member in "members", state true,
    key {
        /// The room.
        room_id: RoomId,
        /// The member.
        account: Address,
    }
    row {}

    /// A sitting; `at` is the log that opened it: what comes before that log is in its tree.
    Sitting in "sittings", state true,
    key {
        /// The room.
        room_id: RoomId,
        /// Its number in the room, from 1.
        sitting_id: SittingId,
    }
    row {
        /// The pinned root of the eligibility tree.
        root: U256,
        /// Leaves in the pinned tree.
        leaf_count: u32,
        /// Timestamp of the opening block, seconds.
        opened_at: u64,
        /// The `at` of the proofs, seconds.
        ends_at: u64,
        /// `minBalance * MAXTIME`; 0 for a committee.
        threshold: U256,
        /// Metadata hash it pinned.
        metadata_hash: B256,
        /// Timestamp of the closing block, seconds; nothing while it was not closed by hand.
        closed_at: Option<u64>,
    }

    /// Key that signs seat statements for a contract wallet.
    SeatDelegate in "seat_delegates", state true,
    key {
        /// The wallet.
        account: Address,
    }
    row {
        /// Its delegate.
        delegate: Address,
        /// Last second of the delegation.
        until: u64,
    }

    /// The lock of an account.
    Lock in "locks", state true,
    key {
        /// The account.
        account: Address,
    }
    row {
        /// Locked amount, raw units of the token.
        amount: U256,
        /// End of the lock, seconds.
        end: u64,
    }

    /// The eligibility leaf of an account as it stands now.
    Leaf in "leaves", state true,
    key {
        /// Index in the tree: order of registration.
        index: u32,
    }
    row {
        /// The holder.
        account: Address,
        /// PoseidonT2(secret).
        commitment: U256,
        /// Locked amount; 0 once removed.
        weight: u128,
        /// End of the lock, seconds.
        end: u64,
        /// Root of the tree after this leaf was set.
        root: U256,
    }

    /// Every leaf that was ever set: the tree at any log can be rebuilt from these, and each holds the root after it.
    LeafSet in "leaf_sets", state false,
    key {
        /// Block of the log.
        set_block: u64,
        /// Index of the log in its block.
        set_log_index: u64,
    }
    row {
        /// Index in the tree.
        index: u32,
        /// The holder.
        account: Address,
        /// PoseidonT2(secret).
        commitment: U256,
        /// Locked amount; 0 once removed.
        weight: u128,
        /// End of the lock, seconds.
        end: u64,
        /// Root of the tree after this leaf was set.
        root: U256,
    }

    /// A Safe that a room names.
    Safe in "safes", state true,
    key {
        /// The Safe.
        safe: Address,
    }
    row {
        /// Whether its owners follow from its logs: false for a Safe older than 1.3 and for a contract that is none.
        known: bool,
    }

    /// An owner of a Safe that a room names.
    SafeOwner in "safe_owners", state true,
    key {
        /// The Safe.
        safe: Address,
        /// The owner.
        owner: Address,
    }
    row {}

    /// A service node.
    Node in "nodes", state true,
    key {
        /// The node.
        node_id: NodeId,
    }
    row {
        /// Account that holds the stake.
        owner: Address,
        /// Who runs it, for diversity of paths.
        operator: B256,
        /// SHA3-256 of its ML-DSA-87 key.
        identity_hash: B256,
        /// Its Ed25519 transport key.
        transport_key: B256,
        /// Hash of its signed directory entry; zero before the first update.
        directory_hash: B256,
        /// Stake, raw units of the token.
        stake: u128,
        /// Second from which the stake may be withdrawn; nothing while it is bonded, and once it has left.
        unbonding_until: Option<u64>,
        /// Whether missed challenges took it out of service.
        decommissioned: bool,
        /// Whether the stake has left.
        withdrawn: bool,
    }

    /// A challenge that a service node missed.
    MissedChallenge in "missed_challenges", state false,
    key {
        /// The node.
        node_id: NodeId,
        /// The epoch: days since 1970.
        epoch: u32,
    }
    row {}

    /// The random beacon of an epoch.
    Beacon in "beacons", state false,
    key {
        /// The epoch: days since 1970.
        epoch: u32,
    }
    row {
        /// The beacon.
        beacon: B256,
    }

    /// Consent to a recording (ELIGIBILITY section 4). Names no participant.
    Consent in "consents", state true,
    key {
        /// EIP-712 hash of the recording.
        id: RecordingId,
    }
    row {
        /// Consents counted so far.
        total: u16,
        /// Recording id inside the struct; known once authorised, like the four after it.
        recording_id: Option<B256>,
        /// Merkle root of the signers.
        roster: Option<B256>,
        /// Size of the roster.
        participants: Option<u16>,
        /// Hash of the policy consented to.
        policy: Option<B256>,
        /// Hash of the recorder's signer.
        recorder: Option<B256>,
        /// Last second of the authorisation.
        valid_until: Option<u64>,
        /// Whether somebody withdrew, for ever.
        withdrawn: bool,
        /// Content id of the recording, once anchored.
        cid: Option<Bytes>,
        /// Hash of the wrapped file keys, once anchored.
        wraps: Option<B256>,
    }

    /// A trigger key and its policy (ELIGIBILITY section 5).
    Signer in "signers", state true,
    key {
        /// Keccak-256 of the public key.
        signer_id: SignerId,
    }
    row {
        /// The account it acts for.
        account: Address,
        /// Contract that stores the key bytes.
        key_at: Address,
        /// Calls it may make.
        rules: Vec<Rule>,
        /// Most value per action, wei.
        value_cap: u128,
        /// Actions per period.
        per_period: u32,
        /// Length of the period, seconds.
        period: u32,
        /// Last second of the policy.
        valid_until: u64,
        /// The key that replaces it, while a rotation is under way or done.
        rotates_to: Option<SignerId>,
        /// Second from which the new key counts.
        rotates_at: Option<u64>,
        /// The key it replaces, when it came by rotation.
        rotated_from: Option<SignerId>,
        /// Whether it was revoked.
        revoked: bool,
    }

    /// An action of a trigger key; its nonce is consumed whether the call succeeded or not.
    Action in "actions", state false,
    key {
        /// The trigger key.
        signer_id: SignerId,
        /// Lane (192 bits) and sequence (64 bits).
        nonce: U256,
    }
    row {
        /// EIP-712 hash of the action.
        action_hash: B256,
        /// Whether the inner call succeeded.
        executed: bool,
        /// Return data of a failed call, at most 256 bytes.
        reason: Option<Bytes>,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_and_their_columns_have_distinct_names() {
        let mut names: Vec<_> = TABLES.iter().map(|table| table.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), TABLES.len());
        for table in TABLES {
            let mut columns = table.columns.to_vec();
            columns.sort_unstable();
            columns.dedup();
            assert_eq!(columns.len(), table.columns.len(), "{}", table.name);
        }
    }

    #[test]
    fn a_row_reads_back_from_its_columns() {
        let row = Row::from(Sitting {
            room_id: RoomId(B256::repeat_byte(1)),
            sitting_id: SittingId(2),
            root: U256::MAX,
            leaf_count: 3,
            opened_at: 4,
            ends_at: 5,
            threshold: U256::from(6),
            metadata_hash: B256::repeat_byte(7),
            closed_at: None,
            at: Position { block: 8, log_index: 9, block_hash: B256::repeat_byte(10) },
        });
        assert_eq!(Row::from_cells("sittings", &row.cells()), Some(row.clone()));
        assert_eq!(Row::from_cells("rooms", &row.cells()), None);
        assert_eq!(row.key().cells(), row.cells()[..Sitting::TABLE.key_len]);
    }
}
