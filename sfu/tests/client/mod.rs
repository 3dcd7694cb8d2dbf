//! A small client of LiveKit's signalling version 1 on the recorder's connection and socket: for tests and for load. It
//! publishes at most one microphone and one camera track and counts what it hears.
#![allow(dead_code, unreachable_pub, missing_docs, reason = "each user of this file takes its part")]

mod media;

use std::{net::SocketAddr, time::Duration};

use livekit_protocol as lk;
use lk::{signal_request::Message as Asked, signal_response::Message};
use pars_recorder::live::connection::GCM;
use pars_recorder::live::signal::{Entry, Signal, Told};
use prost::Message as _;
use tokio::{net::UdpSocket, sync::mpsc};

use media::Media;
pub use media::{Counts, instant};
pub use pars_recorder::live::connection::Srtp;

/// Longest datagram.
const DATAGRAM: usize = 2_048;
/// The ping behind a long message.
const LONG: i64 = 77;

/// What a client reports.
#[derive(Debug, Clone, PartialEq)]
pub enum Report {
    /// It has joined: its sid.
    Joined(String),
    /// Media is connected: SHA-256 of the server's certificate as the answer names it, and the SRTP profile that was agreed.
    Connected { fingerprint: String, cipher: String },
    /// The server's description.
    Answered(String),
    /// A message of the given bytes was sent, and answered.
    Echoed,
    /// Its track is published: the track's sid.
    Published(String),
    /// A request was refused, or the server sent it away.
    Refused(String),
    /// The server muted its track, or took it.
    Silenced,
    /// A data packet: from whom and what.
    Data(String, Vec<u8>),
    /// The first packet of a stream arrived.
    Heard(u32),
}

/// What a client is to do.
#[derive(Debug, Clone)]
pub enum Order {
    /// Publish a microphone track, announced or (a liar's) not.
    Publish { announced: bool },
    /// Send so many packets of these bytes at this rate per second.
    Speak { packets: u32, bytes: Vec<u8>, per_second: u32 },
    /// Publish a camera track of VP8.
    Film,
    /// Send one picture on it, in as many packets as it takes.
    Show(Vec<u8>),
    /// Mute or open the own track with this sid.
    Mute { track: String, muted: bool },
    /// Send a data packet.
    Data(Vec<u8>),
    /// Send a signalling message of so many bytes, and a ping.
    Long(usize),
    /// Leave.
    Leave,
}

/// Where it runs to.
#[derive(Debug, Clone)]
pub struct Target {
    /// `http://…` of the server.
    pub url: String,
    pub token: String,
}

