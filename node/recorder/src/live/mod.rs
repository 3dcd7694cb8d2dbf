//! A seat that only listens: LiveKit's signalling version 1 and one connection, on which every track of a room comes.
//!
//! ```text
//! token ─► /rtc/v1 ─► sections as the server asks for them ─► packets ─► frames, as their senders sealed them ─► Heard
//! ```
//!
//! Frames are sealed from end to end: who holds the epoch's keys opens them (`pars_proto::media`) and gives them to a
//! [`crate::span::Span`]. What the server says of tracks and owners is its word: a frame counts as a seat's if it opens under
//! that seat's key, and otherwise for nothing. The certificate is the one that the grant names, or nothing is heard.
//!
//! | Module | Holds |
//! |---|---|
//! | `frames` | packets become frames |
//! | `peer` | what is received, without I/O |
//! | [`connection`] | the connection, without I/O |
//! | [`signal`] | the socket of the signalling |
//!
//! Media goes on when the socket is lost: the seat is taken up again on a new one for half a minute, as long as the server keeps
//! it.

pub mod connection;
mod frames;
mod peer;
pub mod signal;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use futures::FutureExt as _;
use futures::future::BoxFuture;
use livekit_protocol as lk;
use lk::signal_request::Message as Asked;
use lk::signal_response::Message;
use tokio::net::UdpSocket;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::webm::Codec;
use peer::{Event, Peer};
use signal::{Entry, OpenError, Signal, Told};

/// Bytes of a datagram at most.
const DATAGRAM: usize = 2_048;
/// Reports that wait. Who falls behind loses frames, and nothing else.
const QUEUE: usize = 4_096;
/// Tracks that are known at once: four for each of 1,000 seats.
const MAX_TRACKS: usize = 4_096;
/// Between two pings, unless the server says otherwise.
const PING: Duration = Duration::from_secs(5);
/// Pings without any word of the server after which its socket counts as lost.
const SILENT_PINGS: u32 = 3;
/// How long a lost socket is replaced: a server keeps the seat for 30 s.
const RESUME: Duration = Duration::from_secs(30);
/// Between two attempts.
const AGAIN: Duration = Duration::from_millis(500);

/// Where to listen.
#[derive(Clone)]
pub struct Target {
    /// `http://address` of the media server's signalling, or of the tunnel to it.
    pub url: String,
    /// The token of the grant.
    pub token: String,
    /// SHA-256 of the server's certificate, as the grant names it.
    pub fingerprint: [u8; 32],
}

/// Why nothing is heard.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ListenError {
    /// No `http://` URL.
    #[error("{0} is no http:// URL of a media server")]
    Url(String),
    /// No socket.
    #[error("the media server does not answer, or refuses the token: {0}")]
    Socket(String),
    /// The connection.
    #[error("the media connection cannot be made: {0}")]
    Media(String),
    /// Another certificate than the grant names.
    #[error("the media server shows another certificate than the grant names; nothing is recorded from it")]
    Fingerprint,
    /// The server sent the seat away, or ended.
    #[error("the media server ended the connection")]
    Ended,
    /// The task of the seat is gone without a word.
    #[error("listening broke down, which is a fault of this program")]
    Broken,
}

impl From<OpenError> for ListenError {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::Url(url) => Self::Url(url),
            OpenError::Socket(text) => Self::Socket(text),
        }
    }
}

/// A track in a codec that is not recorded: H.264 among them.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a track is of codec {0:?}; only Opus and VP8 are recorded: its seat has to publish VP8")]
pub struct CodecError(
    /// Its name, as the server says.
    pub String,
);

