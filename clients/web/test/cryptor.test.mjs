import assert from "node:assert/strict";
import { test } from "node:test";
import { Cryptor } from "../build/media/cryptor.js";
import { bytes, encoded, hex, sender, vp8 } from "./support/media.mjs";

/** A worker of one seat: what it said is in `said`. */
const seat = () => {
  const said = [];
  const clock = { now: 0 };
  const cryptor = new Cryptor(
    (message) => said.push(message),
    () => clock.now,
  );
  const of = (kind) => said.filter((message) => message.kind === kind);
  const keys = (index, own, others) => cryptor.handle({ kind: "keys", keys: { index, own, others } });
  return { cryptor, said, of, keys, clock };
};

const OUT = { pipe: 1, direction: "out" };
const IN = { pipe: 2, direction: "in" };

/** Alice sends to Bob, both in epoch 1. */
const call = async () => {
  const [alice, bob] = [seat(), seat()];
  await alice.keys(1, sender("alice"), [sender("bob")]);
  await bob.keys(1, sender("bob"), [sender("alice")]);
  await bob.cryptor.handle({ kind: "assign", pipe: 2, identity: "alice" });
  return { alice, bob };
};

test("a frame goes from seat to seat", async () => {
  const { alice, bob } = await call();
  const frame = vp8("picture", true);
  const sealed = await alice.cryptor.frame(OUT, encoded(frame, 11, "key"));
  const opened = await bob.cryptor.frame(IN, encoded(new Uint8Array(sealed), 99, "key"));
  assert.equal(hex(opened), hex(frame));
  assert.deepEqual(alice.of("flowing"), [{ kind: "flowing", pipe: 1, direction: "out", identity: null }]);
  assert.deepEqual(bob.of("flowing"), [{ kind: "flowing", pipe: 2, direction: "in", identity: "alice" }]);
});

test("without keys, after a stop, and after a failure nothing is sent", async () => {
  const alice = seat();
  const send = () => alice.cryptor.frame(OUT, encoded(bytes("sound", 40), 1));
  assert.equal(await send(), undefined);
  await alice.keys(1, sender("alice"), []);
  assert.ok(await send());
  await alice.cryptor.handle({ kind: "stop" });
  assert.equal(await send(), undefined);
  await alice.keys(2, sender("alice", "2"), []);
  assert.ok(await send());
  alice.cryptor.fail("broken");
  await alice.keys(3, sender("alice", "3"), []);
  assert.equal(await send(), undefined);
  assert.equal(alice.of("failed").length, 1);
  assert.equal(alice.of("dropped")[0].reason, "no-key");
});

test("a stop that comes while keys are being taken holds until the next keys", async () => {
  for (const waiting of [0, 1, 3]) {
    const alice = seat();
    const taken = Array.from({ length: 1 + waiting }, (_, index) => alice.keys(index, sender("alice", `${index}`), []));
    for (let step = 0; step < waiting; step++) await Promise.resolve();
    await alice.cryptor.handle({ kind: "stop" });
    await Promise.all(taken);
    assert.equal(await alice.cryptor.frame(OUT, encoded(bytes("sound", 40), 1)), undefined);
    assert.equal(alice.of("keyed").at(-1).sends, false);
    await alice.keys(9, sender("alice", "9"), []);
    assert.ok(await alice.cryptor.frame(OUT, encoded(bytes("sound", 40), 1)));
  }
});

test("a frame without a source number is not sent", async () => {
  const { alice } = await call();
  assert.equal(await alice.cryptor.frame(OUT, encoded(bytes("sound", 40), undefined)), undefined);
});

