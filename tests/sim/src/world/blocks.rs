//! The chain goes on: a block every twelve seconds, now and then another one in place of the last. Hosts learn of registries
//! through their view; today's epoch is rolled by the nodes' owner, as a daemon would.

use pars_bindings::ServiceNodeRegistry;
use pars_engine::io::Input;
use pars_engine::registry::Registry;
use pars_wire::codec::Day;

use super::{BEGIN, Happening, World};
use crate::chain::View;
use crate::chain::setting::OWNER;
use crate::host::HostId;

/// Virtual time between two blocks.
pub(super) const BLOCK_MS: u64 = 12_000;
/// Blocks that one reorganisation replaces at most: the finality distance.
const DEPTH: u64 = 2;

impl World {
    /// What a host sees of the chain.
    pub fn view(&self, host: HostId) -> &View {
        &self.views[usize::from(host.0) % self.views.len()]
    }

    /// The day it is.
    pub fn today(&self) -> Day {
        Day::at(self.now().wall)
    }

    /// The time in seconds.
    pub const fn seconds(&self) -> u64 {
        BEGIN.unix_seconds() + self.tick.0 / 1_000
    }

    pub(super) fn block(&mut self) {
        self.later(BLOCK_MS, Happening::Block);
        if self.chance(self.faults.reorganisation) {
            let depth = 1 + self.below(DEPTH);
            let again = self.ledger.reorganise(depth);
            self.say(format_args!("chain: {depth} blocks replaced, {again} transactions sent again"));
        }
        self.roll();
        self.ledger.mine(self.seconds());
        let (head, time) = (self.ledger.head(), self.ledger.time());
        let hash = self.ledger.block(head).unwrap_or_default().hash;
        self.say(format_args!("chain: block {head} at {time} {hash}"));
        self.read_chain();
    }

    /// Roll today's epoch, once. A reorganisation sends the transaction again, and the beacon becomes another one.
    fn roll(&mut self) {
        if self.rolled != Some(self.today()) {
            self.rolled = Some(self.today());
            let registry = self.ledger.places.service_node_registry;
            self.ledger.call(OWNER, registry, &ServiceNodeRegistry::rollEpochCall {});
        }
    }

    pub(super) fn read_chain(&mut self) {
        let today = self.today();
        for number in 0..self.views.len() {
            let followed = self.views[number].follow(&self.ledger);
            self.broken(followed);
            for registry in self.views[number].news(today) {
                let rule = self.watch.registry(&registry);
                self.broken(rule);
                self.tell(number, &registry);
            }
        }
    }

    /// Every host that sees the chain through this view learns of a day's registry; then of the descriptors it may check now.
    fn tell(&mut self, view: usize, registry: &Registry) {
        let hosts: Vec<_> =
            self.hosts.keys().copied().filter(|host| usize::from(host.0) % self.views.len() == view).collect();
        for host in hosts {
            self.input(5, host, Input::Chain(registry.clone()), Vec::new());
            if registry.day > self.today() {
                for (_, bytes, dsa) in self.board.clone() {
                    self.input(10, host, Input::Descriptor { bytes, dsa }, Vec::new());
                }
            }
        }
    }
}
