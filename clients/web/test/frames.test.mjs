/** Many frames: a server that injects, repeats, reorders and swaps (TH-M5), keys over reconnects (TH-M4). */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Cryptor } from "../build/media/cryptor.js";
import { KeyRing } from "../build/media/keyring.js";
import { dice, times } from "./support/dice.mjs";
import { bytes, encoded, hex, sender, vp8 } from "./support/media.mjs";

const LIES = times(20_000, 100_000);
const RECONNECTS = times(100, 1_000);
/** Epochs, or the same one again, of a connection; and frames of each: ten million in `deep`. */
const STEPS = 4;
const FRAMES = times(100, 2_500);
/** A microphone, a camera in three layers, a screen. */
const SOURCES = [11, 12, 13, 14, 15];
const { subtle } = globalThis.crypto;
const IN = { pipe: 1, direction: "in" };
const OTHER = { pipe: 2, direction: "in" };

/** What a server that holds no epoch secret can do with what it carried: `genuine` of Alice, `others` of Bob. */
const lies = {
  repeated: ({ genuine, pick }) => [IN, pick(genuine)],
  "on another's track": ({ genuine, pick }) => [OTHER, pick(genuine)],
  "another's on her track": ({ others, pick }) => [IN, pick(others)],
  "with one bit changed": ({ genuine, pick, below }) => {
    const frame = pick(genuine).slice();
    frame[below(frame.length)] ^= 1 << below(8);
    return [IN, frame];
  },
  "under another number": ({ genuine, pick, below }) => {
    const frame = pick(genuine).slice();
    new DataView(frame.buffer).setBigUint64(frame.length - 10, BigInt(1_000_000 + below(1_000_000)));
    return [IN, frame];
  },
  "under another source": ({ genuine, pick, below }) => {
    const frame = pick(genuine).slice();
    new DataView(frame.buffer).setUint32(frame.length - 14, below(2 ** 32));
    return [IN, frame];
  },
  "one's vector on another's text": ({ genuine, pick }) => {
    const [frame, other] = [pick(genuine).slice(), pick(genuine)];
    if (hex(frame.subarray(-14)) === hex(other.subarray(-14))) frame[3] ^= 1;
    frame.set(other.subarray(-14), frame.length - 14);
    return [IN, frame];
  },
  invented: ({ run, below }) => [IN, bytes(`invented ${run}`, 1 + below(120))],
  "invented, with a trailer": ({ run, below }) => {
    const frame = bytes(`trailer ${run}`, 31 + below(90));
    frame.set([12, 1], frame.length - 2);
    return [IN, frame];
  },
};

/** Sound, and a picture whose header stays readable. */
const kinds = {
  audio: { type: undefined, made: (label) => bytes(label, 40) },
  video: { type: "delta", made: (label, number) => vp8(label, number % 5 === 0, 40) },
};

const lying = async (kind) => {
  const { type, made } = kinds[kind];
  const { seed, below, pick } = dice();
  const [alice, bob] = [new KeyRing(), new KeyRing()];
  await alice.install({ index: 1, own: sender("alice"), others: [] }, 0);
  await bob.install({ index: 1, own: sender("bob"), others: [] }, 0);
  const carol = new Cryptor(
    () => undefined,
    () => 0,
  );
  await carol.handle({ kind: "keys", keys: { index: 1, own: sender("carol"), others: [sender("alice"), sender("bob")] } });
  await carol.handle({ kind: "assign", pipe: IN.pipe, identity: "alice" });
  await carol.handle({ kind: "assign", pipe: OTHER.pipe, identity: "bob" });
  const frames = (ring, name) =>
    Promise.all(Array.from({ length: 1_500 }, (_, n) => ring.own.sealFrame(kind, 7, made(`${name} ${n}`, n))));
  const [genuine, others] = [await frames(alice, "alice"), await frames(bob, "bob")];
  // Bob's are held back, to come on Alice's track first. Of hers the newest are played, some in another order; the first ones
  // then lie too far back.
  for (const frame of [...genuine.slice(500), ...genuine.slice(470, 500).reverse()].filter((_, place) => place < 1_024))
    assert.ok(await carol.frame(IN, encoded(frame, 7, type)));
  const names = Object.keys(lies);
  let played = 0;
  for (let run = 0; run < LIES; run += 100) {
    const many = Array.from({ length: 100 }, (_, part) =>
      lies[names[(run + part) % names.length]]({ genuine, others, pick, below, run: run + part }),
    );
    const opened = await Promise.all(many.map(([pipe, frame]) => carol.frame(pipe, encoded(frame, 7, type))));
    played += opened.filter((frame) => frame !== undefined).length;
  }
  assert.equal(played, 0, `seed ${seed}`);
  // And what was injected under Alice's name closed nothing: her next frame and Bob's first ones play.
  assert.ok(await carol.frame(IN, encoded(await alice.own.sealFrame(kind, 7, made("next", 1)), 7, type)));
  assert.ok(await carol.frame(OTHER, encoded(others[0], 7, type)));
};

