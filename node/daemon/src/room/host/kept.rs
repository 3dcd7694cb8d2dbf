//! What outlives a restart of a hosting daemon: the secrets of a sitting's host, sealed under the store's key, in a 0600 file for
//! each room; gone at the sitting's end.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::Write;
use std::net::SocketAddr;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use pars_crypto::Sealed;
use pars_crypto::sealed::Place;
use pars_crypto::secret::{Ed25519Seed, HybridKemSeed, StoreKey, Zeroizing};
use pars_proto::room::HostSecrets;
use pars_wire::RoomId;

use crate::driver::SUITE;
use crate::random;

/// Seeds: X-Wing and Ed25519.
const SEEDS: usize = 64;

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

    fn file(&self, room: RoomId) -> PathBuf {
        self.path.join(hex::encode(room.0))
    }

    /// Keep a sitting, durably; replaces an older one of its room.
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
        plain.extend_from_slice(&kept.object);
        let sealed = Sealed::seal(&self.key, place(&kept.room), &plain, &mut random::system());
        Ok(pars_keyfile::replace(&self.file(kept.room), sealed.as_bytes())?)
    }

    /// All that is kept and opens.
    pub fn all(&self) -> Vec<Kept> {
        let entries = fs::read_dir(&self.path).into_iter().flatten();
        let rooms = entries.filter_map(|entry| {
            let name = entry.ok()?.file_name().into_string().ok()?;
            let mut room = [0; 32];
            hex::decode_to_slice(name, &mut room).ok()?;
            Some(RoomId(room.into()))
        });
        rooms.filter_map(|room| self.read(room)).collect()
    }

    fn read(&self, room: RoomId) -> Option<Kept> {
        let sealed = Sealed::from_bytes(fs::read(self.file(room)).ok()?);
        let plain = sealed.open(&self.key, place(&room)).ok()?;
        let (seeds, rest) = plain.split_first_chunk::<SEEDS>()?;
        let (x, s) = (seeds.first_chunk::<32>()?, seeds.last_chunk::<32>()?);
        let (length, rest) = rest.split_first()?;
        let (address, object) = rest.split_at_checked(usize::from(*length))?;
        let secrets = HostSecrets::from_seeds(SUITE, HybridKemSeed::from_bytes(*x), Ed25519Seed::from_bytes(*s));
        let address = str::from_utf8(address).ok()?.parse().ok()?;
        Some(Kept { room, secrets, address, object: object.to_vec() })
    }

    /// Forget a sitting: overwritten, then removed. What a disk keeps of overwritten blocks is sealed.
    pub fn forget(&self, room: RoomId) {
        let path = self.file(room);
        if let Err(error) = erase(&path) {
            tracing::warn!(%error, "keys of a sitting that is over were not erased");
        }
    }
}

fn place(room: &RoomId) -> Place<'_> {
    Place { table: "room host", key: room.0.as_slice() }
}

fn erase(path: &Path) -> std::io::Result<()> {
    let length = match fs::metadata(path) {
        Ok(found) => found.len(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    let mut file = OpenOptions::new().write(true).open(path)?;
    file.write_all(&vec![0; usize::try_from(length).unwrap_or_default()])?;
    file.sync_all()?;
    fs::remove_file(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_keys_of_a_sitting_come_back_until_they_are_forgotten_and_open_with_their_store_key_only() {
        let dir = tempfile::tempdir().unwrap();
        let key = StoreKey::generate(&mut random::system());
        let folder = Folder::open(dir.path().join("rooms"), key).unwrap();
        let secrets = HostSecrets::generate(SUITE, &mut random::system());
        let room = RoomId([7; 32].into());
        let kept = Kept { room, secrets, address: ([127, 0, 0, 1], 4_000).into(), object: b"object".to_vec() };
        folder.keep(&kept).unwrap();
        let back = folder.all().pop().unwrap();
        assert_eq!((back.room, back.address, back.object), (room, kept.address, kept.object.clone()));
        assert_eq!(back.secrets.s_vk(), kept.secrets.s_vk());
        let sealed = fs::read(folder.file(room)).unwrap();
        assert!(!sealed.windows(32).any(|bytes| bytes == kept.secrets.seeds().1.expose()));
        let other = StoreKey::generate(&mut random::system());
        assert!(Folder::open(dir.path().join("rooms"), other).unwrap().all().is_empty());
        folder.forget(room);
        assert!(folder.all().is_empty());
        folder.forget(room);
    }
}
