import assert from "node:assert/strict";
import { test } from "node:test";
import { DataPacket, EncryptedPacketPayload, UserPacket } from "@livekit/protocol";
import { userPayload } from "../build/media/payload.js";
import { bytes, hex } from "./support/media.mjs";

const user = (payload, more = {}) => ({ case: "user", value: new UserPacket({ payload, ...more }) });
const packed = (value) => new EncryptedPacketPayload({ value }).toBinary();

test("what livekit-client packs is unpacked, with all its other fields", () => {
  const payload = bytes("chat", 5_000);
  const more = { topic: "t", participantSid: "PA_x", participantIdentity: "somebody", id: "1", startTime: 3n };
  assert.equal(hex(userPayload(packed(user(payload, more)))), hex(payload));
  assert.equal(hex(userPayload(packed(user(payload)))), hex(payload));
});

test("any other packet is none", () => {
  assert.equal(userPayload(packed({ case: "chatMessage", value: { message: "hello", id: "1" } })), undefined);
  assert.equal(userPayload(packed({ case: "rpcRequest", value: { id: "1", method: "m", payload: "p" } })), undefined);
  assert.equal(userPayload(new Uint8Array(0)), undefined);
});

test("no bytes make it fail", () => {
  const genuine = packed(user(bytes("p", 40)));
  for (let cut = 0; cut < genuine.length; cut++) userPayload(genuine.slice(0, cut));
  for (let round = 0; round < 5_000; round++) userPayload(bytes(`rubbish ${round}`, round % 90));
});

test("a packet in the clear is another thing than an encrypted one: nothing of it is read", () => {
  const clear = new DataPacket({ value: user(bytes("p", 8)) }).toBinary();
  assert.equal(userPayload(clear), undefined);
});
