//! TH-K9: a gateway and an IPFS node that answer with something else than what they were asked for.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use chacha20::ChaCha20Rng;
use chacha20::rand_core::{Rng, SeedableRng};
use pars_blobs::{BlobSource, BlobStore, Kubo, Trustless};
use pars_blocks::{Block, Cid, Codec, MAX_BLOCK, Profile};

use crate::support::{bytes, file, raw, serve};

/// Altered answers (TH-K9).
const LIES: usize = 1_000;
const SEED: u64 = 20_261_121;

type Answer = Arc<Mutex<(u16, Vec<u8>)>>;

/// A server that answers everything with what stands in the mutex.
async fn liar() -> (String, Answer) {
    let answer = Answer::default();
    let given = answer.clone();
    let say = move || {
        let (status, body) = given.lock().unwrap().clone();
        async move { (StatusCode::from_u16(status).unwrap(), body).into_response() as Response }
    };
    (serve(Router::new().fallback(say)).await, answer)
}

/// The ways to change the bytes of a block.
const KINDS: usize = 9;

/// Other bytes than these, of one kind, at a random place.
fn altered(right: &[u8], kind: usize, random: &mut impl Rng) -> (u16, Vec<u8>) {
    let at = random.next_u64() as usize % right.len();
    let mut body = right.to_vec();
    match kind {
        0 => body[at] ^= 1 << (at % 8),
        1 => body.truncate(at),
        2 => body.insert(at, body[at].wrapping_add(1)),
        3 => drop(body.remove(at)),
        4 => body.rotate_left(1 + at % (right.len() - 1)),
        5 => body = raw(&[right, b"other"].concat()).into_data(),
        6 => body.fill(0),
        7 => body.resize(MAX_BLOCK + 1, 0),
        // The right bytes, but not as an answer.
        _ => return (500, body),
    }
    (200, body)
}

#[tokio::test]
async fn a_thousand_altered_blocks_are_refused_by_each_client() {
    println!("seed {SEED}");
    let mut random = ChaCha20Rng::seed_from_u64(SEED);
    let (url, answer) = liar().await;
    let (kubo, gateway) = (Kubo::new(&url).unwrap(), Trustless::new(&url).unwrap());
    let clients: [&dyn BlobSource; 2] = [&kubo, &gateway];
    let node = file(&bytes(300_000)).1.pop().unwrap();
    assert_eq!(node.cid().codec(), Codec::DagPb);
    for block in [raw(&bytes(700)), node] {
        for client in clients {
            *answer.lock().unwrap() = (200, block.data().to_vec());
            assert_eq!(client.get(block.cid()).await.unwrap(), block, "the honest answer");
        }
        for lie in 0..LIES / 2 {
            let lies = altered(block.data(), lie % KINDS, &mut random);
            assert_ne!(lies, (200, block.data().to_vec()), "a lie of kind {} that is none", lie % KINDS);
            *answer.lock().unwrap() = lies;
            for client in clients {
                let refused = client.get(block.cid()).await;
                assert!(refused.is_err(), "lie {lie} of kind {} was taken by {client:?}", lie % KINDS);
            }
        }
    }
}

#[tokio::test]
async fn a_file_that_the_node_put_together_in_another_way_is_refused() {
    let mut random = ChaCha20Rng::seed_from_u64(SEED);
    let (url, answer) = liar().await;
    let kubo = Kubo::new(&url).unwrap();
    let content = bytes(900);
    let root = file(&content).0.cid;
    *answer.lock().unwrap() = (200, content.clone());
    assert_eq!(kubo.cat(root, Profile::KUBO_CID_V1).await.unwrap(), content);
    for lie in 0..180 {
        *answer.lock().unwrap() = altered(&content, lie % KINDS, &mut random);
        assert!(kubo.cat(root, Profile::KUBO_CID_V1).await.is_err(), "kind {}", lie % KINDS);
    }
}

#[tokio::test]
async fn a_node_that_names_what_it_stored_otherwise_is_refused() {
    let (url, answer) = liar().await;
    let kubo = Kubo::new(&url).unwrap();
    let block = raw(b"hello world");
    let (right, other) = (block.cid(), raw(b"other").cid());
    let say = |text: String| *answer.lock().unwrap() = (200, text.into_bytes());
    let blocks: [Block; 1] = [block.clone()];
    let wrong: [(Cid, usize); 2] = [(other, 11), (right, 12)];
    for (cid, size) in wrong {
        say(format!("{{\"Key\":\"{cid}\",\"Size\":{size}}}"));
        assert!(kubo.put(block.clone()).await.is_err());
        say(format!("{{\"Name\":\"x\",\"Hash\":\"{cid}\",\"Size\":\"{size}\"}}\n"));
        assert!(kubo.add(b"hello world", Profile::KUBO_CID_V1).await.is_err());
    }
    say(format!("{{\"Key\":\"{other}\",\"Size\":11}}"));
    assert!(kubo.stat(right).await.is_err());
    for pins in [format!("\"{other}\""), String::new(), format!("\"{right}\",\"{other}\"")] {
        say(format!("{{\"Pins\":[{pins}]}}"));
        assert!(kubo.pin(right).await.is_err() && kubo.unpin(right).await.is_err());
    }
    for (cid, error) in [(other, ""), (right, "not enough room")] {
        say(format!("{{\"Root\":{{\"Cid\":{{\"/\":\"{cid}\"}},\"PinErrorMsg\":\"{error}\"}}}}\n"));
        assert!(kubo.import(right, &blocks).await.is_err());
    }
    for text in ["", "{}", "null", "<html>", "{\"Key\":1}", "[[[[["] {
        say(text.to_owned());
        assert!(kubo.put(block.clone()).await.is_err() && kubo.import(right, &blocks).await.is_err());
        assert!(kubo.add(b"hello world", Profile::KUBO_CID_V1).await.is_err());
    }
}
