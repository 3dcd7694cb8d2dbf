// The vectors of rooms, computed once more from the page (TOWNHALL 3) with Node's own primitives.
import assert from "node:assert/strict";
import { hkdfSync } from "node:crypto";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { hashTypedData, recoverAddress } from "viem";
import { Fields, H, KDF, bytes, lp, open, openOnce, sha3, signed, u16, u32, u64 } from "./support/room.mjs";

const vectors = (name) => JSON.parse(readFileSync(new URL(`../../../tests/vectors/${name}.json`, import.meta.url)));
const none = Buffer.alloc(0);
const hex = (buffer) => buffer.toString("hex");

test("SHA3 is the published one", () => {
  assert.equal(hex(sha3()), "a7ffc6f8bf1ed76651c14756a061d662f580ff4de43b49fa82d80a4b80f8434a");
});

test("a metadata object is its fields, and its hash the one for the chain", () => {
  const { roomId, seq, hosts, sfus, description, public: open_, sealed } = vectors("room/metadata");
  const front = (isSealed) =>
    Buffer.concat([
      Buffer.from("PSRM"),
      bytes(roomId),
      u32(seq),
      Buffer.from([hosts.length]),
      ...hosts.map((host) => bytes(host.entry)),
      Buffer.from([sfus.length]),
      ...sfus.map(bytes),
      Buffer.from([isSealed]),
    ]);
  for (const host of hosts) assert.equal(hex(H("pars-room-host-v1", bytes(host.entry))), host.stHost);
  const text = bytes(description.encoded);
  assert.equal(new Fields(text).lp().toString(), description.title);
  assert.equal(hex(Buffer.concat([front(0), lp(text)])), open_.object);
  for (const object of [open_, sealed]) assert.equal(hex(H("pars-room-object-v1", bytes(object.object))), object.hash);
  const field = bytes(sealed.object).subarray(front(1).length + 2);
  const key = KDF(none, bytes(sealed.metaKey), "pars-room-meta-v1", [bytes(roomId), u32(seq)], 44);
  assert.equal(hex(openOnce(key, front(1), field)), description.encoded);
});

test("statements are their fields, their wallets sign readable data, their recorders a body", async () => {
  const { cases, account, recorderSeat } = vectors("room/statement");
  assert.deepEqual([...new Set(cases.map((c) => c.form))], [1, 2, 3, 4]);
  for (const c of cases) {
    const seatHash = H("pars-room-seat-v1", bytes(c.xPk), bytes(c.sVk), bytes(c.consentSigner));
    assert.deepEqual([hex(seatHash), hex(seatHash.subarray(0, 8))], [c.seatHash, c.pseudonym]);
    const head = Buffer.concat([
      Buffer.from([1]),
      bytes(c.scope),
      Buffer.from([c.form]),
      u64(c.issuedAt),
      u64(c.expiresAt),
      bytes(c.xPk),
      bytes(c.sVk),
      lp(bytes(c.consentSigner)),
      bytes(c.nullifier),
      bytes(c.account),
    ]);
    assert.equal(c.body.slice(0, head.length * 2), hex(head), c.name);
    assert.equal(c.body.length / 2, head.length + 32 + 16);
    assert.equal(hex(H("pars-room-st-v1", bytes(c.body))), c.st);
    const fields = new Fields(bytes(c.statement));
    assert.equal(hex(fields.take(c.body.length / 2)), c.body);
    const [points, wallet, identity] = [fields.lp(), fields.lp(), fields.lp()];
    assert.equal(fields.rest.length, 0);
    assert.equal(points.length, /[^0]/.test(c.nullifier) ? 256 : 0);
    if (c.typedData) {
      const digest = hashTypedData(c.typedData.json);
      assert.equal(digest, `0x${c.typedData.digest}`);
      const signer = await recoverAddress({ hash: digest, signature: `0x${hex(wallet)}` });
      assert.equal(signer.toLowerCase(), `0x${account}`);
      assert.equal(c.typedData.json.message.seatHash, `0x${c.seatHash}`);
      assert.equal(identity.length, 4691);
    }
    if (c.form === 4) assert.ok(signed(bytes(recorderSeat), "pars-room-recorder-v1", bytes(c.body), identity));
  }
});

