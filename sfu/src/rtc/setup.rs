//! What all peers of the process share: certificate, crypto provider, address.

use std::{net::SocketAddr, sync::Arc, time::Instant};

use pars_sfu_core::limits::{MAX_DATA, MAX_NAME};
use rand_core::Rng;
use rtc::{
    crypto::{RTCCryptoProvider, SignatureScheme},
    dtls::extension::extension_use_srtp::SrtpProtectionProfile as Srtp,
    interceptor::{Registry, Slot},
    peer_connection::{
        RTCPeerConnection, RTCPeerConnectionBuilder,
        certificate::{CertificateParams, RTCCertificate},
        configuration::{
            RTCConfigurationBuilder,
            setting_engine::{SctpMaxMessageSize, SettingEngineBuilder},
        },
        transport::{CandidateConfig, CandidateHostConfig, RTCDtlsRole, RTCIceCandidate},
    },
    shared::error::Error,
};

use super::{
    codecs::media_engine,
    interceptors::{Inbox, Interceptors},
};
use crate::clock::System;

/// Bytes of a data channel's message: a data packet, and the sender's name and sid that the server writes into it. Every
/// peer keeps a buffer of this size.
const MAX_MESSAGE: u32 = (MAX_DATA + 2 * MAX_NAME) as u32;
/// Bytes of parts of messages that a client may have the server keep until the rest has come.
const RECEIVE_WINDOW: u32 = 256 << 10;
/// Bytes of drawn ICE credentials, written as hex.
const UFRAG_BYTES: usize = 12;
const PASSWORD_BYTES: usize = 24;

/// Shared by all peers.
pub(crate) struct Setup {
    certificate: RTCCertificate,
    provider: Arc<dyn RTCCryptoProvider>,
    pub(crate) address: SocketAddr,
    /// SHA-256 of the certificate, lower-case hex.
    pub(crate) fingerprint: String,
}

fn drawn<const N: usize>() -> String {
    let mut bytes = [0u8; N];
    System.fill_bytes(&mut bytes);
    hex::encode(bytes)
}

impl Setup {
    /// Makes the process's DTLS certificate: P-256, self-signed, with no name in it.
    pub(crate) fn new(address: SocketAddr) -> Result<Self, Error> {
        let provider = rtc::crypto::default_provider().map_err(|error| Error::Crypto(error.to_string()))?;
        let params = CertificateParams::new(Vec::<String>::new()).map_err(|error| Error::Other(error.to_string()))?;
        let certificate = RTCCertificate::generate(provider.crypto(), SignatureScheme::EcdsaP256Sha256, params)?;
        let fingerprint = certificate.get_fingerprints(provider.crypto())?.into_iter().next();
        let fingerprint = fingerprint.map(|f| f.value.replace(':', "")).unwrap_or_default();
        Ok(Self { certificate, provider, address, fingerprint })
    }

    /// A connection, its ICE fragment, and what its receiver asks for. ICE-lite, DTLS server, SRTP with AES-GCM only.
    pub(super) fn connection(&self, now: Instant) -> Result<(RTCPeerConnection, String, Inbox), Error> {
        let ufrag = drawn::<UFRAG_BYTES>();
        let settings = SettingEngineBuilder::new()
            .with_crypto_provider(Arc::clone(&self.provider))
            .with_lite(true)
            .with_answering_dtls_role(RTCDtlsRole::Server)
            .with_ice_credentials(ufrag.clone(), drawn::<PASSWORD_BYTES>())
            .with_srtp_protection_profiles(vec![Srtp::Srtp_Aead_Aes_256_Gcm, Srtp::Srtp_Aead_Aes_128_Gcm])
            .with_sctp_max_message_size(SctpMaxMessageSize::Bounded(MAX_MESSAGE))
            .with_sctp_max_receive_buffer_size(RECEIVE_WINDOW)
            .build();
        let (mut engine, inbox) = (media_engine()?, Inbox::default());
        let registry = Registry::new().with(Slot::from(0), Interceptors::new(&mut engine, inbox.clone())?);
        let configuration = RTCConfigurationBuilder::new().with_certificates(vec![self.certificate.clone()]).build();
        let mut connection = RTCPeerConnectionBuilder::new()
            .with_configuration(configuration)
            .with_setting_engine(settings)
            .with_media_engine(engine)
            .with_interceptor_registry(registry)
            .build(now)?;
        let base_config = CandidateConfig {
            network: "udp".into(),
            address: self.address.ip().to_string(),
            port: self.address.port(),
            component: 1,
            ..Default::default()
        };
        let candidate = CandidateHostConfig { base_config, ..Default::default() }.new_candidate_host()?;
        connection.add_local_candidate(RTCIceCandidate::from(&candidate).to_json()?)?;
        Ok((connection, ufrag, inbox))
    }
}
