//! Bounds on what somebody may begin whom we never opened and never wrote to. Their sessions end after 16 days by themselves;
//! nobody can make us keep more than some of them, and none of them is polled (`poll`). Of their conversations the newest stay.

use std::collections::BTreeSet;

use pars_identity::IdentityId;
use pars_proto::session::machine::{In, Out};
use pars_proto::session::{Session, SessionId};
use pars_wire::codec::Hour;

use super::contacts::row_key;
use super::early::drop_message;
use super::receive::Digest;
use super::send::session_change;
use super::{Context, Member};
use crate::store::Table;
use crate::vault;

/// Sessions of strangers kept at once; the oldest goes for a new one. Its messages stay, and an answer begins a new session.
const MAX_STRANGERS: usize = 64;
/// Conversations of strangers kept without a session: about 3 KiB each, and their messages. The one that was silent longest goes
/// for a new one, read or not: whoever can do a little work can begin any number of them.
const MAX_CALLERS: usize = 1_024;

impl Member {
    /// Opened by a link, or written to.
    fn acquainted(&self, peer: IdentityId) -> bool {
        self.desk.contacts.contains_key(&peer)
            || self.desk.threads.get(&peer).is_some_and(|thread| thread.verified || thread.sequence > 0)
    }

    /// Sessions that a stranger began and that we never answered.
    pub(super) fn strangers(&self) -> impl Iterator<Item = &Session> {
        let sessions = self.sessions.all().map(|(session, _)| session);
        sessions.filter(|session| session.unanswered() && !self.acquainted(session.peer().address.identity))
    }

    /// A session has begun: keep the bound.
    pub(super) fn bound_strangers(&mut self, cx: Context<'_, '_>, newest: &[SessionId], digest: &mut Digest) {
        // Hours are all that is known of their age: the new ones are the youngest of theirs.
        let age = |session: &Session| (session.created(), newest.contains(&session.id()), session.id());
        let mut strangers: Vec<(Hour, bool, SessionId)> = self.strangers().map(age).collect();
        strangers.sort_unstable();
        let excess = strangers.len().saturating_sub(MAX_STRANGERS);
        if excess > 0 {
            let gone = strangers.into_iter().take(excess).map(|(.., id)| id).collect();
            for output in self.session(cx, In::Forget(gone)) {
                if let Out::Persist(rows) = output {
                    digest.changes.extend(rows.into_iter().map(session_change));
                }
            }
        }
        self.bound_callers(digest);
    }

    fn bound_callers(&mut self, digest: &mut Digest) {
        if self.desk.threads.len() <= MAX_CALLERS {
            return;
        }
        let talking: BTreeSet<IdentityId> =
            self.sessions.all().map(|(session, _)| session.peer().address.identity).collect();
        let (own, newest) = (self.identity.id(), self.desk.history.newest());
        let caller = |peer: &&IdentityId| **peer != own && !talking.contains(*peer) && !self.acquainted(**peer);
        let callers = self.desk.threads.keys().filter(caller);
        let mut silent: Vec<(u64, IdentityId)> =
            callers.map(|peer| (newest.get(peer).copied().unwrap_or(0), *peer)).collect();
        silent.sort_unstable();
        let excess = silent.len().saturating_sub(MAX_CALLERS);
        for (_, peer) in silent.into_iter().take(excess) {
            self.desk.threads.remove(&peer);
            self.desk.pins.remove(&peer);
            let rows = [b'p', b't'].map(|kind| vault::drop_row(Table::Contact, &row_key(kind, peer)));
            digest.changes.extend(rows);
            digest.changes.extend(self.desk.history.forget(peer).into_iter().map(drop_message));
        }
    }
}

#[cfg(test)]
mod tests {
    use chacha20::ChaCha20Rng;
    use chacha20::rand_core::SeedableRng;
    use pars_crypto::secret::StoreKey;
    use pars_crypto::suite::Libcrux;
    use pars_identity::bundle::Bundle;
    use pars_identity::link::Assurance;
    use pars_proto::onion::delay::Delay;
    use pars_proto::session::machine::{CommandId, Out, Outgoing, Own, Sessions};
    use pars_proto::session::{MessageId, Object};
    use pars_proto::swarm::client::DeliveryId;
    use pars_proto::swarm::mailbox::{DayKey, Tag};
    use pars_wire::codec::Day;
    use pars_wire::content::{ContentType, Flags};
    use pars_wire::limits::BUCKET_S;
    use pars_wire::machine::{Cx, Machine, Now, Tick, UnixMinute};

    use super::super::MemberConfig;
    use super::super::desk::Thread;
    use super::super::history::{Kept, MAX_CONVERSATION, MAX_GAPS, State};
    use super::super::poll::{Reading, Source};
    use super::*;
    use crate::identity::Identity;
    use crate::io::{Event, Output};
    use crate::node::Ids;
    use crate::registry::Network;

    const NOW: Now = Now { tick: Tick(5), wall: UnixMinute(20_003 * 1_440 + 720) };

