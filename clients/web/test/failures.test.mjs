/** The built worker under Node: what it sends when transforms fail at any moment (TH-M2). */
import assert from "node:assert/strict";
import { test } from "node:test";
import { KeyRing } from "../build/media/keyring.js";
import { dice, times } from "./support/dice.mjs";
import { bytes, encoded, hex, sender, vp8 } from "./support/media.mjs";

const RUNS = times(200, 1_000);
const FRAMES = 8;
const OUT = { pipe: 1, direction: "out" };
const { subtle } = globalThis.crypto;
const turn = () => new Promise((resolve) => setImmediate(resolve));

/** A worker of its own, from the built file. */
const startWorker = async (number) => {
  const said = [];
  let hear;
  globalThis.addEventListener = (type, listener) => type === "message" && (hear = listener);
  globalThis.postMessage = (message) => said.push(message);
  await import(`../build/media/worker.js?${number}`);
  const told = async (kind) => {
    while (!said.some((message) => message.kind === kind)) await turn();
  };
  return { said, told, say: (data) => hear({ data }) };
};

/** Frames go in, `wire` is what came out. After `most` of them the way out breaks. */
const pipe = (worker, most) => {
  const wire = [];
  const entry = new TransformStream();
  const done = new Promise((resolve) => {
    const write = (frame) => {
      if (wire.length >= most) {
        resolve();
        throw new Error("the way out is broken");
      }
      wire.push(new Uint8Array(frame.data));
    };
    worker.say({
      kind: "pipe",
      ...OUT,
      readable: entry.readable,
      writable: new WritableStream({ write, close: resolve, abort: resolve }),
    });
  });
  const writer = entry.writable.getWriter();
  const ended = writer.closed.catch(() => undefined);
  const write = (frame) => void writer.write(frame).catch(() => undefined);
  const close = () => (void writer.close().catch(() => undefined), Promise.race([done, ended.then(() => done)]));
  return { wire, write, close };
};

/** One of the browser's ciphers fails from now on; gives what mends it. */
const breaks = (name) => {
  Object.defineProperty(subtle, name, { configurable: true, value: () => Promise.reject(new Error(`${name} fails`)) });
  return () => delete subtle[name];
};
const nothing = () => undefined;
const keys = (own, index) => ({ kind: "keys", keys: { index, own, others: [] } });

/** What happens in the middle of a run. From then on nothing may leave, but after `none`. */
const failures = {
  none: () => nothing,
  stop: async (worker) => (worker.say({ kind: "stop" }), nothing),
  "keys that were used before": async (worker, own) => {
    worker.say(keys(own(), 9));
    await worker.told("failed");
    return nothing;
  },
  "keys of another length": async (worker) => {
    worker.say(keys({ ...sender("me", "short"), media: bytes("m", 16) }, 9));
    await worker.told("failed");
    return nothing;
  },
  "no key can be derived": async (worker) => {
    const mend = breaks("deriveKey");
    worker.say(keys(sender("me", "next"), 9));
    await worker.told("failed");
    return mend;
  },
  "no frame can be sealed": async () => breaks("encrypt"),
};

/** Frames that a broken browser might give. */
const odd = {
  "without metadata": (frame) => ({ ...frame, getMetadata: undefined }),
  "without a source": (frame) => ({ ...frame, getMetadata: () => ({}) }),
  "without data": (frame) => ({ ...frame, data: undefined }),
  empty: (frame) => ({ ...frame, data: new ArrayBuffer(0) }),
  "whose data is gone": (frame) => (structuredClone(frame.data, { transfer: [frame.data] }), frame),
  "that takes no other data": (frame) => Object.freeze(frame),
};

/** Frames of one run, each of its own length, so that a sealed one can be told. */
const framesOf = (run, below) =>
  Array.from({ length: FRAMES }, (_, number) => {
    const isVideo = below(2) === 0;
    const length = 40 + number;
    return { isVideo, clear: isVideo ? vp8(`${run} ${number}`, below(3) === 0, length) : bytes(`${run} ${number}`, length) };
  });

/** The frame of which this is the sealed form; fails for anything else. */
const openedBy = async (ring, sealed, frames, about) => {
  const number = frames.findIndex(({ clear }) => clear.length + 30 === sealed.length);
  assert.ok(number >= 0, `${about}: something that is no sealed frame left`);
  const key = ring.of("me", sealed.at(-1), 0);
  assert.ok(key, `${about}: a frame left under no key of this seat`);
  const { clear, isVideo } = frames[number];
  assert.equal(hex(await key.openFrame(isVideo ? "video" : "audio", sealed)), hex(clear), about);
  return number;
};

test(`${RUNS} runs with transforms that fail at random: 0 frames in the clear, none after the failure`, async () => {
  const { seed, below, pick } = dice();
  const count = { sent: 0, kept: 0 };
  for (let run = 0; run < RUNS; run++) {
    const what = pick(Object.keys(failures));
    const about = `seed ${seed}, run ${run}, ${what}`;
    const worker = await startWorker(run);
    const own = () => sender("me", `${seed} ${run}`);
    const hasKeys = below(10) > 0;
    if (hasKeys) worker.say(keys(own(), 3));
    // Now and then everything happens before the keys are taken.
    if (hasKeys && below(5) > 0) await worker.told("keyed");
    const { wire, write, close } = pipe(worker, below(4) === 0 ? below(FRAMES) : FRAMES);
    const frames = framesOf(run, below);
    const failing = below(FRAMES);
    let mend = nothing;
    for (const [number, { isVideo, clear }] of frames.entries()) {
      if (number === failing && (hasKeys || !what.startsWith("keys that"))) mend = await failures[what](worker, own);
      const frame = encoded(clear, isVideo ? 8 : 7, isVideo ? "delta" : undefined);
      write(below(6) === 0 ? odd[pick(Object.keys(odd))](frame) : frame);
      if (below(2) === 0) await turn();
    }
    await close();
    mend();
    const ring = new KeyRing();
    await ring.install({ index: 3, own: null, others: [own()] }, 0);
    for (const sealed of wire) {
      const number = await openedBy(ring, sealed, frames, about);
      assert.ok(what === "none" || number < failing, `${about}: frame ${number} left after the failure at ${failing}`);
    }
    count.sent += wire.length;
    count.kept += FRAMES - wire.length;
  }
  console.log(`seed ${seed}: ${count.sent} frames sealed, ${count.kept} not sent`);
  assert.ok(count.sent > RUNS && count.kept > RUNS, "both happened often");
});

test("after a failure data is not sealed either, and the page is told", async () => {
  for (const what of ["keys that were used before", "keys of another length", "no key can be derived"]) {
    const worker = await startWorker(`data ${what}`);
    worker.say(keys(sender("me"), 3));
    const mend = await failures[what](worker, () => sender("me"));
    mend();
    worker.say(keys(sender("me", "later"), 4));
    worker.say({ kind: "seal", request: 1, payload: bytes("chat", 20) });
    await worker.told("unsealed");
    assert.equal(worker.said.filter(({ kind }) => kind === "failed").length, 1, what);
    assert.ok(!worker.said.some(({ kind }) => kind === "sealed"), what);
  }
});
