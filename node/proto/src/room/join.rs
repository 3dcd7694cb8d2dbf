//! Asking for a seat in one sealed shot, and the answer (TOWNHALL section 3).
//!
//! ```text
//! join  = 1 | ct1120 | GCM(K, N; AAD RS | st_host | ct; lp(statement) | k_reply32 | zeros)     6,144, or 10,240 for forms 2, 3
//! K|N   = KDF(ns, ss, "pars-room-join-v1"; RS, st_host, ct; 44)
//! reply = r16 | GCM(K, N; AAD st_host; kind1 | signed grant or refusal1 | zeros)               512
//! K|N   = KDF(ns, k_reply, "pars-room-reply-v1"; SHA3-256(join), r; 44)
//! ```
//!
//! Two sizes, so that a length tells no more than whether somebody gives a name, which the road already tells: a nameless
//! join travels in an onion packet beside a reply block, where a name does not fit. `r` is fresh for each reply: whoever
//! sends a host the same join twice would otherwise make it seal two answers under one key and nonce.

use std::fmt;

use pars_crypto::aead::{OneUse, TAG};
use pars_crypto::hash::{random, sha3};
use pars_crypto::hkem::Xw768Ciphertext;
use pars_crypto::kdf::{NO_SALT, kdf};
use pars_crypto::label::KdfLabel;
use pars_crypto::secret::{SharedSecret, Zeroizing};
use pars_crypto::sign::Ed25519Public;
use pars_crypto::{CryptoRng, Suite};
use pars_wire::codec::{DecodeError, Reader, Wire};

use super::body::Form;
use super::grant::{Grant, GrantError, SignedGrant};
use super::metadata::HostEntry;
use super::refusal::JoinRefusal;
use super::scope::{Scope, StatementHash};
use super::seat::HostSecrets;
use super::statement::Statement;

/// Bytes of a join without a name: forms 1 and 4.
pub const JOIN: usize = 6_144;
/// Bytes of a join with a name: forms 2 and 3.
pub const NAMED_JOIN: usize = 10_240;
/// Bytes of every reply.
pub const REPLY: usize = 512;

const VERSION: u8 = 1;
const CT: usize = Xw768Ciphertext::SIZE;
const GRANT: u8 = 1;
const REFUSAL: u8 = 2;

/// Why a join is not made or not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JoinError {
    /// The host's key is a low-order point.
    #[error("the host's key is malformed; fetch the room's metadata again")]
    HostKey,
    /// Neither of the two sizes.
    #[error("a join has 6144 or 10240 bytes, this one has {0}")]
    Size(usize),
    /// Another version.
    #[error("the join has another version; update")]
    Version,
    /// Sealed to another key, room or sitting, or changed.
    #[error("the join does not open: it was sealed for another host or sitting, or changed on the way")]
    Sealed,
    /// What was sealed is no statement.
    #[error("the sealed statement is malformed: {0}")]
    Decode(#[from] DecodeError),
    /// The size belongs to another form of statement.
    #[error("the join's size does not belong to its form of statement")]
    OtherSize,
}

/// Why a reply is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReplyError {
    /// Not 512 bytes.
    #[error("a reply has 512 bytes, this one has {0}")]
    Size(usize),
    /// Of another host or to another join, or changed.
    #[error("the reply does not open: it answers another join, or was changed on the way")]
    Sealed,
    /// What was sealed is no reply.
    #[error("the host's reply is malformed: {0}")]
    Decode(#[from] DecodeError),
    /// The host gives no seat.
    #[error("the host refused: {0}")]
    Refused(JoinRefusal),
    /// A grant that may not be used.
    #[error(transparent)]
    Grant(#[from] GrantError),
}

const fn size(form: Form) -> usize {
    match form {
        Form::Anonymous | Form::Recorder => JOIN,
        Form::Identified | Form::Committee => NAMED_JOIN,
    }
}

fn join_key(ss: &SharedSecret, scope: &[u8], host: &StatementHash, ct: &[u8]) -> OneUse {
    kdf::<{ OneUse::SIZE }>(NO_SALT, &[ss.expose()], KdfLabel::ROOM_JOIN, &[scope, &host.0, ct]).one_use::<0>()
}

fn reply_key(key: &SharedSecret, join: &[u8; 32], r: &[u8; 16]) -> OneUse {
    kdf::<{ OneUse::SIZE }>(NO_SALT, &[key.expose()], KdfLabel::ROOM_REPLY, &[join, r]).one_use::<0>()
}

/// Seal a statement to a host of its sitting: the join, and what opens its reply.
///
/// # Errors
/// [`JoinError::HostKey`].
pub fn seal_join(
    suite: &dyn Suite,
    rng: &mut (impl CryptoRng + ?Sized),
    host: &HostEntry,
    statement: &Statement,
) -> Result<(Vec<u8>, AwaitingReply), JoinError> {
    let (ct, ss) = host.x_pk.encapsulate(suite, rng).map_err(|_| JoinError::HostKey)?;
    let (ct, key) = (ct.to_bytes(), SharedSecret::generate(rng));
    let scope = statement.body().scope;
    let (rs, st_host) = (scope.to_bytes(), host.hash());
    let encoded = statement.encode();
    let room = size(statement.body().form()) - 1 - CT - TAG;
    let mut text = Zeroizing::new(Vec::with_capacity(room));
    // The largest statement has 9,066 bytes, which fits its length and its room (a test holds it).
    text.extend_from_slice(&(encoded.len() as u16).to_be_bytes());
    text.extend_from_slice(&encoded);
    text.extend_from_slice(key.expose());
    text.resize(room, 0);
    let aad = [&rs[..], &st_host.0, &ct].concat();
    let sealed = join_key(&ss, &rs, &st_host, &ct).seal(&aad, &text);
    let join = [&[VERSION], &ct[..], &sealed].concat();
    let awaiting =
        AwaitingReply { key, join: sha3(&[&join]), scope, host: st_host, s_vk: host.s_vk, st: statement.hash() };
    Ok((join, awaiting))
}

/// What a member keeps to open the answer to its join.
#[derive(Clone)]
pub struct AwaitingReply {
    key: SharedSecret,
    join: [u8; 32],
    scope: Scope,
    host: StatementHash,
    s_vk: Ed25519Public,
    st: StatementHash,
}

impl AwaitingReply {
    /// The host's grant, if it opens, is signed by the host for this statement, and is in time (Unix seconds).
    ///
    /// # Errors
    /// [`ReplyError`]; the host's own refusal is [`ReplyError::Refused`].
    pub fn open(&self, reply: &[u8], now: u64) -> Result<Grant, ReplyError> {
        if reply.len() != REPLY {
            return Err(ReplyError::Size(reply.len()));
        }
        let (r, sealed) = reply.split_first_chunk().ok_or(ReplyError::Size(reply.len()))?;
        let text = reply_key(&self.key, &self.join, r).open(&self.host.0, sealed).map_err(|_| ReplyError::Sealed)?;
        match read_reply(&text)? {
            Ok(signed) => Ok(signed.verify(&self.s_vk, &self.scope, &self.st, now)?.clone()),
            Err(refusal) => Err(ReplyError::Refused(refusal)),
        }
    }
}

fn read_reply(text: &[u8]) -> Result<Result<SignedGrant, JoinRefusal>, DecodeError> {
    let mut from = Reader::new(text);
    let reply = match from.u8("kind of reply")? {
        GRANT => Ok(SignedGrant::read(&mut from)?),
        REFUSAL => Err(JoinRefusal::try_from(from.u8("refusal of a join")?)?),
        other => return Err(DecodeError::Value { what: "kind of reply", value: other.into() }),
    };
    from.zeros(from.remaining(), "padding of a reply")?;
    Ok(reply)
}

/// A host at its sealed door.
#[derive(Clone, Copy, Debug)]
pub struct HostGate<'a> {
    /// RS of the sitting.
    pub scope: &'a Scope,
    /// The host's entry in the pinned metadata.
    pub entry: &'a HostEntry,
    /// Its secrets.
    pub secrets: &'a HostSecrets,
}

