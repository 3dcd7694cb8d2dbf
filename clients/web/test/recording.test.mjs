/** Recording in a room: what is shown of it, and that nothing but a press is a yes. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ROOM, allowed, enter, tick } from "./support/live.mjs";
import { recordingOf, seat, seatsOf } from "./support/rooms.mjs";
import { at, draw, key, press, window } from "./support/screen.mjs";
import { settle } from "./support/page.mjs";
import { en } from "../build/i18n/en.js";
import { Text } from "../build/i18n/text.js";
import { liveSeats, recorderOf } from "../build/state/room-state.js";
import { cellsOf } from "../build/ui/room/cells.js";

const ID = `0x${"ab".repeat(32)}`;
const ask = { recording: ID, by: 1, retentionSeconds: 90 * 86_400, validUntil: 2_000_000_000 };
const on = { phase: "active", agreed: ID, recorder: { seat: 90, forSeat: 1 }, since: 1_000, participants: 40 };
const own = {
  recording: ID,
  state: "proposed",
  agreed: 3,
  agreedOf: 40,
  signed: 0,
  signedOf: 0,
  refused: 2,
  paused: null,
  span: null,
  notExecuted: false,
};
const status = (more) => recordingOf(ROOM, more);
const cell = (state, now = 1_761) => cellsOf(state, new Text("en"), now).find((view) => view.cell === "rec");
const refused = (reason) => () => Promise.reject(Object.assign(new Error(reason), { reason }));

/** A room that hears how recording stands. */
const room = async (answers = {}) => {
  const entered = await enter({ answers });
  const hear = (more) => entered.tell("roomRecording", status(more));
  const asked = () => entered.calls.filter(([method]) => method.startsWith("recording."));
  return { ...entered, hear, asked };
};

/** How long a question stands before there is a yes. */
const CLOSED_MS = 1_000;

/** The same on screen. */
const onScreen = async (answers = {}, language = "en") => {
  const entered = await room(answers);
  const { pass } = await draw({ name: "room", live: entered.live }, language);
  const hear = async (more) => (entered.hear(more), settle());
  return { ...entered, hear, pass };
};

test("the cell says in each state what is true, and is filled when something is kept", async () => {
  const { hear, state } = await room();
  for (const [more, tone, title] of [
    [{}, "plain", "Not recorded"],
    [{ phase: "asked", ask }, "waits", "Asked to record"],
    [{ phase: "proposed", agreed: ID }, "waits", "Asked to record"],
    [{ phase: "collecting", agreed: ID }, "waits", "Recording may begin"],
    [on, "recorded", "Recorded · \u206812:41\u2069"],
    [{ phase: "paused", agreed: ID }, "waits", "Recording paused"],
    [{ phase: "sealing", own }, "waits", "Closing the recording"],
  ]) {
    hear(more);
    const shown = cell(state());
    assert.deepEqual([shown.tone, shown.title], [tone, title]);
  }
});

test("a recorder in the epoch shows, whatever else is said; without one nothing is called recorded", async () => {
  const { hear, state, roster } = await room();
  for (const phase of ["off", "asked", "paused", "sealing"]) {
    hear({ ...on, phase });
    assert.equal(cell(state()).tone, "recorded", phase);
  }
  hear({});
  assert.equal(cell(state()).tone, "plain");
  roster({ seats: [...seatsOf("TownHall", {}), seat(90, "recorder", { recorder: true })] });
  assert.equal(cell(state()).tone, "recorded", "the roster alone");
  assert.equal(cell(state()).title, en["status.rec.yes"], "nobody said that this seat agreed");
  roster({ seats: [...seatsOf("TownHall", {}), seat(90, "recorder", { recorder: true, live: false })] });
  assert.equal(recorderOf(state()), null, "a recorder that has left");
});

