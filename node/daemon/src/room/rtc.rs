//! `/rtc…` of the page's LiveKit client: its HTTP request is given unseen, but for headers that name the browser, to the host's
//! daemon, which carries it to the SFU; then the bytes of the WebSocket go both ways.
//!
//! A host that takes the request and does not answer it is given up: pages of other rooms need the connection.
//!
//! Whoever asks must show a token that this daemon gave to its page, or to its recorder, for a seat that it holds now: nobody else
//! reaches the tunnel.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::header::{
    AUTHORIZATION, CONNECTION, CONTENT_TYPE, HOST, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_EXTENSIONS, SEC_WEBSOCKET_KEY,
    SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use pars_crypto::hash::equal;
use tokio::time::timeout;

use super::Rooms;
use super::seat::Way;
use super::tunnel::dial::Tunnel;

/// Bytes of an answer that is no WebSocket.
const MAX_ANSWER: usize = 64 * 1_024;
/// How long the host may take to answer a request; and to tell all of an answer that is no WebSocket.
const PATIENCE: Duration = Duration::from_secs(15);
/// What goes to the SFU.
const PASSED: [HeaderName; 6] =
    [CONNECTION, UPGRADE, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, SEC_WEBSOCKET_PROTOCOL, AUTHORIZATION];
/// What comes back. Extensions are not asked for.
const RETURNED: [HeaderName; 6] =
    [CONNECTION, UPGRADE, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_EXTENSIONS, CONTENT_TYPE];

type Refusal = (StatusCode, &'static str);

const UNKNOWN: Refusal = (StatusCode::UNAUTHORIZED, "this daemon gave out no such token, or its seat is gone");
const ELSEWHERE: Refusal = (StatusCode::FORBIDDEN, "this token is for a room in which this daemon holds no seat");
const LOST: Refusal = (StatusCode::BAD_GATEWAY, "the room's host is not reached now");

/// One request of a page.
pub async fn serve(State(rooms): State<Rooms>, request: Request) -> Response {
    pass(&rooms, request).await.unwrap_or_else(IntoResponse::into_response)
}

async fn pass(rooms: &Rooms, mut request: Request) -> Result<Response, Refusal> {
    let token = token(request.uri(), request.headers()).ok_or(UNKNOWN)?;
    let tunnel = rooms.0.state(|state| {
        let ways = state.seats.values().map(|seat| &seat.way).chain(state.recorders.values());
        ways.clone().find_map(|way| holds(way, &token)).ok_or_else(|| why(ways, &token))
    });
    let tunnel = tunnel?.ok_or(LOST)?;
    let wanted = wanted(&request)?;
    let page = request.extensions_mut().remove::<hyper::upgrade::OnUpgrade>();
    let mut response = ask(&tunnel, wanted, PATIENCE).await.map_err(|_| LOST)?;
    let mut answer = Response::builder().status(response.status());
    for name in RETURNED {
        if let Some(value) = response.headers().get(&name) {
            answer = answer.header(name, value);
        }
    }
    if response.status() != StatusCode::SWITCHING_PROTOCOLS {
        let body = whole(response, PATIENCE).await.ok_or(LOST)?;
        return answer.body(body.into()).map_err(|_| LOST);
    }
    let (page, sfu) = (page.ok_or(LOST)?, hyper::upgrade::on(&mut response));
    tokio::spawn(async move {
        if let (Ok(page), Ok(sfu)) = tokio::join!(page, sfu) {
            // How either side ends is its own affair.
            let _ = tokio::io::copy_bidirectional(&mut TokioIo::new(page), &mut TokioIo::new(sfu)).await;
        }
    });
    answer.body(Body::empty()).map_err(|_| LOST)
}

/// The tunnel of the seat whose token this is.
fn holds(way: &Way, token: &str) -> Option<Option<Tunnel>> {
    let own = way.token.borrow();
    let same = own.as_ref().is_some_and(|own| equal(own.as_bytes(), token.as_bytes()));
    same.then(|| way.tunnel.borrow().clone())
}

/// How a token that none of the seats has is refused. What it says of its room is unverified, and chooses the sentence only.
fn why<'a>(ways: impl Iterator<Item = &'a Way>, token: &str) -> Refusal {
    let Some(asked) = room(token) else { return UNKNOWN };
    let mut own = ways.filter_map(|way| room(way.token.borrow().as_deref()?)).peekable();
    if own.peek().is_some() && own.all(|own| own != asked) { ELSEWHERE } else { UNKNOWN }
}

/// The server's name of the room that a token says it is for.
fn room(token: &str) -> Option<String> {
    let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
    let claims: serde_json::Value = serde_json::from_slice(&claims).ok()?;
    claims.pointer("/video/room")?.as_str().map(str::to_owned)
}

/// LiveKit's clients put it into the query, or into a header.
fn token(uri: &Uri, headers: &HeaderMap) -> Option<String> {
    let query = uri.query().unwrap_or_default().split('&');
    let in_query = query.filter_map(|pair| pair.strip_prefix("access_token=")).next().map(str::to_owned);
    let header = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    in_query.or_else(|| header?.strip_prefix("Bearer ").map(str::to_owned))
}

/// The same request without what names the browser or its page.
fn wanted(request: &Request) -> Result<hyper::Request<Body>, Refusal> {
    const METHOD: Refusal = (StatusCode::METHOD_NOT_ALLOWED, "only GET is carried");
    if request.method() != Method::GET {
        return Err(METHOD);
    }
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    let mut wanted = hyper::Request::builder().uri(path).header(HOST, HeaderValue::from_static("sfu"));
    for name in PASSED {
        if let Some(value) = request.headers().get(&name) {
            wanted = wanted.header(name, value);
        }
    }
    wanted.body(Body::empty()).map_err(|_| METHOD)
}