for (const kind of Object.keys(kinds))
  test(`${LIES} frames that a server injects, repeats, changes or swaps: 0 played (${kind})`, () => lying(kind));

/**
 * Stands before the browser's cipher: which material each key was made of, and that no number comes twice under it. A number below
 * one that was used before counts as a repetition. Nothing is encrypted meanwhile.
 */
const witness = (about) => {
  const material = new Map();
  const last = new Map();
  const seen = { seals: 0, keys: last };
  const real = { importKey: subtle.importKey.bind(subtle), deriveKey: subtle.deriveKey.bind(subtle) };
  const stands = {
    importKey: async (format, raw, ...more) => {
      const name = hex(raw);
      const key = await real.importKey(format, raw, ...more);
      material.set(key, name);
      return key;
    },
    deriveKey: async (how, from, ...more) => {
      const key = await real.deriveKey(how, from, ...more);
      material.set(key, material.get(from));
      return key;
    },
    encrypt: async ({ iv }, key, text) => {
      const view = new DataView(iv.buffer, iv.byteOffset, 12);
      const name = material.get(key);
      const sources = last.get(name) ?? last.set(name, new Map()).get(name);
      const [source, number] = [view.getUint32(0), Number(view.getBigUint64(4))];
      assert.ok(number > (sources.get(source) ?? -1), `${about}: ${number} of source ${source} comes twice under one key`);
      sources.set(source, number);
      seen.seals += 1;
      return new ArrayBuffer(text.byteLength + 16);
    },
  };
  for (const [name, value] of Object.entries(stands)) Object.defineProperty(subtle, name, { configurable: true, value });
  return { seen, end: () => Object.keys(stands).forEach((name) => delete subtle[name]) };
};

test(`${RECONNECTS} reconnects, stops and repeated keys: no number comes twice under one key, in any source`, async () => {
  const { seed, below } = dice();
  const { seen, end } = witness(`seed ${seed}`);
  const frame = bytes("f", 10);
  try {
    for (let connection = 0; connection < RECONNECTS; connection++) {
      // A connection is a worker; the daemon draws its nonce into the keys, the numbers of the sources stay the same.
      const ring = new KeyRing();
      const keys = (index) => ({ index, own: sender("me", `${connection} ${index}`), others: [] });
      let last = 0;
      for (let step = 0, index = 0; step < STEPS; step++) {
        if (below(2) === 0) ring.stop();
        if (below(3) === 0) index++;
        last = index;
        // The same keys as before, or the next epoch's.
        await ring.install(keys(index), step);
        // All at once, as tracks send, with data among them.
        const sealing = Array.from({ length: FRAMES }, (_, number) =>
          number % 50 === 0 ? ring.own.sealData(frame) : ring.own.sealFrame("audio", SOURCES[number % SOURCES.length], frame),
        );
        await Promise.all(sealing);
      }
      // What an older epoch had never seals again.
      await ring.install(keys(100), 9);
      await assert.rejects(ring.install(keys(last), 10), { name: "KeyError" });
      assert.equal(ring.own, undefined);
    }
  } finally {
    end();
  }
  console.log(`seed ${seed}: ${seen.seals} seals under ${seen.keys.size} keys`);
  assert.equal(seen.seals, RECONNECTS * STEPS * FRAMES);
  assert.ok(seen.keys.size >= 2 * RECONNECTS, "each connection had keys of its own");
});
