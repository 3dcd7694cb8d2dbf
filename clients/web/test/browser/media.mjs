/** Two members' pages over a real media server: `SFU` names the binary. Without it these tests are not run. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { after, before, test } from "node:test";
import { DisconnectReason, Encryption_Type, LeaveRequest_Action, SignalResponse } from "@livekit/protocol";
import { chromium } from "playwright-core";
import { FakeDaemon } from "../support/daemon.mjs";
import { base64, identityOf, roomId } from "../support/rooms.mjs";

const { SFU, CHROMIUM = "/usr/bin/chromium" } = process.env;
const skip = SFU === undefined ? "SFU is not set" : false;
const dist = fileURLToPath(new URL("../../dist", import.meta.url));
const ROOM = roomId("OpenForum");
const args = [
  "--no-sandbox",
  "--use-fake-device-for-media-stream",
  "--use-fake-ui-for-media-stream",
  "--autoplay-policy=no-user-gesture-required",
  "--disable-gpu",
];
let server;
let browser;
const members = {};

/** What a hostile server might say: the same, and tracks of `identity` are not encrypted. */
const calledClear = (response, identity) => {
  const { participants = [], otherParticipants = [] } = response.message.value ?? {};
  for (const participant of [...participants, ...otherParticipants])
    if (participant.identity === identity) for (const track of participant.tracks) track.encryption = Encryption_Type.NONE;
  return response;
};

/**
 * The page's signalling: tracks that the server confirmed, and a way to say what a hostile server might, and to break it off. `clear`:
 * whose tracks are called unencrypted.
 */
const listen = async (page) => {
  const signals = { sockets: 0, tracks: [], clear: undefined, say: undefined, cut: undefined };
  await page.routeWebSocket(/\/rtc\//, (socket) => {
    const upstream = socket.connectToServer();
    signals.sockets += 1;
    signals.cut = () => Promise.all([socket.close(), upstream.close()]);
    upstream.onMessage((bytes) => {
      const response = SignalResponse.fromBinary(bytes);
      const { message } = response;
      if (message.case === "trackPublished") signals.tracks.push(message.value.track.sid);
      socket.send(signals.clear === undefined ? bytes : Buffer.from(calledClear(response, signals.clear).toBinary()));
    });
    signals.say = (message) => socket.send(Buffer.from(new SignalResponse({ message }).toBinary()));
  });
  return signals;
};

const open = async (me) => {
  const daemon = await FakeDaemon.start(dist);
  const fingerprint = `0x${server.ready.fingerprint}`;
  Object.assign(daemon, { me, people: ["alice", "bob"], sfu: server.url.replace("ws", "http"), fingerprint });
  daemon.pass = (identity) => server.token(identity, ["microphone", "camera", "screen_share"]);
  const context = await browser.newContext({ permissions: ["microphone", "camera"] });
  const page = await context.newPage();
  page.on("console", (message) => message.type() === "error" && console.log(me, message.text()));
  page.on("pageerror", (error) => console.log(me, error.message));
  const signals = await listen(page);
  const workers = [];
  page.on("worker", (worker) => workers.push(worker.url()));
  // Before anything can fail: whatever was opened is closed at the end.
  members[me] = {
    daemon,
    page,
    signals,
    workers,
    id: (name) => page.getByTestId(name),
    identity: identityOf(me),
    close: () => context.close().then(() => daemon.stop()),
  };
  await page.goto(daemon.link);
  await page.locator(`[data-room="${ROOM}"]`).getByTestId("enter-room").click();
  await page.getByTestId("enter").click();
  await page.locator('[data-testid="room"][data-network="connected"]').waitFor();
};

