//! CIDs, nodes, directories, CARs and walks against what other programs make, and against liars.

use std::collections::BTreeMap;

use chacha20::ChaCha20Rng;
use chacha20::rand_core::{Rng, SeedableRng};
use pars_blocks::block::{Block, BlockError, MAX_BLOCK};
use pars_blocks::car::{self, CarError, CarReader};
use pars_blocks::cid::{Cid, CidError, Codec};
use pars_blocks::directory::{self, DirectoryError};
use pars_blocks::node::{Link, Node, NodeError};
use pars_blocks::unixfs::{Unixfs, UnixfsError};
use pars_blocks::walk::Visit;
use pars_blocks::{Bounds, FileBuilder, Profile, Root, Scope, Walk, WalkError};
use serde_json::Value;
use sha2::{Digest, Sha256};

type Store = BTreeMap<Cid, Vec<u8>>;

fn vectors() -> Value {
    serde_json::from_str(include_str!("../../../tests/vectors/blocks.json")).unwrap()
}

fn stream(seed: &str, size: usize) -> Vec<u8> {
    let mut bytes = vec![0; size];
    ChaCha20Rng::from_seed(Sha256::digest(seed).into()).fill_bytes(&mut bytes);
    bytes
}

fn number(value: &Value) -> usize {
    usize::try_from(value.as_u64().unwrap()).unwrap()
}

fn add(profile: Profile, bytes: &[u8], store: &mut Store) -> Root {
    let (mut builder, mut out) = (FileBuilder::new(profile), Vec::new());
    builder.push(bytes, &mut out).unwrap();
    let root = builder.finish(&mut out).unwrap();
    store.extend(out.into_iter().map(|block| (block.cid(), block.into_data())));
    root
}

/// A block of a node that a liar has made: the hash is right, the content is the liar's.
fn forged(store: &mut Store, links: Vec<(Cid, u64)>) -> Cid {
    let sizes = links.iter().map(|(_, size)| *size).collect();
    let links = links.into_iter().map(|(cid, size)| Link { cid, name: String::new(), size }).collect();
    let data = Unixfs::File { inline: Vec::new(), sizes }.encode();
    let block = Block::new(Codec::DagPb, Node { links, data }.encode()).unwrap();
    let cid = block.cid();
    store.insert(cid, block.into_data());
    cid
}

fn leaf(store: &mut Store, bytes: &[u8]) -> Cid {
    let block = Block::new(Codec::Raw, bytes.to_vec()).unwrap();
    let cid = block.cid();
    store.insert(cid, block.into_data());
    cid
}

/// The file's bytes, and how many blocks it took.
fn read(store: &Store, root: Cid, scope: Scope, bounds: Bounds) -> Result<(Vec<u8>, usize), WalkError> {
    let mut walk = Walk::new(root, scope, bounds);
    let (mut bytes, mut blocks) = (Vec::new(), 0);
    while let Some(cid) = walk.wanted() {
        if let (_, Visit::Bytes(part)) = walk.supply(store[&cid].clone())? {
            bytes.extend(part);
        }
        blocks += 1;
    }
    Ok((bytes, blocks))
}

#[test]
fn a_cid_has_one_text_and_one_binary_form() {
    let text = "bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e";
    let cid: Cid = text.parse().unwrap();
    assert_eq!(cid, Cid::of(Codec::Raw, b"hello world"));
    assert_eq!((cid.to_string().as_str(), Cid::from_bytes(&cid.to_bytes())), (text, Ok(cid)));
    assert_eq!(serde_json::from_str::<Cid>(&serde_json::to_string(&cid).unwrap()).unwrap(), cid);

    let parse = |text: &str| text.parse::<Cid>().unwrap_err();
    assert_eq!(parse("Qmf412jQZiuVUtdgnB36FXFX7xg5V6KEbSJ4dpQuhkLyfD"), CidError::Base);
    assert_eq!(parse(&text.to_uppercase()), CidError::Base);
    assert_eq!(parse(&text[..58]), CidError::Length);
    assert_eq!(parse("bafkqaaa"), CidError::Length);
    // The last character has two bits that say nothing: `e` is 00100, `f` sets one of them.
    assert_eq!(parse(&format!("{}f", &text[..58])), CidError::Base);
    let changed = |at: usize, byte| {
        let mut bytes = cid.to_bytes();
        bytes[at] = byte;
        Cid::from_bytes(&bytes).unwrap_err()
    };
    assert_eq!(changed(0, 0), CidError::Version(0));
    assert_eq!(changed(1, 0x71), CidError::Codec(0x71));
    assert_eq!((changed(2, 0x13), changed(3, 31)), (CidError::Hash, CidError::Hash));
}

