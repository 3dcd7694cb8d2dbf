//! A chain with consents on it, libraries of several daemons, and frames as seats seal them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use alloy::primitives::{B256, Bytes};
use axum::Router;
use pars_bindings::RecordingConsent::{self, anchorCall, submitCall, withdrawCall};
use pars_bindings::consent::ConsentCall;
use pars_bindings::typed::seconds40;
use pars_crypto::hkem::Xw768Secret;
use pars_crypto::secret::{HybridKemSeed, SharedSecret, StoreKey};
use pars_crypto::suite::Libcrux;
use pars_daemon::chain::transact::reader;
use pars_daemon::recordings::{Begin, Capture, Library, Parts, ToWithdraw};
use pars_engine::room::{EpochKeys, SeatKeys, SeatView};
use pars_indexer::{Options, Service};
use pars_proto::media::{Codec as Kind, Sealer};
use pars_proto::room::recording::{
    ConsentDomain, ConsentKey, ConsentRoster, Draft, Dummies, Recording, RecordingTag, Terms, submissions,
};
use pars_proto::room::{EpochHash, EpochSecret, Role, SeatNo, SenderKeys};
use pars_recorder::live::Heard;
use pars_recorder::webm::Codec;
use pars_wire::{ChainId, RoomId};
use serde_json::json;
use tokio::net::TcpListener;

use crate::support::World;

/// Unix milliseconds of the tests.
pub(crate) const BEGAN_MS: u64 = 1_750_000_000_000;
pub(crate) const ROOM: RoomId = RoomId(B256::repeat_byte(0x51));

/// A library, and what it stands on.
pub(crate) struct Member {
    pub(crate) library: Library,
    pub(crate) blobs: pars_blobs::Folder,
    domain: ConsentDomain,
}

/// The chain, its index, and whoever keeps recordings.
pub(crate) struct Studio {
    pub(crate) world: World,
    index: Service,
}

/// The recording key of a participant.
pub(crate) fn seed(of: u8) -> HybridKemSeed {
    HybridKemSeed::from_bytes([of; 32])
}

fn tag(of: u8) -> RecordingTag {
    RecordingTag(B256::repeat_byte(of))
}

fn consent_key(of: u8) -> ConsentKey {
    ConsentKey::from_scalar(&[of; 32]).unwrap()
}

/// What these participants agree to, the first of whom records.
pub(crate) fn draft(recording: u8, participants: &[u8], valid_until: u64) -> (Recording, ConsentRoster) {
    let terms = Terms { codec: B256::ZERO, storage: B256::ZERO, retention_seconds: 86_400, valid_until };
    let dummies = Dummies::new(SharedSecret::from_bytes([0xd0; 32]), 0).unwrap();
    let signers: Vec<_> = participants.iter().map(|of| consent_key(*of).signer()).collect();
    let keys: Vec<_> = participants.iter().map(|of| Xw768Secret::from_seed(&Libcrux, seed(*of)).public()).collect();
    let of = Draft {
        tag: tag(recording),
        terms: &terms,
        dummies: &dummies,
        signers: &signers,
        keys: &keys,
        recorder: &signers[0],
    };
    of.build().unwrap()
}

impl Member {
    /// A span of these participants that begins.
    pub(crate) fn begin(&self, recording: Recording, participants: &[u8]) -> Begin {
        let keys = participants.iter().map(|of| Xw768Secret::from_seed(&Libcrux, seed(*of)).public()).collect();
        let consent = self.domain.consent_digest(recording.span());
        Begin { room: ROOM, recording, consent, keys, began_ms: BEGAN_MS }
    }
}

fn call_of(of: &Recording) -> RecordingConsent::Recording {
    RecordingConsent::Recording {
        recordingId: of.tag.0,
        roster: of.roster,
        participants: of.participants,
        policy: of.policy,
        recorder: of.recorder,
        validUntil: seconds40(of.valid_until).unwrap(),
    }
}

impl Studio {
    pub(crate) async fn start() -> Self {
        let world = World::start().await;
        let deployment = world.contracts.clone();
        let database = world.dir.path().join("index.db");
        let options = Options { deployment, database, listen: None, poll: Duration::from_millis(20) };
        let index = Service::start(options, reader(world.rpc.parse().unwrap())).await.unwrap();
        Self { world, index }
    }