/// What is heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// Media is connected.
    Connected,
    /// Somebody's track is there: the server's word for whose it is.
    Track {
        /// The server's id of the track.
        track: String,
        /// The owner: a seat's pseudonym.
        owner: String,
    },
    /// Somebody's track is there, and nothing of it will be heard.
    Refused {
        /// The server's id of the track.
        track: String,
        /// The owner: a seat's pseudonym.
        owner: String,
        /// Why.
        error: CodecError,
    },
    /// A track is there no longer.
    Gone {
        /// The server's id of the track.
        track: String,
    },
    /// A frame, sealed by its sender.
    Frame {
        /// The server's id of the track.
        track: String,
        /// What it holds.
        codec: Codec,
        /// RTP time.
        rtp: u32,
        /// The sealed frame.
        bytes: Vec<u8>,
    },
    /// Nothing follows.
    Ended(ListenError),
}

/// A listening seat. Dropped, it leaves.
#[derive(Debug)]
pub struct Listener {
    heard: mpsc::Receiver<Heard>,
    task: JoinHandle<()>,
    has_ended: bool,
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[expect(clippy::disallowed_methods, reason = "a connection lives in real time; this is its one reading")]
fn instant() -> Instant {
    Instant::now()
}

impl Listener {
    /// Take the seat. Media goes over a UDP socket of this address.
    ///
    /// # Errors
    /// [`ListenError`].
    pub async fn join(target: &Target, local: SocketAddr) -> Result<Self, ListenError> {
        let media = |error: &dyn std::fmt::Display| ListenError::Media(error.to_string());
        let udp = UdpSocket::bind(local).await.map_err(|error| media(&error))?;
        let mut peer = Peer::new(instant(), udp.local_addr().map_err(|error| media(&error))?).map_err(|e| media(&e))?;
        let offer = peer.offer(instant()).map_err(|error| media(&error))?;
        let entry = Entry { url: &target.url, token: &target.token, offer: Some(offer), resume: None };
        let line = Line::Stands(Signal::open(entry).await?);
        let (reporter, heard) = mpsc::channel(QUEUE);
        let (target, tracks) = (target.clone(), BTreeMap::new());
        let (sid, lost, word) = (None, None, instant());
        let runner = Runner { line, udp, peer, reporter, tracks, target, sid, lost, word, ping: PING };
        Ok(Self { heard, task: tokio::spawn(runner.run()), has_ended: false })
    }

    /// What comes next; nothing after [`Heard::Ended`], which comes whatever happens. Nothing is lost if this is dropped before
    /// it has answered.
    pub async fn next(&mut self) -> Option<Heard> {
        if self.has_ended {
            return None;
        }
        // A task that panicked has said nothing.
        let heard = self.heard.recv().await.unwrap_or(Heard::Ended(ListenError::Broken));
        self.has_ended = matches!(heard, Heard::Ended(_));
        Some(heard)
    }
}

/// The way to the server's signalling.
enum Line {
    Stands(Signal),
    /// A new socket is being opened.
    Opens(BoxFuture<'static, Result<Signal, OpenError>>),
}

/// What came of it.
enum Came {
    Told(Told),
    Opened(Result<Signal, OpenError>),
}

impl Line {
    async fn next(&mut self) -> Came {
        match self {
            Self::Stands(signal) => Came::Told(signal.next().await),
            Self::Opens(opening) => Came::Opened(opening.await),
        }
    }
}

struct Runner {
    line: Line,
    udp: UdpSocket,
    peer: Peer,
    reporter: mpsc::Sender<Heard>,
    /// Tracks that were told, and their owners.
    tracks: BTreeMap<String, String>,
    target: Target,
    /// The server's name of this seat.
    sid: Option<String>,
    /// Since when the seat has had no socket.
    lost: Option<Instant>,
    /// When the server was last heard on the socket.
    word: Instant,
    ping: Duration,
}

impl Runner {
    async fn run(mut self) {
        let error = self.listen().await;
        // The last word may wait for room.
        let _ = self.reporter.send(Heard::Ended(error)).await;
    }

