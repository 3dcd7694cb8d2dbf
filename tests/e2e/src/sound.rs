//! Sound for microphones, and what is left of it in a file that was recorded: read by ffmpeg and ffprobe, which are not ours.

use std::{io::Write as _, path::Path};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use crate::{ogg, tool};

/// Samples a second of what a microphone hears.
const RATE: u32 = 48_000;
/// A quarter of full scale.
const LOUD: f64 = 8_192.0;
/// Samples a second of what is read back.
const READ_RATE: usize = 8_000;
/// Milliseconds of one piece of what is read back.
const PIECE_MS: usize = 100;
/// Root of the mean square, of 32,768, from which a piece is sound.
const HEARD: f64 = 300.0;
/// The part of a piece's energy that a pitch has if the piece is that tone: what coding and gain leave of nearly all.
const ITS_TONE: f64 = 0.5;

/// A second of tones of the same length one after the other, in Hz, which a browser repeats: RIFF WAVE, PCM of 16 bits, one
/// channel.
pub fn wave(pitches: &[f64]) -> Vec<u8> {
    let each = RATE as usize / pitches.len().max(1);
    let sample =
        |pitch: f64, n: u32| ((f64::from(n) * pitch * std::f64::consts::TAU / f64::from(RATE)).sin() * LOUD) as i16;
    let tones = pitches.iter().flat_map(|pitch| (0..RATE).take(each).map(|n| sample(*pitch, n)));
    let data: Vec<u8> = tones.flat_map(i16::to_le_bytes).collect();
    let length = data.len() as u32;
    let mut file = [&b"RIFF"[..], &(36 + length).to_le_bytes(), b"WAVEfmt ", &16_u32.to_le_bytes()].concat();
    for half in [1_u16, 1] {
        file.extend_from_slice(&half.to_le_bytes());
    }
    file.extend_from_slice(&RATE.to_le_bytes());
    file.extend_from_slice(&(RATE * 2).to_le_bytes());
    for half in [2_u16, 16] {
        file.extend_from_slice(&half.to_le_bytes());
    }
    [&file[..], b"data", &length.to_le_bytes(), &data].concat()
}

/// What ffprobe says of a file: `format` and `streams`, packets counted. Anything it complains about is an error.
pub fn probe(file: &Path) -> Result<Value> {
    let path = file.display().to_string();
    let words = ["-v", "error", "-count_packets", "-of", "json", "-show_format", "-show_streams", &path];
    let output = tool::run(Path::new("ffprobe"), &words).context("install ffmpeg (Debian: apt-get install ffmpeg)")?;
    ensure!(output.status.success() && output.stderr.is_empty(), "ffprobe: {}", tool::said(&output));
    tool::document(&output)
}

/// The sound of a file in pieces of a tenth of a second from the time at which the file begins; where it has no frames, silence.
pub fn pieces(file: &Path) -> Result<Vec<Piece>> {
    read(file, &[])
}

/// The same of what a decoder of Opus makes of packets, whatever they are: those that it cannot decode are no error.
pub fn decoded(packets: &[&[u8]]) -> Result<Vec<Piece>> {
    let mut file = tempfile::Builder::new().suffix(".ogg").tempfile()?;
    let whole: Vec<&[u8]> = packets.iter().copied().filter(|packet| is_packet(packet)).collect();
    file.write_all(&ogg::file(&whole))?;
    read(file.path(), &["-max_error_rate", "1"])
}

/// Whether it can be a packet of Opus by its first bytes (RFC 6716 section 3.4). A reader of Ogg ends at one that cannot, as the
/// empty ones are by which browsers try what a line carries.
fn is_packet(packet: &[u8]) -> bool {
    match packet {
        [] => false,
        [first, more @ ..] => first & 3 != 3 || more.first().is_some_and(|count| (1..=48).contains(&(count & 63))),
    }
}

fn read(file: &Path, more: &[&str]) -> Result<Vec<Piece>> {
    let (path, rate) = (file.display().to_string(), READ_RATE.to_string());
    let whole = ["-v", "error", "-i", &path, "-af", "aresample=async=1:min_hard_comp=0.02:first_pts=0"];
    let words = [more, &whole[..], &["-ac", "1", "-ar", &rate, "-f", "s16le", "-"]].concat();
    let output = tool::run(Path::new("ffmpeg"), &words).context("install ffmpeg (Debian: apt-get install ffmpeg)")?;
    if !output.status.success() {
        bail!("ffmpeg: {}", tool::said(&output));
    }
    let samples: Vec<f64> =
        output.stdout.as_chunks::<2>().0.iter().map(|two| i16::from_le_bytes(*two).into()).collect();
    Ok(samples.chunks(READ_RATE * PIECE_MS / 1_000).map(|samples| Piece(samples.to_vec())).collect())
}

/// A tenth of a second of sound.
#[derive(Debug, Clone)]
pub struct Piece(Vec<f64>);

impl Piece {
    /// Whether something sounds.
    pub fn is_heard(&self) -> bool {
        (self.energy() / self.0.len().max(1) as f64).sqrt() > HEARD
    }