test("who has not agreed is not told that all did", async () => {
  const { hear, state, tell } = await room();
  hear({ ...on, agreed: null });
  assert.equal(cell(state()).detail, en["status.rec.yes.sub"]);
  hear(on);
  assert.match(cell(state()).detail, /^All 40 agreed/u);
  // The own node counts, by what it signed: who is seated but not in the epoch agreed to nothing.
  hear({ ...on, participants: 39 });
  assert.match(cell(state()).detail, /^All 39 agreed/u);
  assert.equal(liveSeats(state()).length, 40);
  hear({ ...on, participants: null });
  assert.deepEqual([cell(state()).title, cell(state()).detail], [en["status.rec.yes"], en["status.rec.yes.sub"]]);
  hear({ ...on, agreed: null, own: { ...own, state: "anchored" } });
  assert.equal(cell(state()).detail, en["status.rec.yes.sub"], "an own recording that is over is no yes to another's");
  hear(on);
  tell("roomStopped", { reason: "NotConsented", seat: 90 });
  assert.equal(cell(state()).detail, en["status.rec.yes.sub"]);
});

test("a recorder that this seat has not agreed to closes microphone and chat, and that is said in its own words", async () => {
  allowed();
  const { live, link, tell, state, notices, calls } = await room();
  await live.senders.speak(true);
  assert.equal(state().microphone, "live");
  tell("roomStopped", { reason: "NotConsented", seat: 90 });
  await tick();
  assert.deepEqual([state().microphone, state().sends, notices()], ["off", false, ["notice.stopped.NotConsented"]]);
  assert.ok(link.did.some(([name]) => name === "stop"));
  await live.talk.say("secret");
  assert.equal(calls.filter(([method]) => method === "room.sign").length, 0);
});

test("start, pause and stop are told, the newest alone; how the own no ends is no news", async () => {
  const { hear, live, notices } = await room({ "recording.answer": () => status({}) });
  hear({ phase: "proposed", agreed: ID });
  hear({ ...on, participants: null });
  assert.deepEqual(notices(), [], "the own node did not sign: nobody knows that all agreed");
  hear(on);
  assert.deepEqual(notices(), ["recording.started"]);
  hear({ phase: "paused", agreed: ID });
  assert.deepEqual(notices(), ["recording.paused"]);
  hear(on);
  hear(on);
  hear({});
  assert.deepEqual(notices(), ["recording.stopped"]);
  hear({ phase: "asked", ask });
  hear({});
  assert.deepEqual(notices(), ["recording.notAgreed"]);
  hear({ phase: "collecting", agreed: ID });
  hear({});
  assert.deepEqual(notices(), ["recording.notBegun"]);
  live.dismiss(live.store.value.notices[0].id);
  hear({ phase: "asked", ask });
  await live.consent.answer(ID, false);
  assert.deepEqual(notices(), []);
});

test("the question stands over the room, not over the status line; its buttons are alike, and neither has the focus", async () => {
  const { hear, asked } = await onScreen();
  await hear({ phase: "asked", ask });
  const dialog = at("consent");
  assert.equal(dialog.getAttribute("role"), "alertdialog");
  // Focus moves after the dialog was drawn.
  for (let turn = 0; turn < 50 && window.document.activeElement === window.document.body; turn++) await settle();
  assert.equal(window.document.activeElement, dialog.querySelector("h2"));
  assert.ok(!at("status").contains(dialog) && !dialog.contains(at("status")) && at("status-rec").dataset.tone === "waits");
  const [yes, no] = [at("consent-yes"), at("consent-no")];
  assert.deepEqual([yes.className, yes.tagName, yes.parentElement], [no.className, no.tagName, no.parentElement]);
  const words = dialog.textContent.replace(/[\u2068\u2069]/gu, "");
  assert.match(words, /Nothing is recorded now\. It starts only if all 40 of you agree/u);
  assert.match(words, /Asked for 90 days/u);
  assert.match(words, /never who refused/u);
  assert.deepEqual(asked(), [], "to be asked is no answer");
});

test("Escape is no answer; the status cell opens the question again", async () => {
  const { hear, asked } = await onScreen();
  await hear({ phase: "asked", ask });
  await key(at("consent"), "Escape");
  assert.equal(at("consent"), null);
  await hear({ phase: "asked", ask });
  assert.equal(at("consent"), null, "told again it does not come back by itself");
  await press("status-rec");
  assert.notEqual(at("consent"), null);
  assert.equal(at("about-rec"), null);
  assert.deepEqual(asked(), []);
});

