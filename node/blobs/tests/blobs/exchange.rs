//! Requests and answers of an IPFS node, recorded and replayed. The boundary of a form is random, so a request is known by its
//! path, its query and the CID of the file in it.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Request};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use pars_blocks::{Cid, Codec};
use serde::{Deserialize, Serialize};

use crate::support::serve;

/// One request and its answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Turn {
    request: String,
    file: Option<Cid>,
    status: u16,
    kind: String,
    body: String,
}

/// Turns in their order.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Exchange {
    from: String,
    turns: VecDeque<Turn>,
}

impl Exchange {
    fn path() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/js-ipfs.json")
    }

    /// The committed one.
    pub(crate) fn recorded() -> Self {
        serde_json::from_slice(&std::fs::read(Self::path()).unwrap()).unwrap()
    }

    /// Write it.
    pub(crate) fn keep(&self) {
        std::fs::write(Self::path(), serde_json::to_string_pretty(self).unwrap() + "\n").unwrap();
    }

    /// What was asked and answered.
    pub(crate) fn answers(&self) -> Vec<Turn> {
        self.turns.iter().cloned().collect()
    }
}

/// The CID of the file in a form.
fn file_of(headers: &HeaderMap, body: &[u8]) -> Option<Cid> {
    let kind = headers.get(CONTENT_TYPE)?.to_str().ok()?;
    let end = format!("\r\n--{}--\r\n", kind.split_once("boundary=")?.1);
    let from = body.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let file = body.get(from..)?.strip_suffix(end.as_bytes())?;
    Some(Cid::of(Codec::Raw, file))
}

/// A server that answers as recorded, in the recorded order, and tells how many turns are left.
pub(crate) async fn replay(exchange: Exchange) -> (String, impl Fn() -> usize) {
    let left = Arc::new(Mutex::new(exchange.turns));
    let turns = left.clone();
    let answer = move |uri: Uri, headers: HeaderMap, body: Bytes| {
        let next = turns.lock().unwrap().pop_front();
        let asked = (uri.to_string(), file_of(&headers, &body));
        async move {
            match next {
                Some(turn) if (turn.request.clone(), turn.file) == asked => {
                    let body = BASE64_STANDARD.decode(turn.body).unwrap();
                    (StatusCode::from_u16(turn.status).unwrap(), [(CONTENT_TYPE, turn.kind)], body).into_response()
                }
                other => (StatusCode::NOT_IMPLEMENTED, format!("asked {asked:?}, recorded {other:?}")).into_response(),
            }
        }
    };
    let url = serve(Router::new().fallback(answer).layer(DefaultBodyLimit::disable())).await;
    (url, move || left.lock().unwrap().len())
}

/// A server that passes everything on to a node and takes it down.
pub(crate) async fn record(node: String) -> (String, impl Fn() -> Exchange) {
    let from = "npm ipfs 0.66.1 (js-ipfs 0.18.1), offline".to_owned();
    let taken = Arc::new(Mutex::new(Exchange { from, turns: VecDeque::new() }));
    let (turns, http) = (taken.clone(), reqwest::Client::new());
    let pass = move |request: Request| {
        let (turns, http, node) = (turns.clone(), http.clone(), node.clone());
        async move { passed_on(request, &http, &node, &turns).await }
    };
    let url = serve(Router::new().fallback(pass)).await;
    (url, move || taken.lock().unwrap().clone())
}

async fn passed_on(request: Request, http: &reqwest::Client, node: &str, taken: &Mutex<Exchange>) -> Response {
    let (head, body) = request.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    let file = file_of(&head.headers, &body);
    let mut onward = http.post(format!("{node}{}", head.uri)).body(body);
    if let Some(kind) = head.headers.get(CONTENT_TYPE) {
        onward = onward.header(CONTENT_TYPE, kind);
    }
    let answer = onward.send().await.unwrap();
    let status = answer.status();
    let kind = answer.headers().get(CONTENT_TYPE).map_or("", |kind| kind.to_str().unwrap()).to_owned();
    let body = answer.bytes().await.unwrap();
    let turn = Turn {
        request: head.uri.to_string(),
        file,
        status: status.as_u16(),
        kind: kind.clone(),
        body: BASE64_STANDARD.encode(&body),
    };
    taken.lock().unwrap().turns.push_back(turn);
    (status, [(CONTENT_TYPE, kind)], body).into_response()
}

/// A js-ipfs daemon with an empty repository.
pub(crate) struct Node {
    child: Child,
    url: String,
    _repo: tempfile::TempDir,
}

impl Node {
    /// Start it, and wait until it is ready.
    pub(crate) fn start() -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/ipfs");
        assert!(folder.join("node_modules").is_dir(), "run `npm ci` in tests/ipfs first");
        let repo = tempfile::tempdir().unwrap();
        let mut command = Command::new("node");
        command.arg(folder.join("daemon.mjs")).arg(repo.path()).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let ready = lines.find_map(|line| line.unwrap().strip_prefix("ready ").map(str::to_owned));
        Self { child, url: ready.expect("js-ipfs says where it listens"), _repo: repo }
    }

    /// Its RPC.
    pub(crate) fn url(&self) -> String {
        self.url.clone()
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
