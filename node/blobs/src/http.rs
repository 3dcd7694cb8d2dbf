//! One HTTP client for both kinds of servers: no redirects, bounded answers, a time for the connection and for each silence.

use std::time::Duration;

use pars_wire::is_this_machine;
use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder, Response, Url};

use crate::store::BlobError;

/// Until a connection stands.
const CONNECT: Duration = Duration::from_secs(5);
/// Without a byte.
const SILENCE: Duration = Duration::from_secs(30);
/// A whole request: 2 MiB over a slow line.
const WHOLE: Duration = Duration::from_secs(300);
/// Bytes of a refusal that are read, and of them shown.
const REFUSAL: (usize, usize) = (4_096, 200);

/// A service's base URL, ending with a slash.
pub(crate) fn base(text: &str) -> Result<Url, BlobError> {
    let refuse = || BlobError::Url(text.to_owned());
    let url: Url = format!("{}/", text.trim_end_matches('/')).parse().map_err(|_| refuse())?;
    if url.scheme() == "http" && url.has_host() { Ok(url) } else { Err(refuse()) }
}

/// A client for a base URL; this machine is reached without the proxy of the environment.
pub(crate) fn client(base: &Url) -> Result<Client, BlobError> {
    let builder = Client::builder().connect_timeout(CONNECT).read_timeout(SILENCE).timeout(WHOLE);
    let here = is_this_machine(base.host_str().unwrap_or_default());
    let builder = if here { builder.no_proxy() } else { builder };
    builder.redirect(Policy::none()).build().map_err(|_| BlobError::System("HTTP client"))
}

/// Send, and take the answer with its status if that is 200.
pub(crate) async fn send(what: &'static str, request: RequestBuilder) -> Result<Response, BlobError> {
    let response = request.send().await.map_err(|_| BlobError::Silent(what))?;
    if response.status().as_u16() == 200 {
        return Ok(response);
    }
    let status = response.status().as_u16();
    let text = body(what, response, REFUSAL.0).await.unwrap_or_default();
    let shown = String::from_utf8_lossy(&text).chars().filter(|c| !c.is_control()).take(REFUSAL.1).collect();
    Err(BlobError::Refused { what, status, text: shown })
}

/// The body, of so many bytes at most.
pub(crate) async fn body(what: &'static str, mut response: Response, most: usize) -> Result<Vec<u8>, BlobError> {
    let mut body = Vec::new();
    while let Some(piece) = response.chunk().await.map_err(|_| BlobError::Silent(what))? {
        if body.len() + piece.len() > most {
            return Err(BlobError::TooLong { what, most });
        }
        body.extend_from_slice(&piece);
    }
    Ok(body)
}