/// A join that opened: its statement, not yet verified, and how to answer.
#[derive(Debug)]
pub struct OpenedJoin {
    /// What it asks.
    pub statement: Statement,
    /// The way back.
    pub replier: Replier,
}

impl HostGate<'_> {
    /// Open a join. A low-order or wrong ciphertext is [`JoinError::Sealed`] as any other wrong one.
    ///
    /// # Errors
    /// [`JoinError`].
    pub fn open(&self, suite: &dyn Suite, join: &[u8]) -> Result<OpenedJoin, JoinError> {
        if join.len() != JOIN && join.len() != NAMED_JOIN {
            return Err(JoinError::Size(join.len()));
        }
        let mut from = Reader::new(join);
        from.magic(&[VERSION], "join of version 1").map_err(|_| JoinError::Version)?;
        let ct: &[u8; CT] = from.array_ref("ciphertext of a join")?;
        let ss =
            self.secrets.x().decapsulate(suite, &Xw768Ciphertext::from_bytes(ct)).map_err(|_| JoinError::Sealed)?;
        let (rs, host) = (self.scope.to_bytes(), self.entry.hash());
        let aad = [&rs[..], &host.0, ct].concat();
        let text = join_key(&ss, &rs, &host, ct).open(&aad, from.rest()).map_err(|_| JoinError::Sealed)?;
        let mut from = Reader::new(&text);
        let statement = Statement::decode(from.lp("statement of a join")?)?;
        let key = SharedSecret::from_bytes(from.array("reply key")?);
        from.zeros(from.remaining(), "padding of a join")?;
        if join.len() != size(statement.body().form()) {
            return Err(JoinError::OtherSize);
        }
        Ok(OpenedJoin { statement, replier: Replier { key, join: sha3(&[join]), host } })
    }
}

/// Seals one answer to one join.
pub struct Replier {
    key: SharedSecret,
    join: [u8; 32],
    host: StatementHash,
}

impl Replier {
    /// SHA3-256 of the join, to tell a repeated one.
    pub const fn join(&self) -> &[u8; 32] {
        &self.join
    }

    /// Give a seat.
    pub fn grant(self, rng: &mut (impl CryptoRng + ?Sized), grant: &SignedGrant) -> Vec<u8> {
        self.seal(rng, &[&[GRANT], &grant.encode()[..]].concat())
    }

    /// Give none.
    pub fn refuse(self, rng: &mut (impl CryptoRng + ?Sized), refusal: JoinRefusal) -> Vec<u8> {
        self.seal(rng, &[REFUSAL, refusal as u8])
    }

    fn seal(self, rng: &mut (impl CryptoRng + ?Sized), text: &[u8]) -> Vec<u8> {
        let mut padded = text.to_vec();
        // A signed grant has at most 354 bytes, which a reply holds.
        padded.resize(REPLY - 16 - TAG, 0);
        let r = random(rng);
        let sealed = reply_key(&self.key, &self.join, &r).seal(&self.host.0, &padded);
        [&r[..], &sealed].concat()
    }
}

impl fmt::Debug for Replier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Replier(redacted)")
    }
}

impl fmt::Debug for AwaitingReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AwaitingReply(redacted)")
    }
}