    /// Whether it is a tone of this pitch in Hz.
    pub fn is_tone(&self, pitch: f64) -> bool {
        self.is_heard() && self.share(pitch) > ITS_TONE
    }

    fn energy(&self) -> f64 {
        self.0.iter().map(|sample| sample * sample).sum()
    }

    /// The part of its energy at a pitch (one bin of a Fourier transform).
    fn share(&self, pitch: f64) -> f64 {
        let turn = pitch * std::f64::consts::TAU / READ_RATE as f64;
        let turned = self.0.iter().enumerate().map(|(n, sample)| (sample, (n as f64 * turn).sin_cos()));
        let (sine, cosine) =
            turned.fold((0.0, 0.0), |sum, (sample, (sin, cos))| (sum.0 + sample * sin, sum.1 + sample * cos));
        2.0 * (sine * sine + cosine * cosine) / (self.0.len() as f64 * self.energy()).max(1.0)
    }
}

#[cfg(test)]
mod tests {
    use sha2::{Digest, Sha256};

    use super::*;

    #[test]
    fn a_tone_is_known_by_its_pitch_and_silence_is_none() {
        let at = |pitch: f64, loud: f64| {
            Piece((0..800).map(|n| (f64::from(n) * pitch * std::f64::consts::TAU / 8_000.0).sin() * loud).collect())
        };
        assert!(at(440.0, 4_000.0).is_tone(440.0));
        assert!(!at(440.0, 4_000.0).is_tone(880.0) && at(440.0, 4_000.0).is_heard());
        assert!(!at(440.0, 50.0).is_heard() && !at(440.0, 50.0).is_tone(440.0));
    }

    #[test]
    fn packets_of_opus_are_decoded_and_rubbish_is_no_tone() {
        let directory = tempfile::tempdir().unwrap();
        let [tone, coded] = ["tone.wav", "tone.opus"].map(|name| directory.path().join(name));
        std::fs::write(&tone, wave(&[440.0])).unwrap();
        let [from, to] = [&tone, &coded].map(|path| path.display().to_string());
        let words = ["-v", "error", "-stream_loop", "9", "-i", &from, "-page_duration", "1", "-c:a", "libopus", &to];
        // Without ffmpeg nothing is read: xtask installs it.
        let Ok(output) = tool::run(Path::new("ffmpeg"), &words) else { return eprintln!("no ffmpeg here: not tried") };
        assert!(output.status.success(), "{}", tool::said(&output));
        // Pages of one packet each, behind those of head and tags: it ends where the next mark begins.
        let file = std::fs::read(&coded).unwrap();
        let starts: Vec<usize> = (0..file.len()).filter(|at| file[*at..].starts_with(b"OggS\0")).collect();
        let packets: Vec<&[u8]> = starts[2..]
            .iter()
            .zip(starts[3..].iter().chain([&file.len()]))
            .map(|(start, end)| &file[start + 27 + usize::from(file[start + 26])..*end])
            .collect();
        assert!(packets.len() > 400, "{} packets", packets.len());
        let begins = ogg::file(&[&packets[..10], &[&[]], &packets[10..]].concat());
        let broken = directory.path().join("broken.opus");
        std::fs::write(&broken, begins).unwrap();
        assert!(pieces(&broken).is_ok_and(|read| read.len() < 10), "a reader goes on behind what is no packet");
        let broken = [&packets[..10], &[&[], &[3], &[3, 0]], &packets[10..]].concat();
        let heard = decoded(&broken).unwrap();
        let tones = |of: &[Piece]| of.iter().filter(|piece| piece.is_tone(440.0)).count();
        assert!(tones(&heard) > 80, "{} of {}", tones(&heard), heard.len());
        // The first byte of a sealed packet is readable.
        let sealed = packets.iter().enumerate().map(|(n, packet)| {
            let stream = (0..).flat_map(|block: u32| Sha256::digest(format!("{n} {block}")));
            let body = packet[1..].iter().zip(stream).map(|(byte, pad)| byte ^ pad);
            std::iter::once(packet[0]).chain(body).collect::<Vec<u8>>()
        });
        let sealed: Vec<Vec<u8>> = sealed.collect();
        let heard = decoded(&sealed.iter().map(Vec::as_slice).collect::<Vec<_>>()).unwrap();
        assert!(heard.len() > 50 && tones(&heard) == 0, "{} of {}", tones(&heard), heard.len());
    }

    #[test]
    fn what_a_microphone_hears_is_read_back_in_its_order() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("sound.wav");
        std::fs::write(&file, wave(&[440.0, 880.0])).unwrap();
        // Without ffmpeg nothing is read: xtask installs it.
        let Ok(pieces) = pieces(&file) else { return eprintln!("no ffmpeg here: not tried") };
        assert_eq!(pieces.len(), 10);
        assert!(pieces[..4].iter().all(|piece| piece.is_tone(440.0)), "{pieces:?}");
        assert!(pieces[6..].iter().all(|piece| piece.is_tone(880.0)));
        assert_eq!(probe(&file).unwrap()["streams"][0]["codec_name"], "pcm_s16le");
    }
}
