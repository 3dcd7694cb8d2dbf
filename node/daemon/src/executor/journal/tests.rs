use alloy::primitives::{B256, Bytes};
use pars_crypto::secret::Entropy;
use pars_fuzz::Outcome;
use pars_fuzz::mutate::replay_and_damage;
use pars_identity::seed::IdentityKeys;

use super::super::row::Pending;
use super::*;

fn row(id: u8, told: Told) -> Row {
    let work = Work::Sent(Pending {
        versions: vec![B256::repeat_byte(2)],
        raw: Bytes::from([1]),
        nonce: 3,
        block: 4,
        refused: false,
        content: Bytes::from([4]),
    });
    Row { id: [id; 16], author: [9; 32], action: B256::ZERO, work, receipt: None, told, since: 5 }
}

fn untold(id: u8, since: u64) -> Row {
    Row { work: Work::Done, receipt: Some(Bytes::from([1])), since, ..row(id, Told::Nothing) }
}

fn key(byte: u8) -> StoreKey {
    StoreKey::from_bytes([byte; 32])
}

#[test]
fn rows_and_cursor_are_there_again_and_an_ended_row_keeps_no_transaction() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("executor.redb");
    let mut journal = Journal::open(&path, key(1)).unwrap();
    journal.put(5, row(1, Told::Nothing)).unwrap();
    assert!(journal.is_busy() && journal.knows([1; 16]));
    journal.put(7, row(2, Told::End)).unwrap();
    journal.advance(9).unwrap();
    drop(journal);
    let journal = Journal::open(&path, key(1)).unwrap();
    assert_eq!((journal.cursor(), journal.open_rows()), (9, vec![(5, row(1, Told::Nothing))]));
    assert!(journal.knows([2; 16]) && !journal.knows([3; 16]));
    assert_eq!(journal.rows[&7].work, Work::Done);
}

#[test]
fn a_file_that_was_made_by_half_is_made_anew_and_leaves_nothing_beside_it() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("executor.redb");
    // As a first start leaves it that was killed, or whose disk was full.
    std::fs::write(&path, []).unwrap();
    std::fs::write(path.with_extension("new"), vec![0; 4_096]).unwrap();
    let mut journal = Journal::open(&path, key(1)).unwrap();
    journal.advance(5).unwrap();
    drop(journal);
    assert_eq!(Journal::open(&path, key(1)).unwrap().cursor(), 5);
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
}

#[test]
fn another_key_opens_nothing_and_nothing_of_a_row_stands_in_the_file() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("executor.redb");
    let mut journal = Journal::open(&path, key(1)).unwrap();
    let author = [0xd7; 32];
    journal.put(5, Row { author, ..row(1, Told::Nothing) }).unwrap();
    drop(journal);
    assert!(matches!(Journal::open(&path, key(2)), Err(JournalError::Sealed(_))));
    let bytes = std::fs::read(&path).unwrap();
    assert!(!bytes.windows(32).any(|window| window == author));
}

#[test]
fn ended_rows_are_bounded_and_the_oldest_goes_first() {
    let dir = tempfile::tempdir().unwrap();
    let mut journal = Journal::open(&dir.path().join("executor.redb"), key(1)).unwrap();
    for at in 1..=MAX_CLOSED as u64 {
        journal.rows.insert(at, row(0, Told::End));
    }
    journal.put(MAX_CLOSED as u64 + 1, row(1, Told::End)).unwrap();
    assert_eq!(journal.rows.len(), MAX_CLOSED);
    assert!(!journal.rows.contains_key(&1));
}

