//! What one seat can do to the others through the host, and what the host carries out.

use std::collections::BTreeMap;

use alloy_primitives::{Address, B256};
use chacha20::ChaCha20Rng;
use chacha20::rand_core::SeedableRng;
use pars_crypto::sign::HybridSignature;
use pars_crypto::suite::Libcrux;
use pars_identity::device::DeviceId;
use pars_identity::id::IdentityId;
use pars_proto::room::{
    Body, Claim, ConsentSigner, Content, EpochHash, GrantId, Named, Order, Reach, ReplyError, Role, RoomMessage, Scope,
    SeatSecrets, Support, WRAP, seal_join,
};
use pars_wire::machine::Now;
use pars_wire::{ChainId, Kind, RoomId, SittingId};

use super::*;
use crate::room::io::{OrderRefusal, Standing};
use crate::room::packet::Attach;

const BEGIN: u64 = 1_800_000_000;

/// A host with named seats from 1 on, whose links have their numbers; the first one leads.
pub(super) struct World {
    pub(super) host: Host,
    pub(super) now: Tick,
    rng: ChaCha20Rng,
    secrets: BTreeMap<u16, SeatSecrets>,
    /// How many frames each has sent.
    sent: BTreeMap<u16, u32>,
}

fn scope() -> Scope {
    let room = RoomId(B256::repeat_byte(2));
    Scope { chain: ChainId(1), town_hall: Address::repeat_byte(1), room, sitting: SittingId(1) }
}

/// What a member of a Committee states.
fn stated(number: u8, secrets: &SeatSecrets) -> Statement {
    let (session, device) = (IdentityId([number; 32]), DeviceId([number; 16]));
    let body = Body {
        scope: scope(),
        issued_at: BEGIN,
        expires_at: BEGIN + 120,
        x_pk: secrets.x_pk(),
        s_vk: secrets.s_vk(),
        consent: Some(ConsentSigner::Address(Address::repeat_byte(number))),
        claim: Claim::Committee { member: Named { account: Address::repeat_byte(number), session, device } },
    };
    let identity = HybridSignature::from_bytes(&[0; HybridSignature::SIZE]);
    Statement::new(body, Support::Named { points: None, wallet: [0; 65], identity }).unwrap()
}

impl World {
    pub(super) fn new(seats: u8) -> Self {
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        let keys = HostSecrets::generate(&Libcrux, &mut rng);
        let sitting = Sitting { scope: scope(), kind: Kind::Committee, opened_at: BEGIN, ends_at: BEGIN + 7_200 };
        let reach = Reach::Direct("127.0.0.1:1".parse().unwrap());
        let mut host = Host::new(HostConfig {
            suite: &Libcrux,
            sitting,
            entry: HostEntry { x_pk: keys.x_pk(), s_vk: keys.s_vk(), session: IdentityId([3; 32]), reach },
            secrets: keys,
            capacity: 9,
            sfu: 0,
            dtls_fingerprint: [0; 32],
            tunnel: Line::new("here").unwrap(),
            bans: Vec::new(),
            clock: BEGIN,
        });
        let mut all = BTreeMap::new();
        for number in 1..=seats {
            let secrets = SeatSecrets::generate(&Libcrux, &mut rng);
            let leads = number == 1;
            let role = if leads { Role::Moderator } else { Role::Member };
            let mut seat = Seat::new(stated(number, &secrets), role, leads, Tick(0));
            (seat.announced, seat.link) = (true, Some(LinkId(number.into())));
            host.seats.insert(SeatNo(number.into()), seat);
            host.links.insert(LinkId(number.into()), SeatNo(number.into()));
            all.insert(number.into(), secrets);
        }
        Self { host, now: Tick(0), rng, secrets: all, sent: BTreeMap::new() }
    }

