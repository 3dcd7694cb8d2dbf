//! What forwarding cannot do without: one AEAD and one datagram.

use std::net::UdpSocket;

use anyhow::{Result, anyhow};
use rtc::crypto::{AeadAlgorithm, default_provider};

use super::PAYLOAD;
use crate::clock::one;

const HEADER: usize = 12;
const TAG: usize = 16;
const NS_PER_MS: f64 = 1e6;

/// CPU in ns of sealing and sending one packet.
pub(super) fn nanoseconds(runs: usize) -> Result<f64> {
    let provider = default_provider().map_err(|error| anyhow!("{error}"))?;
    let mut cipher =
        provider.crypto().new_aead(AeadAlgorithm::Aes256Gcm, &[7; 32]).map_err(|error| anyhow!("{error}"))?;
    let (sender, receiver) = (UdpSocket::bind("127.0.0.1:0")?, UdpSocket::bind("127.0.0.1:0")?);
    sender.connect(receiver.local_addr()?)?;
    let (mut counter, mut packet) = (0u64, [5u8; HEADER + PAYLOAD + TAG]);
    let cost = one(runs, || {
        counter += 1;
        let mut nonce = [0u8; 12];
        nonce[4..].copy_from_slice(&counter.to_be_bytes());
        let (header, rest) = packet.split_at_mut(HEADER);
        let (body, tag) = rest.split_at_mut(PAYLOAD);
        let sealed = cipher.seal_in_place(&nonce, header, body, tag).is_ok();
        sealed && sender.send(&packet).is_ok()
    })?;
    Ok(cost * NS_PER_MS)
}
