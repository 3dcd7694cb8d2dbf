//! Which command made which message, for 24 h: a request that is repeated is the same message (THREATS N6).
//!
//! | Row | Value, sealed |
//! |---|---|
//! | counter `c`, command16 | `cursor8\|id16\|to32\|digest32\|made4`; `made`, in minutes since the Unix epoch, is missing in rows of version 2, digest and `made` in those of version 1 |
//!
//! Nothing is forgotten before it is 24 h old: when the memory is full of what is younger, the next message is refused. What is
//! older goes with the next messages. A row without `made` counts from the start that reads it. A clock that was set back makes
//! commands of the future: they count from when that is seen, so that they do not stay for years.

use std::collections::BTreeMap;

use pars_identity::IdentityId;
use pars_proto::session::MessageId;
use pars_wire::codec::{DecodeError, Reader};
use pars_wire::machine::UnixMinute;

use crate::io::{CommandError, CommandId};

/// Commands remembered at once: in 24 h three in four seconds on average; about 10 MB.
pub const MAX_COMMANDS: usize = 65_536;
/// Minutes for which a command is remembered (THREATS N6).
pub const REMEMBERED_MINUTES: u32 = 24 * 60;
/// Commands that may be forgotten with one message: a bound of its batch.
const FORGOTTEN_AT_ONCE: usize = 64;

/// What a command made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sent {
    pub(super) cursor: u64,
    pub(super) id: MessageId,
    pub(super) to: IdentityId,
    /// SHA3-256 of what was sent; none in a row of version 1.
    pub(super) digest: Option<[u8; 32]>,
    pub(super) made: UnixMinute,
}

/// The commands of the last 24 h, and older ones until they go.
#[derive(Default)]
pub(super) struct Commands {
    made: BTreeMap<CommandId, Sent>,
    /// By the cursors of their messages.
    order: BTreeMap<u64, CommandId>,
}

impl Commands {
    pub(super) fn get(&self, id: CommandId) -> Option<Sent> {
        self.made.get(&id).copied()
    }

    pub(super) fn remember(&mut self, id: CommandId, sent: Sent) {
        self.made.insert(id, sent);
        self.order.insert(sent.cursor, id);
    }

    /// Whether one more may be remembered.
    ///
    /// # Errors
    /// [`CommandError::RateLimited`]: all places are taken by commands that are not over.
    pub(super) fn room(&mut self, now: UnixMinute) -> Result<(), CommandError> {
        match self.oldest(now) {
            Some((_, left)) if left > 0 && self.made.len() >= MAX_COMMANDS => {
                Err(CommandError::RateLimited { minutes: left })
            }
            _ => Ok(()),
        }
    }

    /// Forget what is over, the oldest first; the rows of these are deleted with the next batch.
    pub(super) fn forget(&mut self, now: UnixMinute) -> Vec<CommandId> {
        let mut gone = Vec::new();
        while gone.len() < FORGOTTEN_AT_ONCE
            && let Some((cursor, 0)) = self.oldest(now)
            && let Some(id) = self.order.remove(&cursor)
        {
            self.made.remove(&id);
            gone.push(id);
        }
        gone
    }

    /// The oldest command: the cursor of its message, and for how many minutes it is still remembered.
    fn oldest(&mut self, now: UnixMinute) -> Option<(u64, u32)> {
        let (cursor, id) = self.order.first_key_value()?;
        let mut made = self.made.get(id)?.made;
        if made > now {
            // All of them at once: else each would begin its 24 h when the one before it has gone.
            self.made.values_mut().for_each(|sent| sent.made = sent.made.min(now));
            made = now;
        }
        // A minute more: it was made within the minute that is noted.
        let end = made.0.saturating_add(REMEMBERED_MINUTES).saturating_add(1);
        Some((*cursor, end.saturating_sub(now.0)))
    }
}

impl Sent {
    pub(super) fn encode(&self) -> Vec<u8> {
        let (cursor, made) = (self.cursor.to_be_bytes(), self.made.0.to_be_bytes());
        let (digest, made) = self.digest.as_ref().map_or((&[][..], &[][..]), |digest| (digest, &made));
        [&cursor[..], &self.id.0, &self.to.0, digest, made].concat()
    }

    /// Out of a row that is read at this time.
    pub(super) fn decode(bytes: &[u8], now: UnixMinute) -> Result<Self, DecodeError> {
        let mut from = Reader::new(bytes);
        let cursor = from.u64("cursor")?;
        let (id, to) = (MessageId(from.array("message id")?), IdentityId(from.array("contact")?));
        let digest = if from.remaining() == 0 { None } else { Some(from.array("digest of a command")?) };
        let made = if from.remaining() == 0 { now } else { UnixMinute(from.u32("minute of a command")?) };
        from.finish()?;
        Ok(Self { cursor, id, to, digest, made })
    }
}

#[cfg(test)]
mod tests;
