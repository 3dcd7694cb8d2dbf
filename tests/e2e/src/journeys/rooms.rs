//! Journey 1: rooms of the three kinds, from accounts of their own and from a real Safe with slots that its owners lend.
//!
//! Accounts 1 to 3 create with their own slots; 4 to 6 own the Safe (two of three) and lend theirs; 7 and 8 try what is
//! refused. `committee` lists members and a moderator.

mod committee;

use anyhow::{Result, bail, ensure};
use serde_json::Value;

use crate::{
    parsctl::{number, text},
    report::{Facts, Report},
    safe::{Safe, ZERO, topic},
    stack::{Places, Stack},
    wait,
};

/// The argument, the indexer's name, and the words for a step.
const KINDS: [(&str, &str, &str); 3] = [
    ("town-hall", "TownHall", "a Town Hall"),
    ("committee", "Committee", "a Committee"),
    ("open-forum", "OpenForum", "an Open Forum"),
];

/// Accounts that own the Safe.
const SAFE_OWNERS: [usize; 3] = [4, 5, 6];

/// Who becomes an owner for a while.
const NEWCOMER: usize = 8;

/// What stands at both ends of a Safe's list of owners.
const SENTINEL: &str = "0x0000000000000000000000000000000000000001";

/// A room as it should be listed.
struct Made {
    id: String,
    kind: &'static str,
    creator: String,
    slot_of: String,
}

/// Runs the journey.
pub(super) fn run(report: &mut Report, places: &Places) -> Result<()> {
    let stack = report.step("chain, contracts and indexer are up", |facts| {
        let stack = Stack::start(places, 7072)?;
        stack.facts(facts)?;
        Ok(stack)
    })?;
    let _ = report.step("a second deployment over the live one is refused", |facts| {
        ensure!(
            stack.person(0).run(&["chain", "status"])?.get("live") == Some(&Value::Bool(true)),
            "the contracts are missing"
        );
        facts.add("code", stack.person(0).refused_as("already_deployed", &["chain", "deploy"])?.code);
        Ok(())
    });
    report.step("six accounts lock PARS", |facts| lock_all(&stack, facts))?;
    let mut made = from_accounts(report, &stack)?;
    let (safe, of_safe) = from_safe(report, &stack, places)?;
    made.extend(of_safe);
    refusals(report, &stack);
    if let Some(room) = made.iter().find(|room| room.kind == "Committee") {
        committee::run(report, &stack, &room.id);
    }
    report.step("the indexer lists the rooms with kind, creator and slot, and shows the Safe's owners", |facts| {
        listed(&stack, &made, facts)?;
        owners_shown(&stack, &made, &safe, facts)
    })?;
    let of_safe = made.iter().find(|room| room.kind == "Committee" && room.creator.eq_ignore_ascii_case(&safe.address));
    let room = of_safe.map(|room| room.id.clone()).unwrap_or_default();
    report.step("the Safe takes an owner in and lets him go, and the indexer follows", |facts| {
        owners_follow(&stack, &safe, &room, facts)
    })
}

fn lock_all(stack: &Stack, facts: &mut Facts) -> Result<()> {
    for account in 1..=6 {
        let lock = stack.person(account).run(&["lock", "--amount", "1000", "--days", "365"])?;
        let shown = stack.person(account).run(&["lock", "show"])?;
        ensure!(shown.get("end") == lock.get("end"), "the lock is shown as {shown}");
        facts.add(&format!("lock{account}"), text(&lock, "/transaction/hash")?);
    }
    Ok(())
}

fn create<'a>(kind: &'a str, safe: Option<&'a str>) -> Vec<&'a str> {
    let mut words = vec!["room", "create", "--kind", kind];
    match (kind, safe) {
        ("town-hall", _) => words.extend(["--min-balance", "100"]),
        ("committee", Some(safe)) => words.extend(["--safe", safe]),
        _ => {}
    }
    words
}

fn from_accounts(report: &mut Report, stack: &Stack) -> Result<Vec<Made>> {
    let mut made = Vec::new();
    for (account, (argument, kind, what)) in (1..).zip(KINDS) {
        made.push(report.step(&format!("account {account} creates {what} with its own slot"), |facts| {
            let room = stack.person(account).run(&create(argument, None))?;
            facts.add("roomId", text(&room, "/roomId")?);
            facts.add("transaction", text(&room, "/transaction/hash")?);
            facts.add("gasUsed", room.pointer("/transaction/gasUsed").cloned().unwrap_or_default());
            let (creator, slot_of) = (text(&room, "/creator")?, text(&room, "/slotOf")?);
            Ok(Made { id: text(&room, "/roomId")?, kind, creator, slot_of })
        })?);
    }
    Ok(made)
}

