/** The list of recordings and the player: what is asked of the daemon, what is said of the answers, and one clock for all files. */
import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { openPage, settle } from "./support/page.mjs";
import { identityOf, recordingRow, roomId, verifiedOf } from "./support/rooms.mjs";

const { window } = openPage();
const { h, render } = await import("preact");
const { MAX_READ } = await import("../build/daemon/types.js");
const { Text } = await import("../build/i18n/text.js");
const { App } = await import("../build/state/app.js");
const { Library } = await import("../build/state/library.js");
const { MAX_BYTES, Player } = await import("../build/state/player.js");
const { Page } = await import("../build/ui/Page.js");

const SPAN = `0x${"cd".repeat(32)}`;
const track = (number, codec, beganMs, endedMs, more = {}) => ({
  track: number,
  seat: number,
  pseudonym: identityOf(`seat ${number}`),
  codec,
  beganMs,
  endedMs,
  frames: 9,
  ending: "whole",
  ...more,
});
const TRACKS = [track(1, "vp8", 2_000, 8_000), track(2, "opus", 0, 10_000), track(3, "opus", 4_000, 6_000)];
const missing = (reason, message) => () => Promise.reject(Object.assign(new Error(message), { reason }));

/** Bytes of a track that show where they come from. */
const contentOf = (number, length) => Uint8Array.from({ length }, (_, place) => (place * 7 + number) % 251);

/** A daemon that holds tracks of some sizes. */
const daemonWith = ({ tracks = TRACKS, sizes = {}, answers = {} } = {}) => {
  const calls = [];
  const call = async (method, params) => {
    calls.push([method, params]);
    if (answers[method] !== undefined) return answers[method](params);
    if (method === "room.list") return [{ room: roomId("TownHall"), title: "Season 4 budget" }];
    if (method === "recording.list") return [recordingRow(SPAN)];
    if (method === "recording.verify") return verifiedOf(SPAN);
    if (method === "recording.tracks") return { beganAt: 1_700_000_000_000, endedMs: 10_000, tracks };
    if (method === "recording.forget") return { spans: 1, stillPinned: 0 };
    if (method !== "recording.read") return null;
    const whole = contentOf(params.track, sizes[params.track] ?? 1_000);
    const piece = whole.slice(params.offset, params.offset + Math.min(params.length, MAX_READ));
    return { bytes: Buffer.from(piece).toString("base64"), total: whole.length };
  };
  const asked = (method) => calls.filter(([name]) => name === method).map(([, params]) => params);
  return { call, calls, asked };
};

/** A media element that does what it is told. */
const element = (duration) => ({
  src: "",
  currentTime: 0,
  duration,
  playbackRate: 1,
  volume: 1,
  paused: true,
  starts: 0,
  async play() {
    this.paused = false;
    this.starts++;
  },
  pause() {
    this.paused = true;
  },
  removeAttribute(name) {
    this[name] = "";
  },
  load: () => undefined,
});

/** What ticks, or holds files: closed after each test. */
const toClose = [];
afterEach(() => toClose.splice(0).forEach((each) => each.close()));

/** A player whose clock the test moves; `at` puts it somewhere and lets it follow. */
const opened = async (daemon = daemonWith()) => {
  const clock = { now: 0 };
  const player = new Player(daemon, SPAN, () => clock.now);
  toClose.push(player);
  await player.load();
  const elements = new Map(TRACKS.map(({ track: number, endedMs }) => [number, element(endedMs / 1_000)]));
  for (const [number, each] of elements) player.attach(number, each);
  const playing = () => [...elements].filter(([, { paused }]) => !paused).map(([number]) => number);
  return { player, clock, elements, playing, state: () => player.store.value };
};

