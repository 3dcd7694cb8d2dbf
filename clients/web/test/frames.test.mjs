/** Many frames: a server that injects, repeats, reorders and swaps (TH-M5), keys over reconnects (TH-M4). */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Cryptor } from "../build/media/cryptor.js";
import { KeyRing } from "../build/media/keyring.js";
import { dice, times } from "./support/dice.mjs";
import { bytes, encoded, hex, sender } from "./support/media.mjs";

const LIES = times(20_000, 100_000);
const RECONNECTS = times(100, 1_000);
const SOURCES = [11, 12, 13];
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

test(`${LIES} frames that a server injects, repeats, changes or swaps: 0 played`, async () => {
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
    Promise.all(Array.from({ length: 1_500 }, (_, n) => ring.own.sealFrame("audio", 7, bytes(`${name} ${n}`, 40))));
  const [genuine, others] = [await frames(alice, "alice"), await frames(bob, "bob")];
  // Bob's are held back, to come on Alice's track first. Of hers the newest are played, some in another order; the first ones
  // then lie too far back.
  for (const frame of [...genuine.slice(500), ...genuine.slice(470, 500).reverse()].filter((_, place) => place < 1_024))
    assert.ok(await carol.frame(IN, encoded(frame, 7)));
  const names = Object.keys(lies);
  let played = 0;
  for (let run = 0; run < LIES; run += 100) {
    const many = Array.from({ length: 100 }, (_, part) =>
      lies[names[(run + part) % names.length]]({ genuine, others, pick, below, run: run + part }),
    );
    const opened = await Promise.all(many.map(([pipe, frame]) => carol.frame(pipe, encoded(frame, 7))));
    played += opened.filter((frame) => frame !== undefined).length;
  }
  assert.equal(played, 0, `seed ${seed}`);
  // And what was injected under Alice's name closed nothing: her next frame and Bob's first ones play.
  assert.ok(await carol.frame(IN, encoded(await alice.own.sealFrame("audio", 7, bytes("next", 40)), 7)));
  assert.ok(await carol.frame(OTHER, encoded(others[0], 7)));
});

test(`${RECONNECTS} reconnects, stops and repeated keys: no number comes twice under one key, in any source`, async () => {
  const { seed, below } = dice();
  const seen = new Set();
  const note = (key, iv) => {
    const name = `${key} ${hex(iv)}`;
    assert.ok(!seen.has(name), `seed ${seed}: ${name} comes twice`);
    seen.add(name);
  };
  let frames = 0;
  for (let connection = 0; connection < RECONNECTS; connection++) {
    // A connection is a worker; the daemon draws its nonce into the keys, the numbers of the sources stay the same.
    const ring = new KeyRing();
    const keys = (index) => ({ index, own: sender("me", `${connection} ${index}`), others: [] });
    let last = 0;
    for (let step = 0, index = 0; step < 4; step++) {
      if (below(2) === 0) ring.stop();
      if (below(3) === 0) index++;
      last = index;
      // The same keys as before, or the next epoch's.
      await ring.install(keys(index), step);
      for (const source of SOURCES) {
        const sealed = await ring.own.sealFrame("audio", source, bytes("f", 10));
        note(`${connection} ${index} media`, sealed.subarray(-14, -2));
        frames++;
      }
      note(`${connection} ${index} data`, (await ring.own.sealData(bytes("d", 10))).iv);
    }
    // What an older epoch had never seals again.
    await ring.install(keys(100), 9);
    await assert.rejects(ring.install(keys(last), 10), { name: "KeyError" });
    assert.equal(ring.own, undefined);
  }
  assert.equal(seen.size, frames + RECONNECTS * 4);
});