test("a server that lies gets nothing played: 1,000 runs of clear, injected, replayed and swapped frames", async () => {
  const { alice, bob } = await call();
  const runs = Array.from({ length: 250 }, (_, run) => run);
  const genuine = await Promise.all(
    runs.map(async (run) => new Uint8Array(await alice.cryptor.frame(OUT, encoded(bytes(`g${run}`, 60), 1)))),
  );
  const heard = await Promise.all(genuine.map((sealed) => bob.cryptor.frame(IN, encoded(sealed, 5))));
  assert.ok(heard.every((frame) => frame !== undefined));
  const lies = runs.flatMap((run) => {
    const labelled = bytes(`labelled ${run}`, 80);
    labelled.set([12, 1], 78);
    return [
      [IN, encoded(bytes(`clear ${run}`, 1 + (run % 200)), 5)],
      [IN, encoded(labelled, 5, "delta")],
      [IN, encoded(genuine[run], 5)],
      [{ pipe: 9, direction: "in" }, encoded(genuine[run], 5)],
    ];
  });
  const played = await Promise.all(lies.map(([options, frame]) => bob.cryptor.frame(options, frame)));
  assert.equal(played.length, 1_000);
  assert.deepEqual(
    played.filter((frame) => frame !== undefined),
    [],
  );
  const reasons = new Set(bob.of("dropped").map(({ reason }) => reason));
  for (const reason of ["wrong-key", "replayed", "unassigned"]) assert.ok(reasons.has(reason), reason);
});

test("a frame in the clear is told as such, whatever its last byte is", async () => {
  for (const last of [0, 1, 2, 77, 255]) {
    const { bob } = await call();
    const clear = bytes(`clear ${last}`, 200);
    clear.set([0, last], clear.length - 2);
    assert.equal(await bob.cryptor.frame(IN, encoded(clear, 7)), undefined);
    assert.deepEqual(
      bob.of("dropped").map(({ identity, reason }) => [identity, reason]),
      [["alice", "not-encrypted"]],
    );
  }
});

test("frames of one seat on another's track are not played", async () => {
  const { alice, bob } = await call();
  await bob.keys(1, sender("bob"), [sender("alice"), sender("eve")]);
  await bob.cryptor.handle({ kind: "assign", pipe: 2, identity: "eve" });
  const sealed = await alice.cryptor.frame(OUT, encoded(bytes("sound", 40), 1));
  assert.equal(await bob.cryptor.frame(IN, encoded(new Uint8Array(sealed), 1)), undefined);
  assert.deepEqual(
    bob.of("dropped").map(({ identity, reason }) => [identity, reason]),
    [["eve", "wrong-key"]],
  );
});

test("a frame that was being opened when its track went to somebody else is dropped", async () => {
  const { alice, bob } = await call();
  const sealed = await alice.cryptor.frame(OUT, encoded(bytes("sound", 40), 1));
  const opening = bob.cryptor.frame(IN, encoded(new Uint8Array(sealed), 1));
  await bob.cryptor.handle({ kind: "assign", pipe: 2, identity: null });
  assert.equal(await opening, undefined);
});

test("dropped frames are reported once a second with their number", async () => {
  const { bob } = await call();
  const drop = () => bob.cryptor.frame(IN, encoded(bytes("clear", 3), 1));
  for (let run = 0; run < 50; run++) await drop();
  bob.clock.now = 1_000;
  await drop();
  assert.deepEqual(
    bob.of("dropped").map(({ count }) => count),
    [1, 50],
  );
});

const seal = async ({ cryptor, of }, text, request) => {
  await cryptor.handle({ kind: "seal", request, payload: new TextEncoder().encode(text) });
  return of("sealed").find((message) => message.request === request);
};
const open = ({ cryptor }, identity, { index, iv, payload }) =>
  cryptor.handle({ kind: "open", identity, index, iv, payload: payload.slice() });
const texts = ({ of }) => of("opened").map(({ identity, payload }) => `${identity}: ${new TextDecoder().decode(payload)}`);

test("between two connections nothing is sealed or opened, and what was heard over one is not opened over the next", async () => {
  const { alice, bob } = await call();
  const sealed = async (label) => new Uint8Array(await alice.cryptor.frame(OUT, encoded(bytes(label, 40), 1)));
  const [heard, unheard] = [await sealed("heard"), await sealed("unheard")];
  const NEXT = { pipe: 3, direction: "in" };
  assert.ok(await bob.cryptor.frame(IN, encoded(heard, 5)));
  const packet = await seal(alice, "hello", 1);
  await open(bob, "alice", packet);
  await bob.cryptor.handle({ kind: "rest" });
  assert.equal(bob.of("ready").length, 1);
  assert.equal(await bob.cryptor.frame(IN, encoded(unheard, 5)), undefined, "the pipe of the one before is nobody's");
  assert.equal(await bob.cryptor.frame(OUT, encoded(bytes("mine", 40), 9)), undefined);
  await bob.keys(1, sender("bob", "next"), [sender("alice")]);
  await bob.cryptor.handle({ kind: "assign", pipe: 3, identity: "alice" });
  assert.equal(await bob.cryptor.frame(NEXT, encoded(heard, 5)), undefined, "it was heard");
  assert.ok(await bob.cryptor.frame(NEXT, encoded(unheard, 5)));
  assert.ok(await bob.cryptor.frame(OUT, encoded(bytes("mine", 40), 9)));
  await open(bob, "alice", packet);
  assert.deepEqual(texts(bob), ["alice: hello"]);
});