test("a track is read in pieces that the daemon takes, sound first, and put together as it was", async () => {
  const size = 2 * MAX_READ + 5;
  const daemon = daemonWith({ sizes: { 2: size } });
  const { player, state } = await opened(daemon);
  assert.equal(state().phase, "ready");
  const reads = daemon.asked("recording.read");
  assert.deepEqual(
    reads.map(({ track: number, offset }) => [number, offset]),
    [
      [2, 0],
      [2, MAX_READ],
      [2, 2 * MAX_READ],
      [3, 0],
      [1, 0],
    ],
  );
  assert.ok(reads.every(({ length, span }) => length <= MAX_READ && span === SPAN));
  const file = await (await fetch(state().files.get(2))).blob();
  assert.match(file.type, /^audio\/webm; ?codecs=opus$/u);
  assert.deepEqual(new Uint8Array(await file.arrayBuffer()), contentOf(2, size));
  const addresses = [...state().files.values()];
  player.close();
  for (const address of addresses) await assert.rejects(fetch(address), "closed: the files are let go");
});

test("what is too large for this tab is not read; what the daemon cuts short is no recording", async () => {
  const read = ({ track: number }) => (number === 1 ? { bytes: "", total: MAX_BYTES + 1 } : { bytes: btoa("x"), total: 1 });
  const large = await opened(daemonWith({ answers: { "recording.read": read } }));
  assert.deepEqual([large.state().phase, [...large.state().files.keys()]], ["ready", [2, 3]]);
  const refuses = { "recording.read": ({ track: number }) => (number === 1 ? missing("ContentSize", "large")() : read({})) };
  const refused = await opened(daemonWith({ answers: refuses }));
  assert.deepEqual([refused.state().phase, [...refused.state().files.keys()]], ["ready", [2, 3]], "the daemon does not open it");
  const short = await opened(daemonWith({ answers: { "recording.read": () => ({ bytes: "", total: 9 }) } }));
  assert.equal(short.state().phase, "failed");
  const keyless = await opened(daemonWith({ answers: { "recording.tracks": missing("RecordingKeyMissing", "no key") } }));
  assert.deepEqual(keyless.state().failure, { reason: "RecordingKeyMissing", message: "no key" });
});

test("one clock leads: a file plays while the clock is in it, is put right when it drifts, and all rest at the end", async () => {
  const { player, clock, elements, playing, state } = await opened();
  assert.deepEqual(playing(), []);
  player.play();
  assert.deepEqual(playing(), [2]);
  clock.now = 5_000;
  player.setVolume(0.5);
  assert.deepEqual(playing(), [1, 2, 3]);
  assert.equal(elements.get(3).currentTime, 5, "times in a file count from the span's beginning");
  elements.get(2).currentTime = 5.1;
  player.setVolume(0.4);
  assert.equal(elements.get(2).currentTime, 5.1, "a little is left alone");
  player.setRate(2);
  clock.now = 6_000;
  player.setVolume(1);
  assert.deepEqual(playing(), [1, 2], "two seconds later");
  assert.equal(elements.get(1).playbackRate, 2);
  player.pause();
  assert.deepEqual([playing(), state().atMs], [[], 7_000]);
  player.seek(99_000);
  assert.equal(state().atMs, 10_000);
  player.play();
  assert.equal(state().atMs, 0, "from its end it begins anew");
});

test("a browser that counts from a file's first frame is understood, and a file that is too short does not begin anew", async () => {
  const { player, clock, elements } = await opened();
  const [short, other] = [elements.get(2), element(2)];
  player.attach(3, other);
  short.duration = 3;
  player.play();
  clock.now = 5_000;
  player.setVolume(0.5);
  assert.equal(other.currentTime, 1);
  assert.deepEqual([short.paused, short.starts], [true, 1]);
});

const root = window.document.getElementById("page");
const at = (testid) => root.querySelector(`[data-testid="${testid}"]`);
const press = async (testid) => (at(testid).click(), settle());
const good = (name) => at(`check-${name}`)?.dataset.good;