    struct World {
        member: Member,
        ids: Ids,
        rng: ChaCha20Rng,
        deliveries: u64,
    }

    impl World {
        fn new(seed: u64) -> Self {
            println!("seed {seed}");
            let mut rng = ChaCha20Rng::seed_from_u64(seed);
            let identity = Identity::create(&Libcrux, 18, NOW.wall, &mut rng);
            let key = StoreKey::from_bytes([9; 32]);
            let (network, delay) = (Network::Dev, Delay::FAST);
            let config = MemberConfig { suite: &Libcrux, key, network, delay, poll: None };
            let member = Member::create(config, identity, NOW).unwrap();
            Self { member, ids: Ids::default(), rng, deliveries: 0 }
        }

        /// What the member says once all its batches are durable.
        fn at<T>(
            &mut self,
            now: Now,
            act: impl FnOnce(&mut Member, Context<'_, '_>, &mut Ids) -> T,
        ) -> (T, Vec<Event>) {
            let mut out = Vec::new();
            let mut cx = Cx { now, rng: &mut self.rng, out: &mut out };
            let result = act(&mut self.member, &mut cx, &mut self.ids);
            let last = crate::store::BatchId(u64::MAX);
            self.member.committed(&mut cx, &mut self.ids, last);
            let event = |output| if let Output::Event(event) = output { Some(event) } else { None };
            (result, out.into_iter().filter_map(event).collect())
        }

        /// The first objects of somebody new.
        fn stranger(&mut self, number: u8) -> Vec<Vec<u8>> {
            let identity = Identity::create(&Libcrux, 18, NOW.wall, &mut self.rng);
            let ours = &self.member.identity;
            let prekey = ours.uploads[0].leaves()[0].prekey().clone();
            let (record, certificate, batch) = (ours.record.clone(), ours.certificate.clone(), ours.batch.clone());
            let peer = Box::new(Bundle { record, certificate, batch, prekey, assurance: Assurance::Checked });
            let Identity { record, certificate, contact, device, leaves, .. } = identity;
            let own = Own { record, certificate, contact, device, leaves, pins: Default::default() };
            let mut sessions = Sessions::new(own, StoreKey::from_bytes([number; 32]), &Libcrux);
            let (id, content) = (MessageId([number; 16]), b"salam".to_vec().into());
            let (content_type, flags) = (ContentType::Text, Flags::NONE);
            let message = Outgoing { id, sequence: 1, content_type, flags, content };
            let mut out = Vec::new();
            let begin = In::Begin { command: CommandId(0), peer, message };
            sessions.handle(&mut Cx { now: NOW, rng: &mut self.rng, out: &mut out }, begin);
            let object = |output| if let Out::Send { object, .. } = output { Some(object) } else { None };
            out.into_iter().filter_map(object).collect()
        }

        fn arrive(&mut self, objects: Vec<Vec<u8>>) -> Vec<Event> {
            let day = Day::at(NOW.wall);
            let tag = DayKey::inbox(self.member.identity.contact.inbox.clone(), day).tag();
            self.read(tag, Reading { source: Source::Inbox, day }, objects)
        }

        fn read(&mut self, tag: Tag, reading: Reading, objects: Vec<Vec<u8>>) -> Vec<Event> {
            self.member.sources.insert(tag, reading);
            self.deliveries += 1;
            let delivery = DeliveryId(self.deliveries);
            self.at(NOW, |member, cx, ids| member.deliver(cx, ids, (delivery, tag), objects)).1
        }
    }

    #[test]
    fn strangers_begin_no_more_sessions_than_are_kept_and_cause_no_reading() {
        let mut world = World::new(61);
        let mut heard = 0;
        for number in 0..MAX_STRANGERS as u8 + 6 {
            let objects = world.stranger(number);
            assert_eq!(objects.len(), 3);
            let events = world.arrive(objects);
            heard += events.iter().filter(|event| matches!(event, Event::Received(_))).count();
            assert!(!events.iter().any(|event| matches!(event, Event::Gap { .. })));
        }
        assert_eq!(heard, MAX_STRANGERS + 6, "everybody is heard once");
        assert_eq!(world.member.sessions().all().count(), MAX_STRANGERS);
        let (_, events) = world.at(NOW, |member, cx, _| member.poll(cx, 0));
        let readings = events.iter().filter(|event| matches!(event, Event::Read { .. })).count();
        assert_eq!(readings, 1, "the inbox; whom nobody answered has no other place to write to");
    }