fn from_safe(report: &mut Report, stack: &Stack, places: &Places) -> Result<(Safe, Vec<Made>)> {
    let safe = report.step("a real Safe of accounts 4, 5 and 6 is deployed, two of three sign", |facts| {
        let safe = Safe::deploy(&stack.cast, &places.node_modules, &SAFE_OWNERS, 2)?;
        facts.add("safe", safe.address.clone());
        let version = stack.cast.call(&safe.address, "VERSION()(string)", &[])?;
        ensure!(version.trim_matches('"') == "1.5.0", "the Safe is of version {version}, not 1.5.0");
        facts.add("version", version);
        Ok(safe)
    })?;
    let mut made = Vec::new();
    for (owner, (argument, kind, what)) in (4..).zip(KINDS) {
        made.push(report.step(
            &format!("the Safe creates {what} with the slot that owner {owner} signs over"),
            |facts| {
                let mut words = lent(stack, owner, &safe.address, &create(argument, Some(&safe.address)))?;
                words.push("--calldata-only".into());
                let call = stack.person(7).run(&words)?;
                let receipt = safe.execute(&text(&call, "/to")?, &text(&call, "/data")?)?;
                let id = topic(&receipt, &stack.town_hall, 1)?;
                facts.add("roomId", id.clone());
                facts.add("transaction", text(&receipt, "/transactionHash")?);
                Ok(Made { id, kind, creator: safe.address.clone(), slot_of: stack.cast.account(owner)? })
            },
        )?);
    }
    Ok((safe, made))
}

/// A command line with the slot that a holder lends to a creator.
fn lent(stack: &Stack, holder: usize, creator: &str, words: &[&str]) -> Result<Vec<String>> {
    let slot = stack.person(holder).run(&["room", "slot", "--creator", creator])?;
    let mut all: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
    all.extend(["--slot-of".into(), text(&slot, "/holder")?, "--slot-signature".into(), text(&slot, "/signature")?]);
    all.extend(["--deadline".into(), number(&slot, "/deadline")?.to_string()]);
    Ok(all)
}

fn refusals(report: &mut Report, stack: &Stack) {
    let forum = create("open-forum", None);
    let refuse = |report: &mut Report, name: &str, code: &str, account: usize, words: &[&str]| {
        // Each refusal stands for itself: the journey goes on.
        let _ = report.step(name, |facts| {
            let refusal = stack.person(account).refused_as(code, words)?;
            facts.add("code", refusal.code);
            facts.add("message", refusal.message);
            Ok(())
        });
    };
    refuse(report, "a second room in the same hour on the same lock is refused", "slot_used", 1, &forum);
    let _ = report.step("account 1 moves all its liquid tokens to account 8", |facts| move_tokens(stack, facts));
    refuse(report, "after the tokens moved the lock's slot is still used", "slot_used", 1, &forum);
    refuse(report, "the tokens alone give their receiver no slot", "no_slot", 8, &forum);
    let _ = report.step("a slot that made one room cannot be lent to another creator in the same hour", |facts| {
        let words = lent(stack, 4, &stack.cast.account(7)?, &forum)?;
        facts.add("code", stack.person(7).refused_as("slot_used", &words)?.code);
        Ok(())
    });
    let _ = report.step("a slot lent to one creator is refused to another", |facts| {
        stack.person(9).run(&["lock", "--amount", "1000", "--days", "365"])?;
        let words = lent(stack, 9, &stack.cast.account(8)?, &forum)?;
        facts.add("code", stack.person(7).refused_as("invalid_slot_signature", &words)?.code);
        Ok(())
    });
}

fn move_tokens(stack: &Stack, facts: &mut Facts) -> Result<()> {
    let (pars, from, to) = (text(&stack.deployed, "/deployment/pars")?, stack.cast.account(1)?, stack.cast.account(8)?);
    let balance = stack.cast.call(&pars, "balanceOf(address)(uint256)", &[&from])?;
    let amount = balance.split_whitespace().next().unwrap_or_default();
    stack.cast.send(1, &pars, "transfer(address,uint256)", &[&to, amount])?;
    facts.add("rawUnits", amount);
    Ok(())
}

