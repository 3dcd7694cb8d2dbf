//! The pair channels of one seat: both ends encapsulate, the host only carries (TOWNHALL section 3). Who opens the other's
//! first frame knows that nobody between changed a byte. A channel that fails is made anew, a few times.

use std::collections::BTreeMap;

use pars_crypto::hkem::{Xw768Public, Xw768Secret};
use pars_crypto::secret::Zeroizing;
use pars_crypto::{CryptoRng, Suite};
use pars_proto::room::{Scope, SeatNo, StatementHash, WrapKey};
use pars_proto::signal::envelope::Cargo;
use pars_proto::signal::{End, Ends, Envelope, Half, Opened, Pair};

/// How often a channel is begun before it counts as cut.
const ATTEMPTS: u32 = 3;

/// Who somebody is for a pair channel.
pub(super) struct Peer<'a> {
    pub(super) seat: SeatNo,
    pub(super) st: StatementHash,
    pub(super) key: &'a Xw768Public,
}

/// This end.
pub(super) struct Own<'a> {
    pub(super) suite: &'static dyn Suite,
    pub(super) scope: &'a Scope,
    pub(super) seat: SeatNo,
    pub(super) st: StatementHash,
    pub(super) secret: &'a Xw768Secret,
}

#[derive(Default)]
struct Slot {
    half: Option<Half>,
    pair: Option<Pair>,
    /// Ciphertext of the other end that waits until we know who that is.
    hello: Option<Box<[u8; 1_120]>>,
    begun: u32,
    /// Epoch secrets may go through: the other end's first frame opened.
    confirmed: bool,
}

/// Something about a channel.
pub(super) enum Heard {
    /// Nothing to tell.
    Nothing,
    /// It stands now.
    Confirmed,
    /// Bytes from the other end.
    Text(Zeroizing<Vec<u8>>),
    /// It was begun too often: somebody between changes bytes.
    Failed,
}

/// All channels of this seat.
#[derive(Default)]
pub(super) struct Pairs(BTreeMap<SeatNo, Slot>);

impl Pairs {
    /// Whether a channel with this seat was begun from here.
    pub(super) fn is_begun(&self, seat: SeatNo) -> bool {
        self.0.get(&seat).is_some_and(|slot| slot.begun > 0)
    }

    /// Whether the channel stands.
    pub(super) fn is_confirmed(&self, seat: SeatNo) -> bool {
        self.0.get(&seat).is_some_and(|slot| slot.confirmed)
    }

    /// Whether the other end began and waits for us.
    pub(super) fn is_asked(&self, seat: SeatNo) -> bool {
        self.0.get(&seat).is_some_and(|slot| slot.hello.is_some())
    }

    /// The key under which epoch secrets go to, or come from, this seat.
    pub(super) fn wrap_key(&self, seat: SeatNo) -> Option<WrapKey> {
        let pair = self.0.get(&seat)?.pair.as_ref()?;
        Some(WrapKey::from_bytes(*pair.wrap_key().expose()))
    }

    /// The seat is gone.
    pub(super) fn forget(&mut self, seat: SeatNo) {
        self.0.remove(&seat);
    }

    /// Keep what a seat began with until we know it.
    pub(super) fn ask(&mut self, seat: SeatNo, ciphertext: Box<[u8; 1_120]>) {
        self.0.entry(seat).or_default().hello = Some(ciphertext);
    }

    /// Begin a channel, or answer one that the other end began; what is to be sent.
    pub(super) fn go_on(&mut self, own: &Own<'_>, peer: &Peer<'_>, rng: &mut dyn CryptoRng) -> Vec<Envelope> {
        let slot = self.0.entry(peer.seat).or_default();
        let mut out = Vec::new();
        let (from, to) = (own.seat.0, peer.seat.0);
        // The other end begins again: so do we, because a channel has one pair of ciphertexts.
        if slot.hello.is_some() && slot.pair.take().is_some() {
            (slot.half, slot.confirmed) = (None, false);
        }
        if slot.half.is_none() && slot.pair.is_none() && slot.begun < ATTEMPTS {
            slot.begun += 1;
            slot.half = Half::make(own.suite, rng, peer.key).ok();
            if let Some(half) = &slot.half {
                out.push(Envelope { from, to, cargo: Cargo::Hello(Box::new(*half.ciphertext())) });
            }
        }
        let ends = Ends {
            scope: own.scope.to_bytes(),
            own: End { seat: from, st: own.st.0 },
            peer: End { seat: to, st: peer.st.0 },
        };
        if slot.half.is_some()
            && let Some(theirs) = slot.hello.take()
            && let Some(half) = slot.half.take()
            && let Ok((pair, first)) = half.finish(own.suite, own.secret, &theirs, &ends)
        {
            out.push(Envelope { from, to, cargo: Cargo::Sealed(first) });
            slot.pair = Some(pair);
        }
        out
    }

    /// A sealed frame of a seat. A frame that does not open ends the channel; the caller begins it anew with
    /// [`Pairs::go_on`] unless it failed for good.
    pub(super) fn open(&mut self, from: SeatNo, frame: &[u8]) -> Heard {
        let Some(slot) = self.0.get_mut(&from) else { return Heard::Nothing };
        let Some(pair) = &mut slot.pair else { return Heard::Nothing };
        match pair.open(frame) {
            Ok(Opened::Confirmed) => {
                slot.confirmed = true;
                Heard::Confirmed
            }
            Ok(Opened::Text(bytes)) => Heard::Text(bytes),
            Err(_) => {
                (slot.pair, slot.half, slot.confirmed) = (None, None, false);
                if slot.begun >= ATTEMPTS { Heard::Failed } else { Heard::Nothing }
            }
        }
    }

    /// Seal bytes for a seat whose channel stands.
    pub(super) fn seal(&mut self, own: SeatNo, to: SeatNo, bytes: &[u8]) -> Option<Envelope> {
        let slot = self.0.get_mut(&to).filter(|slot| slot.confirmed)?;
        let frame = slot.pair.as_mut()?.seal(bytes).ok()?;
        Some(Envelope { from: own.0, to: to.0, cargo: Cargo::Sealed(frame) })
    }

    /// Whether the channel broke and may be begun once more.
    pub(super) fn is_broken(&self, seat: SeatNo) -> bool {
        let broken =
            |slot: &Slot| slot.pair.is_none() && slot.half.is_none() && slot.begun > 0 && slot.begun < ATTEMPTS;
        self.0.get(&seat).is_some_and(broken)
    }
}
