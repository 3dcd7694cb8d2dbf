//! What the tests record: frames that look like Opus and VP8, and files of them.

use std::io::Cursor;

use pars_recorder::webm::finish::{Summary, finish};
use pars_recorder::webm::{About, Codec, Frame, Taken, WebmError, Writer};

/// Unix milliseconds of the tests.
pub(crate) const BEGAN_MS: u64 = 1_750_000_000_000;

/// A track of this codec.
pub(crate) fn about(codec: Codec) -> About {
    About { codec, name: "00112233aabbccdd".to_owned(), began_ms: BEGAN_MS }
}

/// Opus packet `i` of 20 ms: one frame of silence in CELT (RFC 6716 section 3.1, configuration 31), which every decoder takes.
pub(crate) fn packet() -> [u8; 3] {
    [0xf8, 0xff, 0xfe]
}

/// A VP8 frame of 64 × 48 that has a true head and rubbish behind it.
pub(crate) fn picture(is_key: bool, i: usize) -> Vec<u8> {
    let mut frame = if is_key { vec![0x10, 0, 0, 0x9d, 0x01, 0x2a, 64, 0, 48, 0] } else { vec![0x11, 0, 0] };
    frame.extend((0..40 + i % 7).map(|j| (i + j) as u8));
    frame
}

/// RTP time and arrival of frame `i`, which begins 700 ms into the span.
pub(crate) fn frame(codec: Codec, i: usize, bytes: &[u8]) -> Frame<'_> {
    let (step, ms) = match codec {
        Codec::Opus => (960, 20),
        Codec::Vp8 => (3_600, 40),
    };
    let rtp = (i as u32).wrapping_mul(step).wrapping_sub(100_000);
    Frame { rtp, arrived_ms: 700 + i as u64 * ms, bytes }
}

/// Bytes of frame `i`: a key frame each 50 pictures.
pub(crate) fn bytes(codec: Codec, i: usize) -> Vec<u8> {
    match codec {
        Codec::Opus => packet().to_vec(),
        Codec::Vp8 => picture(i.is_multiple_of(50), i),
    }
}

/// The file of so many frames, as it is sealed.
pub(crate) fn written(codec: Codec, frames: usize) -> Vec<u8> {
    let mut writer = Writer::new(about(codec));
    let mut file = Vec::new();
    for i in 0..frames {
        assert_eq!(writer.push(frame(codec, i, &bytes(codec, i))).unwrap(), Taken::Kept);
        file.extend(writer.take());
    }
    file.extend(writer.finish().unwrap());
    file
}

/// Finish a file that lies in memory.
pub(crate) fn finished(file: Vec<u8>) -> Result<(Vec<u8>, Summary), WebmError> {
    let mut file = Cursor::new(file);
    let summary = finish(&mut file, |file, length| {
        file.get_mut().truncate(usize::try_from(length).unwrap());
        Ok(())
    })?;
    Ok((file.into_inner(), summary))
}

/// Whether `ffprobe` is there; it reads a file and gives what it says of it.
pub(crate) fn probe(path: &std::path::Path) -> Option<String> {
    let mut command = std::process::Command::new("ffprobe");
    command.args(["-v", "error", "-count_packets", "-of", "default=noprint_wrappers=1", "-show_entries"]);
    command.arg("format=format_name,duration:stream=codec_name,nb_read_packets,width,height").arg(path);
    let output = command.output().ok()?;
    assert!(output.status.success() && output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(String::from_utf8(output.stdout).unwrap())
}
