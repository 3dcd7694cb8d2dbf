//! TH-J7: what a host's disk holds of members without a name, while they sit and afterwards. Its index holds every lock's account,
//! because those are public; what would tie one of them to a seat is nowhere, so that no pair can be put together.

use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use pars_bindings::TownHall::closeSittingCall;
use pars_circuits::{Nullifier, Purpose, Scope, Secret};
use pars_devnet::dev_accounts;
use pars_wire::Kind;
use serde_json::json;

use crate::world::{HOST, Hall, Page, result, send_as};

const ANONYMOUS: usize = 2;

/// Every file below a folder.
pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let below = |path: PathBuf| if path.is_dir() { files(&path) } else { vec![path] };
    // A socket is no file that is read.
    entries.flat_map(below).filter(|path| path.is_file()).collect()
}

/// The forms in which a file could hold a value: its bytes, and as text.
fn forms(value: &[u8]) -> Vec<Vec<u8>> {
    let texts =
        [hex::encode(value), hex::encode_upper(value), STANDARD_NO_PAD.encode(value), URL_SAFE_NO_PAD.encode(value)];
    let wide = |text: &String| text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let wide: Vec<Vec<u8>> = texts.iter().map(wide).collect();
    [value.to_vec()].into_iter().chain(texts.map(String::into_bytes)).chain(wide).collect()
}

/// Bytes as characters of the same numbers: text is searched much faster.
fn as_text(bytes: &[u8]) -> String {
    bytes.iter().copied().map(char::from).collect()
}

/// The files that hold a value.
fn holders(paths: &[PathBuf], value: &[u8]) -> Vec<PathBuf> {
    let forms: Vec<_> = forms(value).iter().map(|form| as_text(form)).collect();
    let holds = |path: &&PathBuf| {
        let content = as_text(&fs::read(path).unwrap_or_default());
        forms.iter().any(|form| content.contains(form.as_str()))
    };
    paths.iter().filter(holds).cloned().collect()
}

#[test]
fn a_value_is_found_in_each_of_its_forms() {
    let dir = tempfile::tempdir().unwrap();
    let value = [0xa5; 20];
    for form in forms(&value) {
        let path = dir.path().join("file");
        fs::write(&path, [b"before".as_slice(), &form, b"after"].concat()).unwrap();
        assert_eq!(holders(&files(dir.path()), &value), [path]);
        assert!(holders(&files(dir.path()), &[0xa6; 20]).is_empty());
    }
}

/// What names an anonymous seat, and what names the person behind it.
struct Traces {
    of_the_seat: Vec<(&'static str, Vec<u8>)>,
    of_the_person: Vec<(&'static str, Vec<u8>)>,
}

impl Traces {
    /// The host's disk holds nothing of the seat; of the person only what the chain shows to everybody, in its index alone.
    fn search(&self, hall: &Hall) {
        let datadir = hall.world.datadir("host");
        let mut paths = files(&datadir);
        paths.push(hall.world.datadir("host.capture"));
        let length: u64 = paths.iter().map(|path| fs::metadata(path).map_or(0, |found| found.len())).sum();
        assert!(paths.len() >= 4 && length > 100_000, "there is something to search: {paths:?}");
        for (what, value) in &self.of_the_seat {
            assert_eq!(holders(&paths, value), Vec::<PathBuf>::new(), "the {what} of an anonymous seat");
        }
        // A seat's own name and pass go over its own tunnel; the person's go nowhere.
        paths.push(hall.world.datadir("host.tunnels"));
        let is_index = |path: &PathBuf| path.file_name().unwrap().to_str().unwrap().starts_with("index.");
        for (what, value) in &self.of_the_person {
            let found = holders(&paths, value);
            assert!(found.iter().all(is_index), "the {what} of an anonymous member: {found:?}");
            assert_eq!(found.is_empty(), *what == "Session ID", "the {what} is public, or it is not: {found:?}");
        }
    }
}

/// The seat's name at the SFU, its pass and its nullifier; the member's account, commitment and Session ID.
fn traces(hall: &Hall, room: &str, (joined, session): (&serde_json::Value, &str)) -> Traces {
    let bytes = |text: &str| hex::decode(text).unwrap();
    let pass: Vec<_> = joined["token"].as_str().unwrap().split('.').collect();
    let secret = Secret::from_entropy(&[ANONYMOUS as u8; 64]).unwrap();
    let scope = Scope {
        chain_id: 7_072,
        town_hall: hall.world.contracts.town_hall,
        room_id: room.parse().unwrap(),
        sitting_id: 1,
        purpose: Purpose::Join,
    };
    Traces {
        of_the_seat: vec![
            ("pseudonym", bytes(joined["identity"].as_str().unwrap())),
            ("pass's claims", URL_SAFE_NO_PAD.decode(pass[1]).unwrap()),
            ("pass's signature", URL_SAFE_NO_PAD.decode(pass[2]).unwrap()),
            ("nullifier", Nullifier::of(scope.external(), &secret).bytes().to_vec()),
        ],
        of_the_person: vec![
            ("account", dev_accounts()[ANONYMOUS].address().to_vec()),
            ("commitment", secret.commitment().word().to_be_bytes::<32>().to_vec()),
            // Its first two digits say the kind of id.
            ("Session ID", bytes(&session[2..])),
        ],
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hosts_disk_ties_no_account_to_a_seat_without_a_name_during_the_sitting_or_after_it() {
    let hall = Hall::start().await;
    let room = hall.room(Kind::OpenForum).await;
    let member = hall.member("b", Some(ANONYMOUS)).await;
    let identity = result(&member, "identity.create", json!({})).await["id"].clone();
    hall.host(&room, &member).await;
    hall.shown(&room, &hall.host).await;
    result(&hall.host, "identity.create", json!({})).await;
    let (mut moderator, mut page) = (Page::open(&hall.host).await, Page::open(&member).await);
    moderator.join_by_name(&room, HOST).await;
    let joined = page.join_anonymously(&room).await;
    moderator.sees(2).await;
    let traces = traces(&hall, &room, (&joined, identity.as_str().unwrap()));
    traces.search(&hall);

    // A ban is what a host keeps of a seat, sealed: of this one its nullifier.
    moderator.call("room.order", json!({"room": room, "kind": "ban", "seat": joined["seat"]})).await;
    page.told("roomEnded", |event| event["reason"] == "Banned").await;
    traces.search(&hall);

    let close = closeSittingCall { roomId: room.parse().unwrap() };
    send_as(&hall.world, HOST, hall.world.contracts.town_hall, &close).await;
    moderator.told("roomEnded", |event| event["reason"] == "SittingOver").await;
    while hall.kept() > 0 {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    // A daemon that has ended has written everything.
    let hall = hall.restart_host().await;
    traces.search(&hall);
}
