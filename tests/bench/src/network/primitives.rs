//! What the primitives of each operation cost alone.
//!
//! Counted from SESSION sections 1, 5 and 6. Copies, encoding, tables and the placement of a mailbox are left out: they are
//! what the ratio shows.

use anyhow::{Context, Result};
use pars_crypto::aead::OneUse;
use pars_crypto::hash::{hash, random, sha3};
use pars_crypto::hkem::Xw768Secret;
use pars_crypto::kdf::{NO_SALT, kdf};
use pars_crypto::label::{HashLabel, KdfLabel, SignatureLabel};
use pars_crypto::lioness;
use pars_crypto::secret::{PayloadKey, StreamKey};
use pars_crypto::sign::{Ed25519Public, Ed25519Secret};
use pars_crypto::stream;
use pars_engine::store::{Change, Table, Value};
use pars_engine::{Batch, BatchId};
use pars_proto::onion::packet::{HOPS, LAYER};
use pars_wire::limits::{BUCKET_S, ONION_HEADER, ONION_PAYLOAD};

use super::host::{SUITE, source};
use super::stores::Disk;
use crate::clock::{Cost, each, median, one, repeat_on};

/// Bytes that AUTH signs: operation, flag, node, key, day, minute, nonce, hash of the rest.
const AUTH_MESSAGE: usize = 2 + 32 + 32 + 4 + 4 + 8 + 32;
/// Bytes that a receipt signs: object, tag, expiry.
const RECEIPT_MESSAGE: usize = 32 + 32 + 4;
/// Bytes of an encapsulation.
const CIPHERTEXT: usize = 1_120;
/// Bytes of an object's key and of what stands in front of it in its row.
const ROW: (usize, usize) = (69, 18);

/// In ms: CPU of the primitives of one operation.
#[derive(Debug)]
pub(super) struct Sums {
    pub(super) hop: f64,
    pub(super) store: f64,
    pub(super) fetch: f64,
    /// From a message that is durable at its sender to its last copy, by the clock on the wall where the disk is waited for:
    /// header and reply block, the payload's layers, four nodes that take one off, and two replicas one after the other that
    /// check, sync and sign. Links and the relays' delays are not in it.
    pub(super) way: f64,
}

/// Measure all of them; a row's share of synced commits with so many rows timed as one.
pub(super) fn measure(runs: usize, rows: usize) -> Result<Sums> {
    let signatures = Signatures::measure(runs)?;
    let (object, tag) = ([6; BUCKET_S], [7; 32]);
    // Once for the object's name, once in what AUTH covers.
    let hashes = one(runs, || (hash(HashLabel::OBJECT, &[&tag, &object]), sha3(&[&object])))?;
    let (hop, checked) = (hop(runs)?, signatures.verify + hashes + signatures.sign);
    let sealed = 2.0 * HOPS as f64 * encapsulation(runs)? + HOPS as f64 * layer(runs, lioness::encrypt)?;
    Ok(Sums {
        hop,
        store: checked + each(&synced(runs, rows)?, rows),
        fetch: signatures.verify + reply(runs)?,
        way: sealed + HOPS as f64 * hop + 2.0 * (checked + median(&synced(runs, 1)?, |cost| cost.wall)),
    })
}

struct Signatures {
    sign: f64,
    verify: f64,
}

impl Signatures {
    fn measure(runs: usize) -> Result<Self> {
        let key = Ed25519Secret::generate(&mut source(16));
        let (public, message) = (*key.public().as_bytes(), [5; AUTH_MESSAGE]);
        let signature = key.sign(SignatureLabel::COMMAND, &message);
        Ok(Self {
            sign: one(runs, || key.sign(SignatureLabel::RECEIPT, &[5; RECEIPT_MESSAGE]))?,
            // The key comes with the command: its point is decompressed each time.
            verify: one(runs, || {
                Ed25519Public::from_bytes(&public)?.verify(SignatureLabel::COMMAND, &message, &signature)
            })?,
        })
    }
}

/// Decapsulation, keys, the header opened and padded, one layer off the payload.
fn hop(runs: usize) -> Result<f64> {
    let mut rng = source(17);
    let secret = Xw768Secret::generate(SUITE, &mut rng);
    let (ciphertext, shared) = secret.public().encapsulate(SUITE, &mut rng).ok().context("a good key")?;
    let bytes = ciphertext.to_bytes();
    let keys =
        || kdf::<220>(NO_SALT, &[shared.expose()], KdfLabel::ONION, &[&sha3(&[&bytes]), &[1; 32], &[2; 32], &[3; 4]]);
    let header = || -> OneUse { keys().one_use::<0>() };
    let sealed = header().seal(&[1, 0], &[4; ONION_HEADER - CIPHERTEXT - 16]);
    let pad = StreamKey::from_bytes(random(&mut rng));
    let mut padding = [0; LAYER];
    Ok(one(runs, || secret.decapsulate(SUITE, &ciphertext))?
        // The keys are derived here.
        + one(runs, || header().open(&[1, 0], &sealed))?
        + one(runs, || stream::apply(&pad, &mut padding))?
        + layer(runs, lioness::decrypt)?)
}

fn encapsulation(runs: usize) -> Result<f64> {
    let mut rng = source(21);
    let public = Xw768Secret::generate(SUITE, &mut rng).public();
    one(runs, || public.encapsulate(SUITE, &mut rng))
}

fn layer(runs: usize, apply: fn(&PayloadKey, &mut [u8]) -> Result<(), lioness::TooShort>) -> Result<f64> {
    let key = PayloadKey::generate(&mut source(18));
    let mut payload = vec![8; ONION_PAYLOAD];
    one(runs, || apply(&key, &mut payload))
}

/// Keys of a reply block, one layer on.
fn reply(runs: usize) -> Result<f64> {
    let keys = one(runs, || kdf::<128>(NO_SALT, &[&[9; 32]], KdfLabel::SURB, &[]))?;
    Ok(keys + layer(runs, lioness::encrypt)?)
}

/// Rows of the size of a small object in the daemon's store, so many synced in groups.
fn synced(runs: usize, rows: usize) -> Result<Vec<Cost>> {
    let (mut disk, mut rng, mut last) = (Disk::open()?, source(19), 0);
    repeat_on(
        runs,
        |_| {
            let batches: Vec<Batch> = (0..rows)
                .map(|_| {
                    last += 1;
                    let mut key = vec![b'o'; ROW.0];
                    key.iter_mut().zip(random::<64>(&mut rng)).for_each(|(to, from)| *to = from);
                    let value = Some(Value::Plain(vec![6; ROW.1 + BUCKET_S]));
                    Batch { id: BatchId(last), changes: vec![Change { table: Table::Store, key, value }] }
                })
                .collect();
            Ok(batches)
        },
        |batches| {
            disk.run(async |running| {
                let end = batches.last().map_or(BatchId(0), |batch| batch.id);
                for batch in batches {
                    running.handle.persist(batch).await?;
                }
                running.committed.wait_for(|committed| *committed >= end).await?;
                Ok(())
            })
        },
    )
}
