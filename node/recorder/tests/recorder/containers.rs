//! The WebM files, read by an independent demuxer and by ffprobe.

use std::io::Cursor;

use matroska_demuxer::{Frame, MatroskaFile, TrackType};
use pars_recorder::webm::finish::Summary;
use pars_recorder::webm::{Codec, Taken, WebmError, Writer};
use proptest::prelude::*;
use webm_iterable::WebmIterator;
use webm_iterable::matroska_spec::{Master, MatroskaSpec as Tag};

use crate::media::{about, bytes, finished, frame, packet, picture, probe, written};

/// Times, key marks and bytes of all frames, as the demuxer gives them.
fn demuxed(file: &[u8]) -> Vec<(u64, Option<bool>, Vec<u8>)> {
    let mut file = MatroskaFile::open(Cursor::new(file)).unwrap();
    let (mut frame, mut frames) = (Frame::default(), Vec::new());
    while file.next_frame(&mut frame).unwrap() {
        frames.push((frame.timestamp, frame.is_keyframe, frame.data.clone()));
    }
    frames
}

fn expected(codec: Codec, count: usize) -> Vec<(u64, Option<bool>, Vec<u8>)> {
    let step = if codec == Codec::Opus { 20 } else { 40 };
    let is_key = |i: usize| codec == Codec::Opus || i.is_multiple_of(50);
    (0..count).map(|i| (700 + i as u64 * step, Some(is_key(i)), bytes(codec, i))).collect()
}

#[test]
fn every_frame_is_read_back_by_another_library() {
    for codec in [Codec::Opus, Codec::Vp8] {
        let raw = written(codec, 620);
        assert_eq!(demuxed(&raw), expected(codec, 620), "as it is sealed");
        let (file, summary) = finished(raw.clone()).unwrap();
        assert_eq!(demuxed(&file), expected(codec, 620), "finished");
        assert_eq!((summary.frames, summary.first_ms, summary.cut), (620, 700, 0));
        let parsed = MatroskaFile::open(Cursor::new(&file)).unwrap();
        assert_eq!(parsed.ebml_header().doc_type(), "webm");
        assert_eq!(parsed.info().duration(), Some(summary.last_ms as f64));
        assert_eq!(MatroskaFile::open(Cursor::new(&raw)).unwrap().info().duration(), None);
        let [track] = parsed.tracks() else { panic!("one track") };
        assert_eq!(track.name(), Some("00112233aabbccdd"));
        match codec {
            Codec::Opus => {
                assert_eq!((track.codec_id(), track.track_type()), ("A_OPUS", TrackType::Audio));
                assert_eq!(track.codec_private().unwrap(), b"OpusHead\x01\x02\0\0\x80\xbb\0\0\0\0\0");
            }
            Codec::Vp8 => {
                let video = track.video().unwrap();
                assert_eq!(
                    (track.codec_id(), video.pixel_width().get(), video.pixel_height().get()),
                    ("V_VP8", 64, 48)
                );
            }
        }
    }
}

#[test]
fn cues_lead_to_the_clusters() {
    for codec in [Codec::Opus, Codec::Vp8] {
        let (file, summary) = finished(written(codec, 620)).unwrap();
        let mut tags = WebmIterator::new(Cursor::new(&file), &[]);
        let (mut segment, mut clusters, mut cues, mut seeks) = (0, Vec::new(), Vec::new(), Vec::new());
        while let Some(tag) = tags.next() {
            let at = tags.last_emitted_tag_offset() as u64;
            match tag.unwrap() {
                // Behind its id of 4 bytes and its size of 8.
                Tag::Segment(Master::Start) => segment = at + 12,
                Tag::Cluster(Master::Start) => clusters.push((0, at - segment)),
                Tag::Timestamp(ms) => clusters.last_mut().unwrap().0 = ms,
                Tag::CueTime(ms) => cues.push((ms, 0)),
                Tag::CueClusterPosition(position) => cues.last_mut().unwrap().1 = position,
                Tag::SeekPosition(position) => seeks.push(usize::try_from(segment + position).unwrap()),
                _ => {}
            }
        }
        assert_eq!((clusters.len() as u64, &cues), (summary.clusters, &clusters));
        // Info, Tracks and Cues, by the first byte of their ids.
        assert_eq!(seeks.into_iter().map(|at| file[at]).collect::<Vec<_>>(), [0x15, 0x16, 0x1c]);
        let mut parsed = MatroskaFile::open(Cursor::new(&file)).unwrap();
        let mut frame = Frame::default();
        for at in [11_000, 9_000, 700] {
            parsed.seek(at).unwrap();
            assert!(parsed.next_frame(&mut frame).unwrap());
            assert!((at..=at + 40).contains(&frame.timestamp), "{at}: {}", frame.timestamp);
        }
    }
}

