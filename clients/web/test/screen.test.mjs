/** The page under hand: ways out, dialogs, focus, and what the status line says of what is sent. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { enter, track } from "./support/live.mjs";
import { settle } from "./support/page.mjs";
import { identityOf, lobbyOf, recordingOf, roomId, summaries } from "./support/rooms.mjs";
import { at, down, draw, drawOnly, key, press, root, window } from "./support/screen.mjs";
import { Text } from "../build/i18n/text.js";
import { cellsOf } from "../build/ui/room/cells.js";

const { Sounds } = await import("../build/ui/room/Media.js");
const CODES_DIFFER = "0".repeat(25);
const ask = { recording: `0x${"ab".repeat(32)}`, by: 1, retentionSeconds: 86_400, validUntil: 2_000_000_000 };

const onScreen = async () => {
  const entered = await enter();
  return { ...entered, ...(await draw({ name: "room", live: entered.live })) };
};

test("three times Escape leaves from wherever the focus is: the stage, the chat, a dialog, one that has no other way out", async () => {
  for (const [name, prepare, where] of [
    ["the stage", () => undefined, () => window.document.body],
    ["the chat", () => undefined, () => at("chat-input")],
    ["a dialog", () => press("status-net"), () => at("about-net")],
    ["codes that differ", ({ live }) => (live.compare(CODES_DIFFER), settle()), () => at("codes-differ")],
  ]) {
    const entered = await onScreen();
    await prepare(entered);
    const from = where();
    for (let time = 0; time < 3; time++) down(from, "Escape");
    assert.equal(entered.live.store.value.ended?.reason, "LeftHere", name);
    assert.equal(entered.app.store.value.screen.name, "rooms", name);
  }
});

test("Escape that is held down, or ends the writing of a word, leaves nothing", async () => {
  for (const more of [{ repeat: true }, { isComposing: true }]) {
    const { live } = await onScreen();
    for (let time = 0; time < 9; time++) down(at("chat-input"), "Escape", more);
    assert.equal(live.store.value.ended, null);
  }
});

test("other keys in the chat and in a dialog do nothing behind them", async () => {
  const { live } = await onScreen();
  await press("status-net");
  for (const from of [at("chat-input"), at("about-net")]) for (const name of ["KeyH", "KeyM", "Digit3"]) down(from, name);
  await settle();
  assert.equal(at("about-enc"), null);
  assert.deepEqual([live.store.value.microphone, live.store.value.notices], ["off", []]);
});

test("a press beside a dialog keeps the focus in it; on its text too", async () => {
  await onScreen();
  await press("status-net");
  const pressed = (element) => element.dispatchEvent(new window.MouseEvent("mousedown", { bubbles: true, cancelable: true }));
  const dialog = at("about-net");
  assert.equal(pressed(dialog.parentElement), false, "the browser takes no focus away");
  assert.equal(pressed(dialog.querySelector("p")), true);
  assert.equal(dialog.tabIndex, -1, "its text gives the focus to it");
});

test("from one dialog to the next the focus is in the newest, and comes back to what opened it", async () => {
  await onScreen();
  const isIn = async (testid) => {
    for (let turn = 0; turn < 50 && at(testid)?.contains(window.document.activeElement) !== true; turn++) await settle();
    assert.equal(at(testid).querySelector("h2"), window.document.activeElement);
  };
  for (const cell of ["net", "hear"]) {
    at(`status-${cell}`).focus();
    await press(`status-${cell}`);
    await isIn(`about-${cell}`);
  }
  assert.equal(at("about-net"), null);
  await press("about-hear-close");
  assert.equal(window.document.activeElement, at("status-hear"));
});

test("a click meant for something else accepts no invitation: the yes opens a moment after it", async () => {
  for (const kind of ["unmute", "promote"]) {
    const { tell, pass } = await onScreen();
    tell("roomOrder", { kind, seat: 40, by: 1 });
    await settle();
    assert.deepEqual([at("invitation-yes").disabled, at("invitation-no").disabled], [true, false]);
    await pass(999);
    assert.equal(at("invitation-yes").disabled, true);
    await pass(1);
    assert.equal(at("invitation-yes").disabled, false);
    await press("invitation-no");
    assert.equal(at("invitation"), null);
  }
});

test("another screen begins at its title when the press that led there took the focus away", async () => {
  const { app } = await draw({ name: "rooms", rooms: summaries() });
  const title = () => root.querySelector("h1");
  assert.notEqual(window.document.activeElement, title(), "the first one takes no focus");
  for (const screen of [
    { name: "lobby", lobby: lobbyOf(roomId("TownHall")) },
    { name: "failed", failure: { reason: "WrongRoom", message: "" }, again: () => undefined },
  ]) {
    const button = root.querySelector("main button");
    button.focus();
    assert.equal(window.document.activeElement, button);
    app.store.set({ screen });
    for (let turn = 0; turn < 50 && window.document.activeElement !== title(); turn++) await settle();
    assert.equal(window.document.activeElement, title(), screen.name);
  }
});

test("what the daemon refused is said with its own words below, as text, and the ways on", async () => {
  let asked = 0;
  const failure = { reason: "WrongRoom", message: "<b>no such room</b>" };
  await draw({ name: "failed", failure, again: () => (asked += 1) });
  assert.equal(at("failed").dataset.reason, "WrongRoom");
  assert.match(at("failed").textContent, /There is no room here that you can enter\./u);
  assert.equal(at("failed").querySelector("b"), null);
  assert.ok(at("failed").textContent.includes("<b>no such room</b>"));
  await press("try-again");
  assert.equal(asked, 1);
});

test("the way to the chat stands where there is a chat", async () => {
  const { live } = await onScreen();
  const ways = () => [...root.querySelectorAll(".skip")].map(({ hash }) => hash);
  assert.deepEqual(ways(), ["#controls", "#chat"]);
  for (const way of ways()) assert.notEqual(root.querySelector(way), null, way);
  await press("tab-people");
  assert.deepEqual(ways(), ["#controls"]);
  live.end("Kicked");
  await settle();
  assert.deepEqual(ways(), []);
});

test("a seat that shares no keys bears a badge, in both languages, and no other does", async () => {
  for (const language of ["en", "fa"]) {
    const { live, roster, state } = await enter();
    await draw({ name: "room", live }, language);
    await press("tab-people");
    assert.equal(at("unshared"), null);
    const first = { ...state().seats[0], live: false, unshared: true };
    roster({ seats: [first, ...state().seats.slice(1)] });
    await settle();
    const badges = [...root.querySelectorAll('[data-testid="unshared"]')];
    const borne = badges.map((badge) => [badge.closest('[data-testid="seat"]').dataset.identity, badge.textContent]);
    assert.deepEqual(borne, [[first.identity, new Text(language).of("room.unshared")]]);
  }
});

test("the first cell says who hears and who sees: a camera alone is seen, and not heard", async () => {
  const { live, state } = await enter();
  const hears = (language, change) => {
    live.store.set({ camera: false, screen: null, microphone: "off", ...change });
    const { title, detail, tone } = cellsOf(state(), new Text(language), 0).find(({ cell }) => cell === "hear");
    return [title, detail, tone];
  };
  assert.deepEqual(hears("en", {}), ["Nobody hears you", "Microphone off", "plain"]);
  assert.deepEqual(hears("en", { camera: true }), ["39 people see your camera", "Microphone off", "live"]);
  assert.deepEqual(hears("en", { screen: track() }), ["39 people see your screen", "Microphone off", "live"]);
  assert.deepEqual(hears("en", { microphone: "live", camera: true }), ["39 people hear you", "And see your camera", "live"]);
  const seats = state().seats.slice(-2);
  assert.deepEqual(hears("en", { seats, microphone: "live", camera: true }), ["1 person hears you", "And sees your camera", "live"]);
  assert.deepEqual(hears("fa", { seats, camera: true }).slice(0, 1), ["۱ نفر دوربین شما را می‌بیند"]);
});

test("few who could be you colour the second cell", async () => {
  const { live, state } = await enter();
  for (const [k, tone] of [
    [20, "anon"],
    [19, "caution"],
  ]) {
    const { lobby } = state();
    live.store.set({ lobby: { ...lobby, anonymous: { ...lobby.anonymous, k } } });
    assert.equal(cellsOf(state(), new Text("en"), 0).find(({ cell }) => cell === "id").tone, tone);
  }
});

test("whom the server calls muted is drawn so, and not heard either", async () => {
  globalThis.MediaStream = class {};
  const one = { identity: identityOf("jasmine"), sid: "a", source: "microphone", track: track() };
  for (const muted of [false, true, false]) {
    await drawOnly(Sounds, { tracks: [{ ...one, muted }] });
    assert.equal(at("sound").muted, muted);
  }
});

test("a question of the room stands above whatever is open", async () => {
  const { tell } = await onScreen();
  await press("devices");
  tell("roomRecording", recordingOf(roomId("TownHall"), { phase: "asked", ask }));
  await settle();
  const [below, above] = [at("devices-panel"), at("consent")];
  assert.ok(below.compareDocumentPosition(above) & window.Node.DOCUMENT_POSITION_FOLLOWING);
  await key(above, "Escape");
  assert.deepEqual([at("consent"), at("devices-panel") === null], [null, false]);
});