    #[test]
    fn of_strangers_who_called_once_the_newest_stay_and_those_we_know_all_stay() {
        let mut world = World::new(66);
        let person = |number: u64| {
            let mut id = [9; 32];
            id[..8].copy_from_slice(&number.to_be_bytes());
            IdentityId(id)
        };
        let known = Thread { sequence: 1, ..Thread::default() };
        let threads = &mut world.member.desk.threads;
        threads.insert(person(0), known);
        threads.extend((1..=MAX_CALLERS as u64).map(|number| (person(number), Thread::default())));
        // The first of them wrote, so another one was silent longer.
        let kept = |peer| Kept {
            peer,
            id: MessageId([1; 16]),
            sequence: 1,
            timestamp: 300,
            content_type: Some(ContentType::Text),
            object: [4; 32],
            content: b"salam".to_vec().into(),
            state: State::Received,
        };
        for peer in [person(0), person(1)] {
            let cursor = world.member.desk.history.add(kept(peer));
            world.member.desk.history.show(cursor);
        }
        let is_there = |world: &World, number| world.member.desk.threads.contains_key(&person(number));
        for number in 1..=MAX_STRANGERS as u8 {
            let objects = world.stranger(number);
            world.arrive(objects);
        }
        assert!((0..=MAX_CALLERS as u64).all(|number| is_there(&world, number)), "who has a session is counted there");
        let objects = world.stranger(0);
        world.arrive(objects);
        let gone: Vec<_> = (0..=MAX_CALLERS as u64).filter(|number| !is_there(&world, *number)).collect();
        assert_eq!(gone, [2], "one session went, and its conversation took the place of the one silent longest");
        assert_eq!(world.member.history(0, Some(person(1)), 9).len(), 1);
    }

    #[test]
    fn what_opens_for_nobody_in_the_inbox_is_one_gap_under_our_own_identity() {
        let mut world = World::new(63);
        let own = world.member.identity().id();
        let rubbish = vec![7; BUCKET_S];
        let events = world.arrive(vec![rubbish.clone()]);
        assert!(events.iter().any(|event| matches!(event, Event::Gap(gap) if gap.from == own)));
        let listed = world.member.history(0, Some(own), 9);
        assert_eq!(listed.iter().map(|entry| entry.content_type).collect::<Vec<_>>(), [None]);
        assert_eq!(world.member.conversations()[0].unread, 1);
        world.arrive(vec![rubbish]);
        assert_eq!(world.member.history(0, Some(own), 9).len(), 1);
    }

    #[test]
    fn what_a_node_makes_up_in_a_mailbox_neither_pauses_its_conversation_nor_pushes_its_messages_out() {
        let mut world = World::new(65);
        let objects = world.stranger(1);
        world.arrive(objects);
        let (session, peer) = {
            let (session, _) = world.member.sessions().all().next().unwrap();
            (session.id(), session.peer().address.identity)
        };
        let cursor = world.member.cursor();
        world.at(NOW, |member, cx, ids| member.acknowledge(cx, ids, crate::io::CommandId([1; 16]), cursor));
        let reading = Reading { source: Source::Session(session), day: Day::at(NOW.wall) };
        for number in 0..MAX_CONVERSATION as u32 + 64 {
            let mut object = vec![0; BUCKET_S];
            object[..2].copy_from_slice(&[1, 1]);
            object[2..6].copy_from_slice(&number.to_be_bytes());
            let told = world.read(Tag([7; 32]), reading, vec![object]);
            assert!(told.iter().any(|event| matches!(event, Event::Gap(gap) if gap.from == peer)), "{number}");
        }
        let listed = world.member.history(0, Some(peer), usize::MAX);
        let (gaps, messages): (Vec<_>, Vec<_>) = listed.iter().partition(|entry| entry.content_type.is_none());
        assert_eq!(messages.len(), 1, "it was read and acknowledged, and stays");
        // The one that came last is counted with the next.
        assert!((MAX_GAPS..=MAX_GAPS + 1).contains(&gaps.len()) && world.member.paused().is_empty());
    }

    #[test]
    fn a_first_contact_whose_records_never_come_is_a_gap_after_a_day() {
        let mut world = World::new(64);
        let own = world.member.identity().id();
        let objects = world.stranger(1);
        let alone = objects.into_iter().filter(|object| matches!(Object::read(object), Ok(Object::Init(_)))).collect();
        assert!(!world.arrive(alone).iter().any(|event| matches!(event, Event::Gap { .. })));
        let later = Now { tick: Tick(9), wall: UnixMinute(NOW.wall.0 + 26 * 60) };
        let (_, events) = world.at(later, |member, cx, ids| member.expire(cx, ids));
        assert!(events.iter().any(|event| matches!(event, Event::Gap { .. })));
        assert_eq!((world.member.desk().held(), world.member.history(0, Some(own), 9).len()), (0, 1));
    }

    #[test]
    fn a_session_that_is_never_answered_ends_after_sixteen_days_and_its_messages_stay() {
        let mut world = World::new(62);
        let objects = world.stranger(1);
        world.arrive(objects);
        let later = |days: u32| Now { tick: Tick(9), wall: UnixMinute(NOW.wall.0 + days * 1_440) };
        world.at(later(15), |member, cx, ids| member.expire(cx, ids));
        assert_eq!(world.member.sessions().all().count(), 1);
        world.at(later(17), |member, cx, ids| member.expire(cx, ids));
        assert_eq!(world.member.sessions().all().count(), 0);
        assert_eq!(world.member.history(0, None, 9).len(), 1);
    }
}
