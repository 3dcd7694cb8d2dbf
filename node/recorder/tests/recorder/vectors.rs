//! The committed vectors of a sealed file, `tests/vectors/room/recording_file.json`: bless with `PARS_BLESS=1`.

use pars_crypto::hash::sha3;
use pars_crypto::secret::RecordingKey;
use pars_recorder::seal::{Ending, Opener, Sealer};
use serde_json::{Value, json};

use crate::media::written;
use crate::spans::seeded;

/// Text of a vector: byte `i` is `i * 31 + i / 256`, its lower eight bits.
fn text(size: usize) -> Vec<u8> {
    (0..size).map(|i| (i * 31 + i / 256) as u8).collect()
}

fn file(name: &str, text: &[u8]) -> Value {
    let (key, recording) = ([0x11; 32], [0x22; 32]);
    let (id, mut sealer) = Sealer::begin(&RecordingKey::from_bytes(key), &recording, &mut seeded(text.len() as u64));
    let mut sealed = sealer.push(text).unwrap();
    sealed.extend(sealer.finish().unwrap());
    let mut opener = Opener::begin(&RecordingKey::from_bytes(key), &recording, id, Ending::Whole);
    let mut opened = opener.push(&sealed).unwrap().to_vec();
    opened.extend_from_slice(&opener.finish().unwrap().0);
    assert_eq!(opened, text);
    let chunks: Vec<_> = sealed.chunks(pars_crypto::chunks::CHUNK).map(|chunk| hex::encode(sha3(&[chunk]))).collect();
    json!({
        "name": name,
        "key": hex::encode(key),
        "recording": hex::encode(recording),
        "id": hex::encode(id.0),
        "size": text.len(),
        "textHash": hex::encode(sha3(&[text])),
        "sealedSize": sealed.len(),
        "chunkHashes": chunks,
        "sealed": if sealed.len() <= 256 { Some(hex::encode(&sealed)) } else { None },
    })
}

#[test]
fn sealed_files_are_what_the_vectors_say() {
    let sizes = [0, 1, 200, 65_519, 65_520, 65_521, 131_040, 131_041];
    let files: Vec<_> = sizes.iter().map(|size| file(&format!("{size} bytes"), &text(*size))).collect();
    let webm = [("opus", pars_recorder::webm::Codec::Opus), ("vp8", pars_recorder::webm::Codec::Vp8)];
    let webm: Vec<_> = webm
        .into_iter()
        .map(|(name, codec)| json!({ "name": name, "frames": 60, "bytes": hex::encode(written(codec, 60)) }))
        .collect();
    let now = json!({ "files": files, "webm": webm });
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/vectors/room/recording_file.json");
    if std::env::var_os("PARS_BLESS").is_some() {
        std::fs::write(path, serde_json::to_string_pretty(&now).unwrap() + "\n").unwrap();
    }
    let committed: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    assert_eq!(committed, now);
}
