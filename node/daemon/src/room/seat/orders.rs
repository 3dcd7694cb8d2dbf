//! Orders that were given, until each is answered.
//!
//! The host deals with them one after the other: it passes an order on, back to this seat too, or refuses it. It says nothing of
//! one that came in a flood, and of one that it passed on the machine says nothing if the own index sees no lead. Such an order
//! waits until a later one is passed on, or its time is over.

use std::collections::VecDeque;
use std::time::Duration;

use pars_engine::room::OrderRefusal;
use pars_proto::room::{Order, SeatNo};
use pars_rpc::{Code, RpcError};
use tokio::time::Instant;

use super::{Reply, tell};

/// Orders that wait: more than the host takes from a seat at once.
const MAX_ORDERS: usize = 64;
/// How long an order may wait. A link that is lost is back after 35 s at most, or the seat is gone.
const PATIENCE: Duration = Duration::from_secs(40);

struct Given {
    order: Order,
    at: Instant,
    reply: Reply<()>,
}

/// The queue.
#[derive(Default)]
pub(super) struct Orders(VecDeque<Given>);

impl Orders {
    /// An order is given; whether it may go to the host.
    pub(super) fn give(&mut self, order: Order, at: Instant, reply: Reply<()>) -> bool {
        let may_go = self.0.len() < MAX_ORDERS;
        if may_go {
            self.0.push_back(Given { order, at, reply });
        } else {
            // Whoever asked may be gone, here and below.
            let _ = reply.send(Err(Code::Busy.into()));
        }
        may_go
    }

    /// The host passed an order of ours on. Of those before it nothing comes any more.
    pub(super) fn passed_on(&mut self, order: Order) {
        let Some(place) = self.0.iter().position(|given| given.order == order) else { return };
        for (number, given) in self.0.drain(..=place).enumerate() {
            let _ = given.reply.send(if number == place { Ok(()) } else { Err(unknown()) });
        }
    }

    /// The host refused an order, or an acceptance, of this seat: `target` is whom it concerned, or the seat itself.
    pub(super) fn refused(&mut self, own: Option<SeatNo>, target: SeatNo, reason: OrderRefusal) {
        let is_it = |given: &Given| match (given.order.target(), reason) {
            // Only an acceptance is refused so, and that was answered when it was given.
            (_, OrderRefusal::NotOffered) | (None, OrderRefusal::PresentersFull) => false,
            (about, _) => about.or(own) == Some(target),
        };
        // Not those before it: what was passed on may still wait in the machine for a verdict on another seat.
        if let Some(given) = self.0.iter().position(is_it).and_then(|place| self.0.remove(place)) {
            let _ = given.reply.send(Err(tell::order_refused(reason)));
        }
    }

    /// Nobody waits for ever.
    pub(super) fn expire(&mut self, now: Instant) {
        while let Some(given) = self.0.pop_front_if(|given| now >= given.at + PATIENCE) {
            let _ = given.reply.send(Err(unknown()));
        }
    }

    /// The seat is gone.
    pub(super) fn end(&mut self, error: &RpcError) {
        for given in self.0.drain(..) {
            let _ = given.reply.send(Err(error.clone()));
        }
    }
}

fn unknown() -> RpcError {
    let sentence = "the host did not say what became of this order; look whether it was carried out, and give it again";
    RpcError::new(Code::Timeout, sentence)
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;
    use tokio::sync::oneshot::error::TryRecvError;

    use super::*;

    const OWN: SeatNo = SeatNo(1);
    const OTHER: SeatNo = SeatNo(2);

    type Answer = oneshot::Receiver<Result<(), RpcError>>;

    /// Orders that were given one after the other, and their callers.
    fn given<const N: usize>(all: [Order; N]) -> (Orders, [Answer; N], Instant) {
        let (mut orders, now) = (Orders::default(), Instant::now());
        let answers = all.map(|order| {
            let (reply, answer) = oneshot::channel();
            assert!(orders.give(order, now, reply));
            answer
        });
        (orders, answers, now)
    }

    fn code(answer: &mut Answer) -> Result<(), Code> {
        answer.try_recv().expect("an answer").map_err(|error| error.known().expect("a known code"))
    }

    fn waits(answer: &mut Answer) -> bool {
        answer.try_recv() == Err(TryRecvError::Empty)
    }

    #[test]
    fn each_caller_gets_the_answer_to_its_own_order() {
        let (mut orders, [mut first, mut second], _) = given([Order::Demote(OTHER), Order::Mute(OTHER)]);
        assert!(waits(&mut first) && waits(&mut second));
        orders.refused(Some(OWN), OTHER, OrderRefusal::NoChange);
        assert_eq!(code(&mut first), Err(Code::NotAllowed));
        assert!(waits(&mut second));
        orders.passed_on(Order::Mute(OTHER));
        assert_eq!(code(&mut second), Ok(()));
    }

    #[test]
    fn a_refusal_is_given_to_an_order_about_the_same_seat_and_not_to_one_before_it() {
        let all = [Order::MuteAll, Order::Mute(OTHER), Order::Promote(OWN)];
        let (mut orders, [mut everybody, mut other, mut own], _) = given(all);
        orders.refused(Some(OWN), OWN, OrderRefusal::NotOffered);
        orders.refused(Some(OWN), SeatNo(3), OrderRefusal::NoSuchSeat);
        assert!(waits(&mut everybody) && waits(&mut other) && waits(&mut own));
        orders.refused(Some(OWN), OWN, OrderRefusal::PresentersFull);
        assert_eq!(code(&mut own), Err(Code::PresentersFull));
        orders.refused(Some(OWN), OWN, OrderRefusal::NotLeading);
        assert_eq!(code(&mut everybody), Err(Code::NotAllowed));
        orders.passed_on(Order::Mute(OTHER));
        assert_eq!(code(&mut other), Ok(()));
    }

    #[test]
    fn an_order_of_which_the_host_says_nothing_waits_for_a_later_one_or_for_its_time() {
        let all = [Order::Mute(OTHER), Order::MuteAll, Order::Kick(OTHER)];
        let (mut orders, [mut dropped, mut carried_out, mut last], now) = given(all);
        orders.passed_on(Order::MuteAll);
        assert_eq!((code(&mut dropped), code(&mut carried_out)), (Err(Code::Timeout), Ok(())));
        orders.expire(now + PATIENCE - Duration::from_millis(1));
        assert!(waits(&mut last));
        orders.expire(now + PATIENCE);
        assert_eq!(code(&mut last), Err(Code::Timeout));
    }

    #[test]
    fn who_waits_when_the_seat_is_gone_is_answered_at_once() {
        let (mut orders, mut answers, _) = given([Order::MuteAll, Order::Kick(OTHER)]);
        orders.end(&Code::HostUnreachable.into());
        for answer in &mut answers {
            assert_eq!(code(answer), Err(Code::HostUnreachable));
        }
    }

    #[test]
    fn the_queue_has_an_end() {
        let (mut orders, answers, now) = given([Order::MuteAll; MAX_ORDERS]);
        let (reply, mut answer) = oneshot::channel();
        assert!(!orders.give(Order::MuteAll, now, reply));
        assert_eq!(code(&mut answer), Err(Code::Busy));
        drop(answers);
    }
}
