//! TH-J7: nothing ties a member without a name in one sitting to the same member in the next. What stands in both must stand in a
//! stranger's as well: then it is the room's, the host's or the protocol's, not the member's.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::Duration;

use alloy::primitives::{Address, B256, U256};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chacha20::ChaCha20Rng;
use chacha20::rand_core::{Rng, SeedableRng};
use pars_bindings::TownHall::closeSittingCall;
use pars_circuits::{Deadline, Leaf, LeafSet, Nullifier, ProvingKey, Purpose, Request, Secret, Threshold, Witness};
use pars_crypto::suite::Libcrux;
use pars_daemon::daemon::Daemon;
use pars_e2e::capture::Capture;
use pars_engine::room::{Member, MemberConfig, MemberIn, MemberOut, MemberQuestion};
use pars_identity::id::IdentityId;
use pars_proto::room::recording::ConsentKey;
use pars_proto::room::{Claim, HostEntry, HostSecrets, Reach, Scope, Sitting, Statement, Support};
use pars_wire::codec::Wire;
use pars_wire::machine::{Cx, Machine, Now, Tick};
use pars_wire::{ChainId, Kind, RoomId, SittingId};
use serde_json::{Value, json};

use crate::remains::files;
use crate::support::call;
use crate::world::{HOST, Hall, Page, send_as};

/// Bytes of a value that ties, and how many different ones it has: a shorter one stands in two places by chance.
const VALUE: (usize, usize) = (8, 1);
/// The same in what connections carried, where heads of frames are runs of zeros and small numbers. What lasts of a member
/// (account, keys, commitment, identity) is random and has 20 bytes or more.
const CARRIED: (usize, usize) = (20, 10);
/// How many different bytes it has on a disk: pages of databases begin with up to twelve, the sizes of what they hold, which are the
/// same twice by chance. Of 20 random bytes fewer than 14 differ less than once in a million draws.
const KEPT: usize = 14;
/// Characters of such a value in base64, the shortest of the encodings.
const WRITTEN: usize = 11;
const OPENED: u64 = 1_800_000_000;
const SPAN: u64 = 10_000_000;
/// How often a new host is asked for its lobby, a tenth of a second apart.
const LOBBY: u32 = 600;

/// How many different bytes a value has.
fn different(value: &[u8]) -> usize {
    let mut seen = [0_u64; 4];
    value.iter().for_each(|byte| seen[usize::from(byte / 64)] |= 1 << (byte % 64));
    seen.iter().map(|part| part.count_ones() as usize).sum()
}

fn values(bytes: &[u8], (length, least): (usize, usize)) -> BTreeSet<&[u8]> {
    bytes.windows(length).filter(|value| different(value) >= least).collect()
}

/// What stands in both sittings of one member, and in no sitting of a stranger.
fn ties(value: (usize, usize), first: &[u8], second: &[u8], strangers: [&[u8]; 2]) -> Vec<String> {
    let others: BTreeSet<_> = strangers.into_iter().flat_map(|bytes| values(bytes, value)).collect();
    let both = values(first, value).intersection(&values(second, value)).copied().collect::<BTreeSet<_>>();
    both.difference(&others)
        .map(|value| format!("{} {:?}", hex::encode(value), String::from_utf8_lossy(value)))
        .collect()
}

fn words(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|letter| !letter.is_ascii_alphanumeric() && !b"+/-_".contains(letter))
}

/// The values of which no byte belongs to what strangers have too: beside that, one more is the same by chance.
fn alone<'a>(
    bytes: &'a [u8],
    (length, least): (usize, usize),
    others: &BTreeSet<&[u8]>,
) -> impl Iterator<Item = &'a [u8]> {
    let is_one: Vec<_> = bytes.windows(length).map(|value| different(value) >= least).collect();
    let shared = bytes.windows(length).zip(&is_one).map(|(value, is_one)| *is_one && others.contains(value));
    let shared: Vec<_> = shared.collect();
    let is_alone = move |at: usize| {
        let near = at.saturating_sub(length - 1)..(at + length).min(shared.len());
        is_one[at] && !shared[near].contains(&true)
    };
    bytes.windows(length).enumerate().filter(move |(at, _)| is_alone(*at)).map(|(_, value)| value)
}