/// A running client.
pub struct Client {
    pub orders: mpsc::Sender<Order>,
    pub reports: mpsc::Receiver<Report>,
    pub counts: std::sync::Arc<Counts>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Client {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Client {
    /// Joins; the error is what the server answered instead of a socket.
    pub async fn join(target: &Target) -> Result<Self, String> {
        Self::join_offering(target, GCM.to_vec()).await
    }

    /// Joins with these SRTP profiles, the preferred one first.
    pub async fn join_offering(target: &Target, srtp: Vec<Srtp>) -> Result<Self, String> {
        let address = "127.0.0.1:0".parse::<SocketAddr>().map_err(|error| error.to_string())?;
        let udp = UdpSocket::bind(address).await.map_err(|error| error.to_string())?;
        let local = udp.local_addr().map_err(|error| error.to_string())?;
        let mut media = Media::new(local, srtp).map_err(|error| error.to_string())?;
        let offer = media.connection.offer(instant()).map_err(|error| error.to_string())?;
        let entry = Entry { url: &target.url, token: &target.token, offer: Some(offer), resume: None };
        let signal = Signal::open(entry).await.map_err(|error| error.to_string())?;
        let (orders, ordered) = mpsc::channel(64);
        let (reporter, reports) = mpsc::channel(1_024);
        let counts = std::sync::Arc::clone(&media.counts);
        let runner = Runner { signal, udp, media, reporter, speaking: None };
        let task = tokio::spawn(runner.run(ordered));
        Ok(Self { orders, reports, counts, task })
    }

    /// The next report that `pick` takes; others are passed over. None if the client ends or 60 s pass.
    pub async fn wait<T>(&mut self, mut pick: impl FnMut(Report) -> Option<T>) -> Option<T> {
        let waiting = async {
            while let Some(report) = self.reports.recv().await {
                if let Some(found) = pick(report) {
                    return Some(found);
                }
            }
            None
        };
        tokio::time::timeout(Duration::from_secs(60), waiting).await.ok().flatten()
    }

    /// Waits until media is connected.
    pub async fn connected(&mut self) -> Option<String> {
        self.wait(|report| match report {
            Report::Connected { fingerprint, .. } => Some(fingerprint),
            _ => None,
        })
        .await
    }

    pub fn heard(&self) -> u64 {
        self.counts.heard.load(std::sync::atomic::Ordering::Relaxed)
    }

    pub fn skipped(&self) -> u64 {
        self.counts.skipped.load(std::sync::atomic::Ordering::Relaxed)
    }

    /// Bytes of the longest datagram it sent.
    pub fn longest(&self) -> u64 {
        self.counts.longest.load(std::sync::atomic::Ordering::Relaxed)
    }

    pub fn spoken(&self) -> u64 {
        self.counts.spoken.load(std::sync::atomic::Ordering::Relaxed)
    }
}

struct Speaking {
    left: u32,
    bytes: Vec<u8>,
    pause: Duration,
    next: tokio::time::Instant,
}

struct Runner {
    signal: Signal,
    udp: UdpSocket,
    media: Media,
    reporter: mpsc::Sender<Report>,
    speaking: Option<Speaking>,
}

impl Runner {
    async fn run(mut self, mut orders: mpsc::Receiver<Order>) {
        let mut buffer = vec![0u8; DATAGRAM];
        loop {
            for (to, datagram) in self.media.connection.datagrams() {
                self.media.counts.longest.fetch_max(datagram.len() as u64, std::sync::atomic::Ordering::Relaxed);
                let _ = self.udp.send_to(&datagram, to).await;
            }
            for report in self.media.reports() {
                let _ = self.reporter.try_send(report);
            }
            let wake = tokio::time::Instant::from_std(self.media.connection.deadline(instant()));
            let speak = self.speaking.as_ref().map(|speaking| speaking.next);
            tokio::select! {
                received = self.udp.recv_from(&mut buffer) => {
                    let Ok((length, from)) = received else { continue };
                    self.media.read(from, buffer.get(..length).unwrap_or_default());
                    while let Ok((length, from)) = self.udp.try_recv_from(&mut buffer) {
                        self.media.read(from, buffer.get(..length).unwrap_or_default());
                    }
                }
                told = self.signal.next() => {
                    let Told::Message(message) = told else { return };
                    if let Some(message) = message && !self.message(*message).await {
                        return;
                    }
                }
                order = orders.recv() => {
                    let Some(order) = order else { return };
                    if !self.order(order).await {
                        return;
                    }
                }
                () = tokio::time::sleep_until(speak.unwrap_or(wake)), if speak.is_some() => self.speak(),
                () = tokio::time::sleep_until(wake) => self.media.timeout(),
            }
        }
    }

    async fn ask(&mut self, message: Asked) {
        self.signal.ask(message).await;
    }

    async fn announce(&mut self, cid: String, kind: lk::TrackType, source: lk::TrackSource) {
        let (kind, source) = (kind as i32, source as i32);
        self.ask(Asked::AddTrack(lk::AddTrackRequest { cid, r#type: kind, source, ..Default::default() })).await;
    }

    /// Offer what is to be offered, if nothing waits for its answer.
    async fn negotiate(&mut self) {
        if self.media.connection.wants_offer()
            && let Ok(offer) = self.media.connection.offer(instant())
        {
            self.ask(Asked::Offer(offer)).await;
        }
    }

    async fn message(&mut self, message: Message) -> bool {
        match message {
            Message::Join(join) => {
                let sid = join.participant.map(|participant| participant.sid).unwrap_or_default();
                let _ = self.reporter.try_send(Report::Joined(sid));
            }
            Message::Pong(LONG) => {
                let _ = self.reporter.try_send(Report::Echoed);
            }
            Message::Answer(answer) => {
                let _ = self.reporter.try_send(Report::Answered(answer.sdp.clone()));
                if self.media.answer(&answer.sdp).is_err() {
                    let _ = self.reporter.try_send(Report::Refused("the answer cannot be applied".to_owned()));
                    return false;
                }
                self.negotiate().await;
            }
            Message::MediaSectionsRequirement(lacks) => {
                // What the library refuses is not heard.
                let _ = self.media.connection.receive(lacks.num_audios, lacks.num_videos);
                self.negotiate().await;
            }
            Message::TrackPublished(published) => {
                let sid = published.track.map(|track| track.sid).unwrap_or_default();
                let _ = self.reporter.try_send(Report::Published(sid));
            }
            Message::RequestResponse(refused) => {
                let _ = self.reporter.try_send(Report::Refused(refused.message));
            }
            Message::Mute(_) | Message::TrackUnpublished(_) => {
                let _ = self.reporter.try_send(Report::Silenced);
            }
            Message::Leave(leave) => {
                let reason = lk::DisconnectReason::try_from(leave.reason).unwrap_or_default();
                let _ = self.reporter.try_send(Report::Refused(reason.as_str_name().to_owned()));
                return false;
            }
            _ => {}
        }
        true
    }

    async fn order(&mut self, order: Order) -> bool {
        match order {
            Order::Publish { announced } => {
                let cid = self.media.publish();
                if announced {
                    self.announce(cid, lk::TrackType::Audio, lk::TrackSource::Microphone).await;
                }
                self.negotiate().await;
            }
            Order::Film => {
                let cid = self.media.film();
                self.announce(cid, lk::TrackType::Video, lk::TrackSource::Camera).await;
                self.negotiate().await;
            }
            Order::Show(picture) => self.media.show(&picture),
            Order::Speak { packets, bytes, per_second } => {
                let pause = Duration::from_secs(1) / per_second.max(1);
                self.speaking =
                    Some(Speaking { left: packets, bytes, pause, next: tokio::time::Instant::from_std(instant()) });
            }
            Order::Mute { track, muted } => {
                self.ask(Asked::Mute(lk::MuteTrackRequest { sid: track, muted })).await;
            }
            Order::Data(payload) => {
                let user = lk::UserPacket { payload, ..Default::default() };
                let value = Some(lk::data_packet::Value::User(user));
                self.media.send_data(&lk::DataPacket { value, ..Default::default() }.encode_to_vec());
            }
            Order::Long(bytes) => {
                let padded = |padding: usize| {
                    Asked::Trickle(lk::TrickleRequest { candidate_init: "x".repeat(padding), ..Default::default() })
                };
                let length = |message| lk::SignalRequest { message: Some(message) }.encoded_len();
                // What names the lengths is as long for so little more.
                let padding = bytes - (length(padded(bytes)) - bytes);
                assert_eq!(length(padded(padding)), bytes);
                self.ask(padded(padding)).await;
                self.ask(Asked::Ping(LONG)).await;
            }
            Order::Leave => {
                self.ask(Asked::Leave(lk::LeaveRequest::default())).await;
                return false;
            }
        }
        true
    }

    fn speak(&mut self) {
        let Some(mut speaking) = self.speaking.take() else { return };
        self.media.speak(&speaking.bytes);
        speaking.left -= 1;
        speaking.next += speaking.pause;
        self.speaking = (speaking.left > 0).then_some(speaking);
    }
}

/// Posts JSON with a token, as a host does; an error is what was answered.
pub async fn post(url: &str, path: &str, token: &str, json: &str) -> Result<(), String> {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let host = url.trim_start_matches("http://");
    let mut stream = tokio::net::TcpStream::connect(host).await.map_err(|error| error.to_string())?;
    let request = format!(
        "POST {path} HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {token}\r\ncontent-type: application/json\r\n\
         content-length: {}\r\nconnection: close\r\n\r\n{json}",
        json.len()
    );
    stream.write_all(request.as_bytes()).await.map_err(|error| error.to_string())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.map_err(|error| error.to_string())?;
    answer.starts_with("HTTP/1.1 200").then_some(()).ok_or(answer)
}
