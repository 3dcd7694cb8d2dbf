//! What outlives a restart of a hosting daemon: the secrets of a sitting's host and who is banned from it, sealed under the
//! store's key, in a 0600 file for each sitting, named by its room and its metadata's hash: the number is known only when the
//! chain has it. Gone at the sitting's end, nullifiers too (ELIGIBILITY 2.7).
//!
//! ```text
//! plain = x_seed32 | s_seed32 | length1 | address | bans2 | (kind1 | value32 of a nullifier, value20 of an account) × bans | object
//! ```

use std::fs::{self, DirBuilder};
use std::net::SocketAddr;
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;

use alloy::primitives::B256;
use pars_crypto::Sealed;
use pars_crypto::sealed::Place;
use pars_crypto::secret::{Ed25519Seed, HybridKemSeed, StoreKey, Zeroizing};
use pars_proto::room::{HostSecrets, SeatIdentity, StatementHash};
use pars_wire::{Nullifier, RoomId};

use crate::driver::SUITE;
use crate::random;
use crate::room::objects;

/// Seeds: X-Wing and Ed25519.
const SEEDS: usize = 64;
/// Kinds of banned identities.
const NULLIFIER: u8 = 1;
const ACCOUNT: u8 = 2;
const RECORDER: u8 = 3;

/// A sitting that this daemon hosts, or is about to.
#[derive(Clone, Debug)]
pub struct Kept {
    /// Its room.
    pub room: RoomId,
    /// The host's keys.
    pub secrets: HostSecrets,
    /// Where its tunnels end: the metadata names it.
    pub address: SocketAddr,
    /// The metadata object.
    pub object: Vec<u8>,
    /// Who may not come back in this sitting; at most 65,535.
    pub bans: Vec<SeatIdentity>,
}

/// What a kept sitting is found by: its room and the hash of its metadata object.
pub type Name = (RoomId, B256);

impl Kept {
    /// Its name.
    pub fn name(&self) -> Name {
        (self.room, objects::name(&self.object))
    }
}

/// Why it is not kept.
#[derive(Debug, thiserror::Error)]
pub enum KeptError {
    /// The disk.
    #[error("the keys of a hosted sitting cannot be kept in {0}: {1}")]
    Io(PathBuf, std::io::Error),
    /// The file.
    #[error(transparent)]
    File(#[from] pars_keyfile::FileError),
}

/// The folder of hosted sittings.
#[derive(Clone, Debug)]
pub struct Folder {
    path: PathBuf,
    key: StoreKey,
}

impl Folder {
    /// The folder at a path, made with mode 0700.
    ///
    /// # Errors
    /// [`KeptError::Io`].
    pub fn open(path: PathBuf, key: StoreKey) -> Result<Self, KeptError> {
        let made = DirBuilder::new().recursive(true).mode(0o700).create(&path);
        made.map_err(|error| KeptError::Io(path.clone(), error))?;
        Ok(Self { path, key })
    }

    fn file(&self, (room, hash): Name) -> PathBuf {
        self.path.join(format!("{}-{}", hex::encode(room.0), hex::encode(hash)))
    }

    /// Keep a sitting, durably; replaces what was kept of it. Other sittings of its room stay.
    ///
    /// # Errors
    /// [`KeptError::File`].
    pub fn keep(&self, kept: &Kept) -> Result<(), KeptError> {
        let (x, s) = kept.secrets.seeds();
        let mut plain = Zeroizing::new([x.expose().as_slice(), s.expose()].concat());
        let address = kept.address.to_string();
        // An address has less than 256 characters.
        plain.push(address.len() as u8);
        plain.extend_from_slice(address.as_bytes());
        write_bans(&kept.bans, &mut plain);
        plain.extend_from_slice(&kept.object);
        let sealed = Sealed::seal(&self.key, place(&kept.room), &plain, &mut random::system());
        Ok(pars_keyfile::replace(&self.file(kept.name()), sealed.as_bytes())?)
    }