    /// A member's library on its directory, which it shares with what was there before.
    pub(crate) fn member(&self, name: &str, (from, to): (&[&str], &[&str])) -> Member {
        let datadir = self.world.datadir(name);
        let blobs = pars_blobs::Folder::open(&datadir.join("blobs"), 1 << 30).unwrap();
        let urls = |of: &[&str]| of.iter().map(|url| url.parse().unwrap()).collect();
        let parts = Parts {
            folder: datadir.join("recordings"),
            key: StoreKey::from_bytes([0x5e; 32]),
            blobs: blobs.clone(),
            index: self.index.recordings(),
            from: urls(from),
            to: urls(to),
            domain: self.domain(),
        };
        Member { library: Library::open(parts).unwrap(), blobs, domain: self.domain() }
    }

    /// In an hour, by the chain.
    pub(crate) async fn in_an_hour(&self) -> u64 {
        let block = self.world.devnet.call("eth_getBlockByNumber", json!(["latest", false])).await.unwrap();
        let digits = block["timestamp"].as_str().unwrap().trim_start_matches("0x").to_owned();
        u64::from_str_radix(&digits, 16).unwrap() + 3_600
    }

    fn domain(&self) -> ConsentDomain {
        ConsentDomain { chain: ChainId(7_072), contract: self.world.contracts.recording_consent }
    }

