//! The sending chain: INIT objects until the first answer, then MSG or REPLY objects.

use pars_crypto::aead::{HeaderKey, RandomNonce};
use pars_crypto::hash::sha3;
use pars_crypto::kem::Kem1024Ciphertext;
use pars_crypto::secret::ChainKey;
use pars_wire::codec::{Hour, Writer};
use pars_wire::content::Flags;
use pars_wire::limits::{MAX_CHAIN, MAX_INIT};

use super::{advance, chain_end, fresh};
use crate::session::bucket::Bucket;
use crate::session::error::SendError;
use crate::session::layout::{
    INIT_BODY, INIT_CONTENT, INIT_PREFIX, INIT_SEALED, LENGTH, MSG_OVERHEAD, MessageKind, REPLY_OVERHEAD, RatchetObject,
};
use crate::session::message::{Draft, Header, Tail, pad};
use crate::session::{SessionId, Tools, body};

/// CK_A, while nobody has answered.
#[derive(Clone, Debug)]
pub(crate) struct InitChain {
    pub(crate) chain: ChainKey,
    pub(crate) position: u16,
    pub(crate) began: Hour,
    /// TH: associated data of every body.
    pub(crate) transcript: [u8; 32],
    /// What every object repeats.
    pub(crate) prefix: Box<[u8; INIT_PREFIX]>,
    pub(crate) sealed: Box<[u8; INIT_SEALED]>,
}

/// A chain of the ratchet: REPLY if it carries `ct_auth`, else MSG.
#[derive(Clone, Debug)]
pub(crate) struct RatchetChain {
    pub(crate) chain: ChainKey,
    pub(crate) position: u32,
    /// PN.
    pub(crate) previous: u32,
    pub(crate) began: Hour,
    /// HKs.
    pub(crate) header: HeaderKey,
    pub(crate) tail: Tail,
    pub(crate) ct_auth: Option<Kem1024Ciphertext>,
}

/// What we send on.
#[derive(Clone, Debug)]
pub(crate) enum SendingChain {
    Init(Box<InitChain>),
    Ratchet(Box<RatchetChain>),
}

/// Refuse content that no object of this kind holds.
pub(super) fn check_fits(kind: MessageKind, draft: &Draft<'_>) -> Result<(), SendError> {
    let most = Bucket::L.capacity(kind).unwrap_or_default();
    let length = draft.content.len();
    if length <= most { Ok(()) } else { Err(SendError::TooLong { length, most }) }
}

impl SendingChain {
    /// Messages sent on it: PN of the chain after it.
    pub(super) fn position(&self) -> u32 {
        match self {
            Self::Init(chain) => chain.position.into(),
            Self::Ratchet(chain) => chain.position,
        }
    }

    /// It carried all its messages, or lived its days, without an answer.
    pub(crate) fn ended(&self, now: Hour) -> bool {
        let (most, began) = match self {
            Self::Init(chain) => (MAX_INIT.into(), chain.began),
            Self::Ratchet(chain) => (MAX_CHAIN, chain.began),
        };
        self.position() >= most || now > chain_end(began)
    }

    /// Of a chain of the ratchet: SHA3-256 of its header key, which no other chain has, and its next position.
    pub(crate) fn place(&self) -> Option<([u8; 32], u32)> {
        match self {
            Self::Init(_) => None,
            Self::Ratchet(chain) => Some((sha3(&[chain.header.expose()]), chain.position)),
        }
    }

    /// Content that fits, on a chain that has not ended.
    pub(super) fn seal(
        &mut self,
        sid: &SessionId,
        draft: &Draft<'_>,
        tools: &mut Tools<'_>,
    ) -> Result<Vec<u8>, SendError> {
        let kind = match self {
            Self::Init(_) => MessageKind::Init,
            Self::Ratchet(chain) => chain.kind(),
        };
        check_fits(kind, draft)?;
        if self.ended(tools.hour()) {
            return Err(SendError::ChainEnded);
        }
        match self {
            Self::Init(chain) => Ok(chain.seal(draft, tools)),
            Self::Ratchet(chain) => chain.seal(sid, draft, tools),
        }
    }
}

impl InitChain {
    fn seal(&mut self, draft: &Draft<'_>, tools: &mut Tools<'_>) -> Vec<u8> {
        debug_assert!(draft.content.len() <= INIT_CONTENT);
        let n = self.position.to_be_bytes();
        let r = fresh(tools);
        let mut text = Writer::with_capacity(INIT_BODY);
        draft.envelope(tools.now).write(&mut text);
        let text = pad(text, draft.content, INIT_BODY);
        let key = advance(&mut self.chain);
        let sealed = body::seal(key, MessageKind::Init, &r, &[&self.transcript[..], &n].concat(), &text);
        self.position += 1;
        [&self.prefix[..], &self.sealed[..], &n, &r, &sealed].concat()
    }
}

impl RatchetChain {
    const fn kind(&self) -> MessageKind {
        if self.ct_auth.is_some() { MessageKind::Reply } else { MessageKind::Msg }
    }

    fn seal(&mut self, sid: &SessionId, draft: &Draft<'_>, tools: &mut Tools<'_>) -> Result<Vec<u8>, SendError> {
        let bucket = Bucket::choose(self.kind(), draft.content.len(), tools.rng)?;
        let object = self.object(sid, draft, bucket, tools);
        self.position += 1;
        Ok(object)
    }

    /// The object of the position at hand; the chain key moves on.
    pub(super) fn object(
        &mut self,
        sid: &SessionId,
        draft: &Draft<'_>,
        bucket: Bucket,
        tools: &mut Tools<'_>,
    ) -> Vec<u8> {
        let (kind, r) = (self.kind(), fresh(tools));
        let mut envelope = draft.envelope(tools.now);
        if kind == MessageKind::Reply {
            envelope.flags = envelope.flags.with(Flags::REPLY);
        }
        let header =
            Header { envelope, tail: self.tail.clone(), counter: self.position, previous: self.previous }.encode();
        let mut object = RatchetObject::head(&r);
        let sealed = self.header.seal(RandomNonce::of_object(&r), &object, &header);
        object.extend_from_slice(&sealed);
        let overhead = match &self.ct_auth {
            Some(ct_auth) => {
                object.extend_from_slice(ct_auth.as_bytes());
                REPLY_OVERHEAD
            }
            None => MSG_OVERHEAD,
        };
        let text = pad(Writer::with_capacity(bucket.size()), draft.content, bucket.size() - overhead);
        debug_assert!(text.len() >= draft.content.len() + LENGTH);
        let aad = [&sid.0[..], &object].concat();
        let key = advance(&mut self.chain);
        object.extend_from_slice(&body::seal(key, kind, &r, &aad, &text));
        object
    }
}