    /// Remember who may not come back, durably; somebody known is not written twice. Who is not on the disk afterwards still stands
    /// in `identities`, for the next attempt.
    ///
    /// # Errors
    /// [`KeptError::File`].
    pub fn ban(&self, kept: &mut Kept, identities: &mut Vec<SeatIdentity>) -> Result<(), KeptError> {
        identities.retain(|identity| !kept.bans.contains(identity));
        if identities.is_empty() {
            return Ok(());
        }
        let mut next = kept.clone();
        next.bans.extend(identities.iter());
        self.keep(&next)?;
        *kept = next;
        identities.clear();
        Ok(())
    }

    /// All that is kept and opens.
    pub fn all(&self) -> Vec<Kept> {
        let entries = fs::read_dir(&self.path).into_iter().flatten();
        let names = entries.filter_map(|entry| {
            let name = entry.ok()?.file_name().into_string().ok()?;
            let (mut room, mut hash) = ([0; 32], [0; 32]);
            let (first, second) = name.split_once('-')?;
            hex::decode_to_slice(first, &mut room).ok()?;
            hex::decode_to_slice(second, &mut hash).ok()?;
            Some((RoomId(room.into()), hash.into()))
        });
        names.filter_map(|name| self.read(name)).collect()
    }

    fn read(&self, (room, hash): Name) -> Option<Kept> {
        let sealed = Sealed::from_bytes(fs::read(self.file((room, hash))).ok()?);
        let plain = sealed.open(&self.key, place(&room)).ok()?;
        let (seeds, rest) = plain.split_first_chunk::<SEEDS>()?;
        let (x, s) = (seeds.first_chunk::<32>()?, seeds.last_chunk::<32>()?);
        let (length, rest) = rest.split_first()?;
        let (address, rest) = rest.split_at_checked(usize::from(*length))?;
        let secrets = HostSecrets::from_seeds(SUITE, HybridKemSeed::from_bytes(*x), Ed25519Seed::from_bytes(*s));
        let address = str::from_utf8(address).ok()?.parse().ok()?;
        let (bans, object) = read_bans(rest)?;
        let kept = Kept { room, secrets, address, object: object.to_vec(), bans };
        Some(kept).filter(|kept| kept.name().1 == hash)
    }

    /// Forget a sitting: overwritten, then removed. What a disk keeps of overwritten blocks is sealed.
    pub fn forget(&self, name: Name) {
        let path = self.file(name);
        if let Err(error) = pars_keyfile::erase(&path) {
            tracing::warn!(%error, "keys of a sitting that is over were not erased");
        }
    }
}

fn place(room: &RoomId) -> Place<'_> {
    Place { table: "room host", key: room.0.as_slice() }
}

fn write_bans(bans: &[SeatIdentity], to: &mut Vec<u8>) {
    let count = u16::try_from(bans.len()).unwrap_or(u16::MAX);
    to.extend_from_slice(&count.to_be_bytes());
    for ban in bans.iter().take(usize::from(count)) {
        let (kind, value) = match ban {
            SeatIdentity::Nullifier(nullifier) => (NULLIFIER, nullifier.0.as_slice()),
            SeatIdentity::Account(account) => (ACCOUNT, account.as_slice()),
            SeatIdentity::Recorder(seat) => (RECORDER, seat.0.as_slice()),
        };
        to.push(kind);
        to.extend_from_slice(value);
    }
}