test("who has failed says so again when the next connection begins", async () => {
  const { bob } = await call();
  bob.cryptor.fail("broken");
  await bob.cryptor.handle({ kind: "rest" });
  assert.deepEqual([bob.of("failed").length, bob.of("ready").length], [2, 0]);
});

test("data opens under its sender's key only, once", async () => {
  const { alice, bob } = await call();
  const sealed = await seal(alice, "hello", 1);
  await open(bob, "bob", sealed);
  await open(bob, "nobody", sealed);
  await open(bob, "alice", sealed);
  await open(bob, "alice", sealed);
  assert.deepEqual(texts(bob), ["alice: hello"]);
});

test("data without keys is not sealed, and says so", async () => {
  const alice = seat();
  await alice.cryptor.handle({ kind: "seal", request: 4, payload: bytes("x", 3) });
  assert.deepEqual(alice.of("unsealed"), [{ kind: "unsealed", request: 4, reason: "no-key" }]);
});

test("data of the next epoch waits for its keys, in order, and not for ever", async () => {
  const { alice, bob } = await call();
  await alice.keys(2, sender("alice", "2"), []);
  const [first, second] = [await seal(alice, "first", 1), await seal(alice, "second", 2)];
  await open(bob, "alice", first);
  await open(bob, "alice", second);
  assert.deepEqual(texts(bob), []);
  await bob.keys(2, sender("bob", "2"), [sender("alice", "2")]);
  assert.deepEqual(texts(bob), ["alice: first", "alice: second"]);
  await alice.keys(3, sender("alice", "3"), []);
  const late = await seal(alice, "late", 3);
  await open(bob, "alice", late);
  bob.clock.now = 5_000;
  await bob.keys(3, sender("bob", "3"), [sender("alice", "3")]);
  assert.equal(texts(bob).length, 2);
  assert.equal(bob.of("dropped").at(-1).reason, "no-key");
});

test("a packet under an index that nobody knows holds up what comes after it for five seconds, no longer", async () => {
  const { alice, bob } = await call();
  await open(bob, "alice", { index: 200, iv: new Uint8Array(12), payload: bytes("r", 40) });
  bob.clock.now = 3_000;
  await open(bob, "alice", await seal(alice, "first", 1));
  assert.deepEqual(texts(bob), []);
  bob.clock.now = 5_000;
  await open(bob, "alice", await seal(alice, "second", 2));
  assert.deepEqual(texts(bob), ["alice: first", "alice: second"]);
});

test("of rubbish under an unknown index 32 packets wait, no more", async () => {
  const { bob } = await call();
  const rubbish = () => open(bob, "alice", { index: 200, iv: new Uint8Array(12), payload: bytes("r", 40) });
  for (let run = 0; run < 100; run++) await rubbish();
  bob.clock.now = 1_000;
  await rubbish();
  assert.deepEqual(
    bob.of("dropped").map(({ count }) => count),
    [1, 68],
  );
});

test("the key material is wiped once it is imported", async () => {
  const alice = seat();
  const own = sender("alice");
  const bob = sender("bob");
  await alice.keys(1, own, [bob]);
  for (const material of [own.media, own.data, bob.media, bob.data]) assert.equal(hex(material), "00".repeat(32));
});

test("keys that were used before end everything, and the page is told", async () => {
  const { alice } = await call();
  await alice.keys(2, sender("alice"), []);
  assert.equal(alice.of("failed").length, 1);
  assert.equal(await alice.cryptor.frame(OUT, encoded(bytes("sound", 40), 1)), undefined);
});