    async fn listen(&mut self) -> ListenError {
        let mut buffer = vec![0; DATAGRAM];
        let mut pinged = instant();
        loop {
            for (to, datagram) in self.peer.datagrams() {
                let _ = self.udp.send_to(&datagram, to).await;
            }
            for event in self.peer.events() {
                if let Err(error) = self.event(event).await {
                    return error;
                }
            }
            let wake = self.peer.deadline(instant()).min(pinged + self.ping);
            let done = tokio::select! {
                received = self.udp.recv_from(&mut buffer) => {
                    if let Ok((length, from)) = received {
                        self.peer.read(instant(), from, buffer.get(..length).unwrap_or_default());
                    }
                    Ok(())
                }
                came = self.line.next() => self.came(came).await,
                () = tokio::time::sleep_until(tokio::time::Instant::from_std(wake)) => {
                    self.peer.timeout(instant());
                    if instant() < pinged + self.ping {
                        Ok(())
                    } else {
                        pinged = instant();
                        self.ping().await
                    }
                }
            };
            if let Err(error) = done {
                return error;
            }
        }
    }

    /// Ask whether the server is there; a socket on which it has not answered is none.
    async fn ping(&mut self) -> Result<(), ListenError> {
        if matches!(self.line, Line::Stands(_)) && instant() >= self.word + self.ping * SILENT_PINGS {
            return self.resume(ListenError::Ended);
        }
        self.ask(Asked::PingReq(lk::Ping::default())).await;
        Ok(())
    }

    async fn came(&mut self, came: Came) -> Result<(), ListenError> {
        match came {
            Came::Told(Told::Message(message)) => {
                self.word = instant();
                match message {
                    Some(message) => self.signal(*message).await,
                    None => Ok(()),
                }
            }
            Came::Told(Told::Unreadable) => Err(ListenError::Ended),
            Came::Told(Told::Lost) => self.resume(ListenError::Ended),
            Came::Opened(Ok(signal)) => {
                (self.line, self.word) = (Line::Stands(signal), instant());
                Ok(())
            }
            Came::Opened(Err(error)) => self.resume(error.into()),
        }
    }

    /// Take the seat up again on a new socket, unless there is none yet, or it was lost too long ago.
    fn resume(&mut self, error: ListenError) -> Result<(), ListenError> {
        let Some(sid) = self.sid.clone() else { return Err(error) };
        let lost = *self.lost.get_or_insert_with(instant);
        if instant() >= lost + RESUME {
            return Err(error);
        }
        let target = self.target.clone();
        let opening = async move {
            tokio::time::sleep(AGAIN).await;
            let entry = Entry { url: &target.url, token: &target.token, offer: None, resume: Some(&sid) };
            Signal::open(entry).await
        };
        self.line = Line::Opens(opening.boxed());
        Ok(())
    }

    async fn event(&mut self, event: Event) -> Result<(), ListenError> {
        let heard = match event {
            Event::Connected => Heard::Connected,
            Event::Failed => return Err(ListenError::Media("the path to the media server broke".to_owned())),
            Event::Frame { track, codec, rtp, bytes } => Heard::Frame { track, codec, rtp, bytes },
        };
        self.tell(heard).await
    }

    /// A full queue loses a frame; what is told once waits for room. A receiver that is gone ends it.
    async fn tell(&mut self, heard: Heard) -> Result<(), ListenError> {
        if !matches!(heard, Heard::Frame { .. }) {
            return self.reporter.send(heard).await.map_err(|_| ListenError::Ended);
        }
        match self.reporter.try_send(heard) {
            Err(mpsc::error::TrySendError::Closed(_)) => Err(ListenError::Ended),
            _ => Ok(()),
        }
    }

    /// What is asked while there is no socket is asked again when there is one.
    async fn ask(&mut self, message: Asked) {
        if let Line::Stands(signal) = &mut self.line {
            signal.ask(message).await;
        }
    }