/// The bans, and what follows them.
fn read_bans(from: &[u8]) -> Option<(Vec<SeatIdentity>, &[u8])> {
    let (count, mut rest) = from.split_first_chunk::<2>()?;
    let mut bans = Vec::new();
    for _ in 0..u16::from_be_bytes(*count) {
        let (kind, value) = rest.split_first()?;
        let long = value.split_first_chunk::<32>();
        let (ban, after) = match *kind {
            NULLIFIER => long.map(|(value, after)| (SeatIdentity::Nullifier(Nullifier((*value).into())), after))?,
            ACCOUNT => {
                let (value, after) = value.split_first_chunk::<20>()?;
                (SeatIdentity::Account((*value).into()), after)
            }
            RECORDER => long.map(|(value, after)| (SeatIdentity::Recorder(StatementHash(*value)), after))?,
            _ => return None,
        };
        bans.push(ban);
        rest = after;
    }
    Some((bans, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sittings_keys_and_bans_come_back_until_they_are_forgotten_and_open_with_their_store_key_only() {
        let dir = tempfile::tempdir().unwrap();
        let key = StoreKey::generate(&mut random::system());
        let folder = Folder::open(dir.path().join("rooms"), key).unwrap();
        let secrets = HostSecrets::generate(SUITE, &mut random::system());
        let room = RoomId([7; 32].into());
        let bans = vec![
            SeatIdentity::Nullifier(Nullifier([8; 32].into())),
            SeatIdentity::Account([9; 20].into()),
            SeatIdentity::Recorder(StatementHash([10; 32])),
        ];
        let (address, object) = (([127, 0, 0, 1], 4_000).into(), b"object".to_vec());
        let kept = Kept { room, secrets, address, object, bans };
        folder.keep(&kept).unwrap();
        let back = folder.all().pop().unwrap();
        assert_eq!((back.room, back.address, &back.object), (room, kept.address, &kept.object));
        assert_eq!(back.bans, kept.bans);
        assert_eq!(back.secrets.s_vk(), kept.secrets.s_vk());
        let sealed = fs::read(folder.file(kept.name())).unwrap();
        for secret in [kept.secrets.seeds().1.expose(), &[8; 32]] {
            assert!(!sealed.windows(32).any(|bytes| bytes == secret));
        }
        let other = StoreKey::generate(&mut random::system());
        assert!(Folder::open(dir.path().join("rooms"), other).unwrap().all().is_empty());
        // Who is banned later is so after every restart, once.
        let mut running = back;
        for _ in 0..2 {
            folder.ban(&mut running, &mut vec![SeatIdentity::Account([11; 20].into()), kept.bans[0]]).unwrap();
        }
        let after = Folder::open(dir.path().join("rooms"), folder.key.clone()).unwrap().all().pop().unwrap();
        assert_eq!(after.bans, [kept.bans.clone(), vec![SeatIdentity::Account([11; 20].into())]].concat());
        // A sitting that came to nothing takes none of the room's others with it.
        let another = Kept { object: b"another".to_vec(), ..kept.clone() };
        folder.keep(&another).unwrap();
        folder.forget(another.name());
        assert_eq!(folder.all().len(), 1);
        folder.forget(kept.name());
        assert!(folder.all().is_empty());
        folder.forget(kept.name());
    }

    #[test]
    fn a_ban_that_the_disk_did_not_take_is_written_with_the_next_attempt() {
        let dir = tempfile::tempdir().unwrap();
        let folder = Folder::open(dir.path().join("rooms"), StoreKey::generate(&mut random::system())).unwrap();
        let secrets = HostSecrets::generate(SUITE, &mut random::system());
        let (room, address, object) = (RoomId([7; 32].into()), ([127, 0, 0, 1], 4_000).into(), b"object".to_vec());
        let mut kept = Kept { room, secrets, address, object, bans: Vec::new() };
        let [first, second] = [11, 12].map(|byte| SeatIdentity::Account([byte; 20].into()));
        fs::remove_dir(&folder.path).unwrap();
        let mut waiting = vec![first];
        assert!(folder.ban(&mut kept, &mut waiting).is_err());
        assert_eq!((&waiting, kept.bans.len()), (&vec![first], 0), "nobody is taken for kept who is not");
        fs::create_dir(&folder.path).unwrap();
        waiting.push(second);
        folder.ban(&mut kept, &mut waiting).unwrap();
        assert!(waiting.is_empty());
        assert_eq!((&folder.all().pop().unwrap().bans, &kept.bans), (&vec![first, second], &vec![first, second]));
    }
}