/** Lets what is drawn follow, as long as something is not drawn yet. */
const until = async (isDrawn) => {
  for (let turn = 0; turn < 50 && !isDrawn(); turn++) await settle();
};
/** Opens the one recording, and waits until it was checked and read. */
const openRow = async () => {
  await press("recording-row");
  await until(
    () => ["found", "failed"].includes(at("checked")?.dataset.check) && (at("player") === null || good("key") !== undefined),
  );
};

/** The screen of recordings over a daemon. */
const show = async (daemon, language = "en") => {
  const tools = { connect: () => undefined, daemon: undefined, scope: window, storage: {} };
  const app = new App(tools, { language, theme: "light" });
  const library = new Library(daemon);
  toClose.push(library);
  app.store.set({ screen: { name: "recordings", library } });
  render(null, root);
  render(h(Page, { app }), root);
  await library.load();
  await until(() => (at("recording-row") ?? at("no-recordings")) !== null);
  return { app, library };
};

test("what is opened was checked before, each thing by itself, and a lane stands for each seat", async () => {
  const daemon = daemonWith();
  await show(daemon);
  assert.deepEqual([daemon.asked("recording.verify"), daemon.asked("recording.read")], [[], []], "a list opens nothing");
  assert.match(at("recording-row").textContent, /Season 4 budget/u);
  assert.doesNotMatch(at("recording-row").textContent, /Verified/u);
  await openRow();
  const names = daemon.calls.map(([name]) => name);
  assert.ok(names.indexOf("recording.verify") < names.indexOf("recording.read"));
  assert.match(at("recording-row").textContent, /Verified/u);
  assert.deepEqual(["anchored", "wraps", "whole", "copies", "key"].map(good), ["true", "true", "true", "true", "true"]);
  assert.equal(at("player").dataset.state, "ready");
  assert.deepEqual(
    [...root.querySelectorAll('[data-testid="lane"]')].map(({ dataset }) => dataset.identity),
    TRACKS.map(({ pseudonym }) => pseudonym),
  );
});

test("nothing is called verified that is not: each thing that is missing is said", async () => {
  for (const [more, fact] of [
    [{ anchored: false }, "anchored"],
    [{ wraps: false }, "wraps"],
  ]) {
    const { library } = await show(daemonWith({ answers: { "recording.verify": () => verifiedOf(SPAN, more) } }));
    await openRow();
    assert.equal(good(fact), "false");
    assert.doesNotMatch(at("recording-row").textContent, /Verified/u, fact);
  }
  const torn = verifiedOf(SPAN, { ending: "torn", torn: 1, copies: { confirmed: 1, asked: 2 } });
  const { library } = await show(daemonWith({ answers: { "recording.verify": () => torn } }));
  await openRow();
  assert.deepEqual([good("whole"), good("copies")], ["false", "false"]);
});

test("without a key nothing is asked to be opened, and that is said", async () => {
  const daemon = daemonWith({ answers: { "recording.list": () => [recordingRow(SPAN, { key: false })] } });
  await show(daemon);
  await openRow();
  assert.deepEqual([daemon.asked("recording.tracks"), daemon.asked("recording.read")], [[], []]);
  assert.equal(good("key"), "false");
  assert.equal(at("player"), null);
});

test("what still grows is not checked or opened, and altered files are called that", async () => {
  const growing = daemonWith({ answers: { "recording.list": () => [recordingRow(SPAN, { state: "recording" })] } });
  await show(growing);
  await press("recording-row");
  await until(() => at("checked") !== null);
  assert.deepEqual([growing.asked("recording.verify"), growing.asked("recording.tracks")], [[], []]);
  const forged = { "recording.verify": missing("Forged", "x"), "recording.tracks": missing("Forged", "x") };
  await show(daemonWith({ answers: forged }));
  await openRow();
  assert.match(at("recording-row").textContent, /Altered/u);
  assert.match(at("checked").textContent, /not what the chain names/u);
  assert.doesNotMatch(at("checked").textContent, /A message/u);
});

