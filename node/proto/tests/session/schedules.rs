//! Loss, duplication and reordering in any mix (THREATS T1, T7).

use chacha20::ChaCha20Rng;

use crate::world::{End, below, open, people, seeded, trials};

/// Receiving chains the peer has left that still open late objects.
const OLD: u32 = 5;

/// One end, and what the model knows about its chains.
struct Side<'a> {
    end: End<'a>,
    /// The chain it sends on.
    sending: u32,
    /// The newest chain of the other side it has read from.
    heard: u32,
    /// `heard` when it last stepped.
    stepped: u32,
}

struct Flying {
    to: usize,
    chain: u32,
    number: u64,
    object: Vec<u8>,
    read: bool,
}

impl<'a> Side<'a> {
    fn send(&mut self, to: usize, number: u64) -> Flying {
        if self.heard > self.stepped {
            (self.stepped, self.sending) = (self.heard, self.sending + 1);
        }
        let object = self.end.send(number, format!("message {number}").as_bytes());
        Flying { to, chain: self.sending, number, object, read: false }
    }

    /// Deliver, and compare with what must happen.
    fn take(&mut self, flying: &mut Flying) {
        let known = self.heard.saturating_sub(flying.chain) <= OLD;
        match self.end.receive(&flying.object) {
            Ok(received) => {
                assert!(!flying.read, "message {} twice", flying.number);
                assert_eq!(received.message.content[..], *format!("message {}", flying.number).as_bytes());
                assert_eq!(received.message.sequence, flying.number);
                flying.read = true;
            }
            Err(error) => assert!(flying.read || !known, "message {}: {error}", flying.number),
        }
        if flying.read {
            self.heard = self.heard.max(flying.chain);
        }
    }
}

fn run(sides: [End<'_>; 2], rng: &mut ChaCha20Rng, actions: u32) -> usize {
    // After `open` it is the turn of the second; both are on their chain 1.
    let [first, second] = sides;
    let mut sides =
        [Side { end: first, sending: 1, heard: 1, stepped: 1 }, Side { end: second, sending: 1, heard: 2, stepped: 1 }];
    sides[0].sending = 2;
    let mut flying: Vec<Flying> = Vec::new();
    for number in 0..actions {
        match below(rng, 10) {
            0..4 => {
                let from = below(rng, 2) as usize;
                flying.push(sides[from].send(1 - from, u64::from(number)));
            }
            // Deliver anything, keep it flying: it may come again.
            4..8 if !flying.is_empty() => {
                let index = below(rng, flying.len() as u32) as usize;
                let flying = &mut flying[index];
                sides[flying.to].take(flying);
            }
            8 if !flying.is_empty() => {
                let index = below(rng, flying.len() as u32) as usize;
                flying.remove(index);
            }
            _ => {
                let side = below(rng, 2) as usize;
                sides[side].end = sides[side].end.restarted();
            }
        }
    }
    for flying in &mut flying {
        sides[flying.to].take(flying);
    }
    flying.iter().filter(|flying| flying.read).count()
}

#[test]
fn every_delivered_message_opens_once_and_none_twice_in_any_schedule() {
    let mut rng = seeded(20);
    let (alice, bob) = people(&mut rng);
    let (at_alice, at_bob) = open(&alice, &bob, &mut rng);
    let (mut read, trials) = (0, trials(150, 10_000));
    for seed in 1_000..1_000 + trials {
        let mut rng = seeded(seed);
        // Four in ten of them send: up to 200 messages and some.
        let actions = 20 + below(&mut rng, 500);
        read += run([at_alice.clone(), at_bob.clone()], &mut rng, actions);
    }
    assert!(read as u64 > 30 * trials, "{read}");
}

#[test]
fn a_session_under_thirty_percent_loss_is_never_stuck() {
    let mut rng = seeded(21);
    let (alice, bob) = people(&mut rng);
    let (at_alice, at_bob) = open(&alice, &bob, &mut rng);
    for seed in 2_000..2_000 + trials(60, 1_000) {
        let mut rng = seeded(seed);
        let mut ends = [at_alice.clone(), at_bob.clone()];
        // A round trip must succeed within 20 further messages, however many were lost.
        for round in 0..4 {
            let (mut from, mut silent) = ((round % 2) as usize, 0);
            let mut turns = 0;
            while turns < 2 {
                let object = ends[from].send(round, b"x");
                if below(&mut rng, 10) < 3 {
                    silent += 1;
                    assert!(silent < 20, "no progress within 20 messages");
                    continue;
                }
                ends[1 - from].receive(&object).unwrap();
                (from, turns) = (1 - from, turns + 1);
            }
        }
    }
}
