// Consent to recordings, computed once more from the page (ELIGIBILITY 4): EIP-712 by viem, everything else by hand.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { concat, encodeAbiParameters, hashStruct, hashTypedData, keccak256, recoverAddress } from "viem";
import { H, bytes } from "./support/room.mjs";

const vectors = (name) => JSON.parse(readFileSync(new URL(`../../../tests/vectors/${name}.json`, import.meta.url)));
const word = (text) => `0x${text}`;
const sorted = (list) => [...list].sort();
const vector = vectors("room/recording");

const TYPES = {
  Recording: [
    { name: "recordingId", type: "bytes32" },
    { name: "roster", type: "bytes32" },
    { name: "participants", type: "uint16" },
    { name: "policy", type: "bytes32" },
    { name: "recorder", type: "bytes32" },
    { name: "validUntil", type: "uint40" },
  ],
  Withdraw: [{ name: "recording", type: "bytes32" }],
  Anchor: [
    { name: "recording", type: "bytes32" },
    { name: "cid", type: "bytes" },
    { name: "wraps", type: "bytes32" },
  ],
};
const RECORDING = {
  recordingId: word(vector.recordingId),
  roster: word(vector.roster),
  participants: vector.participants,
  policy: word(vector.policy),
  recorder: word(vector.recorder),
  validUntil: vector.validUntil,
};
const domain = {
  name: "ParsRecordingConsent",
  version: "1",
  chainId: vector.chainId,
  verifyingContract: word(vector.contract),
};
const digest = (primaryType, message) => hashTypedData({ domain, types: TYPES, primaryType, message }).slice(2);

test("what is signed is EIP-712 typed data of the contract", () => {
  assert.equal(hashStruct({ data: RECORDING, types: TYPES, primaryType: "Recording" }), word(vector.span));
  const span = word(vector.span);
  assert.equal(digest("Recording", RECORDING), vector.consentDigest);
  assert.equal(digest("Withdraw", { recording: span }), vector.withdrawDigest);
  const anchor = { recording: span, cid: word(vector.cid), wraps: word(vector.wrapsHash) };
  assert.equal(digest("Anchor", anchor), vector.anchorDigest);
});

test("id, recipients and policy follow from what was shown", () => {
  const id = H("pars-recording-v1", bytes(vector.scope), bytes(vector.random));
  assert.equal(id.toString("hex"), vector.recordingId);
  const keys = sorted(vector.recordingKeys).map(bytes);
  const recipients = H("pars-recording-recipients-v1", ...keys).toString("hex");
  assert.equal(recipients, vector.recipients);
  const types = [{ type: "bytes32" }, { type: "bytes32" }, { type: "uint256" }, { type: "bytes32" }];
  const terms = [word(vector.codec), word(vector.storage), BigInt(vector.retentionSeconds), word(recipients)];
  assert.equal(keccak256(encodeAbiParameters(types, terms)), word(vector.policy));
});

test("the roster is a heap of its signers' leaves, and each of them signed", async () => {
  const hashes = vector.consents.map(({ signer }) => keccak256(word(signer)));
  assert.deepEqual(hashes, sorted(hashes));
  const count = hashes.length;
  const heap = new Array(2 * count - 1);
  for (const [i, hash] of hashes.entries()) heap[2 * count - 2 - i] = keccak256(hash);
  for (let i = count - 2; i >= 0; i -= 1) heap[i] = keccak256(concat(sorted([heap[2 * i + 1], heap[2 * i + 2]])));
  assert.equal(heap[0], word(vector.roster));
  for (const [i, { signer, signature, proof }] of vector.consents.entries()) {
    const root = proof.reduce((node, other) => keccak256(concat(sorted([node, word(other)]))), keccak256(hashes[i]));
    assert.equal(root, word(vector.roster));
    if (signer.length !== 40) continue;
    const recovered = await recoverAddress({ hash: word(vector.consentDigest), signature: word(signature) });
    assert.equal(recovered.toLowerCase(), word(signer));
  }
  assert.ok(vector.seats.every((seat) => vector.consents.some(({ signer }) => signer === seat)));
  assert.ok(vector.consents.length === vector.participants && vector.participants === vector.seats.length + vector.dummies);
});
