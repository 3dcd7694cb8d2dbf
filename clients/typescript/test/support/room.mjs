// The notation of SESSION SD9 and TOWNHALL 3, written once more: lp, H, KDF, Sig, GCM. For tests only.
import { createDecipheriv, createHash, createHmac, createPublicKey, verify } from "node:crypto";

export const bytes = (hex) => Buffer.from(hex, "hex");
export const u16 = (n) => Buffer.from([n >> 8, n & 255]);
export const u32 = (n) => {
  const out = Buffer.alloc(4);
  out.writeUInt32BE(n);
  return out;
};
export const u64 = (n) => {
  const out = Buffer.alloc(8);
  out.writeBigUInt64BE(BigInt(n));
  return out;
};
export const lp = (x) => Buffer.concat([u16(x.length), x]);
export const sha3 = (...parts) => createHash("sha3-256").update(Buffer.concat(parts)).digest();
export const H = (label, ...fields) => sha3(...[Buffer.from(label), ...fields].map(lp));
const hmac = (key, ...parts) => createHmac("sha3-256", key).update(Buffer.concat(parts)).digest();
/** HKDF over HMAC-SHA3-256; Node's own takes no info above 1,024 bytes. */
export const KDF = (salt, ikm, label, fields, n) => {
  const prk = hmac(salt, ikm);
  const info = Buffer.concat([Buffer.from(label), ...fields].map(lp));
  const blocks = [];
  for (let i = 1; blocks.length * 32 < n; i += 1) {
    blocks.push(hmac(prk, blocks.at(-1) ?? Buffer.alloc(0), info, Buffer.from([i])));
  }
  return Buffer.concat(blocks).subarray(0, n);
};

/** The text of GCM(key, nonce; aad; …): throws when it does not open. */
export const open = (key, nonce, aad, sealed) => {
  const gcm = createDecipheriv("aes-256-gcm", key, nonce).setAAD(aad).setAuthTag(sealed.subarray(-16));
  return Buffer.concat([gcm.update(sealed.subarray(0, -16)), gcm.final()]);
};
/** The same with K32 | N12. */
export const openOnce = (kn, aad, sealed) => open(kn.subarray(0, 32), kn.subarray(32, 44), aad, sealed);

/** Whether `signature` is Ed25519 by `key` over label | 0x00 | message. */
export const signed = (key, label, message, signature) => {
  const spki = Buffer.concat([bytes("302a300506032b6570032100"), key]);
  const publicKey = createPublicKey({ key: spki, format: "der", type: "spki" });
  return verify(null, Buffer.concat([Buffer.from(label), Buffer.alloc(1), message]), publicKey, signature);
};

/** Takes fields off the front of a text. */
export class Fields {
  constructor(text) {
    this.rest = text;
  }

  take(n) {
    if (n > this.rest.length) throw new RangeError(`${n} bytes wanted, ${this.rest.length} left`);
    const head = this.rest.subarray(0, n);
    this.rest = this.rest.subarray(n);
    return head;
  }

  number(width) {
    return Number(`0x${this.take(width).toString("hex")}`);
  }

  lp() {
    return this.take(this.number(2));
  }
}
