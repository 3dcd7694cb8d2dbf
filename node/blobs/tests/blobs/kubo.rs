//! The client of Kubo's RPC: against what js-ipfs answered once, and against js-ipfs itself.

use axum::Router;
use axum::http::StatusCode;
use pars_blobs::store::{check, read_file};
use pars_blobs::{BlobError, BlobSource, BlobStore, Kubo};
use pars_blocks::{Block, Bounds, Codec, Profile, Scope, directory};

use crate::exchange::{Exchange, Node, record, replay};
use crate::support::{bytes, file, raw, serve};

/// Everything the client does, in one order.
async fn exercise(kubo: &Kubo) {
    let hello = raw(b"hello world");
    kubo.put(hello.clone()).await.unwrap();
    assert_eq!(kubo.get(hello.cid()).await.unwrap(), hello);
    assert_eq!(kubo.stat(hello.cid()).await.unwrap(), Some(11));
    let (folder, root) = directory::build(&[("hello", file(b"hello world").0)]).unwrap();
    assert_eq!(folder.cid().codec(), Codec::DagPb);
    kubo.put(folder.clone()).await.unwrap();
    assert_eq!(kubo.get(root.cid).await.unwrap(), folder);

    kubo.pin(root.cid).await.unwrap();
    assert!(kubo.pins().await.unwrap().contains(&root.cid));
    kubo.unpin(root.cid).await.unwrap();
    kubo.unpin(root.cid).await.unwrap();
    assert!(!kubo.pins().await.unwrap().contains(&root.cid));

    let profile = Profile::KUBO_CID_V1;
    let large = bytes(300_000);
    assert_eq!(kubo.add(&large, profile).await.unwrap(), file(&large).0);
    assert_eq!(kubo.add(b"hello world", profile).await.unwrap().cid, hello.cid());
    assert_eq!(kubo.cat(hello.cid(), profile).await.unwrap(), b"hello world");

    // A file of three blocks in one CAR; the leaves are small, as no profile makes them.
    let blocks = small();
    let root = blocks[0].cid();
    kubo.import(root, &blocks).await.unwrap();
    assert!(kubo.pins().await.unwrap().contains(&root));
    check(kubo, root, Bounds::STORED).await.unwrap();
    let mut read = Vec::new();
    let whole = (Scope::Entity, Bounds::STORED);
    read_file(kubo, root, whole, |bytes| read.extend_from_slice(bytes)).await.unwrap();
    assert_eq!(read, b"left and right");
    let other = kubo.cat(root, profile).await.unwrap_err();
    assert!(matches!(other, BlobError::Answer("IPFS cat")), "{other}");
}

/// Root and leaves of a file of 14 bytes.
fn small() -> Vec<Block> {
    use pars_blocks::node::{Link, Node};
    use pars_blocks::unixfs::Unixfs;
    let leaves = [raw(b"left and "), raw(b"right")];
    let sizes: Vec<u64> = leaves.iter().map(|leaf| leaf.data().len() as u64).collect();
    let link = |leaf: &Block| Link { cid: leaf.cid(), name: String::new(), size: leaf.data().len() as u64 };
    let links = leaves.iter().map(link).collect();
    let node = Node { links, data: Unixfs::File { inline: Vec::new(), sizes }.encode() };
    let root = Block::new(Codec::DagPb, node.encode()).unwrap();
    [root].into_iter().chain(leaves).collect()
}

#[tokio::test]
async fn the_client_understands_what_js_ipfs_answered() {
    let (url, left) = replay(Exchange::recorded()).await;
    exercise(&Kubo::new(&url).unwrap()).await;
    assert_eq!(left(), 0, "requests of the recording that were not made");
}

/// In `deep`: `npm ci` in tests/ipfs first. With `PARS_RECORD` set it writes the recording anew.
#[tokio::test]
#[ignore = "needs js-ipfs: npm ci in tests/ipfs; the deep profile runs it"]
async fn the_client_works_with_js_ipfs_itself() {
    let node = Node::start();
    let (url, taken) = record(node.url()).await;
    exercise(&Kubo::new(&url).unwrap()).await;
    if std::env::var_os("PARS_RECORD").is_some() {
        taken().keep();
    }
    // What is recorded is what is said today.
    assert_eq!(taken().answers(), Exchange::recorded().answers());
}

#[tokio::test]
async fn sizes_are_numbers_or_strings_and_what_is_missing_is_said_as_kubo_says_it() {
    let hello = raw(b"hello world");
    let cid = hello.cid();
    for size in ["11", "\"11\""] {
        let answer = format!("{{\"Key\":\"{cid}\",\"Size\":{size}}}\n");
        let url = serve(Router::new().fallback(move || async { answer })).await;
        let kubo = Kubo::new(&url).unwrap();
        assert_eq!(kubo.stat(cid).await.unwrap(), Some(11));
        kubo.put(hello.clone()).await.unwrap();
    }
    let text = format!("block was not found locally (offline): ipld: could not find {cid}");
    let error = format!("{{\"Message\":\"{text}\",\"Code\":0,\"Type\":\"error\"}}");
    let answer = move || async { (StatusCode::INTERNAL_SERVER_ERROR, error) };
    let kubo = Kubo::new(&serve(Router::new().fallback(answer)).await).unwrap();
    assert!(matches!(kubo.get(cid).await, Err(BlobError::Missing(named)) if named == cid));
    assert_eq!(kubo.stat(cid).await.unwrap(), None);
    assert!(matches!(kubo.put(hello).await, Err(BlobError::Refused { status: 500, .. })));
    assert!(matches!(Kubo::new("http://127.0.0.1:9").unwrap().get(cid).await, Err(BlobError::Silent(_))));
}
