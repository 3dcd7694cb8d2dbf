import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { WebSocket } from "ws";
import { Daemon, addressOf } from "../build/daemon/client.js";
import { refusalNumbers } from "../build/daemon/types.js";
import { CannotEncryptError } from "../build/media/guard.js";
import { MediaRefusedError } from "../build/media/refused.js";
import { App } from "../build/state/app.js";
import { FakeDaemon, TOKEN } from "./support/daemon.mjs";
import { accountOf, roomId } from "./support/rooms.mjs";

globalThis.WebSocket = WebSocket;
const CHOSEN = { microphone: undefined, camera: undefined };
let daemon;
let open = [];
let connect;

const link = () => ({
  ...Object.fromEntries(["keys", "stop"].map((name) => [name, () => undefined])),
  ...Object.fromEntries(["send", "mute", "unmute", "unsend", "publish", "leave"].map((name) => [name, async () => undefined])),
});
const storage = (kept = new Map()) => ({
  kept,
  getItem: (key) => kept.get(key) ?? null,
  setItem: (key, value) => kept.set(key, value),
  removeItem: (key) => kept.delete(key),
});

const start = async (kept = storage(), token = TOKEN) => {
  const to = () => {
    const made = new Daemon(addressOf(new URL(daemon.url)), token);
    open.push(made);
    return made;
  };
  const app = new App(
    { connect: (...values) => connect(...values), daemon: to, storage: kept, scope: new EventTarget() },
    { language: "en", theme: "light" },
  );
  await app.start();
  return app;
};
const until = async (app, name) => {
  while (app.store.value.screen.name !== name) await new Promise((resolve) => app.store.on(resolve));
  return app.store.value.screen;
};
const lobby = async (app, kind) => {
  await app.lobby(roomId(kind));
  return (await until(app, "lobby")).lobby;
};
const anonymous = { form: "anonymous", textOnly: false, account: null, wallet: null, chosen: CHOSEN };
const known = (app, more = {}) => ({
  form: "known",
  textOnly: false,
  account: accountOf("me"),
  wallet: app.store.value.wallets[0] ?? null,
  chosen: CHOSEN,
  ...more,
});

/** Whether a method was asked of the daemon. */
const asked = (method) => daemon.calls.some((call) => call.method === method);
/** Everything that was asked before has come to the daemon: it reads in order. */
const hasHeard = (app) => app.lobby(roomId("TownHall"));

before(async () => {
  daemon = await FakeDaemon.start("none");
});
afterEach(() => {
  for (const made of open) made.close();
  open = [];
  daemon.answers = {};
  daemon.calls = [];
  daemon.own = {};
  [daemon.recorder, daemon.recorded, daemon.expires] = [null, false, false];
  connect = async () => link();
});
connect = async () => link();
after(() => daemon.stop());

test("a wrong token opens nothing, and no daemon is said", async () => {
  const app = await start(storage(), "0000");
  await until(app, "noDaemon");
  assert.deepEqual(daemon.calls, []);
});

test("a daemon that answers and refuses is not called silent: its refusal is said, and can be tried again", async () => {
  const app = await start();
  for (const [method, ask, number, reason] of [
    ["room.list", () => app.rooms(), refusalNumbers.ChainUnreachable, "ChainUnreachable"],
    ["room.lobby", () => app.lobby(roomId("TownHall")), refusalNumbers.WrongRoom, "WrongRoom"],
    ["room.list", () => app.rooms(), -32_008, "Refused"],
  ]) {
    daemon.answers[method] = FakeDaemon.refusal(number, "because of that");
    await ask();
    const { failure, again } = await until(app, "failed");
    assert.deepEqual(failure, { reason, message: "because of that" });
    delete daemon.answers[method];
    again();
    await until(app, method === "room.list" ? "rooms" : "lobby");
  }
});

test("who connects anew ends the connection before, and its end is no news", async () => {
  const app = await start();
  const [first] = open;
  let closed = 0;
  const close = first.close.bind(first);
  first.close = () => ((closed += 1), close());
  await app.start();
  assert.equal(closed, 1);
  await first.lost;
  assert.equal((await until(app, "rooms")).name, "rooms");
});

test("an answer that comes late leads nowhere: who has gone on stays where he is", async () => {
  const app = await start();
  const room = roomId("TownHall");
  const answered = [];
  const before = await lobby(app, "TownHall");
  daemon.answers["room.lobby"] = () => new Promise((resolve) => answered.push(() => resolve(before)));
  const late = [app.lobby(room), app.lobby(room)];
  while (answered.length < 2) await new Promise((resolve) => setImmediate(resolve));
  await app.enter(before, anonymous);
  const { live } = await until(app, "room");
  for (const answer of answered) answer();
  await Promise.all(late);
  assert.equal(app.store.value.screen.live, live, "the room stays in sight as long as it is entered");
});

