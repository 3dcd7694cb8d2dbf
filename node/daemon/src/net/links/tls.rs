//! TLS of the links: version 1.3, X25519MLKEM768 only, AES-256-GCM only; the server shows its registered Ed25519 key as a raw
//! public key (RFC 7250), the client shows nothing. No tickets, no early data, no name: two connections share no value.

use std::sync::Arc;

use pars_crypto::secret::{Ed25519Seed, Zeroizing};
use quinn::crypto::rustls::{QuicClientConfig, QuicServerConfig};
use rustls::client::Resumption;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::aws_lc_rs::{cipher_suite, default_provider, kx_group, sign};
use rustls::crypto::{CryptoProvider, verify_tls13_signature_with_raw_key};
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer, ServerName, SubjectPublicKeyInfoDer, UnixTime};
use rustls::server::{AlwaysResolvesServerRawPublicKeys, NoServerSessionStorage};
use rustls::sign::CertifiedKey;
use rustls::version::TLS13;
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, ServerConfig, SignatureScheme};

/// The protocol of a link.
pub(crate) const ALPN: &[u8] = b"pars-onion/1";
/// What the delivery token is exported under (RFC 8446 section 7.5).
pub(super) const TOKEN_LABEL: &[u8] = b"EXPORTER-pars-onion-token-v1";
/// A name where quinn wants one; it is not sent.
pub(crate) const NAME: &str = "pars";
/// An Ed25519 `SubjectPublicKeyInfo` without its key (RFC 8410 section 4).
const SPKI: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
/// An Ed25519 `OneAsymmetricKey` of version 1 without its seed (RFC 8410 section 7).
const PKCS8: [u8; 16] =
    [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];

/// What both ends accept.
pub(crate) fn provider() -> Arc<CryptoProvider> {
    Arc::new(CryptoProvider {
        cipher_suites: vec![cipher_suite::TLS13_AES_256_GCM_SHA384],
        kx_groups: vec![kx_group::X25519MLKEM768],
        ..default_provider()
    })
}

/// The keys of QUIC's Initial packets, which hide nothing (RFC 9001 section 5.2): fixed by the version, never for data.
fn initial() -> Result<rustls::quic::Suite, Error> {
    let suite = cipher_suite::TLS13_AES_128_GCM_SHA256.tls13().and_then(|suite| suite.quic_suite());
    suite.ok_or_else(|| Error::General("the suite of QUIC's Initial packets is missing".into()))
}

fn spki(key: &[u8; 32]) -> Vec<u8> {
    [&SPKI[..], key].concat()
}

/// The server's side of a protocol, with the seed of the key it is known by.
pub(crate) fn server(
    provider: Arc<CryptoProvider>,
    seed: &Ed25519Seed,
    alpn: &[u8],
) -> Result<QuicServerConfig, Error> {
    let pkcs8 = Zeroizing::new([&PKCS8[..], seed.expose()].concat());
    let key = sign::any_eddsa_type(&PrivatePkcs8KeyDer::from(pkcs8.as_slice()))?;
    let public = key.public_key().ok_or_else(|| Error::General("the transport key has no public key".into()))?;
    let certified = CertifiedKey::new(vec![CertificateDer::from(public.to_vec())], key);
    let resolver = AlwaysResolvesServerRawPublicKeys::new(Arc::new(certified));
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&TLS13])?
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(resolver));
    config.alpn_protocols = vec![alpn.to_vec()];
    config.send_tls13_tickets = 0;
    config.session_storage = Arc::new(NoServerSessionStorage {});
    QuicServerConfig::with_initial(Arc::new(config), initial()?).map_err(|error| Error::General(error.to_string()))
}

/// The client's side: accepts the server that proves this key, and nobody else.
pub(crate) fn client(provider: Arc<CryptoProvider>, key: &[u8; 32], alpn: &[u8]) -> Result<QuicClientConfig, Error> {
    let verifier = Registered { spki: spki(key), provider: Arc::clone(&provider) };
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&TLS13])?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    config.alpn_protocols = vec![alpn.to_vec()];
    config.enable_sni = false;
    config.resumption = Resumption::disabled();
    QuicClientConfig::with_initial(Arc::new(config), initial()?).map_err(|error| Error::General(error.to_string()))
}

/// Accepts one key.
#[derive(Debug)]
struct Registered {
    spki: Vec<u8>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Registered {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if end_entity.as_ref() == self.spki && intermediates.is_empty() {
            Ok(ServerCertVerified::assertion())
        } else {
            Err(Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure))
        }
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(Error::General("links speak TLS 1.3 only".into()))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let key = SubjectPublicKeyInfoDer::from(cert.as_ref());
        verify_tls13_signature_with_raw_key(message, &key, dss, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ED25519]
    }

    fn requires_raw_public_keys(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use pars_crypto::sign::Ed25519Secret;
    use rustls::{CipherSuite, NamedGroup};

    use super::*;

    #[test]
    fn links_offer_one_group_and_one_suite() {
        let provider = provider();
        let groups: Vec<_> = provider.kx_groups.iter().map(|group| group.name()).collect();
        let suites: Vec<_> = provider.cipher_suites.iter().map(|suite| suite.suite()).collect();
        assert_eq!(groups, [NamedGroup::X25519MLKEM768]);
        assert_eq!(suites, [CipherSuite::TLS13_AES_256_GCM_SHA384]);
    }

    #[test]
    fn the_key_shown_is_the_registered_one() {
        let seed = Ed25519Seed::from_bytes([7; 32]);
        let pkcs8 = [&PKCS8[..], seed.expose()].concat();
        let key = sign::any_eddsa_type(&PrivatePkcs8KeyDer::from(pkcs8.as_slice())).unwrap();
        let registered = Ed25519Secret::from_seed(seed.clone()).public();
        assert_eq!(key.public_key().unwrap().as_ref(), spki(registered.as_bytes()));
        assert!(server(provider(), &seed, ALPN).is_ok());
    }
}
