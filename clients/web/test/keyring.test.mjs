import assert from "node:assert/strict";
import { test } from "node:test";
import { KeyRing, OLD_KEYS_MS } from "../build/media/keyring.js";
import { bytes, hex, sender } from "./support/media.mjs";

const frame = bytes("frame", 40);

test("keys of an older epoch open for ten seconds, then no more", async () => {
  const ring = new KeyRing();
  await ring.install({ index: 1, own: null, others: [sender("bob", "1")] }, 0);
  await ring.install({ index: 2, own: null, others: [sender("bob", "2")] }, 1_000);
  assert.ok(ring.of("bob", 1, 1_000 + OLD_KEYS_MS));
  assert.equal(ring.of("bob", 1, 1_001 + OLD_KEYS_MS), undefined);
  assert.ok(ring.of("bob", 2, 1e9), "the newest stays");
});

test("who is not in the epoch has no keys at once", async () => {
  const ring = new KeyRing();
  await ring.install({ index: 1, own: null, others: [sender("bob"), sender("eve")] }, 0);
  await ring.install({ index: 2, own: null, others: [sender("bob", "2")] }, 1);
  assert.equal(ring.of("eve", 1, 2), undefined);
  assert.equal(ring.knows("eve"), false);
});

test("a stopped seat seals nothing, and goes on with its counters when the same keys come again", async () => {
  const ring = new KeyRing();
  const keys = () => ({ index: 1, own: sender("me"), others: [] });
  await ring.install(keys(), 0);
  const first = await ring.own.sealFrame("audio", 1, frame);
  ring.stop();
  assert.equal(ring.own, undefined);
  await ring.install(keys(), 1);
  const second = await ring.own.sealFrame("audio", 1, frame);
  assert.notEqual(hex(first.subarray(-14)), hex(second.subarray(-14)));
});

test("without own keys nothing is sealed from the first moment, while the others' are still being derived", async () => {
  const ring = new KeyRing();
  await ring.install({ index: 1, own: sender("me"), others: [] }, 0);
  assert.ok(ring.own);
  const installing = ring.install({ index: 2, own: null, others: [sender("bob"), sender("eve")] }, 1);
  assert.equal(ring.own, undefined);
  await installing;
  assert.equal(ring.own, undefined);
  assert.ok(ring.of("eve", 2, 1));
});

test("own keys that sealed before are refused under another index, and after others", async () => {
  const ring = new KeyRing();
  await ring.install({ index: 1, own: sender("me"), others: [] }, 0);
  await assert.rejects(ring.install({ index: 2, own: sender("me"), others: [] }, 1), { name: "KeyError" });
  assert.equal(ring.own, undefined);
  await ring.install({ index: 3, own: sender("me", "3"), others: [] }, 2);
  await assert.rejects(ring.install({ index: 1, own: sender("me"), others: [] }, 3), { name: "KeyError" });
});

test("another's keys under a second index are not taken: a frame would open twice", async () => {
  const ring = new KeyRing();
  await ring.install({ index: 1, own: null, others: [sender("bob")] }, 0);
  await ring.install({ index: 2, own: null, others: [sender("bob")] }, 1);
  assert.ok(ring.of("bob", 1, 2));
  assert.equal(ring.of("bob", 2, 2), undefined);
});

test("the same keys again keep their windows", async () => {
  const seals = new KeyRing();
  await seals.install({ index: 1, own: sender("bob"), others: [] }, 0);
  const sealed = await seals.own.sealFrame("audio", 1, frame);
  const ring = new KeyRing();
  await ring.install({ index: 1, own: null, others: [sender("bob")] }, 0);
  await ring.of("bob", 1, 0).openFrame("audio", sealed);
  await ring.install({ index: 1, own: null, others: [sender("bob")] }, 1);
  await assert.rejects(ring.of("bob", 1, 1).openFrame("audio", sealed), { reason: "replayed" });
});

test("keys of another length are refused", async () => {
  const ring = new KeyRing();
  const short = { ...sender("me"), media: bytes("m", 16) };
  await assert.rejects(ring.install({ index: 1, own: short, others: [] }, 0), { name: "KeyError" });
  await assert.rejects(ring.install({ index: 1, own: null, others: [short] }, 0), { name: "KeyError" });
});
