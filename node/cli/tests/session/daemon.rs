//! A daemon that answers what a test tells it to, and remembers what it was asked.

use std::{
    io::{Read, Write},
    os::unix::net::UnixListener,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, mpsc},
    thread,
};

use axum::{
    Router,
    body::Bytes,
    extract::{
        State,
        ws::{Message, WebSocket, WebSocketUpgrade},
    },
    response::Response as HttpResponse,
    routing::{get, post},
};
use pars_rpc::{
    RpcError,
    envelope::{Incoming, Notification, Request, Response, read},
    event::Event,
};
use serde_json::Value;
use tempfile::TempDir;

/// Answers a method with its parameters.
type Answer = dyn Fn(&str, &Value) -> Result<Value, RpcError> + Send + Sync;

/// The daemon of one test.
pub(crate) struct Fake {
    directory: TempDir,
    calls: Arc<Mutex<Vec<(String, Value)>>>,
}

struct Inside {
    answer: Box<Answer>,
    events: Vec<Event>,
    calls: Arc<Mutex<Vec<(String, Value)>>>,
}

impl Fake {
    /// A daemon that tells some events to whoever subscribes, then ends the connection.
    pub(crate) fn start(
        events: Vec<Event>,
        answer: impl Fn(&str, &Value) -> Result<Value, RpcError> + Send + Sync + 'static,
    ) -> Self {
        let fake = Self { directory: tempfile::tempdir().unwrap(), calls: Arc::default() };
        let inside = Arc::new(Inside { answer: Box::new(answer), events, calls: fake.calls.clone() });
        let path = fake.socket();
        let (ready, listening) = mpsc::sync_channel(1);
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let listener = tokio::net::UnixListener::bind(path).unwrap();
                ready.send(()).unwrap();
                let routes = Router::new().route("/", post(call)).route("/ws", get(events_of)).with_state(inside);
                axum::serve(listener, routes).await.unwrap();
            });
        });
        listening.recv().unwrap();
        fake
    }

    /// Its directory.
    pub(crate) fn datadir(&self) -> &Path {
        self.directory.path()
    }

    fn socket(&self) -> PathBuf {
        self.datadir().join("sessiond.sock")
    }

    /// What it was asked, in order.
    pub(crate) fn calls(&self) -> Vec<(String, Value)> {
        self.calls.lock().unwrap().clone()
    }
}

impl Inside {
    fn respond(&self, request: Request) -> Response {
        let params = request.params.clone().unwrap_or_default();
        self.calls.lock().unwrap().push((request.method.clone(), params.clone()));
        Response::new(request.id.unwrap(), (self.answer)(&request.method, &params))
    }
}

fn parse(body: &[u8]) -> Request {
    match read(body) {
        Incoming::Single(Ok(request)) => request,
        other => panic!("parsctl sent {other:?}"),
    }
}

async fn call(State(inside): State<Arc<Inside>>, body: Bytes) -> String {
    serde_json::to_string(&inside.respond(parse(&body))).unwrap()
}

async fn events_of(State(inside): State<Arc<Inside>>, upgrade: WebSocketUpgrade) -> HttpResponse {
    upgrade.on_upgrade(|socket| tell(inside, socket))
}

async fn tell(inside: Arc<Inside>, mut socket: WebSocket) {
    while let Some(Ok(Message::Text(text))) = socket.recv().await {
        let request = parse(text.as_bytes());
        let subscribes = request.method == "event.subscribe";
        // The first event comes before the answer: whoever asks must bear it.
        let (early, late) = inside.events.split_at(inside.events.len().min(1));
        if subscribes {
            send(&mut socket, early).await;
        }
        let response = serde_json::to_string(&inside.respond(request)).unwrap();
        // A client that has enough may go at any time.
        let _ = socket.send(Message::text(response)).await;
        if subscribes {
            send(&mut socket, late).await;
        }
    }
}

async fn send(socket: &mut WebSocket, events: &[Event]) {
    for event in events {
        let told = serde_json::to_string(&Notification::from(event.clone())).unwrap();
        let _ = socket.send(Message::text(told)).await;
    }
}

/// Something that listens at a daemon's socket, reads a little and answers these bytes, once for each connection.
pub(crate) fn rubbish(bytes: &'static [u8]) -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    let listener = UnixListener::bind(directory.path().join("sessiond.sock")).unwrap();
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(bytes);
        }
    });
    directory
}
