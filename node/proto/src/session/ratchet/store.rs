//! The byte form of a ratchet inside a snapshot. Plain: the caller seals it as one value and wipes it.

use pars_crypto::Suite;
use pars_crypto::aead::HeaderKey;
use pars_crypto::dh::{DhPublic, DhSecret};
use pars_crypto::kem::{Kem1024Ciphertext, Kem1024Public, Kem1024Secret};
use pars_crypto::secret::{ChainKey, KemSeed, MessageKey, RootKey};
use pars_wire::codec::{DecodeError, Reader, Writer};
use pars_wire::limits::{MAX_OLD_CHAINS, MAX_SKIPPED};

use super::incoming::{Current, InitOrigin, Mark, Old, RatchetMark, Receiving};
use super::outgoing::{InitChain, RatchetChain, SendingChain};
use super::skipped::{ChainId, Kept, Skipped};
use super::{Answer, OurTurn, Ours, Ratchet, Role, TheirTurn, Theirs, Turn};
use crate::session::SessionId;
use crate::session::message::Tail;

type Decoded<T> = Result<T, DecodeError>;

/// Room for everything but skipped keys: the two halves of the ratchet with their keys and ciphertexts.
pub(crate) const FIXED: usize = 32_768;
/// Bytes of a skipped key: chain, position, key, end.
pub(crate) const PER_SKIPPED: usize = 4 + 4 + 32 + 4;

fn tag(value: u8, what: &'static str) -> DecodeError {
    DecodeError::Value { what, value: value.into() }
}

fn flag(from: &mut Reader<'_>, what: &'static str) -> Decoded<bool> {
    match from.u8(what)? {
        0 => Ok(false),
        1 => Ok(true),
        other => Err(tag(other, what)),
    }
}

fn header_key(from: &mut Reader<'_>) -> Decoded<HeaderKey> {
    from.array("header key").map(HeaderKey::from_bytes)
}

fn chain_key(from: &mut Reader<'_>) -> Decoded<ChainKey> {
    from.array("chain key").map(ChainKey::from_bytes)
}

fn kem_public(from: &mut Reader<'_>) -> Decoded<Kem1024Public> {
    let bytes = from.array_ref("ML-KEM-1024 key")?;
    Kem1024Public::from_bytes(bytes).map_err(|_| DecodeError::Malformed { what: "ML-KEM-1024 key" })
}

fn write_ct_auth(ct_auth: Option<&Kem1024Ciphertext>, out: &mut Writer) {
    out.u8(ct_auth.is_some().into()).bytes(ct_auth.map_or(&[], |ct| ct.as_bytes()));
}

fn read_ct_auth(from: &mut Reader<'_>) -> Decoded<Option<Kem1024Ciphertext>> {
    let present = flag(from, "presence of ct_auth")?;
    present.then(|| from.array_ref("ct_auth").map(Kem1024Ciphertext::from_bytes)).transpose()
}

impl Ratchet {
    /// How many bytes [`Ratchet::write`] needs at most.
    pub(crate) fn room(&self) -> usize {
        FIXED + PER_SKIPPED * self.receiving.skipped.len()
    }

    pub(crate) fn write(&self, out: &mut Writer) {
        out.u8(self.role as u8).bytes(&self.sid.0).bytes(self.root.expose()).bytes(self.next_sending.expose());
        match &self.turn {
            Turn::Ours(turn) => turn.write(out.u8(1)),
            Turn::Theirs(turn) => turn.write(out.u8(2)),
        }
        self.receiving.write(out);
    }

    pub(crate) fn read(from: &mut Reader<'_>, suite: &dyn Suite) -> Decoded<Self> {
        let role = match from.u8("role")? {
            1 => Role::Initiator,
            2 => Role::Responder,
            other => return Err(tag(other, "role")),
        };
        let sid = SessionId(from.array("session id")?);
        let root = RootKey::from_bytes(from.array("root key")?);
        let next_sending = header_key(from)?;
        let turn = match from.u8("turn")? {
            1 => Turn::Ours(OurTurn::read(from)?),
            2 => Turn::Theirs(TheirTurn::read(from, suite)?),
            other => return Err(tag(other, "turn")),
        };
        Ok(Self { role, sid, root, next_sending, turn, receiving: Receiving::read(from)? })
    }
}

impl OurTurn {
    fn write(&self, out: &mut Writer) {
        out.bytes(&self.peer.x.0).bytes(self.peer.ek.as_bytes()).u32(self.previous).u8(self.answer.is_some().into());
        if let Some(Answer { identity, supersedes }) = &self.answer {
            out.bytes(identity.as_bytes()).u32(*supersedes);
        }
    }

    fn read(from: &mut Reader<'_>) -> Decoded<Self> {
        let peer = Theirs { x: DhPublic(from.array("peer's X25519 key")?), ek: kem_public(from)? };
        let previous = from.u32("length of the previous chain")?;
        let answer = if flag(from, "presence of an answer")? {
            Some(Answer { identity: kem_public(from)?, supersedes: from.u32("superseded INIT")? })
        } else {
            None
        };
        Ok(Self { peer, previous, answer })
    }
}

impl TheirTurn {
    fn write(&self, out: &mut Writer) {
        out.bytes(self.ours.x.expose()).bytes(self.ours.kem.seed().expose());
        match &self.chain {
            SendingChain::Init(chain) => chain.write(out.u8(1)),
            SendingChain::Ratchet(chain) => chain.write(out.u8(2)),
        }
    }

