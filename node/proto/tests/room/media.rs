//! Frames and data against a server that changes, repeats, injects and switches.

use pars_crypto::secret::SharedSecret;
use pars_proto::media::{Codec, MediaError, Opener, SealedData, Sealer};

use chacha20::ChaCha20Rng;
use chacha20::rand_core::Rng;

use crate::story::cast::source;
use crate::story::frames::clear_frames;

fn material(byte: u8) -> SharedSecret {
    SharedSecret::from_bytes([byte; 32])
}

fn ends() -> (Sealer, Opener) {
    let mut opener = Opener::default();
    opener.set(1, &material(1)).unwrap();
    (Sealer::new(1, &material(1)), opener)
}

#[test]
fn frames_of_every_codec_come_back() {
    let (mut sealer, mut opener) = ends();
    for (name, codec, frame) in clear_frames() {
        let sealed = sealer.frame(codec, 5, &frame).unwrap();
        let opened = opener.frame(codec, &sealed).unwrap();
        let long = if codec == Codec::H264 && frame.len() > 20 { 2 } else { 0 };
        assert_eq!(opened.len(), frame.len() + long, "{name}");
        assert!(long > 0 || opened == frame, "{name}");
    }
}

#[test]
fn no_bit_of_a_frame_can_be_changed() {
    for (name, codec, frame) in clear_frames() {
        let (mut sealer, mut opener) = ends();
        let sealed = sealer.frame(codec, 5, &frame).unwrap();
        for bit in 0..sealed.len() * 8 {
            let mut changed = sealed.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(opener.frame(codec, &changed).is_err(), "bit {bit} of {name}");
        }
        assert!(opener.frame(codec, &sealed).is_ok());
    }
}

#[test]
fn clear_empty_and_short_frames_are_neither_sent_nor_played() {
    let (mut sealer, mut opener) = ends();
    for (codec, header) in [(Codec::Opus, 1), (Codec::Vp8, 10)] {
        for length in 0..header {
            assert_eq!(sealer.frame(codec, 5, &vec![0; length]), Err(MediaError::Short));
        }
        assert!(sealer.frame(codec, 5, &vec![0; header]).is_ok());
        for length in 0..header + 14 {
            assert_eq!(opener.frame(codec, &vec![0; length]), Err(MediaError::Short), "{length}");
        }
    }
    assert_eq!(opener.frame(Codec::Opus, &[0x78; 100]), Err(MediaError::Trailer));
    let mut dressed = vec![0x78; 100];
    dressed[98..].copy_from_slice(&[12, 1]);
    assert_eq!(opener.frame(Codec::Opus, &dressed), Err(MediaError::Refused));
    assert_eq!(sealer.frame(Codec::H264, 5, &[0, 0, 1, 0x67, 1, 2]), Err(MediaError::NoSlice));
}

#[test]
fn the_replay_window_holds_1024_counters_for_each_source() {
    let (mut sealer, mut opener) = ends();
    let frames: Vec<_> = (0..1_100).map(|_| sealer.frame(Codec::Opus, 5, &[0x78, 1]).unwrap()).collect();
    let other = sealer.frame(Codec::Opus, 6, &[0x78, 1]).unwrap();
    assert!(opener.frame(Codec::Opus, &frames[1_099]).is_ok());
    assert_eq!(opener.frame(Codec::Opus, &frames[75]), Err(MediaError::Replayed));
    for late in [76, 500, 1_098] {
        assert!(opener.frame(Codec::Opus, &frames[late]).is_ok(), "{late}");
        assert_eq!(opener.frame(Codec::Opus, &frames[late]), Err(MediaError::Replayed));
    }
    assert!(opener.frame(Codec::Opus, &other).is_ok());
    assert_eq!(opener.frame(Codec::Opus, &other), Err(MediaError::Replayed));
}

#[test]
fn a_key_serves_64_sources() {
    let (mut sealer, mut opener) = ends();
    for ssrc in 0..64 {
        let sealed = sealer.frame(Codec::Opus, ssrc, &[0x78, 1]).unwrap();
        assert!(opener.frame(Codec::Opus, &sealed).is_ok());
    }
    assert_eq!(sealer.frame(Codec::Opus, 64, &[0x78, 1]), Err(MediaError::TooManySources));
    // Somebody who uses the sender's key with one source more.
    let mut second = Sealer::new(1, &material(1));
    let sealed = second.frame(Codec::Opus, 99, &[0x78, 1]).unwrap();
    assert_eq!(opener.frame(Codec::Opus, &sealed), Err(MediaError::TooManySources));
}

#[test]
fn epochs_change_keys_and_no_material_comes_back() {
    let (mut sealer, mut opener) = ends();
    let old = sealer.frame(Codec::Opus, 5, &[0x78, 1]).unwrap();
    sealer.rekey(2, &material(2)).unwrap();
    let new = sealer.frame(Codec::Opus, 5, &[0x78, 1]).unwrap();
    assert_ne!(old[1..], new[1..]);
    assert_eq!(opener.frame(Codec::Opus, &new), Err(MediaError::NoKey(2)));
    opener.set(2, &material(2)).unwrap();
    // Epochs overlap for a while.
    assert!(opener.frame(Codec::Opus, &new).is_ok() && opener.frame(Codec::Opus, &old).is_ok());
    opener.set(1, &material(1)).unwrap();
    assert_eq!(opener.frame(Codec::Opus, &old), Err(MediaError::Replayed));
    opener.remove(1);
    assert_eq!(opener.frame(Codec::Opus, &old), Err(MediaError::NoKey(1)));
    assert_eq!(opener.set(3, &material(2)), Err(MediaError::MaterialReused));
    assert_eq!(sealer.rekey(3, &material(1)), Err(MediaError::MaterialReused));
    assert_eq!(format!("{sealer:?} {opener:?}"), "Sealer(key 2, redacted) Opener(1 keys, redacted)");
}

