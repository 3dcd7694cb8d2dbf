//! A host that lies, by changing what its honest machine sends; and one that runs two rooms as one. It knows its own keys
//! and everything that goes through it, and nobody else's secrets.

use std::collections::BTreeMap;

use pars_crypto::label::SignatureLabel;
use pars_crypto::suite::Libcrux;
use pars_proto::room::{HostSecrets, SeatNo, SeatSecrets};

use crate::host::randomness;

/// What the host does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Evil {
    /// Nothing.
    Honest,
    /// Puts an X-Wing key of its own into a newcomer's statement.
    SwapsXWing,
    /// Puts a signature key of its own into a newcomer's statement.
    SwapsSignature,
    /// Signs an epoch record itself, in the steward's name.
    PosesAsSteward,
    /// Changes the ciphertexts of pair channels.
    CutsPairs,
    /// Admits a seat whose proof does not hold.
    AdmitsForged,
    /// Admits it, and the first member says it verified it and makes epochs with it.
    AdmitsForgedWithSteward,
    /// Shows each half of the room another room.
    Splits,
    /// Swaps as [`Evil::SwapsXWing`] does, and shows that newcomer one fellow alone, who goes, comes again, and is never heard.
    SwapsAndFlickers,
    /// Swaps likewise, and keeps the newcomer company by a friend, who is told its true keys and makes epochs with it.
    SwapsAndBefriends,
}

impl Evil {
    /// All of the large room; the last two need one that nobody leaves.
    pub const ALL: [Self; 8] = [
        Self::Honest,
        Self::SwapsXWing,
        Self::SwapsSignature,
        Self::PosesAsSteward,
        Self::CutsPairs,
        Self::AdmitsForged,
        Self::AdmitsForgedWithSteward,
        Self::Splits,
    ];

    /// That of a seed: two of four are honest, the other two lie in turn, so that 14 seeds try every lie.
    pub fn of(seed: u64) -> Self {
        let lies = Self::ALL.len() as u64 - 1;
        let place = if (seed / 2).is_multiple_of(2) { 0 } else { 1 + (seed / 4 * 2 + seed % 2) % lies };
        Self::ALL.get(place as usize).copied().unwrap_or(Self::Honest)
    }
}

/// Whose keys and pair channels it changes.
pub const VICTIM: SeatNo = SeatNo(4);
/// Who keeps it company.
pub const FRIEND: SeatNo = SeatNo(5);
/// Whom it is shown where it is shown one alone.
const FELLOW: SeatNo = SeatNo(1);

/// Where a frame begins: kind1 ‖ number4 ‖ acknowledged4.
const FRAME: usize = 9;
/// An answer to no ping: a frame that tells nothing keeps the number of the one withheld.
const NOTHING: [u8; 5] = [9, 0, 0, 0, 0];
/// Where the statement of a roster frame begins, behind 1 ‖ seat2.
const STATEMENT: usize = FRAME + 1 + 2;
/// Where its keys begin: ver1 ‖ RS68 ‖ form1 ‖ issued_at8 ‖ expires_at8.
const X_PK: usize = STATEMENT + 1 + 68 + 1 + 8 + 8;
const S_VK: usize = X_PK + 1_216;
/// Where an epoch record's secret hash stands: RS68 ‖ n4 ‖ steward2 ‖ roster_root32.
const RECORD: usize = FRAME + 1;
const STEWARD: usize = RECORD + 68 + 4;
const SECRET_HASH: usize = RECORD + 68 + 4 + 2 + 32;
const RECORD_BYTES: usize = 170;

/// What a host makes of a packet before it leaves, in tests of one lie.
pub type Tamper = Box<dyn Fn(Vec<u8>) -> Vec<u8>>;

/// The liar's own keys.
pub struct Liar {
    evil: Evil,
    keys: SeatSecrets,
    host: HostSecrets,
    /// The number and the statement of the one fellow that the victim is shown.
    fellow: (SeatNo, Vec<u8>),
    /// What the victim is told in place of signed messages, by the number of the packet: it may be sent again.
    instead: BTreeMap<u32, Vec<u8>>,
}

impl Liar {
    /// What it does.
    pub fn new(seed: u64, evil: Evil, host: &HostSecrets) -> Self {
        let keys = SeatSecrets::generate(&Libcrux, &mut randomness(seed, "liar", 0));
        Self { evil, keys, host: host.clone(), fellow: (FELLOW, Vec::new()), instead: BTreeMap::new() }
    }