test("what is not here can be fetched, and is checked again", async () => {
  let isHere = false;
  const verify = (params) => (isHere ? verifiedOf(SPAN) : missing("Refused", "a block is missing")(params));
  const fetched = () => ((isHere = true), { span: SPAN, cid: "bafy", bytes: 9 });
  const daemon = daemonWith({ answers: { "recording.verify": verify, "recording.fetch": fetched } });
  await show(daemon);
  await openRow();
  assert.equal(at("checked").dataset.check, "failed");
  assert.match(at("checked").textContent, /a block is missing/u);
  await press("recording-fetch");
  await until(() => good("key") === "true");
  assert.equal(at("checked").dataset.check, "found");
  assert.equal(at("player").dataset.state, "ready");
});

test("one that is chosen twice while it is checked is read by one player that lives", async () => {
  const { library } = await show(daemonWith());
  const players = new Set();
  library.store.on(() => library.store.value.player !== null && players.add(library.store.value.player));
  await Promise.all([library.choose(SPAN), library.choose(SPAN)]);
  await until(() => [...players].some((player) => player.store.value.phase === "ready"));
  const [first, second] = players;
  toClose.push(first, second);
  assert.equal(library.store.value.player, second);
  await until(() => first.store.value.files.size === 0 && second.store.value.files.size === TRACKS.length);
  assert.deepEqual([first.store.value.files.size, second.store.value.files.size], [0, TRACKS.length]);
});

test("a recording is forgotten after a question only, and what was open is let go", async () => {
  const rows = [recordingRow(SPAN)];
  const daemon = daemonWith({ answers: { "recording.list": () => [...rows] } });
  const { library } = await show(daemon);
  await openRow();
  const [file] = library.store.value.player.store.value.files.values();
  await press("recording-forget");
  await press("forget-no");
  assert.deepEqual(daemon.asked("recording.forget"), []);
  await press("recording-forget");
  rows.pop();
  await press("forget-yes");
  assert.deepEqual(daemon.asked("recording.forget"), [{ span: SPAN }]);
  assert.equal(at("recording"), null);
  assert.notEqual(at("no-recordings"), null);
  assert.match(at("recordings").textContent, /Forgotten: your node has no key for it any more\.(?! Sealed)/u);
  await assert.rejects(fetch(file));
});

test("copies that are not let go elsewhere are counted when a recording is forgotten", async () => {
  const { library } = await show(daemonWith({ answers: { "recording.forget": () => ({ spans: 1, stillPinned: 2 }) } }));
  await library.forget(SPAN);
  await settle();
  assert.match(at("recordings").textContent, /Sealed copies at .?2.? other nodes are not let go yet/u);
});

test("a recording that could not be forgotten is still there, and it is said why", async () => {
  const daemon = daemonWith({ answers: { "recording.forget": missing("Busy", "it grows") } });
  await show(daemon);
  await openRow();
  await press("recording-forget");
  await press("forget-yes");
  assert.equal(at("forget").querySelector('[data-testid="recording-failed"]').dataset.reason, "Busy");
  assert.notEqual(at("recording"), null);
});

test("who goes elsewhere leaves no file behind", async () => {
  const { app, library } = await show(daemonWith());
  await openRow();
  const [file] = library.store.value.player.store.value.files.values();
  await fetch(file);
  await app.rooms();
  await assert.rejects(fetch(file));
});

test("times are minutes and seconds, hours where there are any, in the language's digits", () => {
  const [english, farsi] = [new Text("en"), new Text("fa")];
  assert.deepEqual(
    [0, 61, 761, 4_365, -3].map((each) => english.duration(each)),
    ["0:00", "1:01", "12:41", "1:12:45", "0:00"],
  );
  assert.equal(farsi.duration(761), "۱۲:۴۱");
});