async fn ask(
    tunnel: &Tunnel,
    request: hyper::Request<Body>,
    patience: Duration,
) -> Result<hyper::Response<hyper::body::Incoming>, Box<dyn std::error::Error + Send + Sync>> {
    let stream = tunnel.signalling().await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    // It ends with the response, or with the upgrade.
    let carried = tokio::spawn(connection.with_upgrades());
    let answer = timeout(patience, sender.send_request(request)).await;
    if answer.is_err() {
        carried.abort();
    }
    Ok(answer??)
}

/// All of an answer, if it comes in time and is not too long.
async fn whole(response: hyper::Response<hyper::body::Incoming>, patience: Duration) -> Option<Bytes> {
    let body = axum::body::to_bytes(Body::new(response.into_body()), MAX_ANSWER);
    timeout(patience, body).await.ok()?.ok()
}

#[cfg(test)]
mod tests {
    use pars_identity::id::IdentityId;
    use pars_proto::room::{HostEntry, HostSecrets, Reach};
    use tokio::net::TcpListener;
    use tokio::sync::mpsc;

    use super::*;
    use crate::driver::SUITE;
    use crate::random;
    use crate::room::tunnel::dial::Dialer;
    use crate::room::tunnel::records::Records;
    use crate::room::tunnel::serve::{FromLink, Links, Listener};

    #[tokio::test]
    async fn a_host_that_takes_a_request_and_never_answers_it_is_given_up() {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let secrets = HostSecrets::generate(SUITE, &mut random::system());
        let listener = Listener::bind(([127, 0, 0, 1], 0).into(), secrets.seeds().1).unwrap();
        let (session, reach) = (IdentityId([0; 32]), Reach::Direct(listener.address));
        let entry = HostEntry { x_pk: secrets.x_pk(), s_vk: secrets.s_vk(), session, reach };
        let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (links, (packets, mut from)) = (Links::default(), mpsc::channel(8));
        tokio::spawn(listener.serve((links.clone(), Records::default()), packets, silent.local_addr().unwrap()));
        let dialer = Dialer::new().unwrap();
        let tunnel = dialer.dial(&entry).await.unwrap();
        let (mut send, mut recv) = tunnel.control().await.unwrap().split();
        send.send(b"join").await.unwrap();
        let Some(FromLink::Packet(link, _)) = from.recv().await else { panic!("the link does not stand") };
        // That the seat stands.
        links.send(link, vec![4, 0]);
        recv.recv().await.unwrap().unwrap();
        let asked = tokio::spawn(async move {
            let request = hyper::Request::builder().uri("/rtc").body(Body::empty()).unwrap();
            ask(&tunnel, request, Duration::from_millis(50)).await.is_err()
        });
        let (_taken, _) = silent.accept().await.unwrap();
        // The connection stays open: without a limit this would wait for ever.
        assert!(asked.await.unwrap());
    }

    #[test]
    fn a_token_stands_in_the_query_or_in_the_header() {
        let uri: Uri = "/rtc/v1?auto_subscribe=1&access_token=abc".parse().unwrap();
        assert_eq!(token(&uri, &HeaderMap::new()).as_deref(), Some("abc"));
        let uri: Uri = "/rtc/validate".parse().unwrap();
        let mut headers = HeaderMap::new();
        assert_eq!(token(&uri, &headers), None);
        headers.insert(AUTHORIZATION, "Bearer def".parse().unwrap());
        assert_eq!(token(&uri, &headers).as_deref(), Some("def"));
    }

    #[test]
    fn a_token_of_another_room_is_told_from_one_that_nobody_gave() {
        let of = |claims: &str| format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims));
        let way = |token: String| Way {
            tunnel: tokio::sync::watch::channel(None).1,
            token: tokio::sync::watch::channel(Some(token)).1,
        };
        let (here, there) = (of(r#"{"video":{"room":"here"}}"#), of(r#"{"video":{"room":"there"}}"#));
        let forged = format!("{here}A");
        let own = [way(here.clone()), way(of("{}"))];
        assert!(holds(&own[0], &here).is_some() && holds(&own[0], &there).is_none());
        assert_eq!(why(own.iter(), &there), ELSEWHERE);
        for token in [&*forged, "", "abc", "a.b.c", &of("{}"), &of(r#"{"video":{"room":5}}"#)] {
            assert_eq!(why(own.iter(), token), UNKNOWN, "{token}");
        }
        assert_eq!(why([].iter(), &there), UNKNOWN, "no seat is held at all");
    }

    #[test]
    fn what_names_the_browser_does_not_leave_this_machine() {
        let request = Request::builder().uri("http://127.0.0.1:1/rtc?x=1").header("user-agent", "browser");
        let request =
            request.header("origin", "http://127.0.0.1:1").header("cookie", "a").header("upgrade", "websocket");
        let wanted = wanted(&request.body(Body::empty()).unwrap()).unwrap();
        let names: Vec<_> = wanted.headers().keys().map(HeaderName::as_str).collect();
        assert_eq!(names, ["host", "upgrade"]);
        assert_eq!(wanted.uri(), "/rtc?x=1");
        let post = Request::builder().method(Method::POST).uri("/rtc").body(Body::empty()).unwrap();
        assert!(super::wanted(&post).is_err());
    }
}
