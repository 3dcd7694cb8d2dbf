//! Carrying out what machines ask for: packets with their faults, questions, what is told.

use pars_crypto::suite::Libcrux;
use pars_engine::room::{
    GoneReason, HostEvent, HostIn, HostOut, HostQuestion, MemberEvent, MemberIn, MemberOut, MemberQuestion, Standing,
    StopReason,
};
use pars_proto::room::{JoinRefusal, Statement, StatementRefusal, Support, verify, verify_at_gate};

use super::super::PersonId;
use super::super::cast::{BEGIN, Index};
use super::super::evil::Evil;
use super::{Happening, Person, World};

impl World {
    pub(super) fn person_out(&mut self, who: PersonId, output: MemberOut) {
        match output {
            MemberOut::Connect => {
                let ms = self.latency();
                self.later(ms, Happening::Connect(who));
            }
            MemberOut::Disconnect => {
                let Some(person) = self.people.get_mut(&who) else { return };
                let (side, link) = (person.side, person.link.take());
                // What was sent before arrives before.
                if let Some(link) = link {
                    self.later(self.faults.latency_ms + 2, Happening::ToHost(side, HostIn::Disconnected(link)));
                }
            }
            MemberOut::Send(bytes) => {
                let rule = self.watch.left(who, &bytes);
                self.must(rule);
                let Some(person) = self.people.get_mut(&who) else { return };
                person.asked.get_or_insert(self.tick);
                let (side, Some(link)) = (person.side, person.link) else { return };
                for _ in 0..self.copies(who) {
                    let ms = self.latency();
                    self.later(ms, Happening::ToHost(side, HostIn::Recv { from: link, bytes: bytes.clone() }));
                }
            }
            MemberOut::Question { id, question } => {
                let input = match question {
                    MemberQuestion::Prove(body) => {
                        if let Some(member) = self.recordings.recorders.get(&who) {
                            let vouched = self.people.get(member).and_then(|member| member.member.vouch(&body));
                            let vouched = vouched.or_else(|| self.recordings.lies.vouch(&body));
                            // Its member records no more.
                            let Some(seat) = vouched else { return };
                            let input = MemberIn::Proven { id, support: Support::Recorder { seat } };
                            return self.later(50, Happening::ToPerson(who, None, Box::new(input)));
                        }
                        let Some(person) = self.people.get_mut(&who) else { return };
                        let somebody = &self.everybody[person.somebody];
                        let support =
                            if person.forges { somebody.forged() } else { somebody.support(&body, &mut person.rng) };
                        MemberIn::Proven { id, support }
                    }
                    MemberQuestion::Verify { seat, statement } => {
                        let verdict = self.verdict(who, &statement);
                        if verdict.is_ok() {
                            self.watch.verified(who, seat);
                        }
                        MemberIn::Verified { id, verdict }
                    }
                    MemberQuestion::Recording(question) => return self.recording_asked(who, id, question),
                };
                let ms = 20 + self.below(400);
                self.later(ms, Happening::ToPerson(who, None, Box::new(input)));
            }
            MemberOut::Event(event) => self.heard(who, event),
        }
    }

    /// What somebody's own index says of a statement.
    fn verdict(&self, who: PersonId, statement: &Statement) -> Result<Standing, StatementRefusal> {
        let index = Index(&self.everybody, &self.seat_keys);
        let account = statement.body().claim.member().map(|member| member.account);
        let standing = Standing { leads: index.leads(account) };
        if self.people.get(&who).is_some_and(|person| person.gullible) {
            return Ok(standing);
        }
        verify(&Libcrux, statement, &self.sitting, &index).map(|()| standing)
    }

