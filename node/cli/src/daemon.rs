//! The session daemon of this machine: JSON-RPC 2.0 over its Unix socket. Its types are `pars_rpc`'s.

mod events;

pub use events::Events;

use std::path::{Path, PathBuf};
use std::time::Duration;

use pars_rpc::call::Call;
use pars_rpc::envelope::{Id, Request, Response};

use crate::error::{Error, innermost};

/// Longest wait for one answer: looking a recipient up takes several ways through the network.
const PATIENCE: Duration = Duration::from_secs(180);

/// The socket's name in the daemon's directory.
const SOCKET: &str = "sessiond.sock";

/// Where it announces address and token.
const ANNOUNCED: &str = "rpc.json";
/// Bytes of that at most.
const ANNOUNCEMENT: usize = 16 * 1_024;

/// A client of the daemon whose directory is named.
#[derive(Debug, Clone)]
pub struct Daemon {
    datadir: PathBuf,
    http: reqwest::Client,
}

impl Daemon {
    /// A client; nothing is opened yet.
    ///
    /// # Errors
    /// If no HTTP client can be made.
    pub fn new(datadir: PathBuf) -> Result<Self, Error> {
        let client = reqwest::Client::builder().unix_socket(datadir.join(SOCKET)).build();
        let http = client.map_err(|error| Error::DaemonWrong(innermost(&error)))?;
        Ok(Self { datadir, http })
    }

    /// Calls a method.
    ///
    /// # Errors
    /// `no_daemon` where nothing listens, `daemon_gone` where the answer did not come, the daemon's own refusals,
    /// `daemon_wrong` for an answer that is none.
    pub async fn call<C: Call>(&self, call: &C) -> Result<C::Answer, Error> {
        self.call_within(call, PATIENCE).await
    }

    /// Calls a method that may take longer, or less long, than others.
    ///
    /// # Errors
    /// As [`Daemon::call`].
    pub async fn call_within<C: Call>(&self, call: &C, patience: Duration) -> Result<C::Answer, Error> {
        let body = encode(1, call)?;
        let request = self.http.post("http://localhost/").header("content-type", "application/json").body(body);
        let response = request.timeout(patience).send().await.map_err(|error| self.unanswered(&error))?;
        let status = response.status();
        let body = response.bytes().await.map_err(|error| self.unanswered(&error))?;
        let wrong = |_| Error::DaemonWrong(format!("HTTP {status} without a JSON-RPC answer"));
        answer::<C>(serde_json::from_slice(&body).map_err(wrong)?)
    }

    /// The link of its page: the token stands in the fragment, which is never sent.
    ///
    /// # Errors
    /// If no daemon has announced itself there.
    pub fn page(&self) -> Result<String, Error> {
        let path = self.datadir.join(ANNOUNCED);
        let text = pars_keyfile::read(&path, ANNOUNCEMENT).map_err(|error| absent(&self.datadir, error.to_string()))?;
        let wrong = || Error::DaemonWrong(format!("{} says no address and token", path.display()));
        let announced: serde_json::Value = serde_json::from_str(&text).map_err(|_| wrong())?;
        let field = |name: &str| announced.get(name).and_then(serde_json::Value::as_str).ok_or_else(wrong);
        Ok(format!("{}/#token={}", field("http")?, field("token")?))
    }

    /// Subscribes to events after a cursor, or to all that are not acknowledged.
    ///
    /// # Errors
    /// As [`Daemon::call`].
    pub async fn events(&self, after: Option<u64>) -> Result<Events, Error> {
        Events::subscribe(&self.datadir, after).await
    }

    fn unanswered(&self, error: &reqwest::Error) -> Error {
        let reason = innermost(error);
        if error.is_connect() {
            return absent(&self.datadir, reason);
        }
        let hint = "; it may have done what was asked, look before you ask again".into();
        Error::DaemonGone { reason, hint, details: None }
    }
}

/// Where the daemon listens.
fn socket(datadir: &Path) -> PathBuf {
    datadir.join(SOCKET)
}

fn absent(datadir: &Path, reason: String) -> Error {
    Error::NoDaemon { datadir: datadir.to_owned(), socket: socket(datadir), reason }
}

fn encode<C: Call>(id: i64, call: &C) -> Result<String, Error> {
    let request = Request::of(Id::Number(id), call).and_then(|request| serde_json::to_string(&request));
    request.map_err(|error| Error::Usage(format!("the request cannot be written: {error}")))
}

fn answer<C: Call>(response: Response) -> Result<C::Answer, Error> {
    let result = response.into_result().map_err(Error::Daemon)?;
    let wrong = |error| Error::DaemonWrong(format!("the answer to {}: {error}", C::METHOD.name()));
    serde_json::from_value(result).map_err(wrong)
}
