//! The gateway to stored blocks as a part of the daemon: only if asked for, to this machine, to no page of others.

use std::net::SocketAddr;

use pars_blobs::store::put_file;
use pars_blobs::{BlobSource, Folder, Trustless};
use pars_blocks::Profile;
use pars_daemon::args::Settings;

use crate::support::World;

#[tokio::test]
async fn the_gateway_serves_stored_blocks_to_this_machine_only_if_it_was_asked_for() {
    let world = World::start().await;
    let store = Folder::open(&world.datadir("a").join("blobs"), 1 << 20).unwrap();
    let root = put_file(&store, Profile::UNIXFS_V1_2025, b"a recording").await.unwrap().cid;
    drop(store);
    let any: SocketAddr = "127.0.0.1:0".parse().unwrap();
    let daemon = world.daemon("a", Settings { gateway: Some(any), ..world.settings() }).await;
    let url = daemon.ready().gateway.clone().unwrap();
    assert_eq!(Trustless::new(&url).unwrap().get(root).await.unwrap().data(), b"a recording");
    let http = reqwest::Client::new();
    for (name, value) in [("host", "attacker.example"), ("origin", "http://attacker.example")] {
        let request = http.get(format!("{url}/ipfs/{root}?format=raw")).header(name, value);
        assert_eq!(request.send().await.unwrap().status(), 403, "{name}");
    }
    daemon.stop().await.unwrap();
    assert!(http.get(&url).send().await.is_err(), "it has ended with the daemon");

    let daemon = world.member("b").await;
    assert!(daemon.ready().gateway.is_none());
    daemon.stop().await.unwrap();
}