    fn read(from: &mut Reader<'_>, suite: &dyn Suite) -> Decoded<Self> {
        let x = DhSecret::from_bytes(from.array("X25519 secret")?);
        let kem = Kem1024Secret::from_seed(suite, KemSeed::from_bytes(from.array("ML-KEM seed")?));
        let chain = match from.u8("kind of sending chain")? {
            1 => SendingChain::Init(Box::new(InitChain::read(from)?)),
            2 => SendingChain::Ratchet(Box::new(RatchetChain::read(from)?)),
            other => return Err(tag(other, "kind of sending chain")),
        };
        Ok(Self { ours: Ours { x, kem }, chain })
    }
}

impl InitChain {
    fn write(&self, out: &mut Writer) {
        out.bytes(self.chain.expose()).u16(self.position).hour(self.began).bytes(&self.transcript);
        out.bytes(&self.prefix[..]).bytes(&self.sealed[..]);
    }

    fn read(from: &mut Reader<'_>) -> Decoded<Self> {
        Ok(Self {
            chain: chain_key(from)?,
            position: from.u16("position")?,
            began: from.hour("beginning")?,
            transcript: from.array("TH")?,
            prefix: Box::new(*from.array_ref("INIT prefix")?),
            sealed: Box::new(*from.array_ref("sealed part")?),
        })
    }
}

impl RatchetChain {
    fn write(&self, out: &mut Writer) {
        out.bytes(self.chain.expose()).u32(self.position).u32(self.previous).hour(self.began);
        out.bytes(self.header.expose());
        self.tail.write(out);
        write_ct_auth(self.ct_auth.as_ref(), out);
    }

    fn read(from: &mut Reader<'_>) -> Decoded<Self> {
        Ok(Self {
            chain: chain_key(from)?,
            position: from.u32("position")?,
            previous: from.u32("length of the previous chain")?,
            began: from.hour("beginning")?,
            header: header_key(from)?,
            tail: Tail::read(from)?,
            ct_auth: read_ct_auth(from)?,
        })
    }
}

impl Receiving {
    fn write(&self, out: &mut Writer) {
        out.u8(self.origin.is_some().into());
        if let Some(InitOrigin { transcript, repeated }) = &self.origin {
            out.bytes(transcript).bytes(repeated);
        }
        out.bytes(self.next_header.expose()).u32(self.begun).u8(self.current.is_some().into());
        if let Some(current) = &self.current {
            current.write(out);
        }
        out.u8(self.old.len() as u8);
        for Old { id, header, reply } in &self.old {
            out.u32(id.0).bytes(header.expose()).u8((*reply).into());
        }
        out.u32(self.skipped.len() as u32);
        for ((chain, position), Kept { key, until }) in &self.skipped.0 {
            out.u32(chain.0).u32(*position).bytes(key.expose()).hour(*until);
        }
    }

    fn read(from: &mut Reader<'_>) -> Decoded<Self> {
        let origin = if flag(from, "presence of an origin")? {
            Some(InitOrigin { transcript: from.array("TH")?, repeated: from.array("hash of the INIT")? })
        } else {
            None
        };
        let (next_header, begun) = (header_key(from)?, from.u32("number of chains")?);
        let current = if flag(from, "presence of a chain")? { Some(Current::read(from)?) } else { None };
        let count = from.u8("number of old chains")?;
        if usize::from(count) > MAX_OLD_CHAINS {
            return Err(tag(count, "number of old chains"));
        }
        let old = (0..count).map(|_| read_old(from)).collect::<Result<_, _>>()?;
        Ok(Self { origin, next_header, begun, current, old, skipped: read_skipped(from)? })
    }
}

fn read_old(from: &mut Reader<'_>) -> Decoded<Old> {
    Ok(Old { id: ChainId(from.u32("chain")?), header: header_key(from)?, reply: flag(from, "kind of chain")? })
}

fn read_skipped(from: &mut Reader<'_>) -> Decoded<Skipped> {
    let count = from.u32("number of skipped keys")?;
    if count as usize > MAX_SKIPPED {
        return Err(DecodeError::Value { what: "number of skipped keys", value: count.into() });
    }
    let mut skipped = Skipped::default();
    for _ in 0..count {
        let at = (ChainId(from.u32("chain")?), from.u32("position")?);
        let key = MessageKey::from_bytes(from.array("message key")?);
        if skipped.0.last_key_value().is_some_and(|(last, _)| *last >= at) {
            return Err(DecodeError::Malformed { what: "order of skipped keys" });
        }
        skipped.0.insert(at, Kept { key, until: from.hour("last hour")? });
    }
    Ok(skipped)
}

impl Current {
    fn write(&self, out: &mut Writer) {
        out.bytes(self.chain.expose()).u32(self.position);
        match &self.mark {
            Mark::Init => {
                out.u8(1);
            }
            Mark::Ratchet(mark) => {
                out.u8(2).bytes(mark.header.expose());
                mark.tail.write(out);
                write_ct_auth(mark.ct_auth.as_ref(), out);
            }
        }
    }

    fn read(from: &mut Reader<'_>) -> Decoded<Self> {
        let (chain, position) = (chain_key(from)?, from.u32("position")?);
        let mark = match from.u8("kind of receiving chain")? {
            1 => Mark::Init,
            2 => Mark::Ratchet(Box::new(RatchetMark {
                header: header_key(from)?,
                tail: Tail::read(from)?,
                ct_auth: read_ct_auth(from)?,
            })),
            other => return Err(tag(other, "kind of receiving chain")),
        };
        Ok(Self { chain, position, mark })
    }
}
