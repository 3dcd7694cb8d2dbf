//! The read-only trustless gateway (specs.ipfs.tech/http-gateways/trustless-gateway, version of 2026-03-05): single blocks and
//! CARs by CID, for clients that check what they get. It puts no files together, follows no paths and asks nobody else.
//!
//! | Request | Answer |
//! |---|---|
//! | `GET /ipfs/{cid}?format=raw`, or `Accept: application/vnd.ipld.raw` | the block |
//! | `GET /ipfs/{cid}?format=car`, or `Accept: application/vnd.ipld.car` | a CAR v1, depth first, no block twice; `dag-scope`, `entity-bytes` |
//! | `HEAD` | the same without a body |
//! | `/ipfs/bafkqaaa` | the probe: an empty block, or a CAR of none |
//!
//! 400: no CID, no format, a malformed parameter, a path. 404: not in this store. 406: another format. 412: `only-if-cached` and
//! not here. 500: damaged here; the bytes are not given. What a client may not see differs in nothing from what is not there.

mod ask;

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, RawQuery, State};
use axum::http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LOCATION, CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use futures::stream;
use pars_blocks::walk::Visit;
use pars_blocks::{Block, Bounds, Cid, Scope, Walk, car};

use self::ask::{Ask, Bytes, Form, Refusal};
use crate::store::{BlobError, BlobSource};

/// The empty identity CID, which every gateway answers so that it can be recognised.
const PROBE: &str = "bafkqaaa";
/// The CAR of the probe: a header whose one root is that CID, no blocks.
const PROBE_CAR: &[u8] = b"\x19\xa2\x65roots\x81\xd8\x2a\x45\x00\x01\x55\x00\x00\x67version\x01";
/// Bytes of a name in an answer never change: a year less a month, as gateways say it.
const FOREVER: &str = "public, max-age=29030400, immutable";
const CAR: &str = "application/vnd.ipld.car; version=1; order=dfs; dups=n";
const RAW: &str = "application/vnd.ipld.raw";

/// The gateway's routes over a store.
pub fn routes(store: Arc<dyn BlobSource>) -> Router {
    let by_path = || async { Refusal::Path.into_response() };
    Router::new().route("/ipfs/{cid}", get(serve)).route("/ipfs/{cid}/{*path}", get(by_path)).with_state(store)
}

