/**
 * livekit-client as npm has it, our manager and the built worker: what becomes of data that no seat sealed, and of tracks that a
 * server calls unencrypted (TH-M2).
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { RoomEvent } from "livekit-client";
import { DataPacket, EncryptedPacket, EncryptedPacketPayload, Encryption_Type } from "@livekit/protocol";
import { KeyRing } from "../build/media/keyring.js";
import { dice } from "./support/dice.mjs";
import { bytes, sender } from "./support/media.mjs";

const LIES = 1_000;
const HEARD_BEFORE = 50;
/** Another seat's certificate would not be looked at here: nothing is connected. */
const SERVER = `0x${"f0".repeat(32)}`;
const turn = () => new Promise((resolve) => setImmediate(resolve));

let started = 0;
let connections = 0;

/** The built worker, reachable as pages reach it. */
class BuiltWorker extends EventTarget {
  async start() {
    globalThis.addEventListener = (type, listener) => type === "message" && (this.hear = listener);
    globalThis.postMessage = (data) => this.dispatchEvent(new MessageEvent("message", { data }));
    await import(`../build/media/worker.js?data ${++started}`);
  }

  postMessage(message) {
    this.hear({ data: message });
  }

  terminate() {}
}

globalThis.RTCRtpScriptTransform = class {};
const scope = {
  RTCPeerConnection: class extends EventTarget {
    addTransceiver() {
      return { sender: {}, receiver: {} };
    }
  },
  RTCRtpSender: class {
    get transform() {}
  },
  RTCRtpScriptTransform: class {},
};

/** A page's way to data: `arrives` is what a server makes come, `shown` what the page was given, `told` the rest of it. */
const page = async (before) => {
  const { MediaManager } = await import("../build/media/manager.js");
  const { Room } = await import("livekit-client");
  const worker = before?.worker ?? new BuiltWorker();
  const [shown, told, played, warned] = [[], [], [], []];
  const listener = {
    track: (identity, { sid }) => played.push(`${identity} ${sid}`),
    notEncrypted: (identity) => warned.push(identity),
    data: (identity, payload) => shown.push(`${identity}: ${Buffer.from(payload)}`),
    told: (message) => told.push(message),
  };
  const manager = new MediaManager(worker, SERVER, listener, scope);
  if (before === undefined) await worker.start();
  else worker.postMessage({ kind: "rest" });
  await manager.ready;
  const room = new Room({ encryption: { e2eeManager: manager } });
  room.maybeCreateEngine();
  // livekit-client itself answers calls; there is nobody to answer here.
  room.engine.sendDataPacket = () => Promise.resolve();
  manager.keys({ index: 1, own: sender("carol", `carol ${++connections}`), others: [sender("alice"), sender("bob")] });
  while (!told.some(({ kind }) => kind === "keyed")) await turn();
  const arrives = (packet) => room.engine.handleDataMessage({ data: packet.toBinary().slice().buffer });
  // The worker does one thing after the other: when it has sealed, it has opened all that came before.
  const settled = () => manager.encryptData(bytes("end", 4));
  return { manager, shown, told, arrives, settled, room, worker, played, warned };
};

const user = (text) => ({ case: "user", value: { payload: Buffer.from(text) } });
const sealed = (participantIdentity, { iv, payload, index }, encryptionType = Encryption_Type.GCM) =>
  new DataPacket({
    participantIdentity,
    value: { case: "encryptedPacket", value: new EncryptedPacket({ encryptionType, iv, keyIndex: index, encryptedValue: payload }) },
  });
const clear = (value) => new DataPacket({ participantIdentity: "alice", value });

/** What a server that holds no key can send in Alice's name; `text` is in it as it is, wherever there is room for one. */
const lies = {
  "in the clear": ({ text }) => clear(user(text)),
  "in the clear, as LiveKit's own chat": ({ text }) => clear({ case: "chatMessage", value: { id: "1", message: text } }),
  "in the clear, as a transcription": ({ text }) =>
    clear({ case: "transcription", value: { transcribedParticipantIdentity: "alice", segments: [{ id: "1", text }] } }),
  "in the clear, as a stream": ({ text }) =>
    clear({ case: "streamChunk", value: { streamId: "s", content: Buffer.from(text) } }),
  "in the clear, as a call": ({ text }) => clear({ case: "rpcRequest", value: { id: "1", method: "chat", payload: text } }),
  "in the clear, called sealed": ({ text, iv }) => sealed("alice", { iv, payload: payload(text), index: 1 }),
  "in the clear, said to be not encrypted": ({ text, iv }) =>
    sealed("alice", { iv, payload: payload(text), index: 1 }, Encryption_Type.NONE),
  invented: ({ run, iv, below }) => sealed("alice", { iv, payload: bytes(`rubbish ${run}`, below(90)), index: 1 }),
  "of nobody": ({ text, iv }) => sealed("", { iv, payload: payload(text), index: 1 }),
  repeated: ({ genuine, pick }) => sealed("alice", pick(genuine)),
  "another's in her name": ({ others, pick }) => sealed("alice", pick(others)),
  "with one bit changed": ({ fresh, below }) => {
    const changed = fresh.payload.slice();
    changed[below(changed.length)] ^= 1 << below(8);
    return sealed("alice", { ...fresh, payload: changed });
  },
};
const payload = (text) => new EncryptedPacketPayload({ value: user(text) }).toBinary();

