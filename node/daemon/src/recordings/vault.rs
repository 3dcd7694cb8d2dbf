//! What the library keeps in sealed files of mode 0600, each under the store's key, named by what it belongs to:
//!
//! | Folder | Name | Plain |
//! |---|---|---|
//! | `keys` | recording32 ‖ random16 | a recording key: room32 ‖ kept_at8 ‖ until8, Unix seconds ‖ seed32 |
//! | `files` | span32 | the file key of a span whose recording key was destroyed for another span's sake: 32 |
//! | `anchors` | span32 | what signs the anchor of an own span: `Recording`138 ‖ named1 ‖ executor32 ‖ [`ConsentSecret`] |
//! | `withdrawals` | span32 | a withdrawal that no final block has shown: waits1 ‖ valid_until8 ‖ named1 ‖ executor32 ‖ call ([`ToWithdraw`]) |
//! | `rows` | span32 | what is known of a span: [`Row`] as JSON |
//! | `unpins` | CID36 | URLs of nodes that have not let go of a forgotten root: JSON |
//!
//! A name says which recording, span or root of the chain it is, and nothing of who or where. Destroying overwrites, syncs, removes:
//! what a disk keeps of overwritten blocks is sealed.

use std::collections::BTreeSet;
use std::fs::{self, DirBuilder};
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;

use alloy::primitives::B256;
use pars_blocks::Cid;
use pars_crypto::Sealed;
use pars_crypto::sealed::Place;
use pars_crypto::secret::{HybridKemSeed, RecordingKey, StoreKey, Zeroizing};
use pars_identity::id::IdentityId;
use pars_proto::room::recording::{Recording, RecordingTag};
use pars_wire::codec::Wire;
use pars_wire::{RecordingId, RoomId};
use serde::{Deserialize, Serialize};

use super::signer::{AnchorSigner, ConsentSecret};
use super::{LibraryError, ToWithdraw};
use crate::random;

/// The files of a span, as blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Files {
    /// The root.
    pub(super) cid: Cid,
    /// Hash of the wraps in them.
    pub(super) wraps: B256,
    /// A kill has left something unfinished.
    pub(super) torn: bool,
    /// Bytes of all blocks.
    pub(super) bytes: u64,
}

/// What is known here of a span.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Row {
    /// The recording.
    pub(super) recording: B256,
    /// The room, if the consent was given here.
    pub(super) room: Option<B256>,
    /// This daemon recorded it.
    pub(super) own: bool,
    /// Unix milliseconds; for another's span when its files have said it.
    pub(super) began_ms: Option<u64>,
    /// Unix milliseconds.
    pub(super) ended_ms: Option<u64>,
    /// Once there are blocks.
    pub(super) files: Option<Files>,
    /// Whether a key here opens it, once that was tried.
    pub(super) opens: Option<bool>,
    /// Stores that have all of it.
    pub(super) confirmed: u32,
    /// Stores that were asked; 0 before the first look.
    pub(super) asked: u32,
    /// When that was, Unix milliseconds.
    pub(super) looked_ms: u64,
    /// From when on it may not be kept, Unix seconds; none where nobody here agreed to anything.
    #[serde(default)]
    pub(super) until: Option<u64>,
}

impl Row {
    /// Nothing is known yet.
    pub(super) const fn new(recording: RecordingTag, room: Option<RoomId>, own: bool) -> Self {
        let room = match room {
            Some(room) => Some(room.0),
            None => None,
        };
        Self {
            recording: recording.0,
            room,
            own,
            began_ms: None,
            ended_ms: None,
            files: None,
            opens: None,
            confirmed: 0,
            asked: 0,
            looked_ms: 0,
            until: None,
        }
    }
}

/// What a recording key was kept for; times in Unix seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Consented {
    /// The room of the consent.
    pub(super) room: RoomId,
    /// When it was kept.
    pub(super) kept_at: u64,
    /// From when on it may not be kept.
    pub(super) until: u64,
}

/// A recording key that is kept.
pub(super) struct KeptKey {
    name: [u8; 48],
    /// What was agreed to with it.
    pub(super) of: Consented,
    /// The key.
    pub(super) seed: HybridKemSeed,
}

