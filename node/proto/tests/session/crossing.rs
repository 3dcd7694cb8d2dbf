//! Both sides begin at the same time (THREATS I5): exactly one session remains, every text arrives once.

use chacha20::ChaCha20Rng;

use crate::device::{Device, Flying};
use crate::world::{Person, below, people, seeded, trials};

struct Net {
    /// Objects for the first and for the second.
    flying: [Vec<Flying>; 2],
}

impl Net {
    /// Deliver one object to `to`, at random; sometimes twice.
    fn step(&mut self, to: usize, devices: &mut [Device; 2], rng: &mut ChaCha20Rng) {
        let count = self.flying[to].len() as u32;
        let index = below(rng, count) as usize;
        let again = below(rng, 5) == 0;
        let flying = if again { self.flying[to][index].clone() } else { self.flying[to].swap_remove(index) };
        let out = devices[to].take(&flying, rng);
        self.flying[1 - to].extend(out);
    }

    fn drain(&mut self, devices: &mut [Device; 2], rng: &mut ChaCha20Rng) {
        while let Some(to) = (0..2).find(|to| !self.flying[*to].is_empty()) {
            let other = 1 - to;
            let to = if !self.flying[other].is_empty() && below(rng, 2) == 0 { other } else { to };
            self.step(to, devices, rng);
        }
    }
}

fn cross(alice: &Person, bob: &Person, seed: u64) {
    let mut rng = seeded(seed);
    let rng = &mut rng;
    let mut devices = [Device::new(alice), Device::new(bob)];
    let addresses = [devices[0].address, devices[1].address];
    // Each calls without having heard of the other; some write more before anything arrives.
    let mut net = Net { flying: [devices[1].call(alice, "bob 0", rng), devices[0].call(bob, "alice 0", rng)] };
    let mut said = [1, 1];
    for _ in 0..40 {
        let who = below(rng, 2) as usize;
        match below(rng, 6) {
            0 if said[who] < 6 => {
                let text = format!("{} {}", ["alice", "bob"][who], said[who]);
                let out = devices[who].say(addresses[1 - who], &text, rng);
                said[who] += 1;
                net.flying[1 - who].extend(out);
            }
            1 => devices[who].restart([alice, bob][who]),
            // Whatever waits for records was not acknowledged to the swarm: it comes again after a restart.
            _ if !net.flying[who].is_empty() => {
                let before = net.flying[who].clone();
                net.step(who, &mut devices, rng);
                net.flying[who] = before;
            }
            _ => {}
        }
    }
    net.drain(&mut devices, rng);
    // One more word from each settles whatever was unanswered.
    for who in [0, 1, 0, 1] {
        let text = format!("{} {}", ["alice", "bob"][who], said[who]);
        said[who] += 1;
        let out = devices[who].say(addresses[1 - who], &text, rng);
        net.flying[1 - who].extend(out);
        net.drain(&mut devices, rng);
    }
    let current = devices[0].current(addresses[1]).id();
    assert_eq!(current, devices[1].current(addresses[0]).id(), "one session");
    assert!(devices[0].confirmed_with(addresses[1]) && devices[1].confirmed_with(addresses[0]));
    assert_eq!((devices[0].live(), devices[1].live()), (1, 1));
    for who in [0, 1] {
        let mut shown = devices[1 - who].shown.clone();
        shown.sort_by_key(|text| text.split(' ').nth(1).unwrap().parse::<u32>().unwrap());
        let expected: Vec<_> = (0..said[who]).map(|n| format!("{} {n}", ["alice", "bob"][who])).collect();
        assert_eq!(shown, expected, "each once, seed {seed}");
    }
}

#[test]
fn two_who_call_each_other_at_once_end_with_one_session_and_every_text_once() {
    let mut rng = seeded(80);
    let (alice, bob) = people(&mut rng);
    for seed in 5_000..5_000 + trials(120, 1_000) {
        cross(&alice, &bob, seed);
    }
}

#[test]
fn a_late_copy_of_the_loser_is_recognised_by_the_name_in_any_reply() {
    let mut rng = seeded(81);
    let (alice, bob) = people(&mut rng);
    for seed in 0..8 {
        let mut rng = seeded(6_000 + seed);
        let rng = &mut rng;
        let (mut at_alice, mut at_bob) = (Device::new(&alice), Device::new(&bob));
        let (of_alice, of_bob) = (at_alice.call(&bob, "from alice", rng), at_bob.call(&alice, "from bob", rng));
        let alice_wins = at_alice.current(at_bob.address).transcript() < at_bob.current(at_alice.address).transcript();
        let (mut winner, mut loser, won, lost) =
            if alice_wins { (at_alice, at_bob, of_alice, of_bob) } else { (at_bob, at_alice, of_bob, of_alice) };
        // The loser reads the winner's call and answers before its own call arrives; its first two answers are late too.
        for object in &won {
            loser.take(object, rng);
        }
        let answers: Vec<_> = (0..3).flat_map(|n| loser.say(winner.address, &format!("answer {n}"), rng)).collect();
        winner.take(&answers[2], rng);
        let current = winner.current(loser.address).id();
        for object in &lost {
            winner.take(object, rng);
        }
        assert_eq!(winner.current(loser.address).id(), current, "not taken for a reinstalled peer");
        assert_eq!((winner.shown.len(), winner.live()), (2, 1), "the loser's text arrived");
        // Without the name, the same INIT replaces the session: the peer was reinstalled.
        let again = Device::new(if alice_wins { &bob } else { &alice }).call(
            if alice_wins { &alice } else { &bob },
            "reinstalled",
            rng,
        );
        for object in &again {
            winner.take(object, rng);
        }
        assert_ne!(winner.current(loser.address).id(), current);
        for answer in &answers[..2] {
            winner.take(answer, rng);
        }
        assert_eq!(winner.shown.len(), 5, "the replaced session still opens late messages");
    }
}