#[test]
fn nodes_of_other_programs_are_read_and_written_alike() {
    for vector in vectors()["nodes"].as_array().unwrap() {
        let bytes = hex::decode(vector["hex"].as_str().unwrap()).unwrap();
        let node = Node::decode(&bytes).unwrap();
        let file = Unixfs::decode(&node.data).unwrap();
        assert_eq!(file.size(), vector["size"].as_u64().unwrap());
        assert_eq!((node.encode(), file.encode()), (bytes.clone(), node.data));
        assert_eq!(Cid::of(Codec::DagPb, &bytes).to_string(), vector["cid"], "{}", vector["name"]);
    }
    // Field 1 before field 2, a longer varint, no data, an unknown field, a sharded directory, a wrong sum.
    let refused = |hex: &str| Node::decode(&hex::decode(hex).unwrap()).unwrap_err();
    assert_eq!(refused("0a8400 08021800".replace(' ', "").as_str()), NodeError::Form);
    assert_eq!(
        (refused(""), refused("0a0408021800 1a00".replace(' ', "").as_str())),
        (NodeError::Form, NodeError::Form)
    );
    assert_eq!(Unixfs::decode(&[8, 5, 0x18, 0]), Err(UnixfsError::Type(5)));
    assert_eq!(Unixfs::decode(&[8, 2, 0x18, 3, 0x20, 1, 0x20, 1]), Err(UnixfsError::Sizes));
    let link = |name: &str| Link { cid: Cid::of(Codec::Raw, b""), name: name.into(), size: 0 };
    let unsorted = Node { links: vec![link("b"), link("a")], data: Unixfs::Directory.encode() };
    assert_eq!(Node::decode(&unsorted.encode()), Err(NodeError::Order));
}

#[test]
fn directories_have_the_cids_that_other_programs_give_them() {
    let vectors = vectors();
    let alphabet = vectors["alphabet"].as_str().unwrap().as_bytes();
    let mut store = Store::new();
    let file = add(Profile::UNIXFS_V1_2025, b"x", &mut store);
    for vector in vectors["directories"].as_array().unwrap() {
        let count = number(&vector["files"]);
        let bytes = if count == 0 { Vec::new() } else { stream(vector["seed"].as_str().unwrap(), 1 << 20) };
        let mut letters = bytes.iter().map(|byte| char::from(alphabet[usize::from(*byte) % alphabet.len()]));
        let names: Vec<String> = (1..=count)
            .map(|at| number(&vector[if at == count { "last_name_length" } else { "name_length" }]))
            .map(|length| letters.by_ref().take(length).collect())
            .collect();
        let entries: Vec<_> = names.iter().map(|name| (name.as_str(), file)).collect();
        match (directory::build(&entries), vector["cid"].as_str()) {
            (Ok((block, root)), Some(cid)) => {
                assert_eq!((root.cid.to_string().as_str(), block.cid()), (cid, root.cid));
                assert_eq!(directory::entries(&block).unwrap().len(), count);
            }
            (refused, None) => assert_eq!(refused.unwrap_err(), DirectoryError::TooLarge),
            (other, _) => panic!("{}: {other:?}", vector["name"]),
        }
    }
}

#[test]
fn a_directory_has_names_that_a_file_system_takes() {
    let root = add(Profile::UNIXFS_V1_2025, b"x", &mut Store::new());
    let long = "n".repeat(256);
    for name in ["", ".", "..", "a/b", "a\0", long.as_str()] {
        assert_eq!(directory::build(&[(name, root)]).unwrap_err(), DirectoryError::Name(name.into()));
    }
    assert_eq!(directory::build(&[("a", root), ("a", root)]).unwrap_err(), DirectoryError::Twice("a".into()));
    let raw = Block::new(Codec::Raw, Vec::new()).unwrap();
    assert_eq!(directory::entries(&raw), Err(DirectoryError::NoDirectory));
    // A liar's directory is checked when it is read.
    let link = Link { cid: root.cid, name: "../../etc/passwd".into(), size: 1 };
    let node = Node { links: vec![link], data: Unixfs::Directory.encode() };
    let block = Block::new(Codec::DagPb, node.encode()).unwrap();
    assert_eq!(directory::entries(&block), Err(DirectoryError::Name("../../etc/passwd".into())));
}

#[test]
fn a_car_is_that_of_other_programs_and_is_read_in_any_pieces() {
    let vector = &vectors()["car"];
    let bytes = hex::decode(vector["hex"].as_str().unwrap()).unwrap();
    for piece in [1, 7, 61, bytes.len()] {
        let (mut reader, mut blocks) = (CarReader::new(), Vec::new());
        bytes.chunks(piece).for_each(|piece| reader.push(piece, &mut blocks).unwrap());
        let roots = reader.finish().unwrap();
        assert_eq!(blocks.len(), number(&vector["blocks"]));
        let mut written = car::header(&roots).unwrap();
        for block in &blocks {
            let before = written.len() as u64;
            written.extend(car::frame(block));
            written.extend(block.data());
            assert_eq!(written.len() as u64 - before, car::framed_size(block));
        }
        assert_eq!(written, bytes);
        let store: Store = blocks.into_iter().map(|block| (block.cid(), block.into_data())).collect();
        let read = read(&store, roots[0], Scope::All, Bounds::STORED).unwrap().0;
        assert_eq!(read, stream(vector["seed"].as_str().unwrap(), number(&vector["size"])));
    }
}