fn listed(stack: &Stack, made: &[Made], facts: &mut Facts) -> Result<()> {
    stack.synced()?;
    let rooms = wait::until("the rooms in the index", || {
        let list = stack.person(1).run(&["room", "list"])?;
        let rooms = list.get("rooms").and_then(Value::as_array).cloned().unwrap_or_default();
        Ok((rooms.len() >= made.len()).then_some(rooms))
    })?;
    facts.add("rooms", rooms.len());
    if rooms.len() != made.len() {
        bail!("{} rooms are listed, {} were made", rooms.len(), made.len());
    }
    for one in made {
        let found = rooms.iter().find(|room| room.get("roomId").and_then(Value::as_str) == Some(&one.id));
        let Some(room) = found else { bail!("room {} is not listed", one.id) };
        one.check(room)?;
    }
    Ok(())
}

impl Made {
    /// Fails unless a document of the indexer says of this room what it was made with.
    fn check(&self, room: &Value) -> Result<()> {
        let fields =
            [("roomId", self.id.as_str()), ("kind", self.kind), ("creator", &self.creator), ("slotOf", &self.slot_of)];
        for (field, expected) in fields {
            let told = text(room, &format!("/{field}"))?;
            ensure!(told.eq_ignore_ascii_case(expected), "room {}: {field} is {told} instead of {expected}", self.id);
        }
        Ok(())
    }
}

/// Whether `room show` of each Committee tells what the chain does: of the Safe's one the owners that the Safe itself
/// names, of the other no Safe and no owners.
fn owners_shown(stack: &Stack, made: &[Made], safe: &Safe, facts: &mut Facts) -> Result<()> {
    let mut accounts = SAFE_OWNERS.iter().map(|owner| stack.cast.account(*owner)).collect::<Result<Vec<_>>>()?;
    accounts.sort();
    ensure!(safe.owners()? == accounts, "the Safe names {:?} as its owners, not {accounts:?}", safe.owners()?);
    let committees: Vec<&Made> = made.iter().filter(|room| room.kind == "Committee").collect();
    ensure!(committees.len() == 2, "{} Committees were made, not two", committees.len());
    for one in committees {
        let shown = stack.person(1).run(&["room", "show", &one.id])?;
        one.check(&shown)?;
        let of_safe = one.creator.eq_ignore_ascii_case(&safe.address);
        let named = text(&shown, "/safe")?;
        let expected = if of_safe { &safe.address } else { ZERO };
        ensure!(named.eq_ignore_ascii_case(expected), "room {}: safe is {named} instead of {expected}", one.id);
        let (owners, expected) = (owners_of(&shown)?, of_safe.then(|| accounts.clone()));
        ensure!(owners == expected, "room {}: safeOwners is {owners:?} instead of {expected:?}", one.id);
    }
    facts.add("safeOwners", accounts);
    Ok(())
}

/// The owners that `room show` names, lower case, in rising order.
fn owners_of(shown: &Value) -> Result<Option<Vec<String>>> {
    let told = shown.get("safeOwners").cloned().unwrap_or_default();
    let mut owners: Option<Vec<String>> = serde_json::from_value(told.to_string().to_lowercase().parse()?)?;
    owners.iter_mut().for_each(|owners| owners.sort());
    Ok(owners)
}

/// An owner more, and as before: each time `room show` comes to name whom the Safe itself names.
fn owners_follow(stack: &Stack, safe: &Safe, room: &str, facts: &mut Facts) -> Result<()> {
    let (before, newcomer) = (safe.owners()?, stack.cast.account(NEWCOMER)?);
    let threshold = stack.cast.call(&safe.address, "getThreshold()(uint256)", &[])?;
    let followed = |what: &str| {
        let owners = safe.owners()?;
        wait::until(what, || {
            let shown = owners_of(&stack.person(1).run(&["room", "show", room])?)?;
            Ok((shown.as_ref() == Some(&owners)).then_some(()))
        })?;
        Ok::<_, anyhow::Error>(owners)
    };
    let taken = stack.cast.calldata("addOwnerWithThreshold(address,uint256)", &[&newcomer, &threshold])?;
    safe.execute(&safe.address, &taken)?;
    let more = followed("the new owner in the index")?;
    ensure!(more.len() == before.len() + 1 && more.contains(&newcomer.to_lowercase()), "the Safe names {more:?}");
    // In the Safe's list the newest owner stands behind its sentinel.
    let gone = stack.cast.calldata("removeOwner(address,address,uint256)", &[SENTINEL, &newcomer, &threshold])?;
    safe.execute(&safe.address, &gone)?;
    ensure!(followed("the owner's end in the index")? == before, "the Safe's owners are not those from before");
    facts.add("owners", more);
    Ok(())
}
