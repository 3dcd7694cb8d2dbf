//! The host at the other end of a transport: `Sig("pars-room-rdv-v1", kind1 | st_host32 | bound32)` by its `s_vk`, so that
//! whoever reaches an address of the metadata knows that the host of this sitting is behind it.
//!
//! | kind | what is bound |
//! |---|---|
//! | 1 | SHA3-256 of a rendezvous token and the exporter of the host's link to the service node |
//! | 2 | the exporter of the TLS connection itself, label [`EXPORTER`], 32 bytes |

use pars_crypto::label::SignatureLabel;
use pars_crypto::sign::{ED25519_SIGNATURE, Ed25519Secret, SignatureError};

use super::metadata::{HostEntry, Reach};

/// TLS exporter label of a tunnel (RFC 8446 7.5), empty context, 32 bytes.
pub const EXPORTER: &str = "EXPORTER-pars-room-tunnel-v1";

fn bound(entry: &HostEntry, exporter: &[u8; 32]) -> [u8; 65] {
    let kind = match entry.reach {
        Reach::Rendezvous { .. } => 1,
        Reach::Direct(_) => 2,
    };
    let host = entry.hash();
    let mut message = [kind; 65];
    for (to, from) in message.iter_mut().skip(1).zip(host.0.iter().chain(exporter)) {
        *to = *from;
    }
    message
}

impl HostEntry {
    /// The host's proof for one connection.
    pub fn sign_tunnel(&self, host: &Ed25519Secret, exporter: &[u8; 32]) -> [u8; ED25519_SIGNATURE] {
        host.sign(SignatureLabel::ROOM_RENDEZVOUS, &bound(self, exporter))
    }

    /// Whether this host is at the other end of the connection with that exporter.
    ///
    /// # Errors
    /// [`SignatureError::Ed25519`].
    pub fn check_tunnel(&self, exporter: &[u8; 32], proof: &[u8; ED25519_SIGNATURE]) -> Result<(), SignatureError> {
        self.s_vk.verify(SignatureLabel::ROOM_RENDEZVOUS, &bound(self, exporter), proof)
    }
}
