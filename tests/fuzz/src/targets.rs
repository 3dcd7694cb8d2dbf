//! The registry of targets.

mod action;
mod bindings;
mod blocks;
mod circuits;
mod crypto;
mod engine;
mod handshake;
mod identity;
mod media;
mod onion;
mod recorder;
mod room;
mod rpc;
mod session;
mod swarm;
mod text;
mod wire;

use crate::Target;
use crate::corpus::Seeds;

/// Every target by its name, which is also the folder of its corpus.
pub const TARGETS: &[(&str, Target)] = &[
    ("wire-reader", wire::reader),
    ("wire-content-type", wire::content_type),
    ("wire-flags", wire::flags),
    ("text-chain-id", text::chain_id),
    ("text-identity-id", text::identity_id),
    ("text-link", text::link),
    ("text-words", text::words),
    ("text-room-kind", text::room_kind),
    ("crypto-ed25519-public", crypto::ed25519_public),
    ("crypto-hybrid-public", crypto::hybrid_public),
    ("crypto-hybrid-signature", crypto::hybrid_signature),
    ("crypto-kem768", crypto::kem768),
    ("crypto-kem1024", crypto::kem1024),
    ("crypto-xw768", crypto::xw768),
    ("crypto-xw1024", crypto::xw1024),
    ("crypto-sealed", crypto::sealed),
    ("crypto-lioness", crypto::lioness),
    ("identity-core", identity::core),
    ("identity-record", identity::record),
    ("identity-device", identity::device),
    ("identity-batch", identity::batch),
    ("identity-prekey", identity::prekey),
    ("identity-leaf", identity::leaf),
    ("identity-upload", identity::upload),
    ("identity-revocation", identity::revocation),
    ("identity-successor", identity::successor),
    ("identity-pin", identity::pin),
    ("identity-stored", identity::stored),
    ("identity-trigger", action::certificate),
    ("session-object", session::object),
    ("session-header", session::header),
    ("session-snapshot", session::snapshot),
    ("session-init-inner", handshake::inner),
    ("session-init-body", handshake::body),
    ("session-companion", handshake::companion),
    ("onion-packet", onion::packet),
    ("onion-layer", onion::layer),
    ("onion-surb", onion::surb),
    ("onion-reply", onion::reply),
    ("onion-descriptor", onion::descriptor),
    ("swarm-command", swarm::command),
    ("swarm-reply", swarm::reply),
    ("swarm-frame", swarm::frame),
    ("swarm-auth", swarm::auth),
    ("swarm-receipt", swarm::receipt),
    ("swarm-what", swarm::what),
    ("swarm-record", swarm::record),
    ("action-content", action::content),
    ("action-receipt", action::receipt),
    ("room-metadata", room::metadata),
    ("room-statement", room::statement),
    ("room-join", room::join),
    ("room-reply", room::reply),
    ("room-grant", room::grant),
    ("room-roster", room::roster),
    ("room-record", room::record),
    ("room-connection", room::connection),
    ("room-message", room::message),
    ("room-notice", room::notice),
    ("room-wraps", room::wraps),
    ("signal-envelope", media::envelope),
    ("signal-frame", media::pair_frame),
    ("media-frame", media::frame),
    ("media-trailer", media::trailer),
    ("media-data", media::data),
    ("engine-snapshot", engine::snapshot),
    ("engine-row", engine::row),
    ("engine-store-row", engine::store_row),
    ("engine-link", engine::link),
    ("rpc-body", rpc::body),
    ("rpc-call", rpc::call),
    ("rpc-response", rpc::response),
    ("rpc-event", rpc::event),
    ("rpc-id", rpc::id),
    ("rpc-prefixed", rpc::prefixed),
    ("circuits-envelope", circuits::envelope),
    ("circuits-proof-file", circuits::proof_file),
    ("circuits-secret", circuits::secret),
    ("circuits-verifying-key", circuits::verifying_key),
    ("circuits-proving-key-header", circuits::proving_key_header),
    ("bindings-revert", bindings::revert),
    ("bindings-event", bindings::event),
    ("bindings-owner-event", bindings::owner_event),
    ("bindings-deployment", bindings::deployment),
    ("blocks-cid", blocks::cid),
    ("blocks-node", blocks::node),
    ("blocks-file", blocks::file),
    ("blocks-car", blocks::car),
    ("bindings-action", bindings::action),
    ("bindings-consent", bindings::consent),
    ("recorder-manifest", recorder::manifest),
    ("recorder-timeline", recorder::timeline),
    ("recorder-webm", recorder::webm),
];

/// The seeds of all targets.
pub(crate) fn seeds(seeds: &mut Seeds) {
    wire::seeds(seeds);
    text::seeds(seeds);
    crypto::seeds(seeds);
    identity::seeds(seeds);
    session::seeds(seeds);
    handshake::seeds(seeds);
    onion::seeds(seeds);
    swarm::seeds(seeds);
    action::seeds(seeds);
    room::seeds(seeds);
    media::seeds(seeds);
    engine::seeds(seeds);
    rpc::seeds(seeds);
    circuits::seeds(seeds);
    bindings::seeds(seeds);
    blocks::seeds(seeds);
    recorder::seeds(seeds);
}
