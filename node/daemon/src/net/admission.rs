//! How much one address may have: connections, answers that are being written.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

/// A count, by address.
#[derive(Clone, Debug)]
pub(super) struct Admission {
    counts: Arc<Mutex<Counts>>,
    all: usize,
    of_one: usize,
}

#[derive(Debug, Default)]
struct Counts {
    all: usize,
    of: BTreeMap<[u8; 16], usize>,
}

/// The place of one; given back when dropped.
#[derive(Debug)]
pub(super) struct Slot {
    counts: Arc<Mutex<Counts>>,
    address: [u8; 16],
}

/// Who counts as one: an IPv4 address, or the /64 that one subscriber of IPv6 usually holds.
fn one(ip: IpAddr) -> [u8; 16] {
    match ip.to_canonical() {
        IpAddr::V4(ip) => ip.to_ipv6_mapped().octets(),
        IpAddr::V6(ip) => {
            let mut octets = ip.octets();
            octets[8..].fill(0);
            octets
        }
    }
}

impl Admission {
    /// At most so many, and so many of one address.
    pub(super) fn new(all: usize, of_one: usize) -> Self {
        Self { counts: Arc::default(), all, of_one }
    }

    /// A place for one of this address, or none.
    pub(super) fn admit(&self, ip: IpAddr) -> Option<Slot> {
        let address = one(ip);
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let of = counts.of.get(&address).copied().unwrap_or(0);
        if counts.all >= self.all || of >= self.of_one {
            return None;
        }
        counts.all += 1;
        counts.of.insert(address, of + 1);
        Some(Slot { counts: Arc::clone(&self.counts), address })
    }

    /// How many there are.
    pub(super) fn held(&self) -> usize {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner).all
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts.all = counts.all.saturating_sub(1);
        match counts.of.get_mut(&self.address) {
            Some(of) if *of > 1 => *of -= 1,
            _ => {
                counts.of.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn one_address_gets_its_share_and_no_more() {
        let admission = Admission::new(10, 2);
        let first = admission.admit(ip("192.0.2.1"));
        let second = admission.admit(ip("::ffff:192.0.2.1"));
        assert!(first.is_some() && second.is_some());
        assert!(admission.admit(ip("192.0.2.1")).is_none(), "a mapped address is the same address");
        assert!(admission.admit(ip("192.0.2.2")).is_some());
        drop(first);
        assert!(admission.admit(ip("192.0.2.1")).is_some());
    }

    #[test]
    fn a_subscriber_of_ipv6_counts_as_one() {
        let admission = Admission::new(10, 1);
        let _held = admission.admit(ip("2001:db8:1:1::1"));
        assert!(admission.admit(ip("2001:db8:1:1:ffff::2")).is_none());
        assert!(admission.admit(ip("2001:db8:1:2::1")).is_some());
    }

    #[test]
    fn all_connections_together_have_a_limit_and_leave_nothing_behind() {
        let admission = Admission::new(3, 3);
        let held: Vec<_> = (1..=3).map(|n| admission.admit(ip(&format!("192.0.2.{n}")))).collect();
        assert!(held.iter().all(Option::is_some) && admission.admit(ip("192.0.2.9")).is_none());
        drop(held);
        assert_eq!(admission.held(), 0);
        assert!(admission.counts.lock().unwrap().of.is_empty());
    }
}
