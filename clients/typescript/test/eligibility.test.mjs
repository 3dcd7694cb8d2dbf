// The encodings of anonymous eligibility against the vectors that Rust, the circuit and Solidity read as well.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { poseidon1 } from "poseidon-lite/poseidon1";
import { poseidon2 } from "poseidon-lite/poseidon2";
import { poseidon4 } from "poseidon-lite/poseidon4";
import {
  EligibilityError,
  FIELD_ORDER,
  commitmentOf,
  externalOf,
  leafOf,
  nodeOf,
  nullifierOf,
  signalOf,
} from "../dist/index.js";

const vectors = (name) => JSON.parse(readFileSync(new URL(`../../../tests/vectors/${name}.json`, import.meta.url)));
const hex = (value) => `0x${value.toString(16).padStart(64, "0")}`;

test("poseidon agrees with the shared vectors", () => {
  const poseidon = vectors("poseidon");
  const cases = [
    [poseidon1, poseidon.t2],
    [poseidon2, poseidon.t3],
    [poseidon4, poseidon.t5],
  ];
  let count = 0;
  for (const [hash, list] of cases) {
    for (const vector of list) {
      assert.equal(hex(hash(vector.in.map(BigInt))), vector.out);
      count += 1;
    }
  }
  assert.ok(count >= 128, `${count} vectors`);
});

test("commitment, leaf, external, nullifier and signal agree with the shared vectors", () => {
  const { cases } = vectors("eligibility");
  assert.ok(cases.length >= 32);
  for (const c of cases) {
    const secret = BigInt(c.secret);
    assert.equal(hex(commitmentOf(secret)), c.commitment);
    const leaf = { commitment: BigInt(c.commitment), account: c.account, weight: BigInt(c.weight), end: BigInt(c.end) };
    assert.equal(hex(leafOf(leaf)), c.leaf);
    const context = { ...c, chainId: BigInt(c.chainId), sittingId: BigInt(c.sittingId) };
    const external = externalOf(context);
    assert.equal(hex(external), c.external);
    assert.equal(hex(nullifierOf(external, secret)), c.nullifier);
    assert.equal(hex(signalOf(external, c.payload, BigInt(c.issuedAt))), c.signal);
  }
});

test("the shared locks have a leaf each, and answers that follow from the page's own rule", () => {
  const maxTime = 4n * 365n * 86_400n;
  const { locks } = vectors("eligibility");
  assert.ok(locks.length >= 20);
  const leaves = new Set();
  for (const lock of locks) {
    const [weight, end, at, minBalance] = [lock.weight, lock.end, lock.at, lock.minBalance].map(BigInt);
    leaves.add(leafOf({ commitment: 1n, account: `0x${"11".repeat(20)}`, weight, end }));
    const product = end > at ? weight * (end - at) : 0n;
    assert.equal(minBalance * maxTime, BigInt(lock.threshold), lock.name);
    assert.equal(product / maxTime, BigInt(lock.power), lock.name);
    assert.equal(product >= BigInt(lock.threshold), lock.eligible, lock.name);
    assert.equal(BigInt(lock.power) >= minBalance, lock.eligible, lock.name);
  }
  const different = new Set(locks.map(({ weight, end }) => `${weight} ${end}`));
  assert.equal(leaves.size, different.size);
});

test("the story's root is the tree of its leaves, its nullifier and signal are its inputs", () => {
  const join = vectors("join");
  let level = join.holders.map((holder) => BigInt(holder.leaf));
  while (level.length > 1) {
    const next = [];
    for (let i = 0; i < level.length; i += 2) {
      next.push(i + 1 < level.length ? nodeOf(level[i], level[i + 1]) : level[i]);
    }
    level = next;
  }
  assert.equal(hex(level[0]), join.root);
  assert.deepEqual(join.inputs.slice(0, 2), [join.root, join.nullifier]);
  const external = externalOf({
    chainId: BigInt(join.chainId),
    townHall: join.townHall,
    roomId: join.roomId,
    sittingId: BigInt(join.sittingId),
    purpose: 1,
    purposeId: hex(0n),
  });
  assert.equal(hex(external), join.external);
  assert.equal(hex(nullifierOf(external, BigInt(join.holders[join.prover].secret))), join.nullifier);
  assert.equal(hex(signalOf(external, join.payload, BigInt(join.issuedAt))), join.signal);
});

test("a value at or above the field order, or too wide, is refused by name", () => {
  const refused = (field, call) =>
    assert.throws(call, (error) => error instanceof EligibilityError && error.field === field);
  refused("secret", () => commitmentOf(FIELD_ORDER));
  refused("secret", () => commitmentOf(-1n));
  const leaf = { commitment: 1n, account: `0x${"11".repeat(20)}`, weight: 1n, end: 1n };
  refused("weight", () => leafOf({ ...leaf, weight: 1n << 128n }));
  refused("end", () => leafOf({ ...leaf, end: 1n << 40n }));
  refused("external", () => nullifierOf(FIELD_ORDER, 1n));
});