test("who leaves is out of sight at once, whatever the daemon does, and may go on", async () => {
  const app = await start();
  await app.enter(await lobby(app, "TownHall"), anonymous);
  const { live } = await until(app, "room");
  let answer;
  daemon.answers["room.leave"] = () => new Promise((resolve) => (answer = () => resolve(null)));
  const leaving = app.leave(live);
  assert.deepEqual(app.store.value.screen, { name: "rooms", rooms: null });
  assert.equal(live.store.value.ended.reason, "LeftHere");
  await app.recordings();
  answer();
  await leaving;
  assert.equal(app.store.value.screen.name, "recordings");
});

test("anonymously: no wallet is asked, stages are shown, the room opens", async () => {
  const app = await start();
  const stages = [];
  app.store.on(() => app.store.value.screen.name === "entering" && stages.push(app.store.value.screen.progress.stage));
  await app.enter(await lobby(app, "OpenForum"), anonymous);
  const { live } = await until(app, "room");
  assert.equal(live.store.value.joined.anonymous, true);
  assert.equal(live.store.value.seats.length, 120);
  assert.deepEqual([...new Set(stages)], ["tree", "proof", "sealed", "admitted", "verifying"]);
  assert.deepEqual(
    daemon.calls.filter(({ method }) => method.startsWith("dev.")),
    [],
  );
  await app.leave(live);
  assert.equal((await until(app, "rooms")).name, "rooms");
  assert.ok(daemon.calls.some(({ method }) => method === "room.leave"));
});

test("known: the wallet signs the typed data of the account, once", async () => {
  const app = await start();
  await app.enter(await lobby(app, "Committee"), known(app));
  await until(app, "room");
  const signed = daemon.calls.filter(({ method }) => method === "dev.sign");
  assert.deepEqual(
    signed.map(({ params }) => params.account),
    [accountOf("me")],
  );
  assert.equal(signed[0].params.typedData.primaryType, "SeatStatement");
  assert.equal(daemon.calls.find(({ method }) => method === "room.join").params.walletSignature.length, 132);
});

test("a wallet that does not sign sends nothing, and the attempt ends", async () => {
  const app = await start();
  const wallet = { id: "w", name: "w", sign: () => Promise.reject(new Error("rejected")) };
  await app.enter(await lobby(app, "Committee"), known(app, { wallet }));
  assert.equal((await until(app, "refused")).reason, "wallet");
  assert.deepEqual(
    daemon.calls.filter(({ method }) => method === "room.join"),
    [],
  );
});

// A room that is recorded is a question first.
for (const [name, number] of Object.entries(refusalNumbers).filter(([name]) => name !== "Recorded")) {
  test(`refused as ${name}: the page says that, and keeps nothing of the room`, async () => {
    const kept = storage();
    const app = await start(kept);
    daemon.answers["room.join"] = FakeDaemon.refusal(number);
    await app.enter(await lobby(app, "TownHall"), anonymous);
    assert.equal((await until(app, "refused")).reason, name);
    assert.equal(kept.kept.size, 0);
  });
}

test("a media server that refuses the pass, and a browser that cannot encrypt, are told apart", async () => {
  const app = await start();
  for (const reason of ["token", "media", "otherServer"]) {
    connect = () => Promise.reject(new MediaRefusedError(reason));
    await app.enter(await lobby(app, "TownHall"), anonymous);
    assert.equal((await until(app, "refused")).reason, reason);
  }
  connect = () => Promise.reject(new CannotEncryptError("no transforms"));
  await app.enter(await lobby(app, "TownHall"), anonymous);
  assert.equal((await until(app, "refused")).reason, "cannotEncrypt");
  await hasHeard(app);
  assert.ok(
    daemon.calls.some(({ method }) => method === "room.leave"),
    "the seat is given back",
  );
});

/** What was said to each `room.join` of going in although the room is recorded. */
const anyway = () => daemon.calls.filter(({ method }) => method === "room.join").map(({ params }) => params.evenIfRecorded);

test("who comes while the room is recorded is told before it has a seat; who stays out leaves none", async () => {
  const app = await start();
  [daemon.recorder, daemon.recorded] = [{ seat: 3, forSeat: 2 }, true];
  const before = await lobby(app, "OpenForum");
  const stayingOut = app.enter(before, anonymous);
  await until(app, "recorded");
  assert.deepEqual(anyway(), [undefined]);
  await app.cancel(before);
  await stayingOut;
  assert.equal(app.store.value.screen.name, "lobby");
  await hasHeard(app);
  assert.deepEqual([anyway(), asked("room.cancel"), asked("room.leave")], [[undefined], true, false]);
  const entering = app.enter(before, anonymous);
  (await until(app, "recorded")).enter();
  assert.equal((await until(app, "room")).name, "room");
  await entering;
  assert.deepEqual(anyway(), [undefined, undefined, true]);
  assert.equal(asked("room.connection"), false, "it is told once");
});

test("who reads for long that the room is recorded has another statement made, and is not told again", async () => {
  const app = await start();
  [daemon.recorder, daemon.recorded, daemon.expires] = [{ seat: 3, forSeat: 2 }, true, true];
  const entering = app.enter(await lobby(app, "OpenForum"), anonymous);
  (await until(app, "recorded")).enter();
  await until(app, "room");
  await entering;
  assert.deepEqual(anyway(), [undefined, true, true]);
  const attempts = daemon.calls.map(({ method }) => method).filter((method) => /^room\.(prepare|cancel)$/.test(method));
  assert.deepEqual(attempts, ["room.prepare", "room.cancel", "room.prepare"]);
});

