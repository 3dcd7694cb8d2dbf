//! The receiving chains: the current one, the header keys of those before it, and the keys of positions passed over.

use pars_crypto::aead::{HeaderKey, RandomNonce};
use pars_crypto::hash::{equal, sha3};
use pars_crypto::kem::Kem1024Ciphertext;
use pars_crypto::secret::{ChainKey, MessageKey, Zeroizing};
use pars_crypto::suite::KEM1024_CIPHERTEXT;
use pars_wire::codec::{Hour, Reader};
use pars_wire::limits::{MAX_JUMP, MAX_OLD_CHAINS};

use super::advance;
use super::skipped::{ChainId, Skipped};
use crate::session::error::ReceiveError;
use crate::session::layout::{InitObject, MessageKind, RANDOM, RatchetObject};
use crate::session::message::{Delivered, Envelope, Header, Tail, unpad};
use crate::session::{SessionId, body};

/// The INIT that made this session, as its responder remembers it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct InitOrigin {
    /// TH: associated data of every body.
    pub(crate) transcript: [u8; 32],
    /// SHA3-256 of what every object of the chain repeats.
    pub(crate) repeated: [u8; 32],
}

impl InitOrigin {
    pub(crate) fn new(transcript: [u8; 32], object: &InitObject<'_>) -> Self {
        Self { transcript, repeated: sha3(&[object.prefix, object.sealed]) }
    }
}

/// What tells the current chain from others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    /// The INIT chain: it has no header key.
    Init,
    /// A ratchet chain, with the keys that each of its objects repeats.
    Ratchet(Box<RatchetMark>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RatchetMark {
    pub(crate) header: HeaderKey,
    pub(crate) tail: Tail,
    pub(crate) ct_auth: Option<Kem1024Ciphertext>,
}

/// The chain the peer sends on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Current {
    pub(crate) chain: ChainKey,
    pub(crate) position: u32,
    pub(crate) mark: Mark,
}

/// A chain the peer has left: late messages open with skipped keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Old {
    pub(crate) id: ChainId,
    pub(crate) header: HeaderKey,
    pub(crate) reply: bool,
}

/// Everything for receiving but the ratchet secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Receiving {
    /// Of the responder only.
    pub(crate) origin: Option<InitOrigin>,
    /// NHKr: header key of the peer's next chain.
    pub(crate) next_header: HeaderKey,
    /// Chains begun so far; the current one has the last number.
    pub(crate) begun: u32,
    /// None until the initiator is answered.
    pub(crate) current: Option<Current>,
    /// Newest last.
    pub(crate) old: Vec<Old>,
    pub(crate) skipped: Skipped,
}

/// A chain that the peer begins, and the length of the one before.
pub(super) struct Beginning<'a> {
    pub(super) chain: ChainKey,
    pub(super) next_header: HeaderKey,
    pub(super) tail: &'a Tail,
    pub(super) ct_auth: Option<&'a Kem1024Ciphertext>,
    pub(super) previous: u32,
}

/// Which header key opened an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Current,
    Next,
    Old(ChainId),
}

/// The parts of an object behind its header.
pub(super) struct Sealed<'a> {
    object: &'a RatchetObject<'a>,
    kind: MessageKind,
    pub(super) ct_auth: Option<Kem1024Ciphertext>,
    body: &'a [u8],
}

impl<'a> Sealed<'a> {
    /// Only the header says whether `ct_auth` stands in front of the body.
    pub(super) fn split(object: &'a RatchetObject<'a>, header: &Header) -> Result<Self, ReceiveError> {
        let mut from = Reader::new(object.rest);
        let (kind, ct_auth) = if header.is_reply() {
            let ct_auth = from.array_ref::<KEM1024_CIPHERTEXT>("ct_auth")?;
            (MessageKind::Reply, Some(Kem1024Ciphertext::from_bytes(ct_auth)))
        } else {
            (MessageKind::Msg, None)
        };
        Ok(Self { object, kind, ct_auth, body: from.rest() })
    }

    pub(super) fn open(&self, key: MessageKey, sid: &SessionId) -> Result<Zeroizing<Vec<u8>>, ReceiveError> {
        let RatchetObject { r, header, .. } = self.object;
        let ct_auth: &[u8] = self.ct_auth.as_ref().map_or(&[], |ct| ct.as_bytes());
        let aad = [&sid.0[..], &RatchetObject::head(r), &header[..], ct_auth].concat();
        let text = body::open(key, self.kind, r, &aad, self.body)?;
        Ok(unpad(Reader::new(&text))?)
    }
}

/// Refuse a counter too far ahead before anything is derived.
fn check_jump(from: u32, to: u32) -> Result<(), ReceiveError> {
    if to.saturating_sub(from) > MAX_JUMP { Err(ReceiveError::JumpTooFar { from, to }) } else { Ok(()) }
}

impl Receiving {
    /// For the initiator: nothing to receive before the REPLY.
    pub(crate) fn initiator(next_header: HeaderKey) -> Self {
        let skipped = Skipped::default();
        Self { origin: None, next_header, begun: 0, current: None, old: Vec::new(), skipped }
    }

    /// For the responder: the INIT chain is the first.
    pub(crate) fn responder(origin: InitOrigin, chain: ChainKey, next_header: HeaderKey) -> Self {
        let current = Some(Current { chain, position: 0, mark: Mark::Init });
        Self { origin: Some(origin), begun: 1, current, ..Self::initiator(next_header) }
    }

    /// Whether nothing but the INIT chain was received: the responder before its REPLY was answered.
    pub(super) fn only_init(&self) -> bool {
        matches!(self.current, Some(Current { mark: Mark::Init, .. }))
    }

