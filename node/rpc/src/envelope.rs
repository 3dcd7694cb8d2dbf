//! JSON-RPC 2.0 itself: requests, responses, notifications, batches.
//!
//! [`read`] never fails as a whole: what cannot be read becomes the response that says so. A request without an id is a
//! notification and gets no response, not even an error.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use crate::call::Call;
use crate::error::{Code, RpcError};
use crate::event::Event;
use crate::openrpc::EVENT;

/// Bytes of one body or one WebSocket message, at most. The longest honest request (an action with its certificate) has
/// some 30,000.
pub const MAX_BYTES: usize = 1 << 18;
/// Requests of one batch, at most.
pub const MAX_BATCH: usize = 64;
/// Bytes of an id, at most, if it is a text.
pub const MAX_ID: usize = 64;

/// `"jsonrpc": "2.0"`, nothing else.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Version;

impl Serialize for Version {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str("2.0")
    }
}

impl<'a> Deserialize<'a> for Version {
    fn deserialize<D: Deserializer<'a>>(from: D) -> Result<Self, D::Error> {
        match std::borrow::Cow::<'a, str>::deserialize(from)?.as_ref() {
            "2.0" => Ok(Self),
            _ => Err(serde::de::Error::custom("jsonrpc must be \"2.0\"")),
        }
    }
}

/// What ties a response to its request.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Id {
    /// A whole number that every client can hold.
    Number(i64),
    /// A text.
    Text(String),
    /// Null: of a request that could not be read.
    Null,
}

/// A request, or without an id a notification.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// 2.0.
    pub jsonrpc: Version,
    /// None: no response is wanted.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    pub id: Option<Id>,
    /// The method's name, either of the two.
    pub method: String,
    /// By name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub params: Option<Value>,
}

/// A field that is there, be it null.
fn present<'a, D: Deserializer<'a>>(from: D) -> Result<Option<Id>, D::Error> {
    Id::deserialize(from).map(Some)
}

impl std::fmt::Debug for Request {
    /// Without parameters: they may hold content.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Request").field("id", &self.id).field("method", &self.method).finish_non_exhaustive()
    }
}

impl Request {
    /// The request of a call.
    ///
    /// # Errors
    /// If the parameters do not serialise; those of this crate do.
    pub fn of<C: Call>(id: Id, call: &C) -> Result<Self, serde_json::Error> {
        let params = Some(serde_json::to_value(call)?);
        Ok(Self { jsonrpc: Version, id: Some(id), method: C::METHOD.name().into(), params })
    }

    /// The parameters as a type.
    ///
    /// # Errors
    /// [`Code::InvalidParams`], with what does not fit.
    pub fn params<T: DeserializeOwned>(self) -> Result<T, RpcError> {
        let params = match self.params {
            None => Value::Object(Map::new()),
            Some(Value::Array(list)) if list.is_empty() => Value::Object(Map::new()),
            Some(Value::Array(_)) => {
                return Err(RpcError::new(Code::InvalidParams, "parameters are given by name, as an object"));
            }
            Some(other) => other,
        };
        serde_json::from_value(params).map_err(|error| {
            RpcError::new(Code::InvalidParams, format!("the parameters of {} do not fit: {error}", self.method))
        })
    }
}

/// What came of a request.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Outcome {
    /// It went wrong.
    Error {
        /// How.
        error: RpcError,
    },
    /// It was done.
    Result {
        /// The answer.
        result: Value,
    },
}

/// A response.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Response {
    /// 2.0.
    pub jsonrpc: Version,
    /// The request's.
    pub id: Id,
    /// Result or error.
    #[serde(flatten)]
    pub outcome: Outcome,
}

impl std::fmt::Debug for Response {
    /// Without the result: it may hold content.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let error = match &self.outcome {
            Outcome::Error { error } => Some(error),
            Outcome::Result { .. } => None,
        };
        f.debug_struct("Response").field("id", &self.id).field("error", &error).finish_non_exhaustive()
    }
}

impl Response {
    /// The response to the request of this id.
    pub fn new(id: Id, result: Result<Value, RpcError>) -> Self {
        let outcome = match result {
            Ok(result) => Outcome::Result { result },
            Err(error) => Outcome::Error { error },
        };
        Self { jsonrpc: Version, id, outcome }
    }

    /// The result or the error.
    ///
    /// # Errors
    /// The daemon's.
    pub fn into_result(self) -> Result<Value, RpcError> {
        match self.outcome {
            Outcome::Result { result } => Ok(result),
            Outcome::Error { error } => Err(error),
        }
    }

    fn refusal(id: Id, message: &str) -> Self {
        Self::new(id, Err(RpcError::new(Code::InvalidRequest, message)))
    }
}

/// What the daemon tells without being asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notification {
    /// 2.0.
    pub jsonrpc: Version,
    /// `event`.
    pub method: String,
    /// What happened.
    pub params: Event,
}

impl From<Event> for Notification {
    fn from(params: Event) -> Self {
        Self { jsonrpc: Version, method: EVENT.into(), params }
    }
}

/// A body: each part a request, or the response to what is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Incoming {
    /// One object: answered by one, or by nothing.
    Single(Result<Request, Response>),
    /// A batch of 1 to [`MAX_BATCH`]: answered by a list of what has ids, in any order, or by nothing.
    Batch(Vec<Result<Request, Response>>),
}

/// Reads a body.
pub fn read(body: &[u8]) -> Incoming {
    if body.len() > MAX_BYTES {
        return Incoming::Single(Err(Response::refusal(Id::Null, "a body has 262,144 bytes at most")));
    }
    match serde_json::from_slice::<Value>(body) {
        Err(_) => Incoming::Single(Err(Response::new(Id::Null, Err(Code::Parse.into())))),
        Ok(Value::Array(list)) if list.is_empty() || list.len() > MAX_BATCH => {
            Incoming::Single(Err(Response::refusal(Id::Null, "a batch has 1 to 64 requests")))
        }
        Ok(Value::Array(list)) => Incoming::Batch(list.into_iter().map(one).collect()),
        Ok(other) => Incoming::Single(one(other)),
    }
}

fn one(value: Value) -> Result<Request, Response> {
    let id = value.get("id").map(|id| Id::deserialize(id).ok().filter(Id::is_short));
    if let Some(None) = id {
        return Err(Response::refusal(Id::Null, "an id is a whole number, a text of at most 64 bytes, or null"));
    }
    let refuse = |_| {
        let sentence = "a request is {\"jsonrpc\":\"2.0\",\"method\":text,\"params\":object,\"id\":id}";
        Response::refusal(id.clone().flatten().unwrap_or(Id::Null), sentence)
    };
    let request = serde_json::from_value::<Request>(value).map_err(refuse)?;
    match request.params {
        None | Some(Value::Object(_) | Value::Array(_)) => Ok(request),
        Some(_) => Err(Response::refusal(request.id.unwrap_or(Id::Null), "params is an object")),
    }
}

impl Id {
    fn is_short(&self) -> bool {
        !matches!(self, Self::Text(text) if text.len() > MAX_ID)
    }
}
