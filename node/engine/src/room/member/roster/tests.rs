//! Whose statement is judged, and until when.

use alloy_primitives::B256;
use chacha20::ChaCha20Rng;
use chacha20::rand_core::SeedableRng;
use pars_crypto::suite::Libcrux;
use pars_identity::id::IdentityId;
use pars_proto::room::{
    Body, Content, Grant, GrantId, HostEntry, HostSecrets, Line, Reach, RoomMessage, Scope, SeatSecrets, Sitting,
    Support,
};
use pars_wire::codec::Wire;
use pars_wire::machine::{Cx, Now};
use pars_wire::{ChainId, Kind, Nullifier, RoomId, SittingId};

use super::*;
use crate::room::io::MemberOut;
use crate::room::member::{MemberConfig, Phase, Place};
use crate::room::packet::Frame;

const BEGIN: u64 = 1_800_000_000;
const OWN: SeatNo = SeatNo(1);

/// A seat that was told all from before it came, by a host that tells what it likes.
struct World {
    member: Member,
    rng: ChaCha20Rng,
    now: Tick,
    sitting: Sitting,
    /// Secrets of the seats that were told.
    secrets: BTreeMap<SeatNo, SeatSecrets>,
}

impl World {
    fn new() -> Self {
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        let room = RoomId(B256::repeat_byte(2));
        let scope = Scope { chain: ChainId(1), town_hall: Address::repeat_byte(1), room, sitting: SittingId(1) };
        let sitting = Sitting { scope, kind: Kind::TownHall, opened_at: BEGIN, ends_at: BEGIN + 7_200 };
        let host = HostSecrets::generate(&Libcrux, &mut rng);
        let reach = Reach::Direct("127.0.0.1:1".parse().unwrap());
        let host = HostEntry { x_pk: host.x_pk(), s_vk: host.s_vk(), session: IdentityId([3; 32]), reach };
        let config = MemberConfig { suite: &Libcrux, sitting, host, consent: None, recordings: None, clock: BEGIN };
        let (now, mut out) = (Now::default(), Vec::new());
        let mut member = Member::new(&mut Cx { now, rng: &mut rng, out: &mut out }, config);
        let st = StatementHash([0; 32]);
        let grant = Grant {
            scope,
            seat: OWN,
            st,
            role: Role::Member,
            id: GrantId([0; 16]),
            expires_at: BEGIN + 120,
            sfu: 0,
            dtls_fingerprint: [0; 32],
            tunnel: Line::new("here").unwrap(),
        };
        member.place = Some(Place { seat: OWN, st, grant, resume: [0; 16], attached: true, synced: true });
        member.phase = Phase::Admitted;
        Self { member, rng, now: Tick(0), sitting, secrets: BTreeMap::new() }
    }

    fn told(&mut self, frame: Frame) -> Vec<MemberOut> {
        let (now, mut out) = (Now { tick: self.now, ..Now::default() }, Vec::new());
        self.member.frame(&mut Cx { now, rng: &mut self.rng, out: &mut out }, frame);
        out
    }

    /// A seat comes; the question about it.
    fn seat(&mut self, number: u16) -> QuestionId {
        let (seat, secrets) = (SeatNo(number), SeatSecrets::generate(&Libcrux, &mut self.rng));
        let body = Body {
            scope: self.sitting.scope,
            issued_at: BEGIN,
            expires_at: BEGIN + 120,
            x_pk: secrets.x_pk(),
            s_vk: secrets.s_vk(),
            consent: Some(ConsentSigner::Address(Address::with_last_byte(number as u8))),
            claim: Claim::Anonymous { nullifier: Nullifier(B256::with_last_byte(number as u8)) },
        };
        let statement = Statement::new(body, Support::Anonymous { points: Box::new([0; 256]) }).unwrap();
        self.secrets.insert(seat, secrets);
        let asked = self.told(Frame::Seat(seat, Box::new(statement)));
        let id = asked.into_iter().find_map(|output| match output {
            MemberOut::Question { id, question: MemberQuestion::Verify { .. } } => Some(id),
            _ => None,
        });
        id.expect("its statement is judged")
    }

    fn gone(&mut self, number: u16) {
        self.told(Frame::Gone(SeatNo(number), GoneReason::Left));
    }

    /// Something signed by a seat; whether it is taken for forged.
    fn says(&mut self, number: u16) -> bool {
        let message = RoomMessage { seat: SeatNo(number), seq: 1, content: Content::Answer(true) };
        let signed = message.sign(&self.sitting.scope, self.secrets[&SeatNo(number)].s());
        let out = self.told(Frame::Message(signed.encode()));
        out.iter().any(|output| matches!(output, MemberOut::Event(MemberEvent::Forged(Forgery::Message))))
    }

    fn forsaken(&mut self) -> Vec<QuestionId> {
        self.member.forsaken(self.now)
    }
}

#[test]
fn nobody_is_judged_who_went_long_ago_unless_a_message_of_his_waits() {
    let mut world = World::new();
    let [stays, went, spoke] = [2, 3, 4].map(|seat| world.seat(seat));
    assert!(!world.says(4), "it waits for the verdict");
    world.gone(3);
    world.gone(4);
    assert!(world.forsaken().is_empty(), "an epoch with them may be the one to send in");
    world.now = world.now.after(FRESH_MS);
    assert_eq!(world.forsaken(), [went]);
    assert!(world.forsaken().is_empty(), "each is told once");
    assert!(world.says(3), "what nobody judges any more keeps no order waiting");
    let (now, mut out) = (Now { tick: world.now, ..Now::default() }, Vec::new());
    for id in [stays, spoke] {
        let cx = &mut Cx { now, rng: &mut world.rng, out: &mut out };
        world.member.verified(cx, id, Ok(Standing::default()));
    }
    assert!(world.member.told.waiting.is_empty(), "what came before is heard");
}

#[test]
fn questions_are_bounded_however_many_seats_a_host_lets_come_and_go() {
    let mut world = World::new();
    // To who is told of the past still, seats that went are judged: orders of theirs may follow.
    world.member.place.as_mut().unwrap().synced = false;
    for seat in 2..40 {
        world.seat(seat);
        world.gone(seat);
        world.now = world.now.after(FRESH_MS);
    }
    assert!(world.forsaken().is_empty());
    let first = world.member.roster.seats.first_entry().unwrap().remove();
    assert!(!first.is_live());
    assert_eq!(world.forsaken().len(), 1, "whom nobody remembers");
    world.member.place.as_mut().unwrap().synced = true;
    assert_eq!(world.forsaken().len(), 37);
    assert!(world.member.questions.is_empty());
}
