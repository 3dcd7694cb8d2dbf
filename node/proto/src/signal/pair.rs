//! Making and using a pair's keys.

use std::fmt;

use pars_crypto::aead::{AeadError, OpeningCounter, SealingCounter, TAG};
use pars_crypto::hkem::{Xw768Ciphertext, Xw768Public, Xw768Secret};
use pars_crypto::kdf::{NO_SALT, kdf};
use pars_crypto::label::KdfLabel;
use pars_crypto::secret::{SharedSecret, Zeroizing};
use pars_crypto::{CryptoRng, Suite};

/// Bytes of RS (TOWNHALL section 3).
pub const SCOPE: usize = 68;
/// Bytes of one frame's text at most: a session description of a large room and more.
pub const MAX_TEXT: usize = 32_768;

/// Why a pair is not made, or a frame not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PairError {
    /// A key or ciphertext with a low-order point.
    #[error("the other end's key or ciphertext is malformed; it gets no channel")]
    Malformed,
    /// Both ends have one number.
    #[error("a seat makes no channel to itself")]
    SameSeat,
    /// Changed, repeated, out of order, or of another pair.
    #[error("the frame does not open: it was changed, lost a predecessor, or belongs to another pair; make a new pair")]
    Refused,
    /// The first frame of the other end is no confirmation, or a later one is empty.
    #[error("a pair's first frame is empty and no other is; make a new pair")]
    Confirmation,
    /// Empty or too long.
    #[error("a frame carries 1 to 32768 bytes, not {0}; split it")]
    Length(usize),
    /// All counters are used.
    #[error("this pair's counters are used up; make a new pair")]
    Exhausted,
}

impl From<AeadError> for PairError {
    fn from(error: AeadError) -> Self {
        match error {
            AeadError::Refused => Self::Refused,
            AeadError::Exhausted => Self::Exhausted,
        }
    }
}

/// One end of a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct End {
    /// Its seat; 0 is the host.
    pub seat: u16,
    /// Its `st`, or `st_host`.
    pub st: [u8; 32],
}

/// Where a pair is made, and between whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ends {
    /// RS.
    pub scope: [u8; SCOPE],
    /// This end.
    pub own: End,
    /// The other end, whose `st` was verified or stands in the metadata.
    pub peer: End,
}

/// This end's encapsulation, waiting for the other's.
pub struct Half {
    ciphertext: Box<[u8; Xw768Ciphertext::SIZE]>,
    secret: SharedSecret,
}

impl Half {
    /// Encapsulate to the other end's `x_pk`. For one connection.
    ///
    /// # Errors
    /// [`PairError::Malformed`].
    pub fn make(suite: &dyn Suite, rng: &mut (impl CryptoRng + ?Sized), peer: &Xw768Public) -> Result<Self, PairError> {
        let (ciphertext, secret) = peer.encapsulate(suite, rng).map_err(|_| PairError::Malformed)?;
        Ok(Self { ciphertext: Box::new(ciphertext.to_bytes()), secret })
    }

    /// What the other end needs. 1,120 bytes.
    pub const fn ciphertext(&self) -> &[u8; Xw768Ciphertext::SIZE] {
        &self.ciphertext
    }

    /// The channel, and its first frame for the other end.
    ///
    /// # Errors
    /// [`PairError::Malformed`], [`PairError::SameSeat`].
    pub fn finish(
        self,
        suite: &dyn Suite,
        own: &Xw768Secret,
        theirs: &[u8; Xw768Ciphertext::SIZE],
        ends: &Ends,
    ) -> Result<(Pair, Vec<u8>), PairError> {
        let Ends { scope, own: us, peer } = ends;
        let lower = match us.seat.cmp(&peer.seat) {
            std::cmp::Ordering::Less => true,
            std::cmp::Ordering::Greater => false,
            std::cmp::Ordering::Equal => return Err(PairError::SameSeat),
        };
        let received =
            own.decapsulate(suite, &Xw768Ciphertext::from_bytes(theirs)).map_err(|_| PairError::Malformed)?;
        let mine: (&[u8], &[u8], &[u8]) = (self.secret.expose(), &us.st, &self.ciphertext[..]);
        let other: (&[u8], &[u8], &[u8]) = (received.expose(), &peer.st, &theirs[..]);
        let (a, b) = if lower { (mine, other) } else { (other, mine) };
        let keys = kdf::<96>(NO_SALT, &[a.0, b.0], KdfLabel::ROOM_PAIR, &[scope, a.1, b.1, a.2, b.2]);
        let (from_a, from_b) = (keys.part::<0, 32>(), keys.part::<32, 32>());
        let (ours, others) = if lower { (from_a, from_b) } else { (from_b, from_a) };
        let mut pair = Pair {
            sealing: SealingCounter::new(ours),
            opening: OpeningCounter::new(others),
            outbound: direction(scope, us.seat, peer.seat),
            inbound: direction(scope, peer.seat, us.seat),
            wrap: SharedSecret::from_bytes(keys.part::<64, 32>()),
            confirmed: false,
        };
        let first = pair.sealing.seal(&pair.outbound, &[])?;
        Ok((pair, first))
    }
}

fn direction(scope: &[u8; SCOPE], from: u16, to: u16) -> Vec<u8> {
    [&scope[..], &from.to_be_bytes(), &to.to_be_bytes()].concat()
}

/// What a frame held.
#[derive(Debug, PartialEq, Eq)]
pub enum Opened {
    /// The other end has the keys.
    Confirmed,
    /// A text.
    Text(Zeroizing<Vec<u8>>),
}

/// A channel. One connection uses it; a new one makes a new pair.
pub struct Pair {
    sealing: SealingCounter,
    opening: OpeningCounter,
    outbound: Vec<u8>,
    inbound: Vec<u8>,
    wrap: SharedSecret,
    confirmed: bool,
}

impl Pair {
    /// The next frame for the other end.
    ///
    /// # Errors
    /// [`PairError::Length`], [`PairError::Exhausted`].
    pub fn seal(&mut self, text: &[u8]) -> Result<Vec<u8>, PairError> {
        if text.is_empty() || text.len() > MAX_TEXT {
            return Err(PairError::Length(text.len()));
        }
        Ok(self.sealing.seal(&self.outbound, text)?)
    }

    /// The other end's next frame. A frame that does not open changes nothing.
    ///
    /// # Errors
    /// [`PairError::Refused`], [`PairError::Confirmation`], [`PairError::Length`], [`PairError::Exhausted`].
    pub fn open(&mut self, frame: &[u8]) -> Result<Opened, PairError> {
        if frame.len() > MAX_TEXT + TAG {
            return Err(PairError::Length(frame.len()));
        }
        let text = self.opening.open(&self.inbound, frame)?;
        match (text.is_empty(), self.confirmed) {
            (true, false) => {
                self.confirmed = true;
                Ok(Opened::Confirmed)
            }
            (false, true) => Ok(Opened::Text(text)),
            _ => Err(PairError::Confirmation),
        }
    }

    /// Whether the other end has shown that it has the keys.
    pub const fn is_confirmed(&self) -> bool {
        self.confirmed
    }

    /// `k_wrap`: wraps epoch secrets between the two.
    pub const fn wrap_key(&self) -> &SharedSecret {
        &self.wrap
    }
}

impl fmt::Debug for Half {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Half(redacted)")
    }
}

impl fmt::Debug for Pair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pair(redacted)")
    }
}
