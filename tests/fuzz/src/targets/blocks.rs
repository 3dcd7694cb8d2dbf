//! Blocks of IPFS: names, nodes, what they say of files, archives. Everything comes from a gateway or a node of others.

use pars_blocks::car::{CarReader, frame, header};
use pars_blocks::node::{Link, Node};
use pars_blocks::unixfs::Unixfs;
use pars_blocks::{Block, Bounds, Cid, Codec, Scope, Walk, directory};

use crate::Outcome;
use crate::check::same;
use crate::corpus::Seeds;

/// A CID in its binary form, and as a text.
pub(crate) fn cid(bytes: &[u8]) -> Outcome {
    let binary = Cid::from_bytes(bytes);
    if let Ok(cid) = &binary {
        same(&cid.to_bytes(), bytes);
    }
    let text = std::str::from_utf8(bytes).ok().map(str::parse::<Cid>);
    if let Some(Ok(cid)) = &text {
        same(cid.to_string().as_bytes(), bytes);
    }
    Outcome::of(binary.is_ok() || matches!(text, Some(Ok(_))))
}

/// A dag-pb node; as a block it is walked as well, and read as a directory.
pub(crate) fn node(bytes: &[u8]) -> Outcome {
    let decoded = Node::decode(bytes);
    if let Ok(node) = &decoded {
        same(&node.encode(), bytes);
    }
    if let Ok(block) = Block::new(Codec::DagPb, bytes.to_vec()) {
        let mut walk = Walk::new(block.cid(), Scope::Bytes(3..700), Bounds { depth: 3, blocks: 9, bytes: 1 << 20 });
        // What it makes of it is its own affair: it may not panic, and it ends.
        let _ = walk.supply(bytes.to_vec());
        if let Ok(links) = directory::entries(&block) {
            assert!(links.iter().all(|link| !link.name.contains('/')));
        }
    }
    Outcome::of(decoded.is_ok())
}

/// What a node says of a file.
pub(crate) fn file(bytes: &[u8]) -> Outcome {
    let decoded = Unixfs::decode(bytes);
    if let Ok(file) = &decoded {
        same(&file.encode(), bytes);
    }
    Outcome::of(decoded.is_ok())
}

/// A CAR, whole and byte by byte: both give the same, and it is written again as it was.
pub(crate) fn car(bytes: &[u8]) -> Outcome {
    let read = |size: usize| {
        let (mut reader, mut blocks) = (CarReader::new(), Vec::new());
        for piece in bytes.chunks(size) {
            reader.push(piece, &mut blocks).ok()?;
        }
        Some((reader.finish().ok()?, blocks))
    };
    let whole = read(bytes.len().max(1));
    assert_eq!(whole, read(1), "how the bytes come changes what they are");
    if let Some((roots, blocks)) = &whole {
        let head = header(roots).expect("as many roots as were read");
        let framed = blocks.iter().flat_map(|block| [frame(block), block.data().to_vec()]);
        same(&[head].into_iter().chain(framed).collect::<Vec<_>>().concat(), bytes);
    }
    Outcome::of(whole.is_some())
}

pub(super) fn seeds(seeds: &mut Seeds) {
    let leaf = Block::new(Codec::Raw, b"leaf".to_vec()).expect("four bytes");
    let name = leaf.cid();
    seeds.add_with(
        "blocks-cid",
        "binary",
        &name.to_bytes(),
        &[("version-0", &|bytes| bytes[0] = 0), ("dag-cbor", &|bytes| bytes[1] = 0x71)],
    );
    seeds.add("blocks-cid", "text", name.to_string());
    seeds.add("blocks-cid", "text-v0", "Qmf412jQZiuVUtdgnB36FXFX7xg5V6KEbSJ4dpQuhkLyfD");
    let said = Unixfs::File { inline: b"in".to_vec(), sizes: vec![4, 300] };
    seeds.add_with("blocks-file", "file", &said.encode(), &[("sharded", &|bytes| bytes[1] = 5)]);
    seeds.add("blocks-file", "directory", Unixfs::Directory.encode());
    let link = |name: &str| Link { cid: leaf.cid(), name: name.into(), size: 4 };
    let parts =
        Node { links: vec![link(""), link("")], data: Unixfs::File { inline: Vec::new(), sizes: vec![4, 4] }.encode() };
    let folder = Node { links: vec![link("a"), link("b")], data: Unixfs::Directory.encode() };
    seeds.add("blocks-node", "file", parts.encode());
    seeds.add_with(
        "blocks-node",
        "directory",
        &folder.encode(),
        &[
            ("name-with-a-slash", &|bytes| replace(bytes, b'a', b'/')),
            ("unsorted", &|bytes| replace(bytes, b'a', b'c')),
        ],
    );
    let root = Block::new(Codec::DagPb, parts.encode()).expect("a small node");
    let head = header(&[root.cid()]).expect("one root");
    let whole = [&head[..], &frame(&root), root.data(), &frame(&leaf), leaf.data()].concat();
    seeds.add_with(
        "blocks-car",
        "two-blocks",
        &whole,
        &[("cut", &|bytes| bytes.truncate(120)), ("endless", &|bytes| bytes[59..63].fill(0xff))],
    );
    seeds.add("blocks-car", "no-block", head);
}

/// The first byte of this value after `name`'s field tag becomes another.
fn replace(bytes: &mut [u8], from: u8, to: u8) {
    let at = bytes.windows(3).position(|three| three == [0x12, 1, from]).expect("a name of one byte");
    bytes[at + 2] = to;
}