    /// An input `ms` later, and what the host answers.
    pub(super) fn after(&mut self, ms: u64, input: HostIn) -> Vec<HostOut> {
        self.now = self.now.after(ms);
        let (now, mut out) = (Now { tick: self.now, ..Now::default() }, Vec::new());
        self.host.handle(&mut Cx { now, rng: &mut self.rng, out: &mut out }, input);
        out
    }

    /// A frame of a seat.
    fn sends(&mut self, from: u16, frame: &Frame) -> Vec<HostOut> {
        let sent = self.sent.entry(from).or_default();
        *sent += 1;
        let packet = Packet::Data { number: *sent, acknowledged: 0, frame: frame.encode() };
        self.after(0, HostIn::Recv { from: LinkId(from.into()), bytes: packet.encode() })
    }

    /// A wrapped secret of one seat for another; whether it is carried.
    fn wraps(&mut self, from: u16, to: u16) -> bool {
        let frame = |seat: u16| Frame::Wrap(SeatNo(seat), EpochHash([1; 32]), [2; WRAP]);
        let out = self.sends(from, &frame(to));
        let carried = frame(from).encode();
        let ends = |bytes: &[u8]| bytes.ends_with(&carried);
        out.iter()
            .any(|output| matches!(output, HostOut::Send { to: link, bytes } if link.0 == u64::from(to) && ends(bytes)))
    }

    /// The seat that records for the second comes.
    fn records(&mut self) {
        let (keys, member) = (SeatSecrets::generate(&Libcrux, &mut self.rng), &self.host.seats[&SeatNo(2)]);
        let (claim, of) = (Claim::Recorder { seat: member.statement.hash() }, member.statement.body().clone());
        let body = Body { x_pk: keys.x_pk(), s_vk: keys.s_vk(), consent: None, claim, ..of };
        let statement = Statement::new(body, Support::Recorder { seat: [0; 64] }).unwrap();
        self.host.seats.insert(SeatNo(8), Seat::new(statement, Role::Recorder, false, self.now));
        self.host.last_seat = 8;
    }

    /// Somebody joins, or asks first; what it is answered when own index says so.
    fn joins(&mut self, asks: bool, verdict: Result<Standing, JoinRefusal>) -> Result<(), ReplyError> {
        let statement = stated(3, &SeatSecrets::generate(&Libcrux, &mut self.rng));
        let (join, awaiting) = seal_join(&Libcrux, &mut self.rng, &self.host.config.entry, &statement).unwrap();
        let sent = if asks { Packet::Ask(join) } else { Packet::Join(join) };
        let out = self.after(0, HostIn::Recv { from: LinkId(9), bytes: sent.encode() });
        let asked = out.iter().find_map(|output| match output {
            HostOut::Question { id, question: HostQuestion::Verify(_) } => Some(*id),
            _ => None,
        });
        let out = self.after(0, HostIn::Verified { id: asked.unwrap(), verdict });
        let reply = out.iter().find_map(|output| match output {
            HostOut::Send { to: LinkId(9), bytes } => match packet(bytes) {
                Ok(Packet::Reply(reply)) => Some(reply),
                _ => None,
            },
            _ => None,
        });
        awaiting.open(&reply.unwrap(), BEGIN).map(drop)
    }

    /// An order of a seat; why it was refused.
    fn orders(&mut self, by: u16, order: Order) -> Option<OrderRefusal> {
        let seq = self.sent.get(&by).copied().unwrap_or_default() + 1;
        let message = RoomMessage { seat: SeatNo(by), seq, content: Content::Order(order) };
        let signed = message.sign(&scope(), self.secrets[&by].s()).encode();
        let out = self.sends(by, &Frame::Message(signed));
        out.iter().find_map(|output| match output {
            HostOut::Send { bytes, .. } => match packet(bytes) {
                Ok(Packet::Data { frame, .. }) => match Frame::decode(&frame) {
                    Ok(Frame::Refused(_, reason)) => Some(reason),
                    _ => None,
                },
                _ => None,
            },
            _ => None,
        })
    }
}

