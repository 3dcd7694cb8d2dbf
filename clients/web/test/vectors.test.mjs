import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { ReceiveKey } from "../build/media/key.js";
import { KeyRing } from "../build/media/keyring.js";
import { readIv, splitFrame } from "../build/media/layout.js";
import { file, text } from "../scripts/media-vectors.mjs";
import { hex, unhex } from "./support/media.mjs";

const folder = new URL(".", file);
const kindOf = (codec) => (codec === "opus" ? "audio" : "video");
const keyOf = (index, material) => ReceiveKey.of(index, unhex(material), unhex(material));

test("the page's vectors are what the page's cryptor makes", async () => {
  assert.equal(await readFile(file, "utf8"), await text(), "run: node scripts/media-vectors.mjs");
});

for (const name of ["media.json", "media_page.json"]) {
  const { frames, data, refused } = JSON.parse(await readFile(new URL(name, folder), "utf8"));
  // H264 is for the recorder and other clients: the page neither sends nor plays it.
  const ours = ({ codec }) => codec !== "h264";

  test(`${name}: every frame opens to what it was`, async () => {
    assert.ok(frames.filter(ours).length > 0);
    for (const { material, index, codec, ssrc, counter, frame, sealed } of frames.filter(ours)) {
      const parts = splitFrame(kindOf(codec), unhex(sealed));
      assert.equal(parts.index, index);
      assert.deepEqual(readIv(parts.iv), { ssrc, counter: BigInt(counter) });
      assert.equal(hex(await (await keyOf(index, material)).openFrame(kindOf(codec), unhex(sealed))), frame);
    }
  });

  test(`${name}: every data packet opens to what it was`, async () => {
    for (const { material, index, counter, payload, iv, sealed } of data) {
      assert.deepEqual(readIv(unhex(iv)), { ssrc: 0, counter: BigInt(counter) });
      assert.equal(hex(await (await keyOf(index, material)).openData(unhex(iv), unhex(sealed))), payload);
    }
  });

  test(`${name}: what is to be refused is refused`, async () => {
    for (const { why, material, index, codec, sealed } of refused.filter(ours)) {
      const ring = new KeyRing();
      await ring.install({ index, own: null, others: [{ identity: "x", media: unhex(material), data: unhex(material) }] }, 0);
      // The worker asks the ring for the key that the last byte names.
      const key = ring.of("x", unhex(sealed).at(-1) ?? 0, 0);
      if (key !== undefined) await assert.rejects(key.openFrame(kindOf(codec), unhex(sealed)), { name: "RefusedError" }, why);
    }
  });
}
