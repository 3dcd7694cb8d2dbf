//! The gateway over HTTP, as the specification's requests and answers have it.

use std::fs;
use std::sync::Arc;

use pars_blobs::store::put_file;
use pars_blobs::{BlobError, BlobSource, BlobStore, Folder, Trustless, gateway};
use pars_blocks::car::{CarError, CarReader};
use pars_blocks::{Block, Cid, Profile, directory};
use reqwest::{Client, Method, Response};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{bytes, folder, raw, serve};

struct World {
    dir: tempfile::TempDir,
    store: Folder,
    url: String,
    http: Client,
}

impl World {
    async fn new() -> Self {
        let (dir, store) = folder();
        let url = serve(gateway::routes(Arc::new(store.clone()))).await;
        Self { dir, store, url, http: Client::new() }
    }

    async fn ask(&self, method: Method, path: &str, headers: &[(&str, &str)]) -> Response {
        let request = self.http.request(method, format!("{}{path}", self.url));
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        request.send().await.unwrap()
    }

    async fn get(&self, path: &str, headers: &[(&str, &str)]) -> Response {
        self.ask(Method::GET, path, headers).await
    }

    async fn status(&self, path: &str, headers: &[(&str, &str)]) -> u16 {
        self.get(path, headers).await.status().as_u16()
    }

    /// A request without any header of its own: the client always says what it accepts.
    async fn bare(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(self.url.trim_start_matches("http://")).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    async fn car(&self, path: &str) -> (Vec<Cid>, Vec<Block>) {
        let response = self.get(path, &[]).await;
        assert_eq!(response.status(), 200, "{path}");
        car(&response.bytes().await.unwrap()).unwrap()
    }
}

fn car(bytes: &[u8]) -> Result<(Vec<Cid>, Vec<Block>), CarError> {
    let (mut reader, mut blocks) = (CarReader::new(), Vec::new());
    reader.push(bytes, &mut blocks)?;
    Ok((reader.finish()?, blocks))
}

fn header<'a>(response: &'a Response, name: &str) -> &'a str {
    response.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

#[tokio::test]
async fn a_block_comes_with_what_the_specification_asks_for() {
    let world = World::new().await;
    let block = raw(b"hello world");
    let cid = block.cid();
    world.store.put(block).await.unwrap();
    let path = format!("/ipfs/{cid}");
    let asked = [
        world.get(&format!("{path}?format=raw"), &[]).await,
        world.get(&path, &[("accept", "application/vnd.ipld.raw")]).await,
        // The query wins over the header.
        world.get(&format!("{path}?format=raw"), &[("accept", "application/vnd.ipld.car")]).await,
    ];
    for (at, response) in asked.into_iter().enumerate() {
        assert_eq!((response.status().as_u16(), header(&response, "content-type")), (200, "application/vnd.ipld.raw"));
        assert_eq!(header(&response, "content-disposition"), format!("attachment; filename=\"{cid}.bin\""));
        assert_eq!(header(&response, "x-content-type-options"), "nosniff");
        assert_eq!(header(&response, "etag"), format!("\"{cid}.raw\""));
        assert_eq!(header(&response, "cache-control"), "public, max-age=29030400, immutable");
        assert_eq!((header(&response, "x-ipfs-path"), header(&response, "content-length")), (path.as_str(), "11"));
        let place = if at == 1 { format!("{path}?format=raw") } else { String::new() };
        assert_eq!(header(&response, "content-location"), place);
        assert_eq!(response.bytes().await.unwrap(), &b"hello world"[..]);
    }
    let head = world.ask(Method::HEAD, &format!("{path}?format=raw"), &[]).await;
    assert_eq!((head.status().as_u16(), header(&head, "content-length")), (200, "11"));
    for tag in [format!("\"{cid}.raw\""), format!("W/\"x\", W/\"{cid}.raw\""), "*".into()] {
        assert_eq!(world.status(&format!("{path}?format=raw"), &[("if-none-match", &tag)]).await, 304);
    }
    let other = [("if-none-match", "\"other.raw\"")];
    assert_eq!(world.status(&format!("{path}?format=raw"), &other).await, 200);
}

#[tokio::test]
async fn refusals_have_the_statuses_of_the_specification() {
    let world = World::new().await;
    let (here, missing) = (raw(b"here"), raw(b"missing").cid());
    let here = {
        world.store.put(here.clone()).await.unwrap();
        here.cid()
    };
    let accept = |value: &'static str| [("accept", value)];
    // No format at all, and formats that this gateway does not have.
    assert!(world.bare(&format!("/ipfs/{here}")).await.starts_with("HTTP/1.1 400 "));
    for other in [
        "*/*",
        "text/html",
        "application/vnd.ipfs.ipns-record",
        "application/vnd.ipld.raw;q=0",
        "application/vnd.ipld.car; version=2",
        "application/vnd.ipld.car; dups=y",
    ] {
        assert_eq!(world.status(&format!("/ipfs/{here}"), &accept(other)).await, 406, "{other}");
    }
    for (query, status) in [
        ("format=tar", 406),
        ("format=gif", 400),
        ("format=car&car-version=2", 406),
        ("format=car&dag-scope=some", 400),
        ("format=car&entity-bytes=1", 400),
        ("format=car&entity-bytes=4:*", 400),
        ("format=raw", 200),
        ("format=car", 200),
    ] {
        assert_eq!(world.status(&format!("/ipfs/{here}?{query}"), &[]).await, status, "{query}");
    }
    for path in [
        "/ipfs/Qmf412jQZiuVUtdgnB36FXFX7xg5V6KEbSJ4dpQuhkLyfD",
        "/ipfs/..%2f..%2fpins",
        &format!("/ipfs/{here}/name"),
        &format!("/ipfs/{}", here.to_string().to_uppercase()),
    ] {
        assert_eq!(world.status(&format!("{path}?format=car"), &[]).await, 400, "{path}");
    }
    for format in ["raw", "car"] {
        let path = format!("/ipfs/{missing}?format={format}");
        assert_eq!(world.status(&path, &[]).await, 404);
        assert_eq!(world.status(&path, &[("cache-control", "only-if-cached")]).await, 412);
        assert_eq!(world.ask(Method::HEAD, &path, &[]).await.status(), 404);
        assert_eq!(world.ask(Method::POST, &path, &[]).await.status(), 405);
    }
    assert_eq!(world.status(&format!("/ipns/{here}?format=raw"), &[]).await, 404);
    // The better offer of two wins.
    let both = "application/vnd.ipld.raw;q=0.5, application/vnd.ipld.car;order=dfs;q=0.9";
    let response = world.get(&format!("/ipfs/{here}"), &accept(both)).await;
    assert_eq!(header(&response, "content-type"), "application/vnd.ipld.car; version=1; order=dfs; dups=n");
}

