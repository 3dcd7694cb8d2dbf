//! What the server is started with.

use std::{fmt, fs, net::SocketAddr, path::PathBuf};

use serde::Deserialize;
use thiserror::Error;
use zeroize::Zeroizing;

/// Fewest characters of a secret: HS256 wants a key of 32 bytes.
pub const MIN_SECRET: usize = 32;

/// The server's settings.
#[derive(Debug, Clone)]
pub struct Config {
    /// Address of HTTP and WebSocket; port 0 lets the system choose.
    pub listen: SocketAddr,
    /// Address of media. It is what clients are told, so it must be one they reach.
    pub udp: SocketAddr,
    /// The key that signs tokens.
    pub keys: Keys,
    /// Development only: a file that gets everything the server sees.
    pub dump: Option<PathBuf>,
}

/// API key and secret.
#[derive(Clone)]
pub struct Keys {
    key: String,
    secret: Zeroizing<String>,
}

/// Why keys cannot be used.
#[derive(Debug, Error)]
pub enum KeysError {
    /// The file cannot be read.
    #[error("key file {0}: {1}")]
    Read(PathBuf, std::io::Error),
    /// Others may read it.
    #[error("key file {0} is readable by others; run `chmod 600` on it")]
    Open(PathBuf),
    /// It is no such JSON.
    #[error("key file {0} is not {{\"key\":\"…\",\"secret\":\"…\"}}")]
    Format(PathBuf),
    /// Key or secret is too short.
    #[error("the key is empty or the secret is shorter than {MIN_SECRET} characters")]
    Short,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyFile {
    key: String,
    secret: String,
}

impl Keys {
    /// A key and its secret of at least 32 characters.
    pub fn new(key: &str, secret: &str) -> Result<Self, KeysError> {
        if key.is_empty() || secret.len() < MIN_SECRET {
            return Err(KeysError::Short);
        }
        Ok(Self { key: key.to_owned(), secret: Zeroizing::new(secret.to_owned()) })
    }

    /// Reads `{"key":"…","secret":"…"}` from a file that only its owner may read.
    pub fn read(path: &PathBuf) -> Result<Self, KeysError> {
        let unreadable = |error| KeysError::Read(path.clone(), error);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::metadata(path).map_err(unreadable)?.permissions().mode();
            if mode & 0o077 != 0 {
                return Err(KeysError::Open(path.clone()));
            }
        }
        let text = Zeroizing::new(fs::read_to_string(path).map_err(unreadable)?);
        let KeyFile { key, secret } = serde_json::from_str(&text).map_err(|_| KeysError::Format(path.clone()))?;
        let secret = Zeroizing::new(secret);
        Self::new(&key, &secret)
    }

    /// The key's name: the issuer of its tokens.
    pub(crate) fn name(&self) -> &str {
        &self.key
    }

    pub(crate) fn verifier(&self) -> livekit_token::TokenVerifier {
        livekit_token::TokenVerifier::with_api_key(&self.key, &self.secret)
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Keys({})", self.key)
    }
}
