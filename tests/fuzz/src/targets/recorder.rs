//! Recordings of others: manifests, timelines, and the plain WebM files that a player finishes. Whoever recorded may have
//! sealed anything.

use std::io::Cursor;

use pars_blocks::{Cid, Codec as Form};
use pars_recorder::manifest::Manifest;
use pars_recorder::span::Timeline;
use pars_recorder::webm::finish::{Summary, finish};
use pars_recorder::webm::{About, Codec, Frame, WebmError, Writer, about};
use serde_json::{Value, json};

use super::circuits::json as read_again;
use crate::Outcome;
use crate::corpus::Seeds;

/// Bytes of a cue at most, and those of Cues around them.
const CUE: usize = 32;
const CUES: usize = 64;

/// A manifest: JSON has many texts for one value, but what is written again is that value.
pub(crate) fn manifest(bytes: &[u8]) -> Outcome {
    let decoded = Manifest::decode(bytes);
    if let Ok(manifest) = &decoded {
        assert!(manifest.profile().is_ok());
        let written = manifest.encode().expect("a manifest is JSON");
        assert_eq!(Manifest::decode(&written).expect("what was just written").encode().expect("JSON"), written);
        assert_eq!(&Manifest::decode(&written).expect("what was just written"), manifest);
    }
    Outcome::of(decoded.is_ok())
}

/// What happened when, out of the sealed file of track 0.
pub(crate) fn timeline(bytes: &[u8]) -> Outcome {
    read_again::<Timeline>(bytes)
}

fn finished(bytes: &[u8]) -> Result<(Summary, Vec<u8>), WebmError> {
    let mut file = Cursor::new(bytes.to_vec());
    let summary = finish(&mut file, |file, length| {
        file.get_mut().truncate(usize::try_from(length).expect("a length in memory"));
        Ok(())
    })?;
    Ok((summary, file.into_inner()))
}

/// A plain WebM, whole or cut off: finished, it is the same file up to its last cluster, with its cues behind it.
pub(crate) fn webm(bytes: &[u8]) -> Outcome {
    // What it says of itself is its own affair; to be asked does not panic.
    let _ = about(&mut Cursor::new(bytes));
    let Ok((summary, file)) = finished(bytes) else { return Outcome::Refused };
    let kept = bytes.len() - usize::try_from(summary.cut).expect("less than the file");
    assert!(summary.frames >= summary.clusters && summary.first_ms <= summary.last_ms, "{summary:?}");
    let clusters = usize::try_from(summary.clusters).expect("clusters in memory");
    let most = kept + if clusters == 0 { 0 } else { CUES + CUE * clusters };
    assert!((kept..=most).contains(&file.len()), "{} bytes of {kept} with {clusters} clusters", file.len());
    // Nothing is put anywhere a second time: its places are taken, or it has no cluster to point at.
    match finished(&file) {
        Err(WebmError::Form(_)) => assert!(clusters > 0, "an empty file cannot be read again"),
        again => assert_eq!(again.expect("in memory"), (Summary { cut: 0, ..summary }, file)),
    }
    Outcome::Accepted
}

fn recorded(codec: Codec, frames: u32) -> Vec<u8> {
    let mut writer = Writer::new(About { codec, name: "00112233aabbccdd".to_owned(), began_ms: 1_750_000_000_000 });
    // A packet of silence; the head of a key frame of 64 x 48.
    let (step, bytes): (u32, &[u8]) = match codec {
        Codec::Opus => (960, &[0xf8, 0xff, 0xfe]),
        Codec::Vp8 => (3_600, &[0x10, 0, 0, 0x9d, 0x01, 0x2a, 64, 0, 48, 0, 1, 2, 3]),
    };
    let mut file = Vec::new();
    for frame in 0..frames {
        let arrived_ms = 700 + u64::from(frame) * 20;
        writer.push(Frame { rtp: frame * step, arrived_ms, bytes }).expect("a small frame");
        file.extend(writer.take());
    }
    file.extend(writer.finish().expect("a small file"));
    file
}

fn whole() -> Value {
    let cid = Cid::of(Form::Raw, b"sealed").to_string();
    let segment = |segment: u32, id: &str| {
        let id = id.repeat(16);
        json!({ "segment": segment, "id": id, "cid": cid, "size": 65_536, "ending": "whole" })
    };
    let word = |digit: &str| digit.repeat(64);
    json!({
        "format": "pars-recording/1", "recording": word("1"), "span": word("2"), "consent": word("3"),
        "profile": "unixfs-v1-2025", "chunk": 65_536, "ending": "whole",
        "wraps": { "cid": cid, "size": 1_170 },
        "tracks": [
            { "track": 0, "segments": [segment(0, "0a")] },
            { "track": 3, "segments": [segment(0, "0b"), segment(1, "0c")] },
        ],
    })
}

fn timelines(seeds: &mut Seeds) {
    let whole = json!({
        "began_ms": 1_750_000_000_000_u64, "ended_ms": 60_000,
        "tracks": [{
            "track": 1, "seat": 3, "pseudonym": "00112233aabbccdd", "codec": "opus",
            "began_ms": 20, "ended_ms": 59_980, "frames": 2_998, "left_out": 1,
        }],
    });
    let mut changed = |name: &str, change: &dyn Fn(&mut Value)| {
        let mut timeline = whole.clone();
        change(&mut timeline);
        seeds.add("recorder-timeline", name, timeline.to_string());
    };
    changed("whole", &|_| {});
    changed("no-tracks", &|timeline| timeline["tracks"] = json!([]));
    changed("other-codec", &|timeline| timeline["tracks"][0]["codec"] = "vp9".into());
    changed("time-below-zero", &|timeline| timeline["ended_ms"] = (-1).into());
    changed("track-beyond", &|timeline| timeline["tracks"][0]["track"] = 65_536.into());
    changed("one-member-more", &|timeline| timeline["more"] = Value::Null);
}

pub(super) fn seeds(seeds: &mut Seeds) {
    timelines(seeds);
    let mut changed = |name: &str, change: &dyn Fn(&mut Value)| {
        let mut manifest = whole();
        change(&mut manifest);
        seeds.add("recorder-manifest", name, manifest.to_string());
    };
    changed("whole", &|_| {});
    changed("torn", &|manifest| manifest["ending"] = "torn".into());
    changed("other-format", &|manifest| manifest["format"] = "pars-recording/2".into());
    changed("chunk-of-no-size", &|manifest| manifest["chunk"] = 0.into());
    changed("tracks-out-of-order", &|manifest| manifest["tracks"][1]["track"] = 0.into());
    changed("one-id-twice", &|manifest| manifest["tracks"][0]["segments"][0]["id"] = "0b".repeat(16).into());
    changed("segment-beyond", &|manifest| manifest["tracks"][1]["segments"][1]["segment"] = u32::MAX.into());
    changed("one-member-more", &|manifest| manifest["more"] = Value::Null);
    let opus = recorded(Codec::Opus, 12);
    seeds.add_with(
        "recorder-webm",
        "opus",
        &opus,
        &[
            ("cut-in-its-cluster", &|bytes| bytes.truncate(bytes.len() - 2)),
            ("cut-in-its-head", &|bytes| bytes.truncate(150)),
            ("no-place-for-cues", &|bytes| bytes[48] = 0xbb),
        ],
    );
    // A cluster for each key frame.
    seeds.add("recorder-webm", "vp8", recorded(Codec::Vp8, 3));
}