    /// What it sends instead to a seat's owner; `own` is that seat.
    pub fn change(&mut self, own: Option<SeatNo>, mut bytes: Vec<u8>) -> Vec<u8> {
        let [5, _, _, _, _, _, _, _, _, kind, rest @ ..] = bytes.as_slice() else { return bytes };
        let instead = match self.evil {
            Evil::SwapsAndFlickers if own == Some(VICTIM) => self.flicker(&bytes),
            Evil::SwapsAndBefriends if is_withheld(own, &bytes) => Some(NOTHING.to_vec()),
            _ => None,
        };
        if let Some(frame) = instead {
            bytes.truncate(FRAME);
            bytes.extend(frame);
            return bytes;
        }
        let is_friend = self.evil == Evil::SwapsAndBefriends && own == Some(FRIEND);
        let victim = seat_at(&bytes, FRAME + 1) == Some(VICTIM) && own != Some(VICTIM) && !is_friend;
        match (self.evil, kind) {
            (Evil::SwapsXWing | Evil::SwapsAndFlickers | Evil::SwapsAndBefriends, 1) if victim => {
                put(&mut bytes, X_PK, &self.keys.x_pk().to_bytes());
            }
            (Evil::SwapsSignature, 1) if victim => put(&mut bytes, S_VK, self.keys.s_vk().as_bytes()),
            (Evil::PosesAsSteward, 4) => {
                put(&mut bytes, SECRET_HASH, &[9; 32]);
                let record = bytes.get(RECORD..RECORD + RECORD_BYTES).unwrap_or_default().to_vec();
                let signature = self.host.s().sign(SignatureLabel::ROOM_EPOCH_RECORD, &record);
                put(&mut bytes, RECORD + RECORD_BYTES, &signature);
            }
            // 3 ‖ 1 ‖ from2 ‖ to2 ‖ ciphertext: of pairs with the victim.
            (Evil::CutsPairs, 3) if rest.first() == Some(&1) && rest.get(1..3) == Some(&VICTIM.0.to_be_bytes()) => {
                put(&mut bytes, 9 + 1 + 5 + 1_100, &[0x5a; 8]);
            }
            _ => {}
        }
        bytes
    }

    /// What a victim that is shown one fellow alone is told in place of a frame, if anything.
    fn flicker(&mut self, bytes: &[u8]) -> Option<Vec<u8>> {
        let [5, a, b, c, d, _, _, _, _, kind, ..] = bytes else { return None };
        let number = u32::from_be_bytes([*a, *b, *c, *d]);
        match (kind, seat_at(bytes, FRAME + 1)) {
            (1, Some(VICTIM)) => None,
            (1, Some(FELLOW)) => {
                self.fellow.1 = bytes.get(STATEMENT..).unwrap_or_default().to_vec();
                None
            }
            (1 | 4, _) => Some(NOTHING.to_vec()),
            (7, _) => {
                let frame = self.instead.get(&number).cloned().unwrap_or_else(|| self.in_place_of_a_beat());
                self.instead.insert(number, frame.clone());
                Some(frame)
            }
            _ => None,
        }
    }

    /// The fellow goes (kicked), comes again under another number with the next message, and is here while six more come: a steward
    /// beats every 2 s.
    fn in_place_of_a_beat(&mut self) -> Vec<u8> {
        let count = self.instead.len() as u16;
        match count % 8 {
            6 => [&[2][..], &self.fellow.0.0.to_be_bytes(), &[3]].concat(),
            7 => {
                self.fellow.0 = SeatNo(1_000 + count);
                [&[1][..], &self.fellow.0.0.to_be_bytes(), &self.fellow.1].concat()
            }
            _ => NOTHING.to_vec(),
        }
    }
}

/// Whether a seat is not told of this, so that victim and friend have epochs of their own and the others have theirs.
fn is_withheld(own: Option<SeatNo>, bytes: &[u8]) -> bool {
    let is_theirs = |from: usize| [Some(VICTIM), Some(FRIEND)].contains(&seat_at(bytes, from));
    let (to_friend, to_victim) = (own == Some(FRIEND), own == Some(VICTIM));
    match bytes.get(FRAME) {
        Some(1) => to_friend && !is_theirs(FRAME + 1),
        Some(4) => is_theirs(STEWARD) != (to_friend || to_victim),
        Some(7) => to_friend,
        _ => false,
    }
}

fn seat_at(bytes: &[u8], from: usize) -> Option<SeatNo> {
    bytes.get(from..)?.first_chunk().map(|seat| SeatNo(u16::from_be_bytes(*seat)))
}

fn put(bytes: &mut [u8], from: usize, what: &[u8]) {
    bytes.iter_mut().skip(from).zip(what).for_each(|(to, from)| *to = *from);
}
