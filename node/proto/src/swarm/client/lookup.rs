//! Reading a slot of the directory: the highest sequence that verifies, of several nodes. Records live longer than the week
//! whose nodes took them: where this week's nodes have none, those of the week before are asked.

use std::collections::BTreeSet;

use pars_wire::NodeId;
use pars_wire::codec::Day;

use super::super::command::Command;
use super::super::directory::{What, tag};
use super::super::placement::first_day;
use super::super::reply::Items;
use super::{Asked, Client, ClientOut, Context, Event, LOOKUP_NODES, TaskId, draw};

/// Weeks before this one whose nodes may still be asked.
const WEEKS_BACK: u32 = 1;

/// One lookup.
pub(super) struct Lookup {
    identity: [u8; 32],
    what: What,
    /// Which week's nodes are asked, counted back from this one.
    back: u32,
    tried: BTreeSet<NodeId>,
    asking: usize,
    answered: usize,
    /// Answers of the weeks that had nothing.
    without: usize,
    /// Sequence and records of what verified.
    found: Vec<(u64, Vec<Vec<u8>>)>,
}

impl Lookup {
    pub(super) const fn new(identity: [u8; 32], what: What) -> Self {
        Self { identity, what, back: 0, tried: BTreeSet::new(), asking: 0, answered: 0, without: 0, found: Vec::new() }
    }

    /// What a node could hold back or serve old is compared; what a signed hash already names is not.
    const fn wanted(&self) -> usize {
        match self.what {
            What::IdentityRecord | What::Revocation | What::Successor => LOOKUP_NODES,
            What::Device(_) | What::Batch(_) | What::Leaf(..) => 1,
        }
    }

    pub(super) fn run(mut self, client: &mut Client, cx: Context<'_, '_>, id: TaskId, event: Event) -> Option<Self> {
        match event {
            Event::Answer { request, reply, .. } => {
                client.asked.remove(&request);
                self.asking = self.asking.saturating_sub(1);
                self.answered += 1;
                if let Items::Records(records) = reply.items {
                    let rank = client.records.rank(&self.identity, self.what, &records, cx.now.wall);
                    self.found.extend(rank.map(|rank| (rank, records)));
                }
            }
            Event::Failed { .. } => self.asking = self.asking.saturating_sub(1),
            _ => {}
        }
        self.go_on(client, cx, id)
    }

    fn go_on(mut self, client: &mut Client, cx: Context<'_, '_>, id: TaskId) -> Option<Self> {
        let week = Day::at(cx.now.wall).week().saturating_sub(self.back);
        let nodes = client.placement.replicas(&tag(&self.identity, week), first_day(week));
        let enough = |lookup: &Self| !lookup.found.is_empty() && lookup.answered + lookup.asking >= lookup.wanted();
        while !enough(&self) && self.asking < self.wanted() {
            let Some(node) = draw(cx, &nodes, &self.tried) else { break };
            self.tried.insert(node);
            self.asking += 1;
            client.ask(
                cx,
                Asked { task: id, node },
                &Command::DirGet { identity: self.identity, week, what: self.what },
                1,
            );
        }
        if self.asking > 0 {
            return Some(self);
        }
        if self.found.is_empty() && self.back < WEEKS_BACK {
            (self.back, self.tried) = (self.back + 1, BTreeSet::new());
            (self.without, self.answered) = (self.without + self.answered, 0);
            return self.go_on(client, cx, id);
        }
        let best = self.found.iter().map(|(rank, _)| *rank).max();
        let mut newest = self.found.into_iter().filter(|(rank, _)| Some(*rank) == best).map(|(_, records)| records);
        cx.out.push(match newest.next() {
            Some(records) => {
                let fork = newest.any(|other| other != records);
                ClientOut::Found { id, records, fork }
            }
            None => ClientOut::NotFound { id, answered: self.without + self.answered },
        });
        None
    }
}