    fn current_id(&self) -> ChainId {
        ChainId(self.begun.saturating_sub(1))
    }

    /// Drop skipped keys whose time is up.
    pub(super) fn expire(&mut self, now: Hour) {
        self.skipped.expire(now);
    }

    /// Find the header key that opens the object: at most seven tries, nothing changes.
    pub(super) fn locate(&self, object: &RatchetObject<'_>) -> Result<(Place, Header), ReceiveError> {
        let current = self.current.as_ref().and_then(|current| match &current.mark {
            Mark::Ratchet(mark) => Some((Place::Current, &mark.header)),
            Mark::Init => None,
        });
        let next = (Place::Next, &self.next_header);
        let old = self.old.iter().rev().map(|old| (Place::Old(old.id), &old.header));
        let (nonce, aad) = (RandomNonce::of_object(object.r), RatchetObject::head(object.r));
        for (place, key) in current.into_iter().chain([next]).chain(old) {
            if let Ok(header) = key.open(nonce, &aad, object.header) {
                return Ok((place, Header::decode(&header)?));
            }
        }
        Err(ReceiveError::Undecryptable)
    }

    /// The limits of an object that begins a chain: its own counter, and what is left of the current chain.
    pub(super) fn check_jumps(&self, counter: u32, previous: u32) -> Result<(), ReceiveError> {
        check_jump(0, counter)?;
        check_jump(self.current.as_ref().map_or(0, |current| current.position), previous)
    }

    /// Close the current chain and begin the next.
    pub(super) fn turn_over(&mut self, next: Beginning<'_>, now: Hour) {
        let id = self.current_id();
        if let Some(mut closing) = self.current.take() {
            self.skip(&mut closing, id, next.previous, now);
            if let Mark::Ratchet(mark) = closing.mark {
                self.old.push(Old { id, header: mark.header, reply: mark.ct_auth.is_some() });
            }
        }
        while self.old.len() > MAX_OLD_CHAINS {
            self.skipped.forget(self.old.remove(0).id);
        }
        let Beginning { chain, next_header, tail, ct_auth, .. } = next;
        let opened_by = std::mem::replace(&mut self.next_header, next_header);
        let mark = RatchetMark { header: opened_by, tail: tail.clone(), ct_auth: ct_auth.cloned() };
        self.begun = self.begun.saturating_add(1);
        self.current = Some(Current { chain, position: 0, mark: Mark::Ratchet(Box::new(mark)) });
    }

    /// Keep the keys up to, not including, `to`. The caller has checked the jump.
    fn skip(&mut self, current: &mut Current, id: ChainId, to: u32, now: Hour) {
        while current.position < to {
            self.skipped.keep(id, current.position, advance(&mut current.chain), now);
            current.position += 1;
        }
    }

    /// The key of `position` in the current chain.
    fn key_at(&mut self, position: u32, now: Hour) -> Result<MessageKey, ReceiveError> {
        let id = self.current_id();
        let Some(mut current) = self.current.take() else { return Err(ReceiveError::Undecryptable) };
        let key = if position < current.position {
            self.skipped.take(id, position).ok_or(ReceiveError::TooOld)?
        } else {
            check_jump(current.position, position)?;
            self.skip(&mut current, id, position, now);
            current.position = current.position.saturating_add(1);
            advance(&mut current.chain)
        };
        self.current = Some(current);
        Ok(key)
    }

    /// The key of an object of the current ratchet chain. Works on a copy of the state: an error may leave it half way.
    pub(super) fn current(
        &mut self,
        header: &Header,
        ct_auth: Option<&Kem1024Ciphertext>,
        now: Hour,
    ) -> Result<MessageKey, ReceiveError> {
        let Some(Current { mark: Mark::Ratchet(mark), .. }) = &self.current else {
            return Err(ReceiveError::Undecryptable);
        };
        if mark.ct_auth.is_some() != header.is_reply() {
            return Err(ReceiveError::ReplyFlag);
        }
        if mark.tail != header.tail || mark.ct_auth.as_ref() != ct_auth {
            return Err(ReceiveError::OtherKeys);
        }
        self.key_at(header.counter, now)
    }

    /// The key of a late object of a chain the peer has left.
    pub(super) fn old(&mut self, chain: ChainId, header: &Header) -> Result<MessageKey, ReceiveError> {
        if !self.old.iter().any(|old| old.id == chain && old.reply == header.is_reply()) {
            return Err(ReceiveError::ReplyFlag);
        }
        self.skipped.take(chain, header.counter).ok_or(ReceiveError::TooOld)
    }

    /// Open object `n` of the INIT chain, whether it is current or left. Works on a copy of the state.
    pub(super) fn open_init(&mut self, object: &InitObject<'_>, now: Hour) -> Result<Delivered, ReceiveError> {
        let origin = self.origin.clone().ok_or(ReceiveError::Undecryptable)?;
        if !equal(&origin.repeated, &sha3(&[object.prefix, object.sealed])) {
            return Err(ReceiveError::OtherInit);
        }
        let n = u32::from(object.n);
        let key = if self.only_init() {
            self.key_at(n, now)?
        } else {
            self.skipped.take(ChainId(0), n).ok_or(ReceiveError::TooOld)?
        };
        let aad = [&origin.transcript[..], &object.n.to_be_bytes()].concat();
        let r: &[u8; RANDOM] = object.r;
        let text = body::open(key, MessageKind::Init, r, &aad, object.body)?;
        let mut from = Reader::new(&text);
        let envelope = Envelope::read(&mut from)?;
        envelope.deliver(unpad(from)?, false)
    }
}