impl KeptKey {
    /// Of which recording.
    pub(super) fn tag(&self) -> RecordingTag {
        RecordingTag(self.name.first_chunk::<32>().map_or(B256::ZERO, B256::from))
    }
}

#[derive(Clone, Copy)]
enum Table {
    Keys,
    Files,
    Anchors,
    Withdrawals,
    Rows,
    Unpins,
}

impl Table {
    const ALL: [Self; 6] = [Self::Keys, Self::Files, Self::Anchors, Self::Withdrawals, Self::Rows, Self::Unpins];

    const fn folder(self) -> &'static str {
        match self {
            Self::Keys => "keys",
            Self::Files => "files",
            Self::Anchors => "anchors",
            Self::Withdrawals => "withdrawals",
            Self::Rows => "rows",
            Self::Unpins => "unpins",
        }
    }

    const fn place(self, key: &[u8]) -> Place<'_> {
        let table = match self {
            Self::Keys => "recording key",
            Self::Files => "recording file key",
            Self::Anchors => "recording anchor",
            Self::Withdrawals => "recording withdrawal",
            Self::Rows => "recording row",
            Self::Unpins => "recording unpin",
        };
        Place { table, key }
    }
}

/// An executor, if one was named: named1 ‖ executor32.
fn named(executor: Option<IdentityId>) -> [u8; 33] {
    let mut bytes = [0; 33];
    if let Some(IdentityId(id)) = executor {
        bytes.iter_mut().zip([1].into_iter().chain(id)).for_each(|(to, from)| *to = from);
    }
    bytes
}

fn is_named([named, executor @ ..]: &[u8; 33]) -> Option<IdentityId> {
    (*named != 0).then_some(IdentityId(*executor))
}

/// The sealed files.
#[derive(Debug)]
pub(super) struct Vault {
    path: PathBuf,
    key: StoreKey,
}

impl Vault {
    /// The folders, made with mode 0700. What a kill left half-written is destroyed, and what was to sign the anchor of a span
    /// that had not begun.
    pub(super) fn open(path: PathBuf, key: StoreKey) -> Result<Self, LibraryError> {
        for table in Table::ALL {
            let folder = path.join(table.folder());
            let made = DirBuilder::new().recursive(true).mode(0o700).create(&folder);
            let entries = made.and_then(|()| fs::read_dir(&folder));
            for entry in entries.map_err(|error| LibraryError::Folder(folder.clone(), error))?.flatten() {
                if entry.file_name().to_string_lossy().ends_with(".new") {
                    pars_keyfile::erase(&entry.path())?;
                }
            }
        }
        let vault = Self { path, key };
        let spans = vault.names::<32>(Table::Anchors).into_iter().map(|name| RecordingId(name.into()));
        spans.filter(|span| vault.row(*span).is_none()).try_for_each(|span| vault.destroy_anchor(span))?;
        Ok(vault)
    }

    fn file(&self, table: Table, name: &[u8]) -> PathBuf {
        self.path.join(table.folder()).join(hex::encode(name))
    }

    fn put(&self, table: Table, name: &[u8], plain: &[u8]) -> Result<(), LibraryError> {
        let sealed = Sealed::seal(&self.key, table.place(name), plain, &mut random::system());
        Ok(pars_keyfile::replace(&self.file(table, name), sealed.as_bytes())?)
    }

    fn get(&self, table: Table, name: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let sealed = Sealed::from_bytes(fs::read(self.file(table, name)).ok()?);
        let opened = sealed.open(&self.key, table.place(name));
        opened.inspect_err(|_| tracing::warn!(kind = table.folder(), "a sealed file of the library does not open")).ok()
    }

    fn destroy(&self, table: Table, name: &[u8]) -> Result<(), LibraryError> {
        Ok(pars_keyfile::erase(&self.file(table, name))?)
    }

    /// Names of one length.
    fn names<const N: usize>(&self, table: Table) -> Vec<[u8; N]> {
        let entries = fs::read_dir(self.path.join(table.folder())).into_iter().flatten().flatten();
        let names = entries.filter_map(|entry| {
            let mut name = [0; N];
            hex::decode_to_slice(entry.file_name().to_str()?, &mut name).ok().map(|()| name)
        });
        names.collect()
    }