test("joins open to their statements, and replies to a signed grant or a refusal", () => {
  const { scope, stHost, sVk, fullRefusal, cases } = vectors("room/join");
  const statements = new Map(vectors("room/statement").cases.map((c) => [c.name, c]));
  for (const c of cases) {
    const [join, rs, host] = [bytes(c.join), bytes(scope), bytes(stHost)];
    const statement = statements.get(c.name);
    assert.equal(join.length, statement.form === 2 || statement.form === 3 ? 10_240 : 6_144);
    assert.equal(join[0], 1);
    const ct = join.subarray(1, 1121);
    const key = KDF(none, bytes(c.ss), "pars-room-join-v1", [rs, host, ct], 44);
    const text = new Fields(openOnce(key, Buffer.concat([rs, host, ct]), join.subarray(1121)));
    assert.equal(hex(text.lp()), statement.statement);
    const replyKey = text.take(32);
    assert.ok(text.rest.every((byte) => byte === 0));
    const answer = (reply) => {
      const r = reply.subarray(0, 16);
      const once = KDF(none, replyKey, "pars-room-reply-v1", [sha3(join), r], 44);
      return openOnce(once, host, reply.subarray(16));
    };
    const granted = answer(bytes(c.granted));
    assert.deepEqual([granted.length, granted[0]], [480, 1]);
    const grant = bytes(c.grant);
    assert.equal(hex(granted.subarray(1, 1 + grant.length)), c.grant);
    assert.ok(signed(bytes(sVk), "pars-room-grant-v1", grant.subarray(0, -64), grant.subarray(-64)));
    assert.equal(hex(grant.subarray(70, 102)), statement.st);
    assert.deepEqual([...answer(bytes(c.refused)).subarray(0, 3)], [2, fullRefusal, 0]);
  }
});

test("a pair has a key for each direction and counts its frames", () => {
  const v = vectors("room/pair");
  const fields = [v.scope, v.stA, v.stB, v.ctAB, v.ctBA].map(bytes);
  const keys = KDF(none, bytes(v.ssAB + v.ssBA), "pars-room-pair-v1", fields, 96);
  assert.equal(hex(keys.subarray(64)), v.wrapKey);
  const directions = [
    [keys.subarray(0, 32), v.framesAB, v.a, v.b],
    [keys.subarray(32, 64), v.framesBA, v.b, v.a],
  ];
  for (const [key, frames, from, to] of directions) {
    const aad = Buffer.concat([bytes(v.scope), u16(from), u16(to)]);
    for (const f of frames) {
      const nonce = Buffer.concat([Buffer.alloc(4), u64(f.counter)]);
      assert.equal(hex(open(key, nonce, aad, bytes(f.frame))), f.text);
    }
  }
});

test("epochs are a signed chain whose secret, keys and check code follow", () => {
  const { scope, steward, stewardKey, epochs } = vectors("room/epoch");
  let previous = "00".repeat(32);
  for (const e of epochs) {
    const roster = new Fields(bytes(e.roster));
    const entries = Array.from({ length: roster.number(2) }, () => roster.take(35));
    assert.equal(hex(H("pars-room-roster-v1", bytes(scope), ...entries)), e.rosterRoot);
    assert.equal(e.previous, previous);
    const secretHash = H("pars-room-secret-v1", bytes(e.secret));
    const roots = [bytes(e.rosterRoot), secretHash, bytes(previous)];
    const record = Buffer.concat([bytes(scope), u32(e.n), u16(steward), ...roots]);
    assert.equal(e.record.slice(0, -128), hex(record));
    assert.ok(signed(bytes(stewardKey), "pars-room-rec-v1", record, bytes(e.record).subarray(-64)));
    const rh = H("pars-room-epoch-v1", record);
    assert.equal(hex(rh), e.rh);
    const once = KDF(none, bytes(e.wrapKey), "pars-room-wrap-v1", [rh], 44);
    assert.equal(hex(openOnce(once, rh, bytes(e.wrap))), e.secret);
    const conn = Buffer.concat([bytes(scope), u16(steward), u32(e.connSeq), bytes(e.connNonce)]);
    assert.equal(e.connection.slice(0, -128), hex(conn));
    assert.ok(signed(bytes(stewardKey), "pars-room-conn-v1", conn, bytes(e.connection).subarray(-64)));
    const keys = KDF(rh, bytes(e.secret), "pars-room-sender-v1", [u16(steward), bytes(e.connNonce)], 64);
    assert.equal(hex(keys), e.media + e.data);
    const number = BigInt(`0x${hex(H("pars-room-check-v1", rh).subarray(0, 10))}`);
    const digits = number.toString().padStart(25, "0");
    assert.equal(digits.match(/.{5}/g).join(" "), e.checkCode);
    assert.equal(e.keyIndex, e.n % 256);
    previous = e.rh;
  }
  assert.equal(epochs.length, 2);
});