    async fn signal(&mut self, message: Message) -> Result<(), ListenError> {
        let media = |error: rtc::shared::error::Error| ListenError::Media(error.to_string());
        let mut offers = false;
        match message {
            Message::Join(join) => {
                let seconds = u64::try_from(join.ping_interval).ok().filter(|seconds| *seconds > 0);
                self.ping = seconds.map_or(PING, Duration::from_secs);
                self.sid = join.participant.map(|own| own.sid);
                self.follow(join.other_participants).await?;
            }
            Message::Reconnect(_) => {
                self.lost = None;
                // The answer may have been lost with the socket.
                offers = self.peer.is_waiting();
            }
            Message::Update(update) => self.follow(update.participants).await?,
            Message::Answer(answer) => {
                if named(&answer.sdp) != Some(self.target.fingerprint) {
                    return Err(ListenError::Fingerprint);
                }
                self.peer.answer(instant(), answer).map_err(media)?;
            }
            Message::MediaSectionsRequirement(lacks) => {
                let granted = self.peer.receive(lacks.num_audios, lacks.num_videos).map_err(media)?;
                // A connection that has grown so far is replaced, and so is one to a server that asks for what no room has.
                granted
                    .then_some(())
                    .ok_or_else(|| ListenError::Media("the media server asks for too many sections".to_owned()))?;
            }
            Message::Leave(_) => return Err(ListenError::Ended),
            _ => {}
        }
        if offers || self.peer.wants_offer() {
            let offer = self.peer.offer(instant()).map_err(media)?;
            self.ask(Asked::Offer(offer)).await;
        }
        Ok(())
    }

    /// Tell which tracks came and went.
    async fn follow(&mut self, participants: Vec<lk::ParticipantInfo>) -> Result<(), ListenError> {
        for participant in participants {
            let owner = participant.identity;
            let is_gone = participant.state == lk::participant_info::State::Disconnected as i32;
            let now: BTreeMap<_, _> = participant.tracks.iter().filter(|_| !is_gone).map(|it| (&it.sid, it)).collect();
            let before = self.tracks.iter().filter(|(_, known)| **known == owner).map(|(track, _)| track.clone());
            for track in before.filter(|track| !now.contains_key(track)).collect::<Vec<_>>() {
                self.tracks.remove(&track);
                self.tell(Heard::Gone { track }).await?;
            }
            for (track, info) in now {
                if self.tracks.len() >= MAX_TRACKS && !self.tracks.contains_key(track) {
                    continue;
                }
                if self.tracks.insert(track.clone(), owner.clone()).is_none() {
                    let (track, owner) = (track.clone(), owner.clone());
                    let heard = match recorded(info) {
                        Ok(()) => Heard::Track { track, owner },
                        Err(error) => Heard::Refused { track, owner, error },
                    };
                    self.tell(heard).await?;
                }
            }
        }
        Ok(())
    }
}

/// Whether a track is of a codec that is recorded; one that the server does not name may be.
fn recorded(track: &lk::TrackInfo) -> Result<(), CodecError> {
    let known = ["", "audio/opus", "video/vp8"].iter().any(|name| track.mime_type.eq_ignore_ascii_case(name));
    if known { Ok(()) } else { Err(CodecError(track.mime_type.clone())) }
}

/// The fingerprint that an answer names (RFC 8122): the one in it, or none if there are different ones.
fn named(sdp: &str) -> Option<[u8; 32]> {
    let mut found = None;
    for line in sdp.lines().filter_map(|line| line.trim_end().strip_prefix("a=fingerprint:")) {
        let digits = line.strip_prefix("sha-256 ")?.replace(':', "");
        let mut bytes = [0; 32];
        hex::decode_to_slice(digits, &mut bytes).ok()?;
        if found.replace(bytes).is_some_and(|before| before != bytes) {
            return None;
        }
    }
    found
}

impl std::fmt::Debug for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Target({}, redacted)", self.url)
    }
}

#[cfg(test)]
mod tests;
