//! Who may call over loopback HTTP: whoever has the token, from this machine, from no page that was not allowed (SE-R39).
//!
//! Browsers send a Host and an Origin that a page cannot choose: a Host other than loopback at our own port means a name that was
//! pointed here (DNS rebinding) or another service's page, an Origin that is not allowed means somebody else's page. Both end before the token is looked at.

use std::fmt;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, HOST, ORIGIN, SEC_WEBSOCKET_PROTOCOL};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use pars_crypto::hash::equal;
use pars_crypto::secret::Zeroizing;

use crate::random;

/// A browser cannot set a header on a WebSocket; it names the token among the subprotocols.
const SUBPROTOCOL: &str = "pars.bearer.";

/// The token of one run: 64 hexadecimal digits, compared in constant time, never printed.
#[derive(Clone)]
pub struct Token(Zeroizing<String>);

impl Token {
    /// A fresh one.
    pub fn generate() -> Self {
        Self(Zeroizing::new(hex::encode(Zeroizing::new(random::bytes::<32>()).as_slice())))
    }

    /// The digits, for `rpc.json`.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    fn is(&self, other: &str) -> bool {
        equal(self.0.as_bytes(), other.as_bytes())
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(redacted)")
    }
}

/// What a request over loopback HTTP must satisfy.
#[derive(Debug)]
pub struct Guard {
    token: Token,
    origins: Vec<String>,
    port: u16,
}

impl Guard {
    /// The token, the origins that pages may call from, and the port that we listen on.
    pub const fn new(token: Token, origins: Vec<String>, port: u16) -> Self {
        Self { token, origins, port }
    }

    /// Whether a request may pass.
    ///
    /// # Errors
    /// The status and the sentence it is refused with.
    pub fn check(&self, headers: &HeaderMap) -> Result<(), (StatusCode, &'static str)> {
        self.check_place(headers)?;
        let bearer = one(headers, AUTHORIZATION).and_then(|value| value.strip_prefix("Bearer "));
        let offered = headers.get_all(SEC_WEBSOCKET_PROTOCOL).into_iter().filter_map(|value| value.to_str().ok());
        let mut tokens =
            offered.flat_map(|list| list.split(',')).filter_map(|name| name.trim().strip_prefix(SUBPROTOCOL));
        if bearer.is_some_and(|token| self.token.is(token)) || tokens.any(|token| self.token.is(token)) {
            return Ok(());
        }
        Err((StatusCode::UNAUTHORIZED, "the token of rpc.json is missing or wrong: Authorization: Bearer <token>"))
    }

    /// Whether a request comes from this machine, and from no page that was not allowed. Our own page is: its Origin is the
    /// Host that it was loaded from.
    ///
    /// # Errors
    /// As [`Guard::check`].
    pub fn check_place(&self, headers: &HeaderMap) -> Result<(), (StatusCode, &'static str)> {
        let Some(host) = one(headers, HOST).filter(|host| is_here(host, self.port)) else {
            return Err((StatusCode::FORBIDDEN, "the Host is not loopback at this port: call 127.0.0.1:<port>"));
        };
        let own = |origin: &str| origin.strip_prefix("http://") == Some(host);
        if headers.contains_key(ORIGIN)
            && !one(headers, ORIGIN).is_some_and(|origin| own(origin) || self.allows(origin))
        {
            return Err((StatusCode::FORBIDDEN, "this Origin is not allowed: start sessiond with --allow-origin"));
        }
        Ok(())
    }

    fn allows(&self, origin: &str) -> bool {
        self.origins.iter().any(|allowed| allowed == origin)
    }
}

/// A header that stands there exactly once.
fn one(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    let mut values = headers.get_all(name).into_iter();
    let value = values.next()?;
    if values.next().is_some() { None } else { value.to_str().ok() }
}

/// Whether a Host is this listener's: a name of loopback and our port, which only HTTP's own may leave out (RFC 9110, 7.2).
fn is_here(host: &str, port: u16) -> bool {
    let (name, at) = match host.rsplit_once(':') {
        Some((name, digits)) if digits.bytes().all(|digit| digit.is_ascii_digit()) => (name, digits.parse().ok()),
        _ => (host, Some(80)),
    };
    matches!(name, "127.0.0.1" | "localhost" | "[::1]") && at == Some(port)
}

