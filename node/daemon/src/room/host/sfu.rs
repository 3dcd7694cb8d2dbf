//! The SFU as a host drives it: tokens for seats, and LiveKit's RoomService over Twirp with JSON. The same for our SFU and for an
//! operator's LiveKit cluster.

use std::fmt;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use alloy::transports::http::reqwest::{Client, StatusCode, Url};
use livekit_token::{AccessToken, VideoGrants};
use pars_crypto::secret::Zeroizing;
use pars_engine::room::{Rights, SfuOrder};
use pars_keyfile::FileError;
use pars_proto::room::{Role, Scope};
use pars_wire::is_this_machine;
use serde::Deserialize;
use serde_json::{Value, json};

/// Bytes of a key file at most.
const KEY_FILE: usize = 4_096;
/// Seconds a token of the host itself lives.
const ADMIN: Duration = Duration::from_secs(60);
/// Seconds a seat's token lives at most: servers refuse more than a day.
const LONGEST: u64 = 23 * 3_600;
/// One request.
const PATIENCE: Duration = Duration::from_secs(5);

/// Why the SFU cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SfuError {
    /// The key's file.
    #[error("the SFU's key file: {0}")]
    File(#[from] FileError),
    /// It holds something else.
    #[error("the SFU's key file is not {{\"key\":\"…\",\"secret\":\"…\"}}")]
    Content,
    /// The URL.
    #[error("--sfu is no http:// URL with a host and a port")]
    Url,
    /// No client.
    #[error("no HTTP client can be made")]
    Client,
    /// No token.
    #[error("no token can be signed")]
    Token,
    /// No answer.
    #[error("the SFU does not answer {0}")]
    Silent(&'static str),
    /// A refusal.
    #[error("the SFU refuses {0} with status {1}")]
    Refused(&'static str, u16),
}

/// API key and secret.
struct Keys {
    key: String,
    secret: Zeroizing<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyFile {
    key: String,
    secret: String,
}

/// An SFU and the key that signs its tokens. Clones share the client.
#[derive(Clone)]
pub struct Sfu {
    url: Url,
    keys: Arc<Keys>,
    http: Client,
    /// SHA-256 of its DTLS certificate; zero for a cluster.
    pub fingerprint: [u8; 32],
}

impl fmt::Debug for Sfu {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sfu").field("url", &self.url.as_str()).finish_non_exhaustive()
    }
}

/// The room's name at the SFU: room and sitting.
pub fn room_name(scope: &Scope) -> String {
    format!("{}-{}", hex::encode(scope.room.0), scope.sitting)
}

impl Sfu {
    /// An SFU, with the key in a 0600 file.
    ///
    /// # Errors
    /// [`SfuError`].
    pub fn new(url: &Url, key_file: &Path, fingerprint: [u8; 32]) -> Result<Self, SfuError> {
        let text = pars_keyfile::read(key_file, KEY_FILE)?;
        let KeyFile { key, secret } = serde_json::from_str(&text).map_err(|_| SfuError::Content)?;
        let keys = Keys { key, secret: Zeroizing::new(secret) };
        let builder = Client::builder().timeout(PATIENCE);
        let here = is_this_machine(url.host_str().unwrap_or_default());
        let http = if here { builder.no_proxy() } else { builder }.build().map_err(|_| SfuError::Client)?;
        Ok(Self { url: url.clone(), keys: Arc::new(keys), http, fingerprint })
    }

    /// Where signalling is, for the host's list.
    pub fn address(&self) -> &str {
        self.url.as_str()
    }

    /// Where signalling goes.
    ///
    /// # Errors
    /// [`SfuError::Url`].
    pub async fn socket(&self) -> Result<SocketAddr, SfuError> {
        let (host, port) = (self.url.host_str(), self.url.port_or_known_default());
        let (Some(host), Some(port)) = (host, port) else { return Err(SfuError::Url) };
        let mut found = tokio::net::lookup_host((host, port)).await.map_err(|_| SfuError::Url)?;
        found.next().ok_or(SfuError::Url)
    }

    fn sign(&self, identity: &str, grants: VideoGrants, life: Duration) -> Result<String, SfuError> {
        let token = AccessToken::with_api_key(&self.keys.key, &self.keys.secret).with_ttl(life);
        // No name, metadata or attributes: the SFU knows pseudonyms only.
        let token = if identity.is_empty() { token } else { token.with_identity(identity) };
        token.with_grants(grants).to_jwt().map_err(|_| SfuError::Token)
    }

    /// A token for a seat: every right is said, none is left to a default.
    ///
    /// # Errors
    /// [`SfuError::Token`].
    pub fn token(&self, scope: &Scope, seat: (&str, Role, Rights), seconds: u64) -> Result<String, SfuError> {
        let (identity, role, rights) = seat;
        let sources = sources(rights);
        let grants = VideoGrants {
            room_join: true,
            room: room_name(scope),
            can_publish: Some(!sources.is_empty()),
            can_publish_sources: sources.iter().map(|source| source.token.to_owned()).collect(),
            can_subscribe: Some(true),
            can_publish_data: Some(rights.data),
            can_update_own_metadata: Some(false),
            hidden: false,
            recorder: role == Role::Recorder,
            ..VideoGrants::default()
        };
        self.sign(identity, grants, Duration::from_secs(seconds.clamp(1, LONGEST)))
    }

    /// Open the room.
    ///
    /// # Errors
    /// [`SfuError`].
    pub async fn open(&self, scope: Scope, capacity: u16) -> Result<(), SfuError> {
        let body = json!({ "name": room_name(&scope), "maxParticipants": capacity, "emptyTimeout": 0 });
        self.call(scope, "CreateRoom", body).await?;
        Ok(())
    }

    /// Carry out an order. That the participant is not there is no error: our SFU remembers what was ordered about it, for its older
    /// tokens.
    ///
    /// # Errors
    /// [`SfuError`].
    pub async fn order(&self, scope: Scope, order: &SfuOrder) -> Result<(), SfuError> {
        let room = room_name(&scope);
        let (method, body) = match order {
            SfuOrder::Permit { identity, rights, role, .. } => {
                let permission = permission(*role, *rights);
                ("UpdateParticipant", json!({ "room": room, "identity": identity, "permission": permission }))
            }
            SfuOrder::Mute { identity, .. } => return found(self.mute(scope, identity).await),
            SfuOrder::Remove { identity, .. } => ("RemoveParticipant", json!({ "room": room, "identity": identity })),
            SfuOrder::Close => ("DeleteRoom", json!({ "room": room })),
        };
        let done = self.call(scope, method, body).await;
        found(done.map(|_| ()))
    }

    async fn mute(&self, scope: Scope, identity: &str) -> Result<(), SfuError> {
        let room = room_name(&scope);
        let found = self.call(scope, "ListParticipants", json!({ "room": room })).await?;
        for track in microphones(&found, identity) {
            let body = json!({ "room": room, "identity": identity, "trackSid": track, "muted": true });
            self.call(scope, "MutePublishedTrack", body).await?;
        }
        Ok(())
    }

    async fn call(&self, scope: Scope, method: &'static str, body: Value) -> Result<Value, SfuError> {
        let grants = VideoGrants {
            room_create: matches!(method, "CreateRoom" | "DeleteRoom"),
            room_admin: true,
            room: room_name(&scope),
            ..VideoGrants::default()
        };
        let token = self.sign("", grants, ADMIN)?;
        let url = self.url.join(&format!("/twirp/livekit.RoomService/{method}")).map_err(|_| SfuError::Url)?;
        let request = self.http.post(url).header("content-type", "application/json").bearer_auth(token);
        let response = request.body(body.to_string()).send().await.map_err(|_| SfuError::Silent(method))?;
        let status = response.status();
        let body = response.bytes().await.map_err(|_| SfuError::Silent(method))?;
        if !status.is_success() {
            return Err(SfuError::Refused(method, status.as_u16()));
        }
        serde_json::from_slice(&body).map_err(|_| SfuError::Silent(method))
    }
}

/// A source by its name in tokens and in permissions.
struct Source {
    token: &'static str,
    protocol: &'static str,
}

fn sources(rights: Rights) -> Vec<Source> {
    let all = [
        (rights.microphone, "microphone", "MICROPHONE"),
        (rights.camera, "camera", "CAMERA"),
        (rights.screen, "screen_share", "SCREEN_SHARE"),
        (rights.screen, "screen_share_audio", "SCREEN_SHARE_AUDIO"),
    ];
    all.into_iter().filter(|(right, ..)| *right).map(|(_, token, protocol)| Source { token, protocol }).collect()
}

fn permission(role: Role, rights: Rights) -> Value {
    let sources = sources(rights);
    json!({
        "canSubscribe": true,
        "canPublish": !sources.is_empty(),
        "canPublishData": rights.data,
        "canPublishSources": sources.iter().map(|source| source.protocol).collect::<Vec<_>>(),
        "hidden": false,
        "recorder": role == Role::Recorder,
        "canUpdateMetadata": false,
    })
}

/// Whoever is not there hears no order; its tokens obey it.
fn found(done: Result<(), SfuError>) -> Result<(), SfuError> {
    match done {
        Err(SfuError::Refused(_, status)) if status == StatusCode::NOT_FOUND.as_u16() => Ok(()),
        other => other,
    }
}

/// The open microphones of a participant.
fn microphones(participants: &Value, identity: &str) -> Vec<Value> {
    let all = participants.get("participants").and_then(Value::as_array).into_iter().flatten();
    let own = all.filter(|one| one.get("identity").and_then(Value::as_str) == Some(identity));
    let tracks = own.filter_map(|one| one.get("tracks")?.as_array()).flatten();
    tracks.filter(|track| is_microphone(track)).filter_map(|track| track.get("sid").cloned()).collect()
}

fn is_microphone(track: &Value) -> bool {
    match track.get("source") {
        Some(Value::String(name)) => name == "MICROPHONE",
        Some(Value::Number(number)) => number.as_u64() == Some(2),
        _ => false,
    }
}
