//! The control link of a seat: frames numbered from 1, acknowledged up to the last one without a gap, kept until then. So a
//! lost connection loses nothing: what was under way is sent again over the next one, each frame is handled once and in order.

use std::collections::{BTreeMap, VecDeque};

use pars_wire::machine::Tick;

use super::packet::Packet;

/// Frames on their way at once.
const WINDOW: usize = 256;
/// Frames that wait for an acknowledgement at most: a seat that does not read is let go.
const MAX_WAITING: usize = 8_192;
/// Bytes of them.
const MAX_BYTES: usize = 16 << 20;
/// Frames sent again at once.
const BURST: usize = 32;
/// First wait for an acknowledgement, in ms; it doubles up to the last.
const WAIT_MS: (u64, u64) = (300, 2_000);

/// The other end does not read: more than the bound waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the other end of a control link has not taken what was sent for too long")]
pub(super) struct Stalled;

/// One end of a control link.
#[derive(Debug)]
pub(super) struct Link {
    waiting: VecDeque<(u32, Vec<u8>)>,
    bytes: usize,
    last: u32,
    /// The highest number sent over this connection.
    sent: u32,
    /// What came in order.
    received: u32,
    ahead: BTreeMap<u32, Vec<u8>>,
    acknowledge: bool,
    retry: Option<Tick>,
    wait: u64,
}

impl Default for Link {
    fn default() -> Self {
        let (waiting, ahead) = (VecDeque::new(), BTreeMap::new());
        Self {
            waiting,
            bytes: 0,
            last: 0,
            sent: 0,
            received: 0,
            ahead,
            acknowledge: false,
            retry: None,
            wait: WAIT_MS.0,
        }
    }
}

impl Link {
    /// Queue a frame.
    pub(super) fn push(&mut self, frame: Vec<u8>) -> Result<(), Stalled> {
        if self.waiting.len() >= MAX_WAITING || self.bytes + frame.len() > MAX_BYTES {
            return Err(Stalled);
        }
        self.last = self.last.checked_add(1).ok_or(Stalled)?;
        self.bytes += frame.len();
        self.waiting.push_back((self.last, frame));
        Ok(())
    }

    /// A new connection: everything unacknowledged goes over it again.
    pub(super) fn connected(&mut self) {
        self.sent = self.waiting.front().map_or(self.last, |(number, _)| number.saturating_sub(1));
        (self.retry, self.wait, self.acknowledge) = (None, WAIT_MS.0, true);
    }

    /// A numbered frame came; those that are now in order.
    pub(super) fn receive(&mut self, number: u32, frame: Vec<u8>) -> Vec<Vec<u8>> {
        self.acknowledge = true;
        let beyond = number.saturating_sub(self.received);
        if beyond == 0 || beyond as usize > WINDOW {
            return Vec::new();
        }
        self.ahead.insert(number, frame);
        let mut ready = Vec::new();
        while let Some(frame) = self.received.checked_add(1).and_then(|next| self.ahead.remove(&next)) {
            self.received += 1;
            ready.push(frame);
        }
        ready
    }

    /// Everything up to this number arrived.
    pub(super) fn acknowledged(&mut self, number: u32) {
        let before = self.waiting.len();
        while let Some((_, frame)) = self.waiting.pop_front_if(|(first, _)| *first <= number) {
            self.bytes = self.bytes.saturating_sub(frame.len());
        }
        if self.waiting.len() != before {
            (self.retry, self.wait) = (None, WAIT_MS.0);
        }
    }

    /// What is to be sent now.
    pub(super) fn flush(&mut self, now: Tick) -> Vec<Packet> {
        let mut packets = Vec::new();
        let overdue = self.retry.is_some_and(|at| at <= now);
        let resend = if overdue { BURST } else { 0 };
        for (place, (number, frame)) in self.waiting.iter().take(WINDOW).enumerate() {
            if *number > self.sent || place < resend {
                packets.push(Packet::Data { number: *number, acknowledged: self.received, frame: frame.clone() });
                self.sent = self.sent.max(*number);
            }
        }
        if overdue {
            self.wait = (self.wait * 2).min(WAIT_MS.1);
        }
        if self.waiting.is_empty() {
            self.retry = None;
        } else if overdue || self.retry.is_none() {
            self.retry = Some(now.after(self.wait));
        }
        if std::mem::take(&mut self.acknowledge) && packets.is_empty() {
            packets.push(Packet::Acknowledge { acknowledged: self.received });
        }
        packets
    }

    /// When something is to be sent again.
    pub(super) const fn deadline(&self) -> Option<Tick> {
        self.retry
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(packets: &[Packet]) -> Vec<u32> {
        packets
            .iter()
            .filter_map(|packet| if let Packet::Data { number, .. } = packet { Some(*number) } else { None })
            .collect()
    }

    #[test]
    fn frames_come_once_and_in_order_however_they_travel() {
        let mut link = Link::default();
        assert!(link.receive(2, vec![2]).is_empty());
        assert_eq!(link.receive(1, vec![1]), [vec![1], vec![2]]);
        assert!(link.receive(1, vec![1]).is_empty() && link.receive(2, vec![2]).is_empty());
        assert_eq!(link.flush(Tick(0)), [Packet::Acknowledge { acknowledged: 2 }]);
        assert!(link.receive(3 + WINDOW as u32, vec![9]).is_empty(), "beyond the window");
    }

    #[test]
    fn what_is_not_acknowledged_is_sent_again_and_a_new_connection_sends_it_at_once() {
        let mut link = Link::default();
        for byte in 1..=3 {
            link.push(vec![byte]).unwrap();
        }
        assert_eq!(numbers(&link.flush(Tick(0))), [1, 2, 3]);
        assert!(link.flush(Tick(100)).is_empty());
        link.acknowledged(1);
        assert!(link.flush(Tick(200)).is_empty());
        assert_eq!(numbers(&link.flush(Tick(700))), [2, 3]);
        link.connected();
        assert_eq!(numbers(&link.flush(Tick(701))), [2, 3]);
        link.acknowledged(3);
        assert!(link.waiting.is_empty() && link.flush(Tick(702)).is_empty() && link.deadline().is_none());
    }

    #[test]
    fn an_end_that_never_reads_is_noticed() {
        let mut link = Link::default();
        let stalled = (0..=MAX_WAITING).map(|_| link.push(vec![0])).find(Result::is_err);
        assert_eq!(stalled, Some(Err(Stalled)));
    }
}
