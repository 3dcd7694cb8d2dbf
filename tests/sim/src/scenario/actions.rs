//! Journey 6 (ARCHITECTURE.md). A signs actions with its trigger key and sends them to B, who executes: message → policy →
//! simulation → transaction → receipt as a message. One of them sets a value in a contract; the others are refused, each by
//! its own name.

mod author;
mod executor;

use pars_bindings::ParsToken;
use pars_proto::action::{ActionReceipt, Outcome, RefusalCode};
use pars_wire::codec::Wire;
use pars_wire::content::ContentType;

use super::stage::{A, B, Stage};
use author::Author;
use executor::Executor;

/// What the action sets: the allowance of this much.
const AMOUNT: u64 = 4_711;
/// Messages of A before the actions.
const CHAT: usize = 2;
/// Commands of the receipts begin here.
const RECEIPTS: u8 = 100;

/// From strangers to a receipt.
///
/// # Panics
/// A broken rule, a stage that does not end, or an outcome that is not the expected one.
pub fn run(stage: &mut Stage) {
    stage.publish(&[B, A]);
    stage.open(A, B);
    prove_each_other(stage);
    let author = Author::enrol(stage);
    let messages = messages(stage, &author);
    stage.partition();
    for (number, (content, _)) in (10..).zip(&messages) {
        stage.send_content(A, B, number, content.clone());
    }
    stage.poll_until("reading the actions", |stage| stage.received(B, A).len() == CHAT + messages.len());
    execute(stage);
    let expected: Vec<_> = messages.into_iter().filter_map(|(_, outcome)| outcome).collect();
    let read = |stage: &Stage| {
        let receipts =
            stage.received(A, B).into_iter().filter(|entry| entry.content_type == Some(ContentType::ActionReceipt));
        receipts.map(|entry| ActionReceipt::decode(&entry.content).expect("B's own receipt")).collect::<Vec<_>>()
    };
    stage.poll_until("reading the receipts", |stage| read(stage).len() >= expected.len());
    let outcomes: Vec<_> = read(stage).iter().map(ActionReceipt::outcome).collect();
    assert_eq!(outcomes, expected, "{}", stage.place());
    assert!(read(stage).iter().all(ActionReceipt::is_final), "{}", stage.place());
    let ledger = &stage.world.ledger;
    let allowance = ParsToken::allowanceCall { owner: author.account, spender: author::SPENDER };
    let set = ledger.read(ledger.places.pars, &allowance, ledger.head()).expect("it answers");
    assert_eq!(set, alloy_primitives::U256::from(AMOUNT), "{}: the value of the contract", stage.place());
}

/// Actions wait until both sides have shown the post-quantum secret.
fn prove_each_other(stage: &mut Stage) {
    stage.send(A, B, 1);
    stage.poll_until("reading the first", |stage| stage.texts(B, A).len() == 1);
    stage.send(B, A, 2);
    stage.poll_until("reading the answer", |stage| stage.texts(A, B).len() == 1);
    stage.send(A, B, 3);
    stage.poll_until("reading the third", |stage| stage.texts(B, A).len() == 2);
    stage.confirmed(A, B);
}

type Content = (ContentType, Vec<u8>);

/// What A sends, and what must become of it; nothing: B does not answer.
fn messages(stage: &mut Stage, author: &Author) -> Vec<(Content, Option<Outcome>)> {
    let refused = |code| Some(Outcome::Refused(code));
    let action = |content: Vec<u8>| (ContentType::Action, content);
    let good = author.action(stage, AMOUNT, 0, author.domain());
    let mut flipped = author.action(stage, AMOUNT + 1, 1, author.domain());
    if let Some(last) = flipped.last_mut() {
        *last ^= 1;
    }
    let elsewhere = author.action(stage, AMOUNT + 1, 1, &author.domain_of_another_chain());
    let early = author.action(stage, AMOUNT + 1, 5, author.domain());
    vec![
        (action(good.clone()), refused(RefusalCode::UnknownKey)),
        (action(author.certificate(stage, 7_071)), refused(RefusalCode::OtherChain)),
        (action(author.certificate(stage, author::CHAIN)), None),
        (action(good.clone()), Some(Outcome::Executed)),
        (action(good.clone()), refused(RefusalCode::Replay)),
        (action(flipped), refused(RefusalCode::BadSignature)),
        (action(elsewhere), refused(RefusalCode::BadSignature)),
        (action(early), refused(RefusalCode::NotNext)),
        (action(author.forbidden(stage)), refused(RefusalCode::SimulationReverts)),
        (action(vec![2, 0, 1, 7]), refused(RefusalCode::Malformed)),
        ((ContentType::Text, hexadecimal(&good)), None),
    ]
}

/// Chat that holds an action is chat: UTF-8, so that it is a text at all.
fn hexadecimal(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().take(1_000).flat_map(|byte| format!("{byte:02x}").into_bytes()).collect()
}

/// B takes its messages one by one; it crashes in the middle of answering.
fn execute(stage: &mut Stage) {
    let mut executor = Executor::new(stage);
    let entries: Vec<_> = stage.received(B, A).into_iter().skip(CHAT).collect();
    let mut number = RECEIPTS;
    for entry in entries {
        let Some(receipt) = executor.take(stage, &entry) else { continue };
        stage.world.note(&format!("receipt: {:?}", receipt.outcome()));
        if receipt.inclusion().is_some() {
            stage.world.crash_at_next_barrier(B);
        }
        stage.send_content(B, A, number, (ContentType::ActionReceipt, receipt.encode()));
        number += 1;
    }
}