    /// Keep a recording key, durably. One recording may have several: each seat of this daemon has its own.
    pub(super) fn keep_key(
        &self,
        tag: RecordingTag,
        Consented { room, kept_at, until }: Consented,
        seed: &HybridKemSeed,
    ) -> Result<(), LibraryError> {
        let mut plain = Zeroizing::new(Vec::with_capacity(80));
        plain.extend_from_slice(room.0.as_slice());
        plain.extend_from_slice(&kept_at.to_be_bytes());
        plain.extend_from_slice(&until.to_be_bytes());
        plain.extend_from_slice(seed.expose());
        let name = [tag.0.as_slice(), &random::bytes::<16>()].concat();
        self.put(Table::Keys, &name, &plain)
    }

    /// Every recording key that opens.
    pub(super) fn keys(&self) -> Vec<KeptKey> {
        let read = |name: [u8; 48]| {
            let plain = self.get(Table::Keys, &name)?;
            let (room, rest) = plain.split_first_chunk::<32>()?;
            let (kept_at, rest) = rest.split_first_chunk::<8>()?;
            let (until, seed) = rest.split_first_chunk::<8>()?;
            let seed = HybridKemSeed::from_bytes(*<&[u8; 32]>::try_from(seed).ok()?);
            let (kept_at, until) = (u64::from_be_bytes(*kept_at), u64::from_be_bytes(*until));
            Some(KeptKey { name, of: Consented { room: RoomId((*room).into()), kept_at, until }, seed })
        };
        self.names(Table::Keys).into_iter().filter_map(read).collect()
    }

    /// From when on a recording may not be kept: the last time that was agreed to here.
    pub(super) fn until(&self, tag: RecordingTag) -> Option<u64> {
        self.keys().iter().filter(|key| key.tag() == tag).map(|key| key.of.until).max()
    }

    /// Destroy every key of a recording, those that do not open too.
    pub(super) fn destroy_keys(&self, tag: RecordingTag) -> Result<(), LibraryError> {
        let names = self.names::<48>(Table::Keys).into_iter().filter(|name| name.starts_with(tag.0.as_slice()));
        names.into_iter().try_for_each(|name| self.destroy(Table::Keys, &name))
    }

    pub(super) fn keep_file_key(&self, span: RecordingId, key: &RecordingKey) -> Result<(), LibraryError> {
        self.put(Table::Files, span.0.as_slice(), key.expose())
    }

    pub(super) fn file_key(&self, span: RecordingId) -> Option<RecordingKey> {
        let plain = self.get(Table::Files, span.0.as_slice())?;
        Some(RecordingKey::from_bytes(*<&[u8; 32]>::try_from(plain.as_slice()).ok()?))
    }

    /// Spans of which a file key opens.
    pub(super) fn file_keys(&self) -> BTreeSet<RecordingId> {
        let spans = self.names::<32>(Table::Files).into_iter().map(|name| RecordingId(name.into()));
        spans.filter(|span| self.file_key(*span).is_some()).collect()
    }

    pub(super) fn destroy_file_key(&self, span: RecordingId) -> Result<(), LibraryError> {
        self.destroy(Table::Files, span.0.as_slice())
    }

    pub(super) fn keep_anchor(&self, recording: &Recording, signer: &AnchorSigner) -> Result<(), LibraryError> {
        let mut plain = Zeroizing::new(recording.encode());
        plain.extend_from_slice(&named(signer.through));
        plain.extend_from_slice(&signer.secret.0);
        self.put(Table::Anchors, recording.span().0.as_slice(), &plain)
    }

    pub(super) fn anchors(&self) -> Vec<(Recording, AnchorSigner)> {
        let read = |name: [u8; 32]| {
            let plain = self.get(Table::Anchors, &name)?;
            let (recording, rest) = plain.split_at_checked(Recording::SIZE)?;
            let (executor, secret) = rest.split_first_chunk::<33>()?;
            let secret = ConsentSecret(Zeroizing::new(secret.to_vec()));
            Some((Recording::decode(recording).ok()?, AnchorSigner { secret, through: is_named(executor) }))
        };
        self.names(Table::Anchors).into_iter().filter_map(read).collect()
    }