fn own<'a>(text: &'a [u8], others: &BTreeSet<&[u8]>) -> BTreeSet<&'a [u8]> {
    words(text).flat_map(|word| alone(word, (WRITTEN, 1), others)).collect()
}

/// What stands on both disks, and no byte of it on any of the others.
fn kept_ties(first: &[u8], second: &[u8], others: &[&[u8]]) -> Vec<String> {
    let others: BTreeSet<_> = others.iter().flat_map(|bytes| values(bytes, CARRIED)).collect();
    let [first, second] = [first, second].map(|bytes| alone(bytes, CARRIED, &others).collect::<BTreeSet<_>>());
    first.intersection(&second).filter(|value| different(value) >= KEPT).map(hex::encode).collect()
}

/// The same in texts.
fn written_ties(first: &[u8], second: &[u8], strangers: [&[u8]; 2]) -> Vec<String> {
    let others = strangers.into_iter().flat_map(words).flat_map(|word| word.windows(WRITTEN)).collect();
    let both = own(first, &others).intersection(&own(second, &others)).copied().collect::<Vec<_>>();
    both.into_iter().map(|value| String::from_utf8_lossy(value).into_owned()).collect()
}

#[test]
fn a_value_that_a_stranger_has_too_ties_nobody_and_one_of_its_own_does() {
    let text =
        |value: &str, end: &str| format!("{{\"said\":\"dGhlIHNhbWUgdGV4dA{end}\",\"key\":\"{value}\"}}").into_bytes();
    let (one, two) = (text("Zlcnlib2R5ZAq", "Qx7"), text("c29tZWJvZHkgZ", "Q9z"));
    let strangers = [text("bm9ib2R5IGhlc", "Lm4"), text("YW55Ym9keSBhd", "Kp2")];
    let strangers = [strangers[0].as_slice(), &strangers[1]];
    assert_eq!(written_ties(&one, &two, strangers), Vec::<String>::new());
    let again = text("Zlcnlib2R5ZAq", "Q9z");
    assert_eq!(written_ties(&one, &again, strangers), ["Zlcnlib2R5Z", "cnlib2R5ZAq", "lcnlib2R5ZA"]);
}

fn drawn(seed: u64) -> [u8; 32] {
    let mut bytes = [0; 32];
    ChaCha20Rng::seed_from_u64(seed).fill_bytes(&mut bytes);
    bytes
}

#[test]
fn a_value_that_two_disks_keep_of_one_member_is_found_and_what_a_strangers_keeps_too_is_not() {
    let disk = |seed, kept: &[[u8; 32]]| [&[drawn(seed)], kept, &[drawn(100 + seed)]].concat().concat();
    let (own, everybodys) = (drawn(1), drawn(2));
    let (first, second) = (disk(10, &[own, everybodys]), disk(11, &[everybodys, own]));
    let strangers = [disk(12, &[everybodys]), disk(13, &[])];
    let strangers = strangers.each_ref().map(Vec::as_slice);
    let found: BTreeSet<_> = kept_ties(&first, &second, &strangers).into_iter().collect();
    assert_eq!(found, own.windows(CARRIED.0).map(hex::encode).collect());
}

struct Holder {
    account: Address,
    secret: Secret,
}

fn holder(number: u8) -> Holder {
    Holder { account: Address::repeat_byte(0xa0 + number), secret: Secret::from_bytes(&[number; 32]).unwrap() }
}