test(`${LIES} packets of data that a lying server sends, clear ones among them: 0 shown`, async () => {
  const { seed, below, pick } = dice();
  const { shown, told, arrives, settled } = await page();
  const [alice, bob] = [new KeyRing(), new KeyRing()];
  await alice.install({ index: 1, own: sender("alice"), others: [] }, 0);
  await bob.install({ index: 1, own: sender("bob"), others: [] }, 0);
  const says = (ring, text) => ring.own.sealData(payload(text));
  const expected = [];
  const genuine = [];
  const others = [];
  const hears = async (text) => {
    genuine.push(await says(alice, text));
    await arrives(sealed("alice", genuine.at(-1)));
    expected.push(`alice: ${text}`);
  };
  for (let place = 0; place < HEARD_BEFORE; place++) {
    await hears(`true ${place}`);
    others.push(await says(bob, `bob ${place}`));
  }
  const names = Object.keys(lies);
  for (let run = 0; run < LIES; run++) {
    const iv = bytes(`iv ${run}`, 12).fill(0, 0, 4);
    const fresh = await says(alice, `never sent ${run}`);
    const packet = lies[names[run % names.length]]({ text: `lie ${run}`, run, iv, fresh, genuine, others, below, pick });
    await arrives(packet);
    // In the midst of it all she is still heard.
    if (run % 100 === 99) await hears(`true after ${run}`);
  }
  await hears("the last word");
  await settled();
  assert.deepEqual(shown, expected, `seed ${seed}`);
  assert.ok(told.some(({ kind }) => kind === "dropped"), "the page is told that something was dropped");
});

test("a server that breaks a connection off has nothing shown twice over the next one", async () => {
  const first = await page();
  const alice = new KeyRing();
  await alice.install({ index: 1, own: sender("alice"), others: [] }, 0);
  const says = async (text) => sealed("alice", await alice.own.sealData(payload(text)));
  const [heard, unheard] = [await says("yes"), await says("no")];
  await first.arrives(heard);
  await first.settled();
  const unanswered = assert.rejects(first.manager.encryptData(bytes("late", 4)));
  first.manager.dispose();
  await unanswered;
  const second = await page(first);
  for (const packet of [heard, unheard, heard]) await second.arrives(packet);
  await second.settled();
  assert.deepEqual([first.shown, second.shown], [["alice: yes"], ["alice: no"]]);
});

test(`${LIES} tracks that a server calls unencrypted: none is played, their pipes are nobody's, and the member is told`, async () => {
  const { seed, pick } = dice();
  const { room, worker, played, warned } = await page();
  const said = [];
  worker.postMessage = (message) => said.push(message);
  const connection = new scope.RTCPeerConnection();
  const subscribed = (number, trackInfo) => {
    const { receiver } = connection.addTransceiver("audio");
    const track = { receiver, sid: `${number}` };
    const at = said.length;
    room.emit(RoomEvent.TrackSubscribed, track, { trackInfo }, { identity: `seat ${number}` });
    return said.slice(at);
  };
  const honest = { encryption: Encryption_Type.GCM };
  const pipe = subscribed("before", honest)[0].pipe;
  assert.ok(pipe > 0);
  for (let run = 0; run < LIES; run++) {
    const lie = pick([{ encryption: Encryption_Type.NONE }, {}, undefined]);
    const [assigned, ...more] = subscribed(run, lie);
    assert.deepEqual([assigned.kind, assigned.identity, more.length], ["assign", null, 0], `seed ${seed}, run ${run}`);
  }
  subscribed("after", honest);
  assert.deepEqual(played, ["seat before before", "seat after after"]);
  assert.equal(warned.length, LIES);
});