    /// Until the index holds a final block with all that was sent.
    pub(crate) async fn settled(&self) {
        let head = self.world.devnet.call("eth_blockNumber", json!([])).await.unwrap();
        let head = u64::from_str_radix(head.as_str().unwrap().trim_start_matches("0x"), 16).unwrap();
        for _ in 0..3 {
            self.world.devnet.call("evm_mine", json!([])).await.unwrap();
        }
        while self.index.progress().await.unwrap().finalized < head {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Everybody's consent, in a final block.
    pub(crate) async fn consented(&self, recording: &Recording, roster: &ConsentRoster, participants: &[u8]) {
        let digest = self.domain().consent_digest(recording.span());
        let mut rng = pars_daemon::random::system();
        let consent = |of: &u8| {
            let key = consent_key(*of);
            (key.signer().hash(), (key.signer(), key.sign(&Libcrux, &mut rng, digest).unwrap()))
        };
        let consents: BTreeMap<_, _> = participants.iter().map(consent).collect();
        for chunk in submissions(recording, roster, &consents).unwrap() {
            let bytes = |bytes: &[u8]| Bytes::copy_from_slice(bytes);
            let call = submitCall {
                r: call_of(recording),
                signers: chunk.signers.iter().map(|signer| bytes(signer.as_bytes())).collect(),
                signatures: chunk.signatures.iter().map(|signature| bytes(signature.as_bytes())).collect(),
                proof: chunk.proof.proof,
                flags: chunk.proof.flags,
            };
            self.world.send(self.world.contracts.recording_consent, &call).await;
        }
        self.settled().await;
    }

    /// An anchor, signed by this key, in a final block.
    pub(crate) async fn anchored(&self, recording: &Recording, key: &ConsentKey, (cid, wraps): (Vec<u8>, B256)) {
        let digest = self.domain().anchor_digest(recording.span(), &cid, wraps);
        let signature = key.sign(&Libcrux, &mut pars_daemon::random::system(), digest).unwrap();
        let call = anchorCall {
            r: call_of(recording),
            signer: Bytes::copy_from_slice(key.signer().as_bytes()),
            cid: cid.into(),
            wraps,
            signature: Bytes::copy_from_slice(signature.as_bytes()),
        };
        self.world.send(self.world.contracts.recording_consent, &call).await;
        self.settled().await;
    }

    /// What takes the consent of a participant back, as a seat has it kept.
    pub(crate) fn withdrawal(
        &self,
        recording: &Recording,
        roster: &ConsentRoster,
        (of, waits): (u8, bool),
    ) -> ToWithdraw {
        let (span, key) = (recording.span(), consent_key(of));
        let signature = key.sign(&Libcrux, &mut pars_daemon::random::system(), self.domain().withdraw_digest(span));
        let call = withdrawCall {
            r: call_of(recording),
            signer: Bytes::copy_from_slice(key.signer().as_bytes()),
            proof: roster.proof(&key.signer().hash()).unwrap(),
            signature: Bytes::copy_from_slice(signature.unwrap().as_bytes()),
        };
        let call = ConsentCall::Withdraw(call).encode().unwrap();
        ToWithdraw { span, valid_until: recording.valid_until, waits, through: None, call }
    }

    /// Send it; the block that takes it is not final.
    pub(crate) async fn withdraw(&self, kept: &ToWithdraw) {
        let Ok(ConsentCall::Withdraw(call)) = ConsentCall::decode(&kept.call) else { panic!("a withdrawal") };
        self.world.send(self.world.contracts.recording_consent, &call).await;
    }

    /// The key of a participant that signs.
    pub(crate) fn signer(of: u8) -> ConsentKey {
        consent_key(of)
    }
}

/// Serve routes to this machine.
pub(crate) async fn serve(routes: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
    url
}

/// A gateway to a member's blocks.
pub(crate) async fn gateway(of: &Member) -> String {
    serve(pars_blobs::gateway::routes(Arc::new(of.blobs.clone()))).await
}

/// A seat that speaks.
pub(crate) struct Voice {
    seat: SeatNo,
    sealer: Sealer,
    said: u32,
}

fn sender_keys(epoch: u32, seat: SeatNo) -> SenderKeys {
    let (hash, secret) = (EpochHash([epoch as u8; 32]), EpochSecret::from_bytes([0xe0 + epoch as u8; 32]));
    SenderKeys::derive(&hash, &secret, seat, &[seat.0 as u8; 16])
}

pub(crate) fn name(seat: u16) -> String {
    format!("{seat:016x}")
}

/// Keys of an epoch with these seats, as the recorder's member says them.
pub(crate) fn keys(epoch: u32, seats: &[u16]) -> (EpochKeys, Vec<SeatView>) {
    let keys =
        |seat: &u16| SeatKeys { seat: SeatNo(*seat), identity: name(*seat), keys: sender_keys(epoch, SeatNo(*seat)) };
    let view = |seat: &u16| SeatView {
        seat: SeatNo(*seat),
        identity: name(*seat),
        account: None,
        role: Role::Member,
        leads: false,
        verified: true,
        hand: false,
        muted: false,
        live: true,
        unshared: false,
    };
    let keys = EpochKeys {
        epoch,
        index: epoch as u8,
        hash: EpochHash([epoch as u8; 32]),
        seats: seats.iter().copied().map(SeatNo).collect(),
        keys: seats.iter().map(keys).collect(),
        own: None,
    };
    (keys, seats.iter().map(view).collect())
}

impl Voice {
    /// A seat in an epoch.
    pub(crate) fn new(epoch: u32, seat: u16) -> Self {
        let sealer = Sealer::new(epoch as u8, &sender_keys(epoch, SeatNo(seat)).media);
        Self { seat: SeatNo(seat), sealer, said: 0 }
    }

    /// It goes on in another epoch, under this index.
    pub(crate) fn go_on(&mut self, index: u8, epoch: u32) {
        self.sealer.rekey(index, &sender_keys(epoch, self.seat).media).unwrap();
    }

    /// The next packet of 20 ms on a track of the server, sealed; it says whose it is.
    pub(crate) fn say(&mut self, track: &str) -> Heard {
        self.said += 1;
        // As large as a frame of speech is not, so that chunks fill.
        let mut packet = vec![0xf8, self.seat.0 as u8];
        packet.resize(1_000, 0x77);
        let bytes = self.sealer.frame(Kind::Opus, 7, &packet).unwrap();
        Heard::Frame { track: track.to_owned(), codec: Codec::Opus, rtp: self.said * 960, bytes }
    }

    /// The next picture, 30 a second, sealed, and as it was; a key frame is 64 × 48 (RFC 6386 section 9.1).
    pub(crate) fn show(&mut self, track: &str, is_key: bool) -> (Heard, Vec<u8>) {
        self.said += 1;
        let mut picture = if is_key { vec![0x10, 0, 0, 0x9d, 0x01, 0x2a, 64, 0, 48, 0] } else { vec![0x11, 0, 0] };
        picture.extend(self.said.to_be_bytes());
        picture.resize(3_000, 0x55);
        let bytes = self.sealer.frame(Kind::Vp8, 8, &picture).unwrap();
        (Heard::Frame { track: track.to_owned(), codec: Codec::Vp8, rtp: self.said * 3_000, bytes }, picture)
    }

    /// So many packets.
    pub(crate) fn speak(&mut self, capture: &mut Capture, track: &str, packets: u32) {
        for _ in 0..packets {
            let heard = self.say(track);
            capture.heard(heard, BEGAN_MS + u64::from(self.said) * 20).unwrap();
        }
    }
}

/// The server says whose a track is.
pub(crate) fn track(track: &str, owner: u16) -> Heard {
    Heard::Track { track: track.to_owned(), owner: name(owner) }
}