    pub(super) fn destroy_anchor(&self, span: RecordingId) -> Result<(), LibraryError> {
        self.destroy(Table::Anchors, span.0.as_slice())
    }

    pub(super) fn keep_withdrawal(&self, of: &ToWithdraw) -> Result<(), LibraryError> {
        let (waits, until) = ([u8::from(of.waits)], of.valid_until.to_be_bytes());
        let plain = [waits.as_slice(), &until, &named(of.through), &of.call].concat();
        self.put(Table::Withdrawals, of.span.0.as_slice(), &plain)
    }

    pub(super) fn withdrawals(&self) -> Vec<ToWithdraw> {
        let read = |name: [u8; 32]| {
            let plain = self.get(Table::Withdrawals, &name)?;
            let (waits, rest) = plain.split_first()?;
            let (until, rest) = rest.split_first_chunk::<8>()?;
            let (executor, call) = rest.split_first_chunk::<33>()?;
            Some(ToWithdraw {
                span: RecordingId(name.into()),
                valid_until: u64::from_be_bytes(*until),
                waits: *waits != 0,
                through: is_named(executor),
                call: call.to_vec(),
            })
        };
        self.names(Table::Withdrawals).into_iter().filter_map(read).collect()
    }

    pub(super) fn destroy_withdrawal(&self, span: RecordingId) -> Result<(), LibraryError> {
        self.destroy(Table::Withdrawals, span.0.as_slice())
    }

    pub(super) fn put_row(&self, span: RecordingId, row: &Row) -> Result<(), LibraryError> {
        self.put(Table::Rows, span.0.as_slice(), &serde_json::to_vec(row)?)
    }

    pub(super) fn row(&self, span: RecordingId) -> Option<Row> {
        serde_json::from_slice(&self.get(Table::Rows, span.0.as_slice())?).ok()
    }

    pub(super) fn rows(&self) -> Vec<(RecordingId, Row)> {
        let spans = self.names::<32>(Table::Rows).into_iter().map(|name| RecordingId(name.into()));
        spans.filter_map(|span| Some((span, self.row(span)?))).collect()
    }

    pub(super) fn destroy_row(&self, span: RecordingId) -> Result<(), LibraryError> {
        self.destroy(Table::Rows, span.0.as_slice())
    }

    /// Remember which nodes have yet to let a root go; none: nothing is left to do.
    pub(super) fn keep_unpin(&self, root: Cid, nodes: &BTreeSet<String>) -> Result<(), LibraryError> {
        match nodes.is_empty() {
            true => self.destroy(Table::Unpins, &root.to_bytes()),
            false => self.put(Table::Unpins, &root.to_bytes(), &serde_json::to_vec(nodes)?),
        }
    }

    /// Nodes that have yet to let a root go.
    pub(super) fn unpin(&self, root: Cid) -> BTreeSet<String> {
        let plain = self.get(Table::Unpins, &root.to_bytes());
        plain.and_then(|plain| serde_json::from_slice(&plain).ok()).unwrap_or_default()
    }

