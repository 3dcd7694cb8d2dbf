//! Why something came to nothing.

use pars_proto::session::machine::RefusedError;
use pars_wire::content::ContentType;

/// Why a descriptor is not used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DescriptorRefused {
    /// The bytes are none.
    #[error("the descriptor is malformed: {0}")]
    Malformed(#[from] pars_wire::codec::DecodeError),
    /// The registry does not know its node on that day.
    #[error("the descriptor is of a node that is not registered; fetch the registry first")]
    Unregistered,
    /// It does not verify.
    #[error(transparent)]
    Refused(#[from] pars_proto::onion::descriptor::DescriptorError),
}

/// Why a contact cannot be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// No node of the directory gave a record that verifies.
    #[error("no record of this contact was found; has it been published, and do enough nodes answer?")]
    NotFound,
    /// Two records of one number: somebody lies.
    #[error("the directory gave two different records of one number; nothing is sent before that is understood")]
    Fork,
    /// The parts do not fit.
    #[error(transparent)]
    Bundle(#[from] pars_identity::bundle::BundleError),
    /// A lookup by a link with another check goes on: one of the two is false.
    #[error("the contact is being opened by a link with another check; compare both links with their sender")]
    OtherCheck,
    /// What is pinned forbids it.
    #[error(transparent)]
    Pin(#[from] pars_identity::pin::PinError),
}

/// Why a command came to nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    /// This node has no identity.
    #[error("this node has no identity; give the command to a member")]
    NoMember,
    /// The id names a command that sent something else.
    #[error("this id belongs to another message that was sent before; name a new message by a new id")]
    ClientIdReused,
    /// The contact was never opened.
    #[error("this contact is not known; open it by its link first")]
    UnknownContact,
    /// The contact's records are here no more or too old, and could not be fetched again.
    #[error("no new session can begin: {0}")]
    Open(#[from] OpenError),
    /// The contact is not proven post-quantum yet.
    #[error(
        "this contact is not proven post-quantum yet; send text and wait for an answer before files, invitations or actions"
    )]
    Unconfirmed,
    /// Text that is empty or no UTF-8.
    #[error("a text has at least one byte and is UTF-8")]
    Text,
    /// Content that no user sends.
    #[error("content of type {} is not sent by command", .0.name())]
    ContentType(ContentType),
    /// There is no session to close.
    #[error("there is no conversation with this contact")]
    NoConversation,
    /// Too much is on its way.
    #[error("too many objects are on their way; send again when some have been stored")]
    Busy,
    /// As many messages were sent within 24 h as requests are remembered (THREATS N6).
    #[error(
        "65,536 messages were sent within 24 hours, and none of them may be forgotten; send this one again in {minutes} min"
    )]
    RateLimited {
        /// Until the oldest may be forgotten.
        minutes: u32,
    },
    /// The session refuses.
    #[error(transparent)]
    Session(#[from] RefusedError),
    /// A store of this store's place does not open: a mistake of the engine or damage.
    #[error("the task of the swarm is refused: {0}")]
    Task(#[from] pars_proto::swarm::client::TaskError),
}
