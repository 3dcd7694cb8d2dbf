//! ClientHello and ServerHello (RFC 8446 section 4.1), as far as they show which key exchange is used.

/// X25519MLKEM768 (IANA "TLS Supported Groups").
pub const X25519_MLKEM768: u16 = 0x11ec;
/// TLS_AES_256_GCM_SHA384.
pub const AES_256_GCM_SHA384: u16 = 0x1302;

const SUPPORTED_GROUPS: u16 = 10;
const SERVER_CERTIFICATE_TYPE: u16 = 20;
const KEY_SHARE: u16 = 51;
/// The random of a HelloRetryRequest: SHA-256 of that name.
const RETRY: [u8; 32] = [
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2, 0xa2, 0x11,
    0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
];

/// What a client offers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClientHello {
    /// Cipher suites.
    pub suites: Vec<u16>,
    /// Groups of `supported_groups`.
    pub groups: Vec<u16>,
    /// Groups of `key_share`, with the bytes of each share.
    pub shares: Vec<(u16, usize)>,
    /// Certificate types accepted from the server: 2 is a raw public key (RFC 7250).
    pub certificate_types: Vec<u8>,
}

/// What a server chose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServerHello {
    /// The cipher suite.
    pub suite: u16,
    /// The group.
    pub group: u16,
    /// It is a HelloRetryRequest: another ClientHello follows.
    pub retry: bool,
}

/// A message of the two.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hello {
    /// Of a client.
    Client(ClientHello),
    /// Of a server.
    Server(ServerHello),
}

/// Bytes that are taken from the front.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

impl<'a> Reader<'a> {
    pub(super) fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    /// A number of so many bytes, big endian.
    pub(super) fn number(&mut self, bytes: usize) -> Option<usize> {
        Some(self.take(bytes)?.iter().fold(0, |number, byte| (number << 8) | usize::from(*byte)))
    }

    fn u16(&mut self) -> Option<u16> {
        self.number(2).and_then(|number| u16::try_from(number).ok())
    }

    /// A vector behind its length of so many bytes.
    pub(super) fn vector(&mut self, bytes: usize) -> Option<Self> {
        let length = self.number(bytes)?;
        self.take(length).map(Self)
    }

    fn all_u16(mut self) -> Vec<u16> {
        std::iter::from_fn(|| self.u16()).collect()
    }
}

/// The first message of a handshake; none if it is not whole yet, or no hello.
pub fn hello(bytes: &[u8]) -> Option<Hello> {
    let mut reader = Reader(bytes);
    let kind = reader.number(1)?;
    let mut body = reader.vector(3)?;
    body.take(2)?;
    let random = body.take(32)?;
    body.vector(1)?;
    match kind {
        1 => client(body).map(Hello::Client),
        2 => server(body, random == RETRY).map(Hello::Server),
        _ => None,
    }
}

fn client(mut body: Reader<'_>) -> Option<ClientHello> {
    let mut hello = ClientHello { suites: body.vector(2)?.all_u16(), ..ClientHello::default() };
    body.vector(1)?;
    let mut extensions = body.vector(2)?;
    while !extensions.0.is_empty() {
        let (kind, mut data) = (extensions.u16()?, extensions.vector(2)?);
        match kind {
            SUPPORTED_GROUPS => hello.groups = data.vector(2)?.all_u16(),
            SERVER_CERTIFICATE_TYPE => hello.certificate_types = data.vector(1)?.0.to_vec(),
            KEY_SHARE => {
                let mut shares = data.vector(2)?;
                while !shares.0.is_empty() {
                    hello.shares.push((shares.u16()?, shares.vector(2)?.0.len()));
                }
            }
            _ => {}
        }
    }
    Some(hello)
}

fn server(mut body: Reader<'_>, retry: bool) -> Option<ServerHello> {
    let suite = body.u16()?;
    body.take(1)?;
    let mut extensions = body.vector(2)?;
    while !extensions.0.is_empty() {
        let (kind, mut data) = (extensions.u16()?, extensions.vector(2)?);
        if kind == KEY_SHARE {
            return Some(ServerHello { suite, group: data.u16()?, retry });
        }
    }
    None
}