fn floods(out: &[HostOut]) -> usize {
    out.iter().filter(|output| matches!(output, HostOut::Event(HostEvent::Flood(_)))).count()
}

/// Whoever reads slowly is let go when too much waits for it: nobody may make so much wait for somebody else.
#[test]
fn no_seat_throws_another_out_by_what_it_sends_it() {
    let mut world = World::new(4);
    let carried = (0..20_000).filter(|_| world.wraps(2, 3)).count();
    assert_eq!(carried, 32);
    assert!(world.host.seats.contains_key(&SeatNo(3)), "it reads nothing, and nothing waits for it but this");
    assert!(world.wraps(4, 3) && world.wraps(2, 4), "others go on, and the same to others");
    world.after(1_000, HostIn::Wake);
    assert_eq!((0..9).filter(|_| world.wraps(2, 3)).count(), 4, "again as often as an honest one needs it");
}

#[test]
fn the_owner_hears_of_a_flood_once_in_a_while() {
    let mut world = World::new(2);
    let mut told = 0;
    for _ in 0..1_000 {
        told += floods(&world.sends(2, &Frame::Message(vec![0])));
    }
    assert_eq!(told, 1);
    world.after(10_000, HostIn::Wake);
    let told: usize = (0..1_000).map(|_| floods(&world.sends(2, &Frame::Message(vec![0])))).sum();
    assert_eq!(told, 1);
}

/// THREATS J5: a moderator whom the creator has removed gives no orders, and a new one does, without a rejoin.
#[test]
fn orders_are_carried_out_of_who_leads_on_chain_now() {
    let mut world = World::new(3);
    let told = world.after(0, HostIn::Leads(SeatNo(1), false));
    let permits = |told: &[HostOut], role: Role| {
        told.iter().any(|output| matches!(output, HostOut::Sfu(SfuOrder::Permit { role: now, .. }) if *now == role))
    };
    assert!(permits(&told, Role::Member), "the media server knows too");
    assert_eq!(world.orders(1, Order::Kick(SeatNo(3))), Some(OrderRefusal::NotLeading));
    assert!(permits(&world.after(0, HostIn::Leads(SeatNo(2), true)), Role::Moderator));
    assert_eq!(world.orders(2, Order::Kick(SeatNo(3))), None);
    assert_eq!(world.host.gone.get(&SeatNo(3)), Some(&GoneReason::Kicked));
}

#[test]
fn a_connection_is_one_seats_and_the_other_goes_when_it_does_not_come_back() {
    let mut world = World::new(2);
    let resume = [7; 16];
    world.host.seats.get_mut(&SeatNo(2)).unwrap().resume = Some(resume);
    let attach = Packet::Attach(Attach { seat: SeatNo(2), grant: GrantId([0; 16]), resume });
    world.after(0, HostIn::Recv { from: LinkId(1), bytes: attach.encode() });
    world.after(0, HostIn::Disconnected(LinkId(1)));
    world.after(LINK_MS, HostIn::Wake);
    let lost = Some(&GoneReason::LinkLost);
    assert_eq!((world.host.gone.get(&SeatNo(1)), world.host.gone.get(&SeatNo(2))), (lost, lost));
}

/// THREATS K2. No chain shows which room is recorded: only who could have a seat is told, before it has one.
#[test]
fn who_asks_first_is_told_that_the_room_is_recorded_if_it_could_have_a_seat_and_gets_none() {
    let mut world = World::new(2);
    world.after(0, HostIn::Opened);
    world.records();
    let refused = |refusal| Err(ReplyError::Refused(refusal));
    assert_eq!(world.joins(true, Err(JoinRefusal::NotEligible)), refused(JoinRefusal::NotEligible));
    assert_eq!(world.joins(true, Ok(Standing::default())), refused(JoinRefusal::Recorded));
    assert_eq!(world.host.taken(), 3);
    assert_eq!(world.joins(false, Ok(Standing::default())), Ok(()));
    assert_eq!(world.host.taken(), 4);
}