/// The statement of a holder in a sitting: the machine's keys, a real proof.
fn stated(rng: &mut ChaCha20Rng, key: &ProvingKey, holder: &Holder, (tree, number): (&LeafSet, u64)) -> Statement {
    let (town_hall, room) = (Address::repeat_byte(0x11), B256::repeat_byte(0x22));
    let scope = Scope { chain: ChainId(7_072), town_hall, room: RoomId(room), sitting: SittingId(number) };
    let opened_at = OPENED + number * 100_000;
    let sitting = pars_circuits::Sitting {
        chain_id: 7_072,
        town_hall,
        room_id: room,
        sitting_id: number,
        root: tree.root(),
        threshold: Threshold::new(U256::from(SPAN)).unwrap(),
        at: Deadline::new(opened_at + 7_200).unwrap(),
    };
    let host = HostSecrets::generate(&Libcrux, rng);
    let reach = Reach::Direct(([127, 0, 0, 1], 4_433).into());
    let host = HostEntry { x_pk: host.x_pk(), s_vk: host.s_vk(), session: IdentityId([3; 32]), reach };
    let config = MemberConfig {
        suite: &Libcrux,
        sitting: Sitting { scope, kind: Kind::OpenForum, opened_at, ends_at: opened_at + 7_200 },
        host,
        consent: Some(ConsentKey::generate(rng)),
        recordings: None,
        clock: opened_at + 600,
    };
    let external = sitting.scope(Purpose::Join).external();
    let nullifier = pars_wire::Nullifier(Nullifier::of(external, &holder.secret).bytes());
    let (mut out, now) = (Vec::new(), Now { tick: Tick(0), ..Now::default() });
    let mut member = Member::new(&mut Cx { now, rng, out: &mut out }, config);
    member.handle(&mut Cx { now, rng, out: &mut out }, MemberIn::Prepare(Claim::Anonymous { nullifier }));
    let asked = out.into_iter().find_map(|output| match output {
        MemberOut::Question { question: MemberQuestion::Prove(body), .. } => Some(*body),
        _ => None,
    });
    let body = asked.expect("the machine asks for a proof");
    let (payload, issued_at) = (body.seat_hash(), body.issued_at);
    let request =
        Request { account: holder.account, secret: &holder.secret, purpose: Purpose::Join, payload, issued_at };
    let witness = Witness::new(tree, &sitting, &request).unwrap();
    let mut seed = [0; 32];
    rng.fill_bytes(&mut seed);
    let words = key.prove(&witness, &seed).unwrap().points();
    let points: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes::<32>()).collect();
    let support = Support::Anonymous { points: Box::new(points.try_into().unwrap()) };
    Statement::new(body, support).unwrap()
}

#[test]
fn statements_and_proofs_of_one_holder_in_two_sittings_share_no_value() {
    let seed = 11;
    println!("seed {seed}");
    let mut rng = ChaCha20Rng::seed_from_u64(seed);
    let (member, stranger) = (holder(2), holder(3));
    let leaf = |holder: &Holder| Leaf {
        account: holder.account,
        commitment: holder.secret.commitment(),
        weight: 50_000,
        end: Deadline::new(OPENED + SPAN).unwrap(),
    };
    let tree = LeafSet::new(vec![leaf(&member), leaf(&stranger)]).unwrap();
    let key = ProvingKey::generate_insecure_dev().unwrap();
    let mut made = |holder: &Holder, sitting| stated(&mut rng, &key, holder, (&tree, sitting)).encode();
    let (first, second, again) = (made(&member, 3), made(&member, 4), made(&member, 3));
    let others = [made(&stranger, 3), made(&stranger, 4)];
    let others = [others[0].as_slice(), &others[1]];
    assert_eq!(ties(VALUE, &first, &second, others), Vec::<String>::new());
    // Within one sitting the nullifier says that it is the same member: the room's rule of one seat each.
    let ties = ties(VALUE, &first, &again, others);
    // Its windows, and those with the zeros of the unused fields behind it.
    assert_eq!(ties.len(), 32, "{ties:?}");
    for secret in [member.account.as_slice(), &member.secret.commitment().word().to_be_bytes::<32>()] {
        assert!(!first.windows(secret.len()).any(|window| window == secret));
    }
}