#[test]
fn open_rows_are_bounded_and_the_oldest_untold_receipt_is_given_up_never_a_transaction() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("executor.redb");
    let mut journal = Journal::open(&path, key(1)).unwrap();
    journal.rows.insert(1, row(1, Told::Nothing));
    for at in 2..=MAX_OPEN as u64 {
        journal.rows.insert(at, untold(2, 10_000 - at));
    }
    let newest = MAX_OPEN as u64 + 1;
    journal.put(newest, untold(3, 20_000)).unwrap();
    assert_eq!(journal.open_rows().len(), MAX_OPEN);
    assert!(journal.row(1).unwrap().is_open() && journal.row(newest).unwrap().is_open());
    let oldest = MAX_OPEN as u64;
    assert!(!journal.row(oldest).unwrap().is_open(), "the receipt that waited longest");
    drop(journal);
    assert!(!Journal::open(&path, key(1)).unwrap().row(oldest).unwrap().is_open(), "also after a restart");
}

#[test]
fn a_transaction_that_the_node_refuses_keeps_nobody_waiting_before_there_are_many() {
    let dir = tempfile::tempdir().unwrap();
    let mut journal = Journal::open(&dir.path().join("executor.redb"), key(1)).unwrap();
    let mut refused = row(1, Told::Nothing);
    if let Work::Sent(pending) = &mut refused.work {
        pending.refused = true;
    }
    for at in 1..MAX_REFUSED as u64 {
        journal.rows.insert(at, refused.clone());
    }
    assert!(!journal.is_busy());
    journal.rows.insert(MAX_REFUSED as u64, refused);
    assert!(journal.is_busy());
}

#[test]
fn a_row_that_is_removed_is_gone_after_a_restart_too_and_the_cursor_stays() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("executor.redb");
    let mut journal = Journal::open(&path, key(1)).unwrap();
    journal.put(5, Row { work: Work::Greet, ..row(1, Told::Nothing) }).unwrap();
    journal.remove(5).unwrap();
    drop(journal);
    let journal = Journal::open(&path, key(1)).unwrap();
    assert_eq!((journal.cursor(), journal.rows.len()), (5, 0));
}

#[test]
fn a_damaged_row_is_read_or_refused_and_nothing_else() {
    let held = Work::Held { content: Bytes::from([4; 40]), until: u64::MAX };
    let rows = [
        row(1, Told::Nothing),
        untold(2, 7),
        Row { work: held, ..row(3, Told::Included) },
        Row { work: Work::Greet, ..row(4, Told::End) },
    ];
    let valid = rows.each_ref().map(|row| serde_json::to_vec(row).unwrap());
    let refused = [valid[0][1..].to_vec(), vec![b'['; 20_000], b"{\"id\":[1]}".to_vec()];
    let outcomes = [vec![Outcome::Accepted; valid.len()], vec![Outcome::Refused; refused.len()]].concat();
    let corpus: Vec<_> = valid.into_iter().chain(refused).zip(outcomes).collect();
    replay_and_damage("executor-row", &corpus, |bytes| {
        let Ok(row) = serde_json::from_slice::<Row>(bytes) else { return Outcome::Refused };
        let again = serde_json::to_vec(&row).unwrap();
        assert_eq!(serde_json::from_slice::<Row>(&again).unwrap(), row);
        Outcome::Accepted
    });
}

#[test]
fn a_damaged_author_is_read_as_it_stands_or_refused() {
    let core = IdentityKeys::derive(crate::driver::SUITE, &Entropy::from_bytes([5; 32])).core().clone();
    let certificates = vec![vec![6; TriggerCertificate::SIZE], vec![7; TriggerCertificate::SIZE]];
    let whole = Author { core, certificates, proven: true }.encode();
    let alone = whole[..1 + IdentityCore::SIZE].to_vec();
    let unsure = [&[2], &whole[1..]].concat();
    let refused = [whole[..whole.len() - 1].to_vec(), alone[..alone.len() - 1].to_vec(), unsure, Vec::new()];
    let refused = refused.map(|bytes| (bytes, Outcome::Refused));
    let corpus = [vec![(whole, Outcome::Accepted), (alone, Outcome::Accepted)], refused.to_vec()].concat();
    replay_and_damage("executor-author", &corpus, |bytes| match Author::decode(bytes) {
        Some(author) => {
            assert!(author.encode() == bytes, "a second encoding of an author");
            Outcome::Accepted
        }
        None => Outcome::Refused,
    });
}