/// What is answered to whoever passes; `outside` to whoever is in the right place, without the token.
pub(super) fn guarded(routes: Router, outside: Router, guard: Guard) -> Router {
    let guard = Arc::new(guard);
    let routes = routes.layer(middleware::from_fn_with_state(guard.clone(), check));
    outside.layer(middleware::from_fn_with_state(guard, check_place)).merge(routes)
}

/// Refuse, or pass on, by Host and Origin.
async fn check_place(State(guard): State<Arc<Guard>>, request: Request, next: Next) -> Response {
    match guard.check_place(request.headers()) {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    }
}

/// Refuse, or pass on.
async fn check(State(guard): State<Arc<Guard>>, request: Request, next: Next) -> Response {
    match guard.check(request.headers()) {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(guard: &Guard, headers: &[(HeaderName, &str)]) -> Option<u16> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(name, value.parse().unwrap());
        }
        guard.check(&map).err().map(|(status, _)| status.as_u16())
    }

    #[test]
    fn host_then_origin_then_token_decide() {
        let token = Token::generate();
        let bearer = format!("Bearer {}", token.reveal());
        let offered = format!("pars.v1, pars.bearer.{}", token.reveal());
        let guard = Guard::new(token, vec!["http://127.0.0.1:5173".into()], 4000);
        let host = (HOST, "127.0.0.1:4000");
        let good = (AUTHORIZATION, bearer.as_str());
        assert_eq!(status(&guard, &[host.clone(), good.clone()]), None);
        assert_eq!(status(&guard, &[host.clone(), (SEC_WEBSOCKET_PROTOCOL, &offered)]), None);
        assert_eq!(status(&guard, &[(HOST, "localhost:4000"), good.clone(), (ORIGIN, "http://127.0.0.1:5173")]), None);
        assert_eq!(
            status(&guard, &[host.clone(), good.clone(), (ORIGIN, "http://127.0.0.1:4000")]),
            None,
            "our own page"
        );
        assert_eq!(status(&guard, &[host.clone(), good.clone(), (ORIGIN, "http://127.0.0.1:4001")]), Some(403));
        assert_eq!(status(&guard, &[host.clone(), good.clone(), (ORIGIN, "https://127.0.0.1:4000")]), Some(403));
        assert_eq!(status(&guard, std::slice::from_ref(&host)), Some(401));
        assert_eq!(status(&guard, &[host.clone(), (AUTHORIZATION, "Bearer 00")]), Some(401));
        assert_eq!(status(&guard, &[host.clone(), (AUTHORIZATION, &bearer[7..])]), Some(401));
        assert_eq!(status(&guard, &[host.clone(), good.clone(), good.clone()]), Some(401), "two headers are none");
        for origin in ["http://evil.example", "null", "http://127.0.0.1:5173.evil.example"] {
            assert_eq!(status(&guard, &[host.clone(), good.clone(), (ORIGIN, origin)]), Some(403));
        }
        for elsewhere in ["127.0.0.1", "localhost", "127.0.0.1:", "127.0.0.1:4001", "[::1]:80", "127.0.0.1:69536"] {
            assert_eq!(status(&guard, &[(HOST, elsewhere), good.clone()]), Some(403), "{elsewhere}");
        }
        assert!(is_here("[::1]:4000", 4000) && is_here("127.0.0.1", 80) && is_here("localhost:80", 80));
        for foreign in ["evil.example", "127.0.0.1.evil.example:80", "localhost@evil.example", "evil:127.0.0.1"] {
            assert_eq!(status(&guard, &[(HOST, foreign), good.clone()]), Some(403), "{foreign}");
        }
        assert_eq!(status(&guard, &[good]), Some(403), "no Host at all");
    }

    #[test]
    fn a_token_is_not_printed() {
        assert_eq!(
            format!("{:?}", Guard::new(Token::generate(), Vec::new(), 1)),
            "Guard { token: Token(redacted), origins: [], port: 1 }"
        );
    }
}
