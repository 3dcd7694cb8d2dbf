//! Media and data as the page's worker writes and reads them.

use pars_crypto::frame::{FrameIv, FrameKey, expand};
use pars_crypto::secret::SharedSecret;
use pars_proto::media::{Codec, Sealer};
use serde_json::{Value, json};

use super::hexed;

const SSRC: u32 = 0x8090_a0b0;

fn material(byte: u8) -> SharedSecret {
    SharedSecret::from_bytes([byte; 32])
}

/// A key frame and a delta frame of VP8, Opus packets, and an H264 access unit with short start codes.
pub(crate) fn clear_frames() -> Vec<(&'static str, Codec, Vec<u8>)> {
    let h264 = [&[0, 0, 0, 1, 0x67, 0x42, 0xe0, 0x1f, 0, 0, 1, 0x68, 0xce, 0, 0, 1, 0x65, 0xb8][..], &[0; 40]].concat();
    let counting = |first: u8, length: u8| [&[first][..], &(1..length).collect::<Vec<_>>()].concat();
    vec![
        ("opus", Codec::Opus, counting(0x78, 60)),
        ("opus", Codec::Opus, vec![0x78]),
        ("vp8", Codec::Vp8, counting(0x50, 200)),
        ("vp8", Codec::Vp8, counting(0x31, 90)),
        ("vp8", Codec::Vp8, counting(0x50, 10)),
        ("h264", Codec::H264, h264),
        ("h264", Codec::H264, [&[0, 0, 0, 1, 0x41, 0x9a][..], &[0, 0, 3, 1, 0, 0]].concat()),
    ]
}

fn frames() -> Vec<Value> {
    let mut made = Vec::new();
    for (index, byte) in [(0_u8, 0xa1), (255, 0xa2)] {
        let mut sealer = Sealer::new(index, &material(byte));
        for ((name, codec, frame), counter) in clear_frames().into_iter().zip(0_u32..) {
            let sealed = sealer.frame(codec, SSRC, &frame).expect("a frame");
            made.push(json!({
                "material": hexed(material(byte).expose()), "index": index, "codec": name, "ssrc": SSRC,
                "counter": counter, "frame": hexed(frame), "sealed": hexed(sealed),
            }));
        }
    }
    made
}

fn data() -> Vec<Value> {
    let mut sealer = Sealer::new(7, &material(0xa3));
    let payloads: [&[u8]; 3] = [b"\x12\x05hello", &[], &[0xff; 300]];
    let sealed = payloads.into_iter().zip(0_u32..).map(|(payload, counter)| {
        let sealed = sealer.data(payload).expect("data");
        json!({
            "material": hexed(material(0xa3).expose()), "index": sealed.key_index, "counter": counter,
            "payload": hexed(payload), "iv": hexed(sealed.iv), "sealed": hexed(sealed.payload),
        })
    });
    sealed.collect()
}

/// What a receiver that holds `material` under `index` must not play.
fn refused() -> Vec<Value> {
    let (index, key) = (4_u8, FrameKey::derive(&material(0xa4)));
    let iv = FrameIv::new(SSRC, 9);
    let good = [&[0x78][..], &key.seal(iv, &[0x78], b"sound"), &iv.0, &[12, index]].concat();
    let changed = |at: usize, to: u8| {
        let mut bytes = good.clone();
        bytes[at] = to;
        bytes
    };
    let (last, header) = (good.len() - 1, FrameKey::derive(&material(0xa5)));
    let cases = [
        ("clear frame", vec![0x78; 60]),
        ("empty frame", vec![]),
        ("header only", vec![0x78]),
        ("no room for tag and trailer", good[..29].to_vec()),
        ("changed header", changed(0, 0x79)),
        ("changed ciphertext", changed(1, good[1] ^ 1)),
        ("changed iv", changed(last - 3, good[last - 3] ^ 1)),
        ("iv length 11", changed(last - 1, 11)),
        ("index without a key", changed(last, index + 1)),
        ("other key", [&[0x78][..], &header.seal(iv, &[0x78], b"sound"), &iv.0, &[12, index]].concat()),
        ("header not authenticated", [&[0x78][..], &key.seal(iv, &[], b"sound"), &iv.0, &[12, index]].concat()),
    ];
    let cases = cases.into_iter().map(|(why, sealed)| {
        json!({
            "why": why, "material": hexed(material(0xa4).expose()), "index": index, "codec": "opus",
            "sealed": hexed(sealed),
        })
    });
    cases.collect()
}

pub(crate) fn media() -> Value {
    let kdf = [0, 1, 0xa1]
        .map(|byte| json!({ "material": hexed(material(byte).expose()), "key": hexed(*expand(&material(byte))) }));
    json!({ "kdf": kdf, "frames": frames(), "data": data(), "refused": refused() })
}
