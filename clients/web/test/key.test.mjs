import assert from "node:assert/strict";
import { test } from "node:test";
import { ReceiveKey, SendKey } from "../build/media/key.js";
import { headerBytes, readIv, splitFrame } from "../build/media/layout.js";
import { ReplayWindow } from "../build/media/replay.js";
import { bytes, hex, vp8 } from "./support/media.mjs";

const pair = async (label = "a", index = 7) => {
  const [media, data] = [bytes(`media ${label}`), bytes(`data ${label}`)];
  return { seals: await SendKey.of(index, media, data), opens: await ReceiveKey.of(index, media, data) };
};
const refused = (reason) => ({ name: "RefusedError", reason });

test("a sealed frame opens to what it was, for sound, key frame and delta frame", async () => {
  const { seals, opens } = await pair();
  for (const [kind, frame] of [
    ["audio", bytes("opus", 60)],
    ["video", vp8("key", true)],
    ["video", vp8("delta", false)],
    ["audio", bytes("dtx", 1)],
  ]) {
    const sealed = await seals.sealFrame(kind, 1, frame);
    const header = headerBytes(kind, frame);
    assert.equal(hex(sealed.subarray(0, header)), hex(frame.subarray(0, header)), "the header stays readable");
    assert.equal(sealed.length, frame.length + 16 + 12 + 2);
    assert.equal(hex(await opens.openFrame(kind, sealed)), hex(frame));
  }
});

test("nothing behind the header is readable", async () => {
  const { seals } = await pair();
  const frame = new Uint8Array(400).fill(0x41);
  frame[0] = 1;
  const sealed = Buffer.from(await seals.sealFrame("video", 1, frame));
  assert.equal(sealed.subarray(3).includes("AAAA"), false);
});

test("what nobody sealed is refused: clear frames of every length, and a server's filler", async () => {
  const { opens } = await pair();
  for (let length = 0; length < 80; length++) {
    await assert.rejects(opens.openFrame("audio", bytes("clear", length)), (error) =>
      ["not-encrypted", "wrong-key"].includes(error.reason),
    );
  }
  const filler = new Uint8Array(64);
  filler.set([12, 7], 62);
  await assert.rejects(opens.openFrame("video", filler), refused("wrong-key"));
});

test("another seat's key, a changed byte, header, number or tag opens nothing", async () => {
  const { seals, opens } = await pair();
  const { opens: other } = await pair("b");
  const sealed = await seals.sealFrame("video", 9, vp8("frame", false, 90));
  await assert.rejects(other.openFrame("video", sealed), refused("wrong-key"));
  const changes = Array.from({ length: sealed.length - 2 }, (_, place) => {
    const changed = sealed.slice();
    changed[place] ^= 0x10;
    return assert.rejects(opens.openFrame("video", changed), refused("wrong-key"), `byte ${place}`);
  });
  await Promise.all(changes);
  await opens.openFrame("video", sealed);
});

test("a frame that is empty or shorter than its header is not sealed", async () => {
  const { seals } = await pair();
  await assert.rejects(seals.sealFrame("audio", 1, new Uint8Array(0)), refused("not-encrypted"));
  await assert.rejects(seals.sealFrame("video", 1, new Uint8Array([0, 1, 2])), refused("not-encrypted"));
  await assert.rejects(seals.sealFrame("video", 1, new Uint8Array([1, 2])), refused("not-encrypted"));
});

test("no pair of source and number repeats, over many sources at once", async () => {
  const { seals } = await pair();
  const seen = new Set();
  const frames = Array.from({ length: 3_000 }, (_, number) => seals.sealFrame("audio", number % 3, bytes("x", 3)));
  for (const sealed of await Promise.all(frames)) seen.add(hex(splitFrame("audio", sealed).iv));
  assert.equal(seen.size, 3_000);
  assert.deepEqual(readIv(new Uint8Array(Buffer.from("0102030400000000000000ff", "hex"))), { ssrc: 0x01020304, counter: 255n });
});

test("a frame opens once, also when two copies come at the same moment", async () => {
  const { seals, opens } = await pair();
  const sealed = await seals.sealFrame("audio", 1, bytes("once", 20));
  const both = await Promise.allSettled([opens.openFrame("audio", sealed), opens.openFrame("audio", sealed)]);
  assert.deepEqual(both.map(({ status }) => status).sort(), ["fulfilled", "rejected"]);
  await assert.rejects(opens.openFrame("audio", sealed), refused("replayed"));
});

test("a frame 1,023 numbers late opens, one 1,024 late does not", async () => {
  const { seals, opens } = await pair();
  const sealed = await Promise.all(Array.from({ length: 1025 }, () => seals.sealFrame("audio", 5, bytes("late", 9))));
  await opens.openFrame("audio", sealed[1024]);
  await opens.openFrame("audio", sealed[1]);
  await assert.rejects(opens.openFrame("audio", sealed[0]), refused("replayed"));
});

test("forged frames do not fill the list of sources; a 65th source of the sender is refused", async () => {
  const { seals, opens } = await pair();
  const forge = async (ssrc) => {
    const forged = await seals.sealFrame("audio", ssrc, bytes("f", 9));
    forged[2] ^= 1;
    await assert.rejects(opens.openFrame("audio", forged), refused("wrong-key"));
  };
  await Promise.all(Array.from({ length: 200 }, (_, number) => forge(1000 + number)));
  const opening = async (ssrc) => opens.openFrame("audio", await seals.sealFrame("audio", ssrc, bytes("s", 9)));
  await Promise.all(Array.from({ length: 64 }, (_, ssrc) => opening(ssrc)));
  await assert.rejects(opens.openFrame("audio", await seals.sealFrame("audio", 64, bytes("s", 9))), refused("too-many-sources"));
});

test("data opens once, under its own key, and only with source zero", async () => {
  const { seals, opens } = await pair();
  const payload = bytes("chat", 300);
  const { iv, payload: sealed, index } = await seals.sealData(payload);
  assert.equal(index, 7);
  assert.equal(hex(iv), "000000000000000000000000");
  assert.equal(hex(await opens.openData(iv, sealed)), hex(payload));
  await assert.rejects(opens.openData(iv, sealed), refused("replayed"));
  const frameIv = new Uint8Array(12).fill(1);
  await assert.rejects(opens.openData(frameIv, sealed), refused("not-encrypted"));
  await assert.rejects(opens.openData(new Uint8Array(8), sealed), refused("not-encrypted"));
  const { payload: media } = await seals.sealData(payload);
  await assert.rejects(opens.openFrame("audio", media), (error) => error.name === "RefusedError");
});

test("the window knows exactly which of its numbers were seen, in any order (random, seed printed)", () => {
  const seed = Number(process.env.SEED ?? Date.now() % 100_000);
  console.log(`seed ${seed}`);
  let state = seed;
  const random = (below) => (state = (state * 1_103_515_245 + 12_345) % 2_147_483_648) % below;
  const window = new ReplayWindow();
  const seen = new Set();
  let highest = -1;
  for (let step = 0; step < 50_000; step++) {
    const number = Math.max(
      0,
      highest + random(50) - 40 - (random(100) === 0 ? random(3000) : 0) + (random(500) === 0 ? random(3000) : 0),
    );
    const fresh = number > highest || (number > highest - 1024 && !seen.has(number));
    assert.equal(window.mark(BigInt(number)), fresh, `step ${step}, number ${number}`);
    if (fresh) seen.add(number);
    highest = Math.max(highest, number);
  }
});