test("a question that was put aside is aside alone: on other terms, or by another, it is asked", async () => {
  const { hear } = await onScreen();
  for (const other of [{ by: 2 }, { retentionSeconds: 400 * 86_400 }, { validUntil: ask.validUntil + 1 }]) {
    await hear({ phase: "asked", ask });
    await press("consent-close");
    await hear({ phase: "asked", ask: { ...ask } });
    assert.equal(at("consent"), null);
    await hear({ phase: "asked", ask: { ...ask, ...other } });
    assert.equal(at("consent")?.dataset.recording, ID, JSON.stringify(other));
    await press("consent-close");
  }
});

test("a press that had no effect is told as long as what it was for stands, whatever the daemon says meanwhile", async () => {
  const failing = refused("ChainUnreachable");
  const { hear, live, notices } = await room({ "recording.answer": failing, "recording.stop": failing });
  const own = { recording: ID, state: "active", agreed: 40, agreedOf: 40, refused: 0 };
  for (const [before, fail, key, after] of [
    [on, () => live.consent.takeBack(), "recording.notBack", { phase: "active", recorder: on.recorder }],
    [{ ...on, own }, () => live.consent.stop(), "recording.notStopped", { phase: "sealing", own: { ...own, state: "sealing" } }],
    [{ phase: "asked", ask }, () => live.consent.answer(ID, true), "recording.unanswered", { phase: "proposed", agreed: ID }],
  ]) {
    hear(before);
    await fail();
    hear({ ...before, participants: before.participants === undefined ? null : 39 });
    assert.ok(notices().includes(key), key);
    hear(after);
    assert.ok(!notices().includes(key), `${key} is over`);
  }
});

test("what is told of a recording stays in sight, whatever else is told, until it is dismissed or over", async () => {
  const { hear, link, notices } = await onScreen();
  const shown = () => [...at("notices").querySelectorAll('[data-testid="notice"]')].map(({ dataset }) => dataset.key);
  const flood = async () => {
    for (const { identity } of seatsOf("TownHall", {})) link.listener.notEncrypted(identity);
    await settle();
  };
  await hear(on);
  await flood();
  assert.deepEqual(shown(), ["recording.started", ...Array(3).fill("notice.notEncrypted")]);
  await hear({ phase: "paused", agreed: ID, unsigned: "the roster differs" });
  await flood();
  assert.deepEqual(shown().slice(0, 2).sort(), ["recording.notSigned", "recording.paused"]);
  await hear(on);
  assert.deepEqual(shown().slice(0, 2), ["recording.started", "notice.notEncrypted"], "what is over goes by itself");
  at("notices").querySelector('[data-key="recording.started"] button').click();
  await settle();
  assert.ok(!shown().includes("recording.started") && !notices().includes("recording.started"));
});

for (const [testid, agree] of [
  ["consent-yes", true],
  ["consent-no", false],
]) {
  test(`${testid}: the daemon is told that, once`, async () => {
    const after = agree ? { phase: "proposed", agreed: ID } : {};
    const { hear, asked, pass } = await onScreen({ "recording.answer": () => status(after) });
    await hear({ phase: "asked", ask });
    if (agree) await pass(CLOSED_MS);
    await press(testid);
    assert.deepEqual(asked(), [["recording.answer", { room: ROOM, recording: ID, agree }]]);
    assert.equal(at("consent"), null);
    assert.equal(at("room").dataset.recording, agree ? "proposed" : "off");
  });
}

test("a click meant for something else is no yes: that opens a moment after the question, and after each change of it", async () => {
  const { hear, asked, pass } = await onScreen({ "recording.answer": () => status({ phase: "proposed", agreed: ID }) });
  const questions = [
    ask,
    { ...ask, recording: `0x${"cd".repeat(32)}` },
    { ...ask, by: 2 },
    { ...ask, retentionSeconds: 400 * 86_400 },
    { ...ask, validUntil: ask.validUntil + 1 },
  ];
  for (const question of questions) {
    await hear({ phase: "asked", ask: question });
    assert.deepEqual([at("consent-yes").disabled, at("consent-no").disabled], [true, false]);
    await pass(CLOSED_MS - 1);
    await hear({ phase: "asked", ask: { ...question } });
    await press("consent-yes");
    assert.deepEqual(asked(), []);
    await pass(1);
    assert.equal(at("consent-yes").disabled, false, "told again it is the same question");
  }
  await key(at("consent"), "Escape");
  await press("status-rec");
  await press("consent-yes");
  assert.deepEqual(asked(), [], "opened again it is closed again");
  await pass(CLOSED_MS);
  await press("consent-yes");
  assert.equal(asked().length, 1);
});