    /// Roots that some node has yet to let go.
    pub(super) fn unpins(&self) -> Vec<Cid> {
        self.names::<{ Cid::SIZE }>(Table::Unpins).iter().filter_map(|name| Cid::from_bytes(name).ok()).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use alloy::primitives::Address;
    use pars_crypto::suite::Libcrux;
    use pars_proto::room::recording::ConsentKey;

    use super::*;

    fn vault(path: &std::path::Path, key: u8) -> Vault {
        Vault::open(path.to_owned(), StoreKey::from_bytes([key; 32])).unwrap()
    }

    fn names(vault: &Vault, table: Table) -> Vec<PathBuf> {
        fs::read_dir(vault.path.join(table.folder())).unwrap().map(|entry| entry.unwrap().path()).collect()
    }

    #[test]
    fn recording_keys_come_back_under_their_store_key_only_until_they_are_destroyed_by_overwriting() {
        let dir = tempfile::tempdir().unwrap();
        let kept = vault(dir.path(), 1);
        let (tag, other) = (RecordingTag(B256::repeat_byte(7)), RecordingTag(B256::repeat_byte(8)));
        let of = Consented { room: RoomId(B256::repeat_byte(9)), kept_at: 1_750_000_000, until: 1_750_000_060 };
        for (tag, seed) in [(tag, 0xa1), (tag, 0xa2), (other, 0xa3)] {
            kept.keep_key(tag, of, &HybridKemSeed::from_bytes([seed; 32])).unwrap();
        }
        let mut seeds: Vec<_> = kept.keys().iter().map(|key| (key.tag(), key.seed.expose()[0])).collect();
        seeds.sort_unstable();
        assert_eq!(seeds, [(tag, 0xa1), (tag, 0xa2), (other, 0xa3)]);
        assert!(kept.keys().iter().all(|key| key.of == of));
        assert_eq!((kept.until(tag), kept.until(RecordingTag(B256::ZERO))), (Some(of.until), None));
        assert!(vault(dir.path(), 2).keys().is_empty());
        for path in names(&kept, Table::Keys) {
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
            let sealed = fs::read(&path).unwrap();
            let shows = |secret: &[u8]| sealed.windows(8).any(|bytes| bytes == secret);
            let secrets = [[0xa1_u8; 8], [0xa2; 8], [0xa3; 8], [9; 8]];
            assert!(!secrets.iter().any(|secret| shows(secret.as_slice())));
        }
        // Second names of the files show what stood in them last; a half-written one is of nobody.
        let links = dir.path().join("links");
        fs::create_dir(&links).unwrap();
        for (at, path) in names(&kept, Table::Keys).into_iter().enumerate() {
            fs::hard_link(path, links.join(at.to_string())).unwrap();
        }
        kept.destroy_keys(tag).unwrap();
        assert_eq!(kept.keys().iter().map(KeptKey::tag).collect::<Vec<_>>(), [other]);
        let last = fs::read_dir(&links).unwrap().map(|entry| fs::read(entry.unwrap().path()).unwrap());
        assert_eq!(last.filter(|bytes| bytes.iter().all(|byte| *byte == 0)).count(), 2);
        fs::write(dir.path().join("keys/0a.new"), b"half").unwrap();
        let again = vault(dir.path(), 1);
        assert!(again.keys().len() == 1 && names(&again, Table::Keys).len() == 1);
    }

    #[test]
    fn what_signs_an_anchor_comes_back_with_its_executor_if_its_span_has_begun() {
        let dir = tempfile::tempdir().unwrap();
        let kept = vault(dir.path(), 1);
        let classical = ConsentKey::from_scalar(&[3; 32]).unwrap();
        let quantum = ConsentKey::generate_ml_dsa(&Libcrux, &mut random::system(), Address::repeat_byte(4));
        let recording = |byte| Recording {
            tag: RecordingTag(B256::repeat_byte(byte)),
            roster: B256::ZERO,
            participants: 1,
            policy: B256::ZERO,
            recorder: B256::ZERO,
            valid_until: 5,
        };
        for (byte, key, through) in [(1, &classical, None), (2, &quantum, Some(IdentityId([6; 32])))] {
            let signer = AnchorSigner { secret: ConsentSecret::of(key), through };
            kept.keep_anchor(&recording(byte), &signer).unwrap();
            kept.put_row(recording(byte).span(), &Row::new(recording(byte).tag, None, true)).unwrap();
        }
        let lone = AnchorSigner { secret: ConsentSecret::of(&classical), through: None };
        kept.keep_anchor(&recording(3), &lone).unwrap();
        let mut back = vault(dir.path(), 1).anchors();
        back.sort_unstable_by_key(|(recording, _)| recording.tag);
        let said: Vec<_> =
            back.iter().map(|(of, signer)| (*of, signer.secret.key().unwrap().signer(), signer.through)).collect();
        let wanted =
            [(recording(1), classical.signer(), None), (recording(2), quantum.signer(), Some(IdentityId([6; 32])))];
        assert_eq!(said, wanted);
        assert_eq!(format!("{:?}", back[0].1.secret), "ConsentSecret(redacted)");
    }
}
