/** Keys and frames for tests of the media code. */
import { createHash } from "node:crypto";

export const bytes = (label, length = 32) => {
  let all = Buffer.alloc(0);
  for (let part = 0; all.length < length; part++)
    all = Buffer.concat([all, createHash("sha256").update(`${label} ${part}`).digest()]);
  return new Uint8Array(all.subarray(0, length));
};

export const sender = (identity, label = identity) => ({
  identity,
  media: bytes(`media ${label}`),
  data: bytes(`data ${label}`),
});

/** A VP8 frame; the lowest bit of its first byte says whether it is a key frame. */
export const vp8 = (label, isKey, length = 200) => {
  const frame = bytes(label, length);
  frame[0] = (frame[0] & 0xfe) | (isKey ? 0 : 1);
  return frame;
};

/** An encoded frame as a browser gives it. */
export const encoded = (data, ssrc, type) => ({
  data: data.slice().buffer,
  ...(type === undefined ? {} : { type }),
  getMetadata: () => ({ synchronizationSource: ssrc }),
});

export const hex = (data) => Buffer.from(data).toString("hex");
export const unhex = (text) => new Uint8Array(Buffer.from(text, "hex"));