test("an answer that the node did not take is called no answer, and can be given again", async () => {
  const { hear, notices, asked, pass } = await onScreen({ "recording.answer": refused("Lost") });
  await hear({ phase: "asked", ask });
  await pass(CLOSED_MS);
  await press("consent-yes");
  assert.deepEqual(notices(), ["recording.unanswered"]);
  await press("consent-yes");
  assert.equal(asked().length, 2);
});

test("while a recorder is in the epoch the window has a frame, and the panel has facts and the way back", async () => {
  const { hear, asked, notices } = await onScreen({ "recording.answer": refused("ChainUnreachable") });
  await hear({ phase: "asked", ask });
  await hear(on);
  assert.ok(at("room").classList.contains("recorded"));
  await press("status-rec");
  const facts = at("recording-facts").textContent.replace(/[\u2068\u2069]/gu, "");
  assert.match(facts, /40 of 40, on chain/u);
  assert.match(facts, /90 days/u);
  assert.equal(at("recording-stop"), null, "who does not record takes back, and stops nothing else");
  await press("recording-withdraw");
  assert.deepEqual(asked(), [["recording.answer", { room: ROOM, recording: ID, agree: false }]]);
  assert.ok(notices().includes("recording.notBack"));
  await hear({});
  assert.ok(!at("room").classList.contains("recorded"));
});

test("who records can stop it while it rests too, and not when it is over", async () => {
  const { hear } = await onScreen();
  await hear({ phase: "paused", agreed: ID, own: { ...own, state: "off", paused: "members" } });
  await press("status-rec");
  assert.notEqual(at("recording-stop"), null);
  assert.match(at("about-rec").textContent, /Somebody came or went/u);
  await hear({ phase: "sealing", own: { ...own, state: "sealing" } });
  assert.deepEqual([at("recording-stop"), at("recording-withdraw")], [null, null]);
  await hear({ phase: "proposed", agreed: `0x${"ef".repeat(32)}`, own: { ...own, state: "sealing" } });
  assert.equal(at("recording-stop"), null, "another's, while the own files are being finished");
  assert.notEqual(at("recording-withdraw"), null);
});

test("who records sees counts, never who, and stops it with one press", async () => {
  const { hear, asked } = await onScreen({ "recording.stop": () => status({}) });
  await hear({ phase: "proposed", agreed: ID, own });
  await press("status-rec");
  const shown = at("recording-own").textContent.replace(/[\u2068\u2069]/gu, "");
  assert.match(shown, /3 of 40/u);
  assert.match(shown, /Said no2/u);
  assert.equal(at("recording-withdraw"), null);
  await press("recording-stop");
  assert.deepEqual(asked(), [["recording.stop", { room: ROOM }]]);
});

for (const reason of ["NoExecutor", "RecordingNotStarted"]) {
  test(`everybody can be asked; where the node does not (${reason}) it says why in both languages`, async () => {
    for (const language of ["en", "fa"]) {
      const { asked } = await onScreen({ "recording.propose": refused(reason) }, language);
      await press("status-rec");
      await press("recording-propose");
      assert.equal(at("about-rec"), null);
      await press("propose-go");
      const [[method, params]] = asked();
      assert.deepEqual([method, params.retentionSeconds], ["recording.propose", 30 * 86_400]);
      assert.ok(params.validSeconds >= 1 && params.validSeconds <= 86_400);
      assert.equal(at("propose-failed").dataset.reason, reason);
      assert.equal(at("propose-failed").textContent, new Text(language).of(`refused.${reason}`));
    }
  });
}

test("a daemon that did not sign says why, as text", async () => {
  const { hear, notices } = await onScreen();
  await hear({ phase: "proposed", agreed: ID, unsigned: "<b>the roster names 41 keys</b>" });
  assert.deepEqual(notices(), ["recording.notSigned"]);
  await press("status-rec");
  assert.ok(at("recording-unsigned").textContent.includes("<b>the roster names 41 keys</b>"));
  assert.equal(at("recording-unsigned").querySelector("b"), null);
});