test("who comes while the room is recorded is told before anything is connected, and may stay out", async () => {
  const [app, recorder] = [await start(), { seat: 3, forSeat: 2 }];
  let links = 0;
  connect = async () => {
    links += 1;
    return link();
  };
  daemon.recorder = recorder;
  const before = await lobby(app, "OpenForum");
  const entering = app.enter(before, anonymous);
  const { enter } = await until(app, "recorded");
  daemon.tell("roomProgress", { attempt: "attempt", stage: "verifying", percent: 100 });
  await new Promise((resolve) => setTimeout(resolve));
  assert.equal(app.store.value.screen.name, "recorded");
  assert.equal(links, 0);
  enter();
  await entering;
  await app.leave((await until(app, "room")).live);
  assert.equal(links, 1);
  daemon.calls = [];
  const again = app.enter(before, anonymous);
  await until(app, "recorded");
  await app.cancel(before);
  await again;
  assert.equal((await until(app, "lobby")).name, "lobby");
  assert.equal(links, 1);
  assert.ok(daemon.calls.some(({ method }) => method === "room.leave"));
  assert.ok(!daemon.calls.some(({ method }) => method === "room.connection"));
});

test("who cancels while the proof runs is not taken into the room afterwards", async () => {
  const app = await start();
  let finish;
  daemon.pace = (stage) => (stage === "proof" ? new Promise((resolve) => (finish = resolve)) : undefined);
  const before = await lobby(app, "TownHall");
  const entering = app.enter(before, anonymous);
  while (finish === undefined) await new Promise((resolve) => app.store.on(resolve));
  await app.cancel(before);
  assert.equal(app.store.value.screen.name, "lobby");
  daemon.pace = undefined;
  finish();
  await entering;
  assert.notEqual(app.store.value.screen.name, "room");
  assert.ok(daemon.calls.some(({ method }) => method === "room.cancel"));
  await hasHeard(app);
  assert.ok(asked("room.leave"), "the seat that came all the same is given back");
});

test("an attempt that got no seat leaves none, and forgets none: the room may have one of another tab", async () => {
  const kept = storage();
  const app = await start(kept);
  const before = await lobby(app, "TownHall");
  kept.kept.set("pars.room", before.room);
  daemon.answers["room.join"] = FakeDaemon.refusal(refusalNumbers.Full);
  await app.enter(before, anonymous);
  assert.equal((await until(app, "refused")).reason, "Full");
  await hasHeard(app);
  assert.equal(asked("room.leave"), false);
  assert.equal(kept.kept.get("pars.room"), before.room);
});

test("a dead attempt does not throw out the seat of a later one", async () => {
  const kept = storage();
  const app = await start(kept);
  const before = await lobby(app, "TownHall");
  let failed;
  connect = () => new Promise((_, reject) => (failed = () => reject(new MediaRefusedError("media"))));
  const first = app.enter(before, anonymous);
  while (failed === undefined) await new Promise((resolve) => setImmediate(resolve));
  await app.cancel(before);
  connect = async () => link();
  await app.enter(before, anonymous);
  await until(app, "room");
  failed();
  await first;
  assert.equal(app.store.value.screen.name, "room");
  assert.equal(kept.kept.get("pars.room"), before.room);
  await app.recordings();
  assert.equal(asked("room.leave"), false);
});

test("who cancels while the attempt is being prepared: the daemon is told once it has a name", async () => {
  const app = await start();
  const before = await lobby(app, "TownHall");
  let answer;
  daemon.answers["room.prepare"] = () => new Promise((resolve) => (answer = resolve));
  const entering = app.enter(before, anonymous);
  while (answer === undefined) await new Promise((resolve) => setImmediate(resolve));
  await app.cancel(before);
  assert.equal(asked("room.cancel"), false);
  answer({ attempt: "late", typedData: null });
  await entering;
  await hasHeard(app);
  assert.deepEqual(
    daemon.calls.filter(({ method }) => method === "room.cancel").map(({ params }) => params),
    [{ attempt: "late" }],
  );
  assert.equal(asked("room.join") || asked("room.leave"), false);
});

test("after a reload the same seat comes back over a new connection, without a new proof", async () => {
  const kept = storage();
  const first = await start(kept);
  await first.enter(await lobby(first, "TownHall"), anonymous);
  await until(first, "room");
  daemon.calls = [];
  const second = await start(kept);
  await until(second, "room");
  const asked = daemon.calls.map(({ method }) => method);
  assert.ok(asked.includes("room.connection"));
  assert.equal(asked.includes("room.join"), false);
});

test("a seat that is gone after a reload shows the rooms", async () => {
  const kept = storage(new Map([["pars.room", roomId("TownHall")]]));
  daemon.answers["room.connection"] = FakeDaemon.refusal(refusalNumbers.RoomClosed);
  const app = await start(kept);
  await until(app, "rooms");
  assert.equal(kept.kept.size, 0);
});
