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
//! | `peer` | the connection, without I/O |

mod frames;
mod peer;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE;
use futures::{SinkExt as _, StreamExt as _};
use livekit_protocol as lk;
use lk::signal_request::Message as Asked;
use lk::signal_response::Message;
use prost::Message as _;
use tokio::net::{TcpStream, UdpSocket};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite::Message as Frame;
use tokio_tungstenite::{WebSocketStream, client_async};

use crate::webm::Codec;
use peer::{Event, Peer};

/// Bytes of a datagram at most.
const DATAGRAM: usize = 2_048;
/// Reports that wait. Who falls behind loses frames, not order.
const QUEUE: usize = 4_096;
/// Between two pings, unless the server says otherwise.
const PING: Duration = Duration::from_secs(5);
/// Longest wait for the server's socket.
const OPEN: Duration = Duration::from_secs(10);

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
}

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
        let host = target.url.strip_prefix("http://").ok_or_else(|| ListenError::Url(target.url.clone()))?;
        let media = |error: &dyn std::fmt::Display| ListenError::Media(error.to_string());
        let udp = UdpSocket::bind(local).await.map_err(|error| media(&error))?;
        let mut peer = Peer::new(instant(), udp.local_addr().map_err(|error| media(&error))?).map_err(|e| media(&e))?;
        let offer = peer.offer(instant()).map_err(|error| media(&error))?;
        let request = lk::JoinRequest {
            connection_settings: Some(lk::ConnectionSettings { auto_subscribe: true, ..Default::default() }),
            publisher_offer: Some(offer),
            ..Default::default()
        };
        let wrapped = lk::WrappedJoinRequest { join_request: request.encode_to_vec(), ..Default::default() };
        let request = URL_SAFE.encode(wrapped.encode_to_vec());
        let url = format!("ws://{host}/rtc/v1?access_token={}&join_request={request}", target.token);
        let opening = async {
            let stream = TcpStream::connect(host).await.map_err(|error| error.to_string())?;
            client_async(url, stream).await.map(|(socket, _)| socket).map_err(|error| error.to_string())
        };
        let opened = tokio::time::timeout(OPEN, opening).await.unwrap_or_else(|_| Err("no answer in 10 s".to_owned()));
        let socket = opened.map_err(ListenError::Socket)?;
        let (reporter, heard) = mpsc::channel(QUEUE);
        let tracks = BTreeMap::new();
        let fingerprint = target.fingerprint;
        let runner = Runner { socket, udp, peer, reporter, tracks, fingerprint, ping: PING };
        Ok(Self { heard, task: tokio::spawn(runner.run()) })
    }

    /// What comes next; nothing after [`Heard::Ended`].
    pub async fn next(&mut self) -> Option<Heard> {
        self.heard.recv().await
    }
}

struct Runner {
    socket: WebSocketStream<TcpStream>,
    udp: UdpSocket,
    peer: Peer,
    reporter: mpsc::Sender<Heard>,
    /// Tracks that were told, and their owners.
    tracks: BTreeMap<String, String>,
    fingerprint: [u8; 32],
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
                if let Err(error) = self.event(event) {
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
                frame = self.socket.next() => match frame {
                    Some(Ok(Frame::Binary(bytes))) => self.signal(&bytes).await,
                    Some(Ok(_)) => Ok(()),
                    _ => Err(ListenError::Ended),
                },
                () = tokio::time::sleep_until(tokio::time::Instant::from_std(wake)) => {
                    self.peer.timeout(instant());
                    if instant() >= pinged + self.ping {
                        pinged = instant();
                        self.ask(Asked::PingReq(lk::Ping::default())).await;
                    }
                    Ok(())
                }
            };
            if let Err(error) = done {
                return error;
            }
        }
    }

    fn event(&self, event: Event) -> Result<(), ListenError> {
        let heard = match event {
            Event::Connected => Heard::Connected,
            Event::Failed => return Err(ListenError::Media("the path to the media server broke".to_owned())),
            Event::Frame { track, codec, rtp, bytes } => Heard::Frame { track, codec, rtp, bytes },
        };
        self.tell(heard)
    }

    /// A full queue loses what is told now; a receiver that is gone ends it.
    fn tell(&self, heard: Heard) -> Result<(), ListenError> {
        match self.reporter.try_send(heard) {
            Err(mpsc::error::TrySendError::Closed(_)) => Err(ListenError::Ended),
            _ => Ok(()),
        }
    }

    async fn ask(&mut self, message: Asked) {
        let bytes = lk::SignalRequest { message: Some(message) }.encode_to_vec();
        // A socket that broke ends the loop where it is read.
        let _ = self.socket.send(Frame::Binary(bytes.into())).await;
    }

    async fn signal(&mut self, bytes: &[u8]) -> Result<(), ListenError> {
        let media = |error: rtc::shared::error::Error| ListenError::Media(error.to_string());
        let Ok(response) = lk::SignalResponse::decode(bytes) else { return Err(ListenError::Ended) };
        match response.message {
            Some(Message::Join(join)) => {
                let seconds = u64::try_from(join.ping_interval).ok().filter(|seconds| *seconds > 0);
                self.ping = seconds.map_or(PING, Duration::from_secs);
                self.follow(join.other_participants)?;
            }
            Some(Message::Update(update)) => self.follow(update.participants)?,
            Some(Message::Answer(answer)) => {
                if named(&answer.sdp) != Some(self.fingerprint) {
                    return Err(ListenError::Fingerprint);
                }
                self.peer.answer(instant(), answer).map_err(media)?;
            }
            Some(Message::MediaSectionsRequirement(lacks)) => {
                self.peer.receive(lacks.num_audios, lacks.num_videos).map_err(media)?;
            }
            Some(Message::Leave(_)) => return Err(ListenError::Ended),
            _ => {}
        }
        if self.peer.wants_offer() {
            let offer = self.peer.offer(instant()).map_err(media)?;
            self.ask(Asked::Offer(offer)).await;
        }
        Ok(())
    }

    /// Tell which tracks came and went.
    fn follow(&mut self, participants: Vec<lk::ParticipantInfo>) -> Result<(), ListenError> {
        for participant in participants {
            let owner = participant.identity;
            let is_gone = participant.state == lk::participant_info::State::Disconnected as i32;
            let now: Vec<_> = participant.tracks.into_iter().filter(|_| !is_gone).map(|track| track.sid).collect();
            let before = self.tracks.iter().filter(|(_, known)| **known == owner).map(|(track, _)| track.clone());
            for track in before.filter(|track| !now.contains(track)).collect::<Vec<_>>() {
                self.tracks.remove(&track);
                self.tell(Heard::Gone { track })?;
            }
            for track in now {
                if self.tracks.insert(track.clone(), owner.clone()).is_none() {
                    self.tell(Heard::Track { track, owner: owner.clone() })?;
                }
            }
        }
        Ok(())
    }
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
mod tests {
    use super::*;

    #[test]
    fn an_answer_names_one_fingerprint_or_none() {
        let line = |byte: &str| format!("a=fingerprint:sha-256 {}\r\n", vec![byte; 32].join(":"));
        assert_eq!(named(&format!("v=0\r\n{}{}", line("AB"), line("ab"))), Some([0xab; 32]));
        assert_eq!(named(&format!("{}{}", line("ab"), line("ac"))), None);
        assert_eq!(named("v=0\r\na=fingerprint:sha-1 AB\r\n"), None);
        assert_eq!(named("v=0\r\n"), None);
    }
}
