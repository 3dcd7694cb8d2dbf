// The sealed files of recordings, computed once more from the page (TOWNHALL 6, SESSION 8) with Node's own primitives.
import assert from "node:assert/strict";
import { createCipheriv } from "node:crypto";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { KDF, bytes, sha3 } from "./support/room.mjs";

const vectors = (name) => JSON.parse(readFileSync(new URL(`../../../tests/vectors/${name}.json`, import.meta.url)));
const hex = (buffer) => buffer.toString("hex");
/** Bytes of a chunk's text. */
const TEXT = 65_520;

const chunk = (key, count, isLast, text) => {
  const nonce = Buffer.alloc(12);
  nonce.writeUInt32BE(count, 7);
  nonce[11] = isLast ? 1 : 0;
  const cipher = createCipheriv("aes-256-gcm", key, nonce);
  return Buffer.concat([cipher.update(text), cipher.final(), cipher.getAuthTag()]);
};

test("a sealed file is its chunks under a key of its own", () => {
  const { files, webm } = vectors("room/recording_file");
  assert.ok(files.length >= 8);
  for (const file of files) {
    const text = Buffer.from(Array.from({ length: file.size }, (_, i) => (i * 31 + Math.floor(i / 256)) & 255));
    assert.equal(hex(sha3(text)), file.textHash);
    const fields = [bytes(file.recording), bytes(file.id)];
    const key = KDF(Buffer.alloc(0), bytes(file.key), "pars-recording-file-v1", fields, 32);
    const count = Math.max(1, Math.ceil(file.size / TEXT));
    const sealed = Array.from({ length: count }, (_, i) =>
      chunk(key, i, i === count - 1, text.subarray(i * TEXT, (i + 1) * TEXT)),
    );
    assert.deepEqual(
      sealed.map((one) => hex(sha3(one))),
      file.chunkHashes,
      file.name,
    );
    assert.equal(Buffer.concat(sealed).length, file.sealedSize);
    if (file.sealed) assert.equal(hex(sealed[0]), file.sealed);
  }
  // EBML's first four bytes, and the document type.
  for (const { bytes: file } of webm) assert.ok(file.startsWith("1a45dfa3") && file.includes("4282847765626d"));
});