#[tokio::test]
async fn a_car_holds_the_part_that_was_asked_for_in_the_order_of_the_file_and_no_block_twice() {
    let world = World::new().await;
    // Two leaves that are the same, and a third.
    let content = [vec![7; 2 * 262_144], bytes(100)].concat();
    let file = put_file(&world.store, Profile::KUBO_CID_V1, &content).await.unwrap();
    let (block, folder) = directory::build(&[("a", file), ("b", file)]).unwrap();
    world.store.put(block).await.unwrap();
    let (seven, last) = (raw(&vec![7; 262_144]).cid(), raw(&bytes(100)).cid());
    let of = |root: Cid, query: &str| format!("/ipfs/{root}?format=car{query}");
    let cases = [
        (of(folder.cid, ""), vec![folder.cid, file.cid, seven, last]),
        (of(folder.cid, "&dag-scope=entity"), vec![folder.cid]),
        (of(folder.cid, "&entity-bytes=0:5"), vec![folder.cid]),
        (of(file.cid, "&dag-scope=entity"), vec![file.cid, seven, last]),
        (of(file.cid, "&dag-scope=block"), vec![file.cid]),
        (of(file.cid, "&entity-bytes=0:0"), vec![file.cid, seven]),
        (of(file.cid, "&entity-bytes=524288:*"), vec![file.cid, last]),
        (of(file.cid, "&entity-bytes=-1:*"), vec![file.cid, last]),
        (of(file.cid, "&entity-bytes=262144:-101"), vec![file.cid, seven]),
        (of(file.cid, "&entity-bytes=9:8"), vec![file.cid]),
    ];
    let mut tags = Vec::new();
    for (path, expected) in cases {
        let (roots, blocks) = world.car(&path).await;
        let root: Cid = path["/ipfs/".len()..][..59].parse().unwrap();
        assert_eq!((roots, blocks.iter().map(Block::cid).collect::<Vec<_>>()), (vec![root], expected), "{path}");
        let head = world.ask(Method::HEAD, &path, &[]).await;
        assert_eq!(header(&head, "content-disposition"), format!("attachment; filename=\"{root}.car\""));
        tags.push(header(&head, "etag").to_owned());
    }
    assert!(tags.iter().all(|tag| tag.starts_with("W/\"")));
    assert_eq!(tags.iter().collect::<std::collections::BTreeSet<_>>().len(), tags.len());
}

#[tokio::test]
async fn what_is_damaged_or_missing_in_the_store_is_never_given() {
    let world = World::new().await;
    let root = put_file(&world.store, Profile::KUBO_CID_V1, &bytes(300_000)).await.unwrap().cid;
    let leaf = raw(&bytes(300_000)[262_144..]).cid();
    let name = leaf.to_string();
    let path = world.dir.path().join("blobs/blocks").join(&name[57..]).join(&name);
    for damage in [Some(vec![0; 37_856]), None] {
        match &damage {
            Some(other) => fs::write(&path, other).unwrap(),
            None => fs::remove_file(&path).unwrap(),
        }
        let status = if damage.is_some() { 500 } else { 404 };
        assert_eq!(world.status(&format!("/ipfs/{leaf}?format=raw"), &[]).await, status);
        // The CAR has begun when that shows: the connection is cut, with or without what was said so far.
        let asked = world.http.get(format!("{}/ipfs/{root}?format=car", world.url)).send();
        let got = async { asked.await?.bytes().await };
        assert!(got.await.is_err(), "a CAR that seems whole");
    }
}

#[tokio::test]
async fn the_probe_and_our_own_client_understand_it() {
    let world = World::new().await;
    let response = world.get("/ipfs/bafkqaaa?format=raw", &[]).await;
    assert_eq!((response.status().as_u16(), response.bytes().await.unwrap().len()), (200, 0));
    let response = world.get("/ipfs/bafkqaaa", &[("accept", "application/vnd.ipld.car")]).await;
    let bytes = response.bytes().await.unwrap();
    // Length 25, then a map of two.
    assert_eq!((bytes.len(), bytes[0], bytes[1]), (26, 25, 0xa2));
    assert_eq!(&bytes[11..17], [0x45, 0, 1, 0x55, 0, 0]);

    let block = raw(b"hello world");
    world.store.put(block.clone()).await.unwrap();
    let client = Trustless::new(&world.url).unwrap();
    assert_eq!(client.get(block.cid()).await.unwrap(), block);
    let missing = raw(b"missing").cid();
    assert!(matches!(client.get(missing).await, Err(BlobError::Missing(cid)) if cid == missing));
    for url in ["https://host", "ftp://host", "host:80", ""] {
        assert!(matches!(Trustless::new(url), Err(BlobError::Url(_))), "{url}");
    }
}