#[test]
fn ffprobe_reads_whole_and_torn_files() {
    let dir = tempfile::tempdir().unwrap();
    for codec in [Codec::Opus, Codec::Vp8] {
        let raw = written(codec, 620);
        let cut = raw.len() - 100;
        for (name, file) in [
            ("raw", raw.clone()),
            ("whole", finished(raw.clone()).unwrap().0),
            ("torn", finished(raw[..cut].to_vec()).unwrap().0),
        ] {
            let path = dir.path().join(format!("{codec:?}-{name}.webm"));
            std::fs::write(&path, &file).unwrap();
            let Some(said) = probe(&path) else {
                eprintln!("no ffprobe here: not tried");
                return;
            };
            let frames = demuxed(&file).len();
            let name = if codec == Codec::Opus { "opus" } else { "vp8" };
            for line in [
                format!("codec_name={name}"),
                format!("nb_read_packets={frames}"),
                "format_name=matroska,webm".to_owned(),
            ] {
                assert!(said.lines().any(|said| said == line), "{line} not in {said}");
            }
        }
    }
}

#[test]
fn a_file_cut_at_any_byte_keeps_the_clusters_before() {
    let raw = written(Codec::Vp8, 130);
    let whole = demuxed(&raw);
    let mut seen = std::collections::BTreeSet::new();
    for cut in 0..=raw.len() {
        match finished(raw[..cut].to_vec()) {
            Err(WebmError::Form(_)) => assert!(seen.is_empty(), "a head that was whole is none at {cut}"),
            Err(error) => panic!("{error}"),
            Ok((file, summary)) => {
                seen.insert(summary.frames);
                assert!(summary.cut < 4_096 && summary.frames <= 130);
                if summary.frames > 0 && (cut.is_multiple_of(61) || cut == raw.len()) {
                    assert_eq!(demuxed(&file), whole[..usize::try_from(summary.frames).unwrap()]);
                }
            }
        }
    }
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), [0, 50, 100, 130]);
}

#[test]
fn finishing_survives_every_changed_byte() {
    let raw = written(Codec::Opus, 30);
    let good = finished(raw.clone()).unwrap().1;
    let mut changed_summaries = 0;
    for at in 0..raw.len() {
        for bit in [0x01, 0x80, 0xff] {
            let mut changed = raw.clone();
            changed[at] ^= bit;
            if let Ok((file, summary)) = finished(changed) {
                assert!(file.len() <= raw.len() + 200);
                changed_summaries += u32::from(summary != good);
            }
        }
    }
    assert!(changed_summaries > 0);
}

#[test]
fn nothing_stands_before_the_first_key_frame_and_nothing_comes_twice() {
    let mut writer = Writer::new(about(Codec::Vp8));
    let push = |writer: &mut Writer, i: usize, bytes: &[u8]| writer.push(frame(Codec::Vp8, i, bytes)).unwrap();
    assert_eq!(push(&mut writer, 0, &picture(false, 0)), Taken::BeforeKey);
    // A key frame of no width is none.
    assert_eq!(push(&mut writer, 1, &[0x10, 0, 0, 0x9d, 0x01, 0x2a, 0, 0, 48, 0]), Taken::BeforeKey);
    assert_eq!(push(&mut writer, 2, &picture(true, 2)), Taken::Kept);
    assert_eq!(push(&mut writer, 2, &picture(true, 2)), Taken::Late);
    assert_eq!(push(&mut writer, 1, &picture(false, 1)), Taken::Late);
    assert_eq!(push(&mut writer, 3, &[]), Taken::Late);
    assert_eq!(push(&mut writer, 4, &picture(false, 4)), Taken::Kept);
    let huge = vec![0; pars_recorder::webm::MAX_FRAME + 1];
    assert!(matches!(writer.push(frame(Codec::Vp8, 5, &huge)), Err(WebmError::TooLarge(_))));
    let (_, summary) = finished(writer.finish().unwrap()).unwrap();
    assert_eq!(summary, Summary { clusters: 1, frames: 2, first_ms: 780, last_ms: 860, cut: 0 });
    assert_eq!(Writer::new(about(Codec::Opus)).finish().unwrap(), b"");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn packets_of_any_size_and_pause_come_back_in_their_time(
        packets in proptest::collection::vec((1_u32..400_000, 1_usize..2_000), 1..60),
    ) {
        let mut writer = Writer::new(about(Codec::Opus));
        let (mut ticks, mut wanted, mut file) = (0_u64, Vec::new(), Vec::new());
        for (step, size) in packets {
            ticks += u64::from(step);
            let bytes = packet().into_iter().cycle().take(size).collect::<Vec<_>>();
            let arrived_ms = ticks / 48;
            let frame = pars_recorder::webm::Frame { rtp: ticks as u32, arrived_ms, bytes: &bytes };
            prop_assert_eq!(writer.push(frame).unwrap(), Taken::Kept);
            wanted.push(bytes);
            file.extend(writer.take());
        }
        file.extend(writer.finish().unwrap());
        let (file, summary) = finished(file).unwrap();
        let frames = demuxed(&file);
        prop_assert_eq!(frames.iter().map(|(_, _, bytes)| bytes.clone()).collect::<Vec<_>>(), wanted);
        prop_assert!(frames.windows(2).all(|pair| pair[0].0 <= pair[1].0));
        // Two roundings: of the first arrival and of the ticks since.
        prop_assert!(summary.last_ms.abs_diff(ticks / 48) <= 1);
    }
}
