//! A host that lies, by changing what its honest machine sends; and one that runs two rooms as one. It knows its own keys
//! and everything that goes through it, and nobody else's secrets.

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
}

impl Evil {
    /// All of them.
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

/// Where the statement of a roster frame begins, behind packet and frame heads: kind1 ‖ number4 ‖ acknowledged4 ‖ 1 ‖ seat2.
const STATEMENT: usize = 9 + 1 + 2;
/// Where its keys begin: ver1 ‖ RS68 ‖ form1 ‖ issued_at8 ‖ expires_at8.
const X_PK: usize = STATEMENT + 1 + 68 + 1 + 8 + 8;
const S_VK: usize = X_PK + 1_216;
/// Where an epoch record's secret hash stands: RS68 ‖ n4 ‖ steward2 ‖ roster_root32.
const RECORD: usize = 9 + 1;
const SECRET_HASH: usize = RECORD + 68 + 4 + 2 + 32;
const RECORD_BYTES: usize = 170;

/// What a host makes of a packet before it leaves, in tests of one lie.
pub type Tamper = Box<dyn Fn(Vec<u8>) -> Vec<u8>>;

/// The liar's own keys.
pub struct Liar {
    evil: Evil,
    keys: SeatSecrets,
    host: HostSecrets,
}

impl Liar {
    /// What it does.
    pub fn new(seed: u64, evil: Evil, host: &HostSecrets) -> Self {
        let keys = SeatSecrets::generate(&Libcrux, &mut randomness(seed, "liar", 0));
        Self { evil, keys, host: host.clone() }
    }

    /// What it sends instead to a seat's owner; `own` is that seat.
    pub fn change(&self, own: Option<SeatNo>, mut bytes: Vec<u8>) -> Vec<u8> {
        let [5, _, _, _, _, _, _, _, _, kind, rest @ ..] = bytes.as_slice() else { return bytes };
        let about = rest.first_chunk().map(|seat| SeatNo(u16::from_be_bytes(*seat)));
        let victim = about == Some(VICTIM) && own != Some(VICTIM);
        match (self.evil, kind) {
            (Evil::SwapsXWing, 1) if victim => put(&mut bytes, X_PK, &self.keys.x_pk().to_bytes()),
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
}

fn put(bytes: &mut [u8], from: usize, what: &[u8]) {
    bytes.iter_mut().skip(from).zip(what).for_each(|(to, from)| *to = *from);
}