test("messages of every kind are signed with their sitting, seat and number", () => {
  const { scope, seat, sVk, messages } = vectors("room/message");
  for (const m of messages) {
    const wire = bytes(m.message);
    const content = wire.subarray(1, -64);
    assert.ok(signed(bytes(sVk), "pars-room-msg-v1", Buffer.concat([bytes(scope), content]), wire.subarray(-64)));
    const fields = new Fields(content);
    assert.deepEqual([wire[0], fields.number(2), fields.number(4), fields.number(1)], [1, seat, m.seq, m.kind]);
    fields.lp();
    assert.equal(fields.rest.length, 0);
  }
  assert.deepEqual(new Set(messages.map((m) => m.kind)), new Set([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]));
});

/** How much of a sealed frame is its header. */
const headerOf = (codec, frame) => {
  if (codec === "opus") return 1;
  if (codec === "vp8") return frame[0] & 1 ? 3 : 10;
  for (let at = 0; ; at += 1) {
    const unit = frame.indexOf(Buffer.from([0, 0, 1]), at) + 3;
    assert.ok(unit > 2, "a slice");
    if ([1, 5].includes(frame[unit] & 31)) return unit + 2;
    at = unit;
  }
};
/** Every start code in its long form. */
const longCodes = (frame) => {
  const out = [];
  for (const byte of frame) {
    const zeros = out.length - out.findLastIndex((other) => other !== 0) - 1;
    if (byte === 1 && zeros === 2) out.push(0);
    out.push(byte);
  }
  return Buffer.from(out);
};
/** Without the bytes that prevent start codes. */
const withoutEmulation = (text) => {
  const out = [];
  let zeros = 0;
  for (const byte of text) {
    const added = byte === 3 && zeros >= 2;
    if (!added) out.push(byte);
    zeros = byte === 0 ? zeros + 1 : 0;
  }
  return Buffer.from(out);
};

test("frames and data open under LiveKit's key derivation", () => {
  const { kdf, frames, data } = vectors("room/media");
  const derive = (material) =>
    Buffer.from(hkdfSync("sha256", bytes(material), "LKFrameEncryptionKey", Buffer.alloc(128), 32));
  for (const k of kdf) assert.equal(hex(derive(k.material)), k.key);
  for (const f of frames) {
    const sealed = bytes(f.sealed);
    const at = headerOf(f.codec, sealed);
    const [header, body] = [sealed.subarray(0, at), sealed.subarray(at)];
    const rest = f.codec === "h264" ? withoutEmulation(body) : body;
    const iv = rest.subarray(-14, -2);
    assert.equal(hex(iv), hex(Buffer.concat([u32(f.ssrc), u64(f.counter)])));
    assert.deepEqual([...rest.subarray(-2)], [12, f.index]);
    const text = open(derive(f.material), iv, header, rest.subarray(0, -14));
    const opened = Buffer.concat([header, text]);
    const clear = bytes(f.frame);
    assert.equal(hex(opened), hex(f.codec === "h264" ? longCodes(clear) : clear));
  }
  for (const d of data) {
    assert.equal(d.iv, hex(Buffer.concat([Buffer.alloc(4), u64(d.counter)])));
    assert.equal(hex(open(derive(d.material), bytes(d.iv), none, bytes(d.sealed))), d.payload);
  }
});