/** Loudness of somebody's sound as this page plays it. */
const loudness = ({ page }, identity, milliseconds = 2000) =>
  page.evaluate(
    async ([who, time]) => {
      const player = document.querySelector(`[data-testid="sound"][data-identity="${who}"]`);
      if (player === null) return -1;
      const context = new AudioContext();
      const analyser = context.createAnalyser();
      context.createMediaStreamSource(player.srcObject).connect(analyser);
      const samples = new Float32Array(analyser.fftSize);
      let most = 0;
      for (const end = performance.now() + time; performance.now() < end;) {
        analyser.getFloatTimeDomainData(samples);
        most = Math.max(most, ...samples.map(Math.abs));
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      await context.close();
      return most;
    },
    [identity, milliseconds],
  );

before(async () => {
  if (skip) return;
  const { startServer } = await import("../../../../sfu/tests/livekit/server.mjs");
  server = await startServer(SFU, "hall", []);
  browser = await chromium.launch({ executablePath: CHROMIUM, args });
  for (const me of ["alice", "bob"]) await open(me);
});

after(async () => {
  if (skip) return;
  for (const member of Object.values(members)) await member.close();
  await browser.close();
  await server.stop();
});

test("Alice speaks, Bob hears her; muted he hears nothing", { skip }, async () => {
  const { alice, bob } = members;
  await alice.id("microphone").click();
  await bob.page.locator(`[data-testid="sound"][data-identity="${alice.identity}"]`).waitFor({ state: "attached" });
  assert.ok((await loudness(bob, alice.identity, 4000)) > 0.01);
  await alice.id("microphone").click();
  await alice.page.locator('[data-testid="microphone"][data-state="off"]').waitFor();
  await new Promise((resolve) => setTimeout(resolve, 1000));
  assert.ok((await loudness(bob, alice.identity)) < 0.001);
});

test("the server's word does not open a microphone that its owner closed", { skip }, async () => {
  const { alice, bob } = members;
  assert.equal(alice.signals.tracks.length, 1);
  alice.signals.say({ case: "mute", value: { sid: alice.signals.tracks[0], muted: false } });
  await new Promise((resolve) => setTimeout(resolve, 1000));
  assert.ok((await loudness(bob, alice.identity)) < 0.001);
});

test("chat goes both ways", { skip }, async () => {
  const { alice, bob } = members;
  for (const [from, to, text] of [
    [alice, bob, "hello from alice"],
    [bob, alice, "hello from bob"],
  ]) {
    await from.id("chat-input").fill(text);
    await from.id("chat-send").click();
    await to.page.locator('[data-testid="message"][data-state="received"]', { hasText: text }).waitFor();
  }
});

test("new keys in the middle of speech: it goes on", { skip }, async () => {
  const { alice, bob } = members;
  await alice.id("microphone").click();
  for (const { daemon } of [alice, bob]) {
    daemon.epoch += 1;
    daemon.roster(ROOM);
    daemon.keys(ROOM);
  }
  await new Promise((resolve) => setTimeout(resolve, 500));
  assert.ok((await loudness(bob, alice.identity, 4000)) > 0.01);
});

/** Her connection breaks off, and is there again. */
const comesBack = async ({ page, signals }, breakOff) => {
  const before = signals.sockets;
  const network = (state) => page.locator(`[data-testid="room"][data-network="${state}"]`).waitFor();
  const broken = network("reconnecting");
  await breakOff();
  await broken;
  await network("connected");
  assert.ok(signals.sockets > before);
};

test("a signalling socket that is lost is resumed: she is heard, and announces nothing anew", { skip }, async () => {
  const { alice, bob } = members;
  await comesBack(alice, () => alice.signals.cut());
  assert.equal(alice.signals.tracks.length, 1);
  assert.ok((await loudness(bob, alice.identity, 4000)) > 0.01);
});

test("a server that asks for it gets a whole new connection, and she is heard over that", { skip }, async () => {
  const { alice, bob } = members;
  const leave = { case: "leave", value: { action: LeaveRequest_Action.RECONNECT } };
  await comesBack(alice, () => alice.signals.say(leave));
  for (const end = Date.now() + 30_000; alice.signals.tracks.length < 2; ) {
    assert.ok(Date.now() < end, "her track was not announced again");
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  await bob.page.locator(`[data-testid="sound"][data-identity="${alice.identity}"]`).waitFor({ state: "attached" });
  assert.ok((await loudness(bob, alice.identity, 4000)) > 0.01);
});

test("her sealed track that the server calls unencrypted plays nothing, and Bob is told", { skip }, async () => {
  const { alice, bob } = members;
  const anew = () => bob.signals.say({ case: "leave", value: { action: LeaveRequest_Action.RECONNECT } });
  bob.signals.clear = alice.identity;
  await comesBack(bob, anew);
  await bob.page
    .locator(`[data-testid="notice"][data-key="notice.notEncrypted"][data-identity="${alice.identity}"]`)
    .waitFor();
  assert.ok((await loudness(bob, alice.identity, 4000)) < 0.001);
  assert.equal(await bob.id("sound").count(), 0);
  // It was that word and nothing else: without it she is heard.
  bob.signals.clear = undefined;
  await comesBack(bob, anew);
  await bob.page.locator(`[data-testid="sound"][data-identity="${alice.identity}"]`).waitFor({ state: "attached" });
  assert.ok((await loudness(bob, alice.identity, 4000)) > 0.01);
});

test("a wrong key plays nothing, and Bob is told", { skip }, async () => {
  const { alice, bob } = members;
  const epoch = (bob.daemon.epoch += 1);
  alice.daemon.epoch = epoch;
  alice.daemon.roster(ROOM);
  alice.daemon.keys(ROOM);
  const wrong = { identity: alice.identity, media: base64("wrong"), data: base64("wrong data") };
  const own = { identity: bob.identity, media: base64(`bob ${epoch}`), data: base64(`bob data ${epoch}`) };
  bob.daemon.tell("roomKeys", { room: ROOM, epoch, index: epoch % 256, keys: [wrong], own });
  await bob.page.locator('[data-testid="notice"][data-key="notice.wrongKey"]').waitFor();
  await new Promise((resolve) => setTimeout(resolve, 1000));
  assert.ok((await loudness(bob, alice.identity)) < 0.001);
});

test("a connection that the server ends begins anew with the same worker, which knows what it heard", { skip }, async () => {
  const { alice } = members;
  const leave = { action: LeaveRequest_Action.DISCONNECT, reason: DisconnectReason.SERVER_SHUTDOWN };
  const before = alice.signals.sockets;
  alice.signals.say({ case: "leave", value: leave });
  for (const end = Date.now() + 30_000; alice.signals.sockets === before; ) {
    assert.ok(Date.now() < end, "she did not connect anew");
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  await alice.page.locator('[data-testid="room"][data-network="connected"]').waitFor();
  await alice.page.locator('[data-testid="status-enc"][data-tone="ok"]').waitFor();
  assert.equal(alice.workers.length, 1);
});