#[test]
fn a_car_that_was_changed_or_cut_is_refused() {
    let bytes = hex::decode(vectors()["car"]["hex"].as_str().unwrap()).unwrap();
    let refused = |bytes: &[u8]| {
        let (mut reader, mut blocks) = (CarReader::new(), Vec::new());
        reader.push(bytes, &mut blocks).and_then(|()| reader.finish()).unwrap_err()
    };
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        // A changed root of the header is another root: it is the reader's to compare.
        let is_root = (18..50).contains(&at);
        let mut reader = CarReader::new();
        let read = reader.push(&changed, &mut Vec::new()).and_then(|()| reader.finish());
        assert!(read.is_err() || is_root, "byte {at}");
    }
    assert_eq!((refused(&[]), refused(&bytes[..40])), (CarError::Header, CarError::Header));
    assert_eq!(refused(&bytes[..bytes.len() - 1]), CarError::Cut);
    let endless = [&bytes[..59], &[0xff, 0xff, 0xff, 0x7f]].concat();
    assert_eq!(refused(&endless), CarError::Length);
    assert_eq!(car::header(&[]), Err(CarError::Roots));
}

#[test]
fn any_part_of_a_file_is_read_with_the_blocks_it_needs_and_no_others() {
    let mut store = Store::new();
    let bytes = stream("file", 3 * 262_144 + 5);
    let root = add(Profile::KUBO_CID_V1, &bytes, &mut store).cid;
    assert_eq!(read(&store, root, Scope::Entity, Bounds::STORED), Ok((bytes.clone(), 5)));
    for (range, blocks) in [(0..1, 2), (262_143..262_145, 3), (786_432..900_000, 2), (0..786_437, 5), (9..9, 1)] {
        let part = bytes[range.start..range.end.min(bytes.len())].to_vec();
        let range = range.start as u64..range.end as u64;
        assert_eq!(read(&store, root, Scope::Bytes(range.clone()), Bounds::STORED), Ok((part, blocks)), "{range:?}");
    }
}

#[test]
fn altered_blocks_are_refused_by_name_and_asked_for_again() {
    let mut store = Store::new();
    let bytes = stream("file", 300_000);
    let root = add(Profile::KUBO_CID_V1, &bytes, &mut store).cid;
    let mut walk = Walk::new(root, Scope::Entity, Bounds::STORED);
    while let Some(cid) = walk.wanted() {
        let right = store[&cid].clone();
        let mut flipped = right.clone();
        flipped[right.len() / 2] ^= 1;
        let other = store.values().find(|data| **data != right).unwrap().clone();
        let changes = [flipped, right[1..].to_vec(), [&right[..], &[0]].concat(), Vec::new(), other];
        for changed in changes {
            assert_eq!(walk.supply(changed), Err(WalkError::Block(BlockError::Altered(cid))));
            assert_eq!(walk.wanted(), Some(cid));
        }
        let large = vec![0; MAX_BLOCK + 1];
        assert_eq!(walk.supply(large), Err(WalkError::Block(BlockError::TooLarge(MAX_BLOCK + 1))));
        walk.supply(right).unwrap();
    }
    assert_eq!(walk.supply(Vec::new()), Err(WalkError::Ended));
}

#[test]
fn a_liar_who_writes_nodes_is_bounded_and_found_out() {
    let mut store = Store::new();
    let read = |store: &Store, root, bounds| read(store, root, Scope::All, bounds).unwrap_err();
    // Sizes that are not those of the parts.
    let four = leaf(&mut store, b"four");
    let lies = forged(&mut store, vec![(four, 5)]);
    assert_eq!(read(&store, lies, Bounds::STORED), WalkError::Sizes(four));
    // More sizes than links.
    let file = Unixfs::File { inline: Vec::new(), sizes: vec![4, 0] }.encode();
    let link = Link { cid: four, name: String::new(), size: 4 };
    let block = Block::new(Codec::DagPb, Node { links: vec![link], data: file }.encode()).unwrap();
    let uneven = block.cid();
    store.insert(uneven, block.into_data());
    assert_eq!(read(&store, uneven, Bounds::STORED), WalkError::Sizes(uneven));
    // A directory in a file.
    let (directory, root) = directory::build(&[]).unwrap();
    store.insert(root.cid, directory.into_data());
    let misplaced = forged(&mut store, vec![(root.cid, 0)]);
    assert_eq!(read(&store, misplaced, Bounds::STORED), WalkError::Misplaced(root.cid));
    // A few small blocks that stand for 1,000^7 empty leaves; and a tall tower.
    let mut bomb = leaf(&mut store, b"");
    for _ in 0..7 {
        bomb = forged(&mut store, vec![(bomb, 0); 1_000]);
    }
    assert_eq!(read(&store, bomb, Bounds { blocks: 5_000, ..Bounds::STORED }), WalkError::Bounds("blocks"));
    let mut tower = four;
    for _ in 0..9 {
        tower = forged(&mut store, vec![(tower, 4)]);
    }
    assert_eq!(read(&store, tower, Bounds::STORED), WalkError::Bounds("depth"));
    assert_eq!(read(&store, four, Bounds { bytes: 3, ..Bounds::STORED }), WalkError::Bounds("bytes"));
}