/// What the SFU, the host and other members learn of a seat, as far as a page can tell.
async fn shown(page: &mut Page, room: &str) -> (Value, Vec<u8>) {
    let joined = page.join_anonymously(room).await;
    let identity = &joined["identity"];
    let ours = |keys: &Value| keys["own"]["identity"] == *identity;
    let keys = page.told("roomKeys", ours).await;
    let there = |seat: &&Value| seat["identity"] == *identity;
    let listed = |roster: &Value| roster["seats"].as_array().is_some_and(|seats| seats.iter().any(|seat| there(&seat)));
    let roster = page.told("roomRoster", listed).await;
    let entry = roster["seats"].as_array().unwrap().iter().find(there).cloned();
    let said = json!({"room": room, "kind": "chat", "body": "the same text of everybody"});
    let signed = page.call("room.sign", said).await["bytes"].clone();
    let token: Vec<_> =
        joined["token"].as_str().unwrap().split('.').map(|part| URL_SAFE_NO_PAD.decode(part).unwrap()).collect();
    let claims: Value = serde_json::from_slice(&token[1]).unwrap();
    let text = json!([identity, claims, hex::encode(&token[2]), entry, keys["own"], signed, joined["seat"]]);
    (claims, text.to_string().into_bytes())
}

/// What each connection with the host carried, in the order in which they were opened.
fn carried(capture: &Capture) -> Vec<Vec<u8>> {
    let mut all = Vec::<(&[u8], Vec<u8>)>::new();
    for packet in &capture.packets {
        let connection = &packet.link[..8];
        match all.iter_mut().find(|(of, _)| *of == connection) {
            Some((_, bytes)) => bytes.extend(&packet.bytes),
            None => all.push((connection, packet.bytes.clone())),
        }
    }
    all.into_iter().map(|(_, bytes)| bytes).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_without_a_name_is_somebody_else_in_the_next_sitting() {
    let hall = Hall::start().await;
    let room = hall.room(Kind::OpenForum).await;
    let member = hall.member("b", Some(2)).await;
    // The host's owner is the stranger: another holder without a name.
    let (mut page, mut stranger) = (Page::open(&member).await, Page::open(&hall.host).await);
    let mut seen = Vec::new();
    for sitting in 1..=2 {
        assert_eq!(hall.host(&room, &member).await, sitting);
        hall.shown(&room, &hall.host).await;
        // Each comes first once, so that no number of a seat is one member's.
        let early = if sitting == 1 { Some(shown(&mut stranger, &room).await) } else { None };
        let (claims, text) = shown(&mut page, &room).await;
        let (_, theirs) = match early {
            Some(early) => early,
            None => shown(&mut stranger, &room).await,
        };
        assert!(claims.get("name").is_none() && claims.get("metadata").is_none() && claims.get("attributes").is_none());
        seen.push((claims, text, theirs));
        let close = closeSittingCall { roomId: room.parse().unwrap() };
        send_as(&hall.world, HOST, hall.world.contracts.town_hall, &close).await;
        page.told("roomEnded", |event| event["reason"] == "SittingOver").await;
        hall.closed(&room, &member).await;
    }
    let [(before, first, one), (after, second, two)] = seen.try_into().unwrap();
    assert_ne!((&before["sub"], &before["video"]["room"]), (&after["sub"], &after["video"]["room"]));
    assert_eq!(written_ties(&first, &second, [&one, &two]), Vec::<String>::new());

    let file = hall.world.datadir("host.tunnels");
    // A daemon that has ended has written everything.
    let _standing = hall.without_host().await;
    let carried: [Vec<u8>; 4] = carried(&Capture::read(&file).unwrap()).try_into().unwrap();
    let [one, first, second, two] = &carried;
    assert_eq!(ties(CARRIED, first, second, [one, two]), Vec::<String>::new());
    assert!(
        ties(CARRIED, one, first, [second, two]).len() > 100,
        "connections of one sitting share what is that sitting's"
    );
}

/// All that a folder's files hold, one after the other, but for pages of zeros.
fn on_disk(folder: &Path) -> Vec<u8> {
    const EMPTY: [u8; 4_096] = [0; 4_096];
    let mut all = Vec::new();
    for path in files(folder) {
        // A file that goes meanwhile is looked at the next time.
        let content = fs::read(path).unwrap_or_default();
        content.chunks(EMPTY.len()).filter(|page| **page != EMPTY[..page.len()]).for_each(|page| all.extend(page));
        all.extend(&EMPTY[..CARRIED.0]);
    }
    all
}

/// A sitting with one member without a name: what was on the host's disk meanwhile, and afterwards. The next host begins with none.
async fn one_sitting(hall: Hall, room: &str, (member, page): (&Daemon, &mut Page)) -> (Hall, [Vec<u8>; 2]) {
    let disk = hall.world.datadir("host");
    hall.host(room, member).await;
    let joined = page.join_anonymously(room).await;
    page.told("roomKeys", |keys| keys["own"]["identity"] == joined["identity"]).await;
    let meanwhile = on_disk(&disk);
    let close = closeSittingCall { roomId: room.parse().unwrap() };
    send_as(&hall.world, HOST, hall.world.contracts.town_hall, &close).await;
    page.told("roomEnded", |event| event["reason"] == "SittingOver").await;
    hall.closed(room, member).await;
    // A daemon that has ended has written everything.
    let ended = async {
        let all = on_disk(&disk);
        fs::remove_dir_all(&disk).unwrap();
        all
    };
    let (hall, afterwards) = hall.restart_host_after(ended).await;
    for _ in 0..LOBBY {
        if call(&hall.host.ready().socket, "room.lobby", json!({"room": room})).await.get("error").is_none() {
            return (hall, [meanwhile, afterwards]);
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("the new host's index does not know the room");
}

/// The hashes of all blocks: an index holds some of them for a while.
async fn blocks(hall: &Hall) -> Vec<u8> {
    let mut all = Vec::new();
    for number in 0.. {
        let block =
            hall.world.devnet.call("eth_getBlockByNumber", json!([format!("{number:#x}"), false])).await.unwrap();
        let Some(hash) = block["hash"].as_str() else { return all };
        all.extend(hex::decode(hash.trim_start_matches("0x")).unwrap());
        all.extend([hash.as_bytes(), &[0; CARRIED.0]].concat());
    }
    all
}

/// A host that keeps something of who came would have it again when they come again. Each sitting's host begins with nothing, so that
/// what two disks have in common came from outside twice; a stranger's sittings before and after show what is everybody's.
#[tokio::test(flavor = "multi_thread")]
async fn a_hosts_disk_ties_no_member_without_a_name_to_the_same_member_in_another_sitting() {
    let hall = Hall::start().await;
    let room = hall.room(Kind::OpenForum).await;
    let (member, stranger) = (hall.member("b", Some(2)).await, hall.member("c", Some(HOST)).await);
    let (mut page, mut other) = (Page::open(&member).await, Page::open(&stranger).await);
    let (hall, first) = one_sitting(hall, &room, (&member, &mut page)).await;
    let (hall, one) = one_sitting(hall, &room, (&stranger, &mut other)).await;
    let (hall, second) = one_sitting(hall, &room, (&member, &mut page)).await;
    let (hall, two) = one_sitting(hall, &room, (&stranger, &mut other)).await;
    let blocks = blocks(&hall).await;
    let others: Vec<_> = one.iter().chain(&two).chain([&blocks]).map(Vec::as_slice).collect();
    let [meanwhile, afterwards] = &first;
    let found = kept_ties(meanwhile, afterwards, &others).len();
    assert!(found > 100, "one disk at two moments has only {found} values in common: nothing was compared");
    let [first, second] = [first.concat(), second.concat()];
    assert_eq!(kept_ties(&first, &second, &others), Vec::<String>::new());
}