    fn heard(&mut self, who: PersonId, event: MemberEvent) {
        let line = match &event {
            MemberEvent::Keys(keys) => {
                let sends = keys.own.is_some();
                let rule = self.watch.keys(who, keys, sends, self.tick);
                self.must(rule);
                let rule = self.recorder_keys(who, keys);
                self.must(rule);
                if sends {
                    let rule = self.recorded_until_now(who);
                    self.must(rule);
                }
                let heard = keys.keys.len();
                format!("keys of epoch {} with {} seats, {heard} heard, sends {sends}", keys.epoch, keys.seats.len())
            }
            other => format!("{other:?}"),
        };
        self.say(format_args!("{who} -> {line}"));
        match &event {
            MemberEvent::Recording(event) => self.recording_told(who, event),
            MemberEvent::Stopped { reason: StopReason::NotConsented, .. } => {
                // A recorder itself never sends.
                self.recordings.stopped += usize::from(!self.recordings.recorders.contains_key(&who));
            }
            _ => {}
        }
        if let (MemberEvent::Refused(why), Some(person)) = (&event, self.people.get_mut(&who)) {
            person.refused = person.asked.map(|asked| (*why, self.tick.0 - asked.0));
        }
        if !matches!(event, MemberEvent::Roster | MemberEvent::Keys(_)) {
            self.people.get_mut(&who).into_iter().for_each(|person| person.events.push(event.clone()));
        }
    }

    pub(super) fn host_out(&mut self, side: usize, output: HostOut) {
        match output {
            HostOut::Send { to, bytes } => {
                let Some(who) = self.sides[side].links.get(&to).copied() else { return };
                let own = self.people.get(&who).and_then(|person| person.member.seat());
                let bytes = self.recordings.lies.pass(who, self.liar.change(own, bytes));
                let bytes = self.tamper.iter().fold(bytes, |bytes, tamper| tamper(bytes));
                for _ in 0..self.copies(who) {
                    let ms = self.latency();
                    self.later(ms, Happening::ToPerson(who, Some(to), Box::new(MemberIn::Recv(bytes.clone()))));
                }
            }
            HostOut::Disconnect(link) => {
                let ms = self.faults.latency_ms + 2;
                if let Some(who) = self.sides[side].links.remove(&link) {
                    self.later(ms, Happening::ToPerson(who, Some(link), Box::new(MemberIn::Disconnected)));
                }
            }
            HostOut::Question { id, question } => {
                let input = match question {
                    HostQuestion::Verify(statement) => {
                        self.seat_keys.insert(statement.hash(), statement.body().s_vk);
                        HostIn::Verified { id, verdict: self.gate_verdict(&statement) }
                    }
                    HostQuestion::Token { identity, .. } => HostIn::Token { id, token: format!("token of {identity}") },
                    HostQuestion::Recheck(_) => HostIn::Rechecked { id, outcome: self.recheck.clone() },
                };
                let ms = 20 + self.below(400);
                self.later(ms, Happening::ToHost(side, input));
            }
            HostOut::Event(event) => self.host_said(side, &event),
            HostOut::Sfu(order) => {
                self.say(format_args!("host {side} -> SFU {order:?}"));
                let rule = self.watch.ordered(side, &order);
                self.must(rule);
            }
        }
    }

    fn gate_verdict(&self, statement: &Statement) -> Result<Standing, JoinRefusal> {
        let index = Index(&self.everybody, &self.seat_keys);
        let account = statement.body().claim.member().map(|member| member.account);
        let seconds = BEGIN + self.tick.0 / 1_000;
        let standing = Standing { leads: index.leads(account) };
        let lies = matches!(self.evil, Evil::AdmitsForged | Evil::AdmitsForgedWithSteward);
        let verdict = verify_at_gate(&Libcrux, statement, &self.sitting, &index, seconds);
        if lies { Ok(standing) } else { verdict.map(|()| standing).map_err(Into::into) }
    }

    fn host_said(&mut self, side: usize, event: &HostEvent) {
        self.say(format_args!("host {side} -> {event:?}"));
        match event {
            HostEvent::Admitted { seat, .. } => {
                let by_seat = |person: &Person| person.side == side && person.member.seat() == Some(*seat);
                let who = self.people.iter().find(|(_, person)| by_seat(person)).map(|(who, _)| *who);
                if let Some(who) = who {
                    self.sides[side].seats.insert(*seat, who);
                    self.watch.admitted(who, side, self.tick);
                    self.seat_changed(who, true);
                }
            }
            HostEvent::Gone { seat, reason } => {
                self.watch.gone_seat(side, *seat, self.tick);
                if let Some(who) = self.sides[side].seats.remove(seat) {
                    self.say(format_args!("{who} is gone: {}", GoneReason::name(*reason)));
                    self.watch.gone(who, self.tick);
                    self.seat_changed(who, false);
                }
            }
            _ => {}
        }
    }
}
