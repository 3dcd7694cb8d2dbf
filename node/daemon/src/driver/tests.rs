use libp2p::Multiaddr;
use pars_crypto::secret::StoreKey;
use pars_engine::Rows;
use pars_proto::onion::delay::Delay;

use super::*;
use crate::config::Network;
use crate::room::objects::ObjectClient;

fn parts() -> Parts {
    Parts {
        network: Network::Dev,
        delay: Delay::FAST,
        key: StoreKey::generate(&mut random::system()),
        service: None,
        addresses: Vec::new(),
        rows: Rows::default(),
    }
}

/// A network that does nothing, and its other end.
fn net() -> (Net, mpsc::Receiver<NetIn>, mpsc::Sender<NetOut>) {
    let ((to, inputs), (outputs, from)) = (mpsc::channel(1_024), mpsc::channel(1));
    let (objects, _) = ObjectClient::new();
    let (listen, ended) = (Multiaddr::empty(), tokio::spawn(async {}));
    let net = Net { to, from, listen, addresses: Vec::new(), objects, ended };
    (net, inputs, outputs)
}

#[tokio::test]
async fn an_identity_is_shown_to_nobody_before_its_rows_are_durable() {
    let (store, mut disk) = Running::held();
    let (net, _inputs, _outputs) = net();
    let (driver, Ends { handle, chain: _chain }) = Driver::new(parts(), store, net, Clock::start()).unwrap();
    let (stop, stopped) = oneshot::channel();
    let running = tokio::spawn(driver.run(stopped));
    let ask = |handle: Handle| async move { handle.create().await.map(drop) };
    let created = tokio::spawn(ask(handle.clone()));
    disk.given.wait_for(|given| *given > 0).await.unwrap();
    let reader = handle.clone();
    let shown = tokio::spawn(async move { reader.read(|node| node.member().is_some()).await });
    let again = tokio::spawn(ask(handle));
    // One thread: whatever can go on has gone on.
    for _ in 0..1_000 {
        tokio::task::yield_now().await;
    }
    assert!(!created.is_finished() && !shown.is_finished() && !again.is_finished());
    disk.durable.send_replace(true);
    created.await.unwrap().unwrap();
    assert!(shown.await.unwrap().unwrap());
    assert!(matches!(again.await.unwrap(), Err(CreateError::Exists)));
    drop(stop);
    running.await.unwrap().unwrap();
}