async fn serve(
    State(store): State<Arc<dyn BlobSource>>,
    Path(name): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let ask = match Ask::read(query.as_deref().unwrap_or_default(), &headers) {
        Ok(ask) => ask,
        Err(refusal) => return refusal.into_response(),
    };
    if name == PROBE {
        return probe(&ask);
    }
    let Ok(cid) = name.parse::<Cid>() else { return Refusal::Cid.into_response() };
    let root = match store.get(cid).await {
        Ok(root) => root,
        Err(BlobError::Missing(_)) if ask.only_if_cached => return StatusCode::PRECONDITION_FAILED.into_response(),
        Err(BlobError::Missing(_)) => return (StatusCode::NOT_FOUND, "not in this store\n").into_response(),
        Err(error) => {
            tracing::error!(%error, "the gateway cannot give a block");
            return (StatusCode::INTERNAL_SERVER_ERROR, "the block cannot be read here\n").into_response();
        }
    };
    let scope = match ask.part(&root) {
        Ok(scope) => scope,
        Err(refusal) => return refusal.into_response(),
    };
    let tag = ask.tag(cid);
    let known = headers.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    if known.flat_map(|list| list.split(',')).any(|known| is_same(known.trim(), &tag)) {
        return (StatusCode::NOT_MODIFIED, [(ETAG, tag), (CACHE_CONTROL, FOREVER.to_owned())]).into_response();
    }
    let mut response = match ask.form {
        Form::Raw => root.into_data().into_response(),
        Form::Car => archive(store, root, scope).into_response(),
    };
    for (name, value) in described(cid, &ask, tag) {
        // Every value was made here, of a CID and numbers.
        if let Ok(value) = value.parse() {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

/// What every answer with bytes says of itself.
fn described(cid: Cid, ask: &Ask, tag: String) -> Vec<(HeaderName, String)> {
    let (kind, ending) = match ask.form {
        Form::Raw => (RAW, "bin"),
        Form::Car => (CAR, "car"),
    };
    let mut headers = vec![
        (CONTENT_TYPE, kind.to_owned()),
        (CONTENT_DISPOSITION, format!("attachment; filename=\"{cid}.{ending}\"")),
        (X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
        (ETAG, tag),
        (CACHE_CONTROL, FOREVER.to_owned()),
        (VARY, "accept".to_owned()),
        (ACCEPT_RANGES, "none".to_owned()),
        // No page of another origin can find out what is stored here.
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin".to_owned()),
        (HeaderName::from_static("x-ipfs-path"), format!("/ipfs/{cid}")),
        (HeaderName::from_static("x-ipfs-roots"), cid.to_string()),
    ];
    if !ask.is_explicit {
        headers.push((CONTENT_LOCATION, format!("/ipfs/{cid}?{}", ask.location())));
    }
    headers
}

fn probe(ask: &Ask) -> Response {
    match ask.form {
        Form::Raw => ([(CONTENT_TYPE, RAW)], Vec::new()).into_response(),
        Form::Car => ([(CONTENT_TYPE, CAR)], PROBE_CAR).into_response(),
    }
}

/// Whether a client's tag is this one; a weak comparison, which is what reading needs (RFC 9110, 13.1.2).
fn is_same(known: &str, tag: &str) -> bool {
    known == "*" || known.trim_start_matches("W/") == tag.trim_start_matches("W/")
}

/// A CAR in the making.
struct Making {
    store: Arc<dyn BlobSource>,
    walk: Walk,
    /// What was sent: a block comes once.
    sent: BTreeSet<Cid>,
    /// The root, which is read already.
    root: Option<Block>,
}

/// The CAR as a stream. An error in the middle cuts the connection: the client sees that the end is missing.
fn archive(store: Arc<dyn BlobSource>, root: Block, scope: Option<Scope>) -> Body {
    let cid = root.cid();
    let (header, one) = (car::header(&[cid]).unwrap_or_default(), scope.is_none());
    let walk = Walk::new(cid, scope.unwrap_or(Scope::Entity), Bounds::STORED);
    let making = Making { store, walk, sent: BTreeSet::new(), root: Some(root) };
    let pieces = stream::try_unfold((making, Some(header)), move |(mut making, header)| async move {
        if let Some(header) = header {
            return Ok(Some((header, (making, None))));
        }
        if one && !making.sent.is_empty() {
            return Ok(None);
        }
        let next = making.next().await.inspect_err(|error| tracing::error!(%error, "a CAR is given up"))?;
        Ok::<_, BlobError>(next.map(|piece| (piece, (making, None))))
    });
    Body::from_stream(pieces)
}

impl Making {
    /// The next block that was not sent, framed.
    async fn next(&mut self) -> Result<Option<Vec<u8>>, BlobError> {
        while let Some(cid) = self.walk.wanted() {
            let data = match self.root.take() {
                Some(root) => root,
                None => self.store.get(cid).await?,
            };
            let (block, _): (Block, Visit) = self.walk.supply(data.into_data())?;
            if self.sent.insert(cid) {
                let mut piece = car::frame(&block);
                piece.extend(block.into_data());
                return Ok(Some(piece));
            }
        }
        Ok(None)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = match self {
            Self::Format => StatusCode::NOT_ACCEPTABLE,
            _ => StatusCode::BAD_REQUEST,
        };
        (status, [(X_CONTENT_TYPE_OPTIONS, "nosniff")], format!("{self}\n")).into_response()
    }
}

impl Ask {
    /// What of the DAG is wanted; nothing for the root alone.
    fn part(&self, root: &Block) -> Result<Option<Scope>, Refusal> {
        match &self.bytes {
            Some(bytes) => Bytes::range(*bytes, root).map(|range| Some(range.map_or(Scope::Entity, Scope::Bytes))),
            None => Ok(self.scope.clone()),
        }
    }
}
