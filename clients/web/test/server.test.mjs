import assert from "node:assert/strict";
import { test } from "node:test";
import { attachTo, guardConnections } from "../build/media/guard.js";
import { checkServer } from "../build/media/server.js";
import { bytes, hex } from "./support/media.mjs";

const signed = `0x${hex(bytes("the host's server"))}`;
const written = (fingerprint) => fingerprint.slice(2).toUpperCase().match(/../gu).join(":");
const line = (fingerprint, hash = "sha-256") => `a=fingerprint:${hash} ${written(fingerprint)}`;
const SESSION = ["v=0", "o=- 1 1 IN IP4 0.0.0.0", "s=-", "t=0 0", "a=group:BUNDLE 0 1 2"];
const section = (mid, kind) => [`m=${kind} 9 UDP/TLS/RTP/SAVPF 111`, "c=IN IP4 0.0.0.0", `a=mid:${mid}`, "a=setup:passive"];
const SECTIONS = ["audio", "video", "application"].map((kind, mid) => section(mid, kind));

/** A description; what stands in the session, and in each of the three sections besides. */
const description = (session, sections = [[], [], []], end = "\r\n") =>
  [...SESSION, ...session, ...SECTIONS.flatMap((lines, mid) => [...lines, ...sections[mid]])].map((text) => text + end).join("");

const genuine = {
  "for all": description([line(signed)]),
  "in each section": description([], [[line(signed)], [line(signed)], [line(signed)]]),
  "in both": description([line(signed)], [[line(signed)], [], [line(signed)]]),
  "in lower case": description([line(signed).toLowerCase()]),
  "with bare line feeds": description([line(signed)], undefined, "\n"),
};
for (const [how, text] of Object.entries(genuine)) {
  test(`the server that the host signed for is taken: certificate ${how}`, () => checkServer(text, signed));
}

test("nothing is taken where the host named no server, or no certificate can be meant", () => {
  const zero = `0x${"00".repeat(32)}`;
  for (const expected of [zero, "", "0x", "0x0", undefined, `${signed}00`, signed.slice(2)]) {
    for (const named of [signed, zero])
      assert.throws(() => checkServer(description([line(named)]), expected), { name: "OtherServerError" }, `${expected}`);
  }
});

/** Ways to put another certificate into a description; `other` differs in one bit. */
const lies = {
  "in place of the signed one": (other) => description([line(other)]),
  "beside it": (other) => description([line(signed), line(other)]),
  "before it": (other) => description([line(other), line(signed)]),
  "in one section": (other) => description([line(signed)], [[], [line(other)], []]),
  "in one section of three": (other) => description([], [[line(signed)], [line(signed)], [line(other)]]),
  "by another hash": (other) => description([line(signed), line(other, "sha-384")]),
  "the same digits by another hash": () => description([line(signed, "sha-1")]),
  "no line": () => description([]),
  "a section without": () => description([], [[line(signed)], [], [line(signed)]]),
  "after two blanks": (other) => description([line(signed), line(other).replace(" ", "  ")]),
  "after a tab": (other) => description([line(signed), line(other).replace(" ", "\t")]),
  "after a blank in front": (other) => description([line(signed), ` ${line(other)}`]),
  "in upper case": (other) => description([line(signed), line(other).toUpperCase()]),
  "behind a bare carriage return": (other) => description([line(signed), `a=x\r${line(other)}`]),
  "with a word behind it": (other) => description([line(signed), `${line(other)} x`]),
  "cut short": () => description([line(signed).slice(0, -3)]),
  nothing: () => "",
};

test("1,000 of 1,000 descriptions of another server are refused", () => {
  const ways = Object.entries(lies);
  for (let run = 0; run < 1_000; run++) {
    const bit = run % 256;
    const digits = Buffer.from(signed.slice(2), "hex");
    digits[bit >> 3] ^= 1 << (bit & 7);
    const [name, lie] = ways[run % ways.length];
    assert.throws(() => checkServer(lie(`0x${hex(digits)}`), signed), { name: "OtherServerError" }, `run ${run}: ${name}`);
  }
});

/** What a browser would do with a description that comes to it: remember it. */
class Plain {
  taken = [];
  closed = false;
  addEventListener() {}
  getTransceivers() {
    return [];
  }
  async setRemoteDescription(taken) {
    this.taken.push(taken);
  }
  close() {
    this.closed = true;
  }
}

const connection = () => {
  const scope = { RTCPeerConnection: Plain };
  const worker = { postMessage: () => undefined };
  guardConnections(
    scope,
    "streams",
    attachTo(worker, "streams", () => undefined),
    (text) => checkServer(text, signed),
  );
  return new scope.RTCPeerConnection();
};

for (const type of ["offer", "answer", "pranswer"]) {
  test(`another server's ${type} reaches no connection, and closes it`, async () => {
    const made = connection();
    await made.setRemoteDescription({ type, sdp: genuine["for all"] });
    const lie = lies["in one section"](`0x${"ab".repeat(32)}`);
    await assert.rejects(made.setRemoteDescription({ type, sdp: lie }), { name: "OtherServerError" });
    await assert.rejects(connection().setRemoteDescription({ type }), { name: "OtherServerError" });
    assert.deepEqual([made.taken.length, made.closed], [1, true]);
  });
}

test("taking an offer back needs no certificate", async () => {
  const made = connection();
  await made.setRemoteDescription({ type: "rollback" });
  assert.deepEqual([made.taken.length, made.closed], [1, false]);
});
