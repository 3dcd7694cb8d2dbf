//! Tunnels: the host's key decides who is reached; whoever only connects is soon gone.

use std::sync::Arc;
use std::time::Duration;

use pars_crypto::suite::Libcrux;
use pars_daemon::net::capture::Capture;
use pars_daemon::random;
use pars_daemon::room::tunnel::dial::{DialError, Dialer};
use pars_daemon::room::tunnel::records::Records;
use pars_daemon::room::tunnel::serve::{FromLink, Links, Listener};
use pars_e2e::capture::tunnel::{Kind, streams};
use pars_identity::IdentityId;
use pars_identity::device::DeviceId;
use pars_proto::room::{HostEntry, HostSecrets, Reach};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::time::timeout;

/// Generous: a loaded machine is slow, a link that nobody tells of never comes.
const PATIENCE: Duration = Duration::from_secs(60);
/// What a host answers to a join and to its attach: the second says that the seat stands.
const ANSWERS: [&[u8]; 2] = [b"\x02reply", b"\x04\x00"];

fn entry(secrets: &HostSecrets, listener: &Listener) -> HostEntry {
    let reach = Reach::Direct(listener.address);
    HostEntry { x_pk: secrets.x_pk(), s_vk: secrets.s_vk(), session: IdentityId([0; 32]), reach }
}

fn host() -> (HostSecrets, Listener) {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let secrets = HostSecrets::generate(&Libcrux, &mut random::system());
    let listener = Listener::bind(([127, 0, 0, 1], 0).into(), secrets.seeds().1).unwrap();
    (secrets, listener)
}

#[tokio::test]
async fn whoever_answers_with_another_key_is_not_the_host() {
    let ((secrets, listener), (others, _other)) = (host(), host());
    let (true_entry, swapped) = (entry(&secrets, &listener), entry(&others, &listener));
    let (packets, _from) = mpsc::channel(8);
    tokio::spawn(listener.serve((Links::default(), Records::default()), packets, ([127, 0, 0, 1], 9).into()));
    let dialer = Dialer::new().unwrap();
    assert!(dialer.dial(&true_entry).await.is_ok());
    assert!(matches!(dialer.dial(&swapped).await, Err(DialError::OtherKey)));
}

#[tokio::test]
async fn packets_go_both_ways_and_signalling_only_after_the_host_has_answered() {
    let (secrets, mut listener) = host();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tunnels");
    let (capture, written) = Capture::start(&file).await.unwrap();
    listener.capture = Some(capture);
    let entry = entry(&secrets, &listener);
    let sfu = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (links, (packets, mut from)) = (Links::default(), mpsc::channel(8));
    let serving = tokio::spawn(listener.serve((links.clone(), Records::default()), packets, sfu.local_addr().unwrap()));
    let dialer = Arc::new(Dialer::new().unwrap());
    let stranger = dialer.dial(&entry).await.unwrap();
    let mut stream = stranger.signalling().await.unwrap();
    let _ = stream.write_all(b"GET /").await;
    assert!(stream.read_u8().await.is_err(), "a stranger has no way to the SFU");
    let tunnel = dialer.dial(&entry).await.unwrap();
    let (mut send, mut recv) = tunnel.control().await.unwrap().split();
    send.send(b"join").await.unwrap();
    let link = loop {
        match from.recv().await.unwrap() {
            FromLink::Packet(link, packet) => {
                assert_eq!(packet, b"join");
                break link;
            }
            FromLink::Gone(_) => {}
        }
    };
    for packet in ANSWERS {
        links.send(link, packet.to_vec());
        assert_eq!(recv.recv().await.unwrap().as_deref(), Some(packet));
    }
    let mut stream = tunnel.signalling().await.unwrap();
    stream.write_all(b"hello").await.unwrap();
    let (mut server, _) = sfu.accept().await.unwrap();
    let mut heard = [0; 5];
    server.read_exact(&mut heard).await.unwrap();
    assert_eq!(&heard, b"hello");
    server.write_all(b"world").await.unwrap();
    stream.read_exact(&mut heard).await.unwrap();
    assert_eq!(&heard, b"world");
    links.end(link);
    assert_eq!(recv.recv().await.unwrap(), None, "the host ended the link");

    serving.abort();
    written.await.unwrap();
    let seen = streams(&pars_e2e::capture::Capture::read(&file).unwrap()).unwrap();
    let mut seen: Vec<_> = seen.iter().map(|of| (of.kind, of.came.as_slice(), of.sent.as_slice())).collect();
    seen.sort_unstable();
    let answers = ANSWERS.concat();
    let expected: [(Kind, &[u8], &[u8]); 3] =
        [(Kind::Control, b"join", &answers), (Kind::Signalling, b"", b""), (Kind::Signalling, b"hello", b"world")];
    assert_eq!(seen, expected, "a capture holds what each stream carried");
}

#[tokio::test]
async fn a_stream_that_comes_before_the_hosts_answer_is_reset_and_its_tunnel_stays() {
    let (secrets, listener) = host();
    let entry = entry(&secrets, &listener);
    let sfu = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (links, (packets, mut from)) = (Links::default(), mpsc::channel(8));
    tokio::spawn(listener.serve((links.clone(), Records::default()), packets, sfu.local_addr().unwrap()));
    let dialer = Dialer::new().unwrap();
    let tunnel = dialer.dial(&entry).await.unwrap();
    let (identity, device) = (IdentityId([1; 32]), DeviceId([2; 16]));
    // More of them than may be open at once.
    for _ in 0..32 {
        assert!(tunnel.get(identity, device).await.is_err(), "that nobody answers does not say that nothing is served");
        assert!(tunnel.signalling().await.unwrap().read_u8().await.is_err(), "a stranger has no way to the SFU");
    }
    let (mut send, mut recv) = tunnel.control().await.unwrap().split();
    send.send(b"join").await.unwrap();
    let Some(FromLink::Packet(link, _)) = from.recv().await else { panic!("the link does not stand") };
    for packet in ANSWERS {
        links.send(link, packet.to_vec());
        recv.recv().await.unwrap().unwrap();
    }
    assert_eq!(tunnel.get(identity, device).await.unwrap(), None, "the host says that it serves none");
    let mut stream = tunnel.signalling().await.unwrap();
    stream.write_all(b"hello").await.unwrap();
    let mut heard = [0; 5];
    sfu.accept().await.unwrap().0.read_exact(&mut heard).await.unwrap();
    assert_eq!(&heard, b"hello");
}

/// Two threads: the task of a connection and that of its control stream hear of the end at once, in any order.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_machine_hears_of_the_end_of_every_link() {
    const LINKS: usize = 64;
    let (secrets, listener) = host();
    let entry = entry(&secrets, &listener);
    let (packets, mut from) = mpsc::channel(8);
    tokio::spawn(listener.serve((Links::default(), Records::default()), packets, ([127, 0, 0, 1], 9).into()));
    let dialer = Dialer::new().unwrap();
    for _ in 0..LINKS {
        let tunnel = dialer.dial(&entry).await.unwrap();
        let (mut send, recv) = tunnel.control().await.unwrap().split();
        send.send(b"join").await.unwrap();
        let Some(FromLink::Packet(link, _)) = from.recv().await else { panic!("the link does not stand") };
        tunnel.close();
        drop((send, recv));
        let said = timeout(PATIENCE, from.recv()).await.expect("nobody said that a link is gone");
        let Some(FromLink::Gone(gone)) = said else { panic!("the link said more") };
        assert_eq!(gone, link);
    }
}