#[test]
fn data_is_bound_to_its_iv_key_and_index_and_opens_once() {
    let (mut sealer, mut opener) = ends();
    let sealed = sealer.data(b"a packet").unwrap();
    assert_eq!(sealed.iv, [0; 12]);
    for bit in 0..sealed.payload.len() * 8 {
        let mut changed = sealed.clone();
        changed.payload[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(opener.data(&changed), Err(MediaError::Refused));
    }
    let counted = SealedData { iv: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1], ..sealed.clone() };
    assert_eq!(opener.data(&counted), Err(MediaError::Refused));
    let of_a_frame = SealedData { iv: [1; 12], ..sealed.clone() };
    assert_eq!(opener.data(&of_a_frame), Err(MediaError::Trailer));
    assert_eq!(opener.data(&SealedData { key_index: 2, ..sealed.clone() }), Err(MediaError::NoKey(2)));
    assert_eq!(opener.data(&SealedData { payload: vec![1; 15], ..sealed.clone() }), Err(MediaError::Short));
    assert_eq!(opener.data(&sealed).unwrap(), b"a packet");
    assert_eq!(opener.data(&sealed), Err(MediaError::Replayed));
    let next = sealer.data(b"a packet").unwrap();
    assert_eq!((next.iv[11], opener.data(&next).unwrap()), (1, b"a packet".to_vec()));
}

/// What a server that holds no epoch secret can do with what it carried: `genuine` of the sender, `others` of somebody else.
struct Liar {
    genuine: Vec<Vec<u8>>,
    others: Vec<Vec<u8>>,
    rng: ChaCha20Rng,
}

const LIES: usize = 8;

impl Liar {
    fn below(&mut self, limit: usize) -> usize {
        (self.rng.next_u64() % limit as u64) as usize
    }

    fn own(&mut self) -> Vec<u8> {
        let place = self.below(self.genuine.len());
        self.genuine[place].clone()
    }

    fn drawn(&mut self, length: usize) -> Vec<u8> {
        let mut bytes = vec![0; length];
        self.rng.fill_bytes(&mut bytes);
        bytes
    }

    fn lie(&mut self, kind: usize) -> Vec<u8> {
        let mut frame = self.own();
        let trailer = frame.len() - 14;
        match kind {
            // As it was, again.
            0 => {}
            // Another's, under the sender's name.
            1 => {
                let place = self.below(self.others.len());
                frame.clone_from(&self.others[place]);
            }
            2 => {
                let bit = self.below(frame.len() * 8);
                frame[bit / 8] ^= 1 << (bit % 8);
            }
            // Under another counter, another source, another frame's iv.
            3 => {
                let counter = 1_000_000 + self.below(1_000_000) as u64;
                frame[trailer + 4..trailer + 12].copy_from_slice(&counter.to_be_bytes());
            }
            4 => {
                let ssrc = self.drawn(4);
                frame[trailer..trailer + 4].copy_from_slice(&ssrc);
            }
            5 => {
                let other = self.own();
                // The same frame again would be the first lie.
                frame[1] ^= u8::from(other[trailer..] == frame[trailer..]);
                frame[trailer..].copy_from_slice(&other[trailer..]);
            }
            // Made up, and made up with an end like a sealed frame's.
            6 => {
                let length = 1 + self.below(120);
                frame = self.drawn(length);
            }
            _ => {
                let length = 31 + self.below(90);
                frame = self.drawn(length);
                frame[length - 2..].copy_from_slice(&[12, 1]);
            }
        }
        frame
    }
}

/// TH-M5: 20,000 lies, 100,000 where `PARS_DEEP` is set.
#[test]
fn whatever_a_server_injects_repeats_changes_or_swaps_opens_nothing() {
    let count = if std::env::var_os("PARS_DEEP").is_some() { 100_000 } else { 20_000 };
    let seed = 0x5eed_0005;
    println!("seed {seed}");
    let frames = |sealer: &mut Sealer| -> Vec<_> {
        (0_u32..1_500)
            .map(|n| sealer.frame(Codec::Opus, 5, &[&[0x78][..], &[9; 36], &n.to_be_bytes()].concat()).unwrap())
            .collect()
    };
    let (mut sealer, mut opener) = ends();
    let mut another = Sealer::new(1, &material(2));
    let (genuine, others) = (frames(&mut sealer), frames(&mut another));
    // The newest are played; the first ones then lie too far back.
    for frame in &genuine[genuine.len() - 1_024..] {
        assert!(opener.frame(Codec::Opus, frame).is_ok());
    }
    let mut liar = Liar { genuine, others, rng: source(seed) };
    for run in 0..count {
        let frame = liar.lie(run % LIES);
        assert!(opener.frame(Codec::Opus, &frame).is_err(), "seed {seed}, lie {} of run {run}", run % LIES);
    }
    // What was injected under the sender's name closed nothing.
    let next = sealer.frame(Codec::Opus, 5, &[0x78, 1]).unwrap();
    assert!(opener.frame(Codec::Opus, &next).is_ok());
}
