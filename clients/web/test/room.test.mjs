import assert from "node:assert/strict";
import { test } from "node:test";
import { en } from "../build/i18n/en.js";
import { fa } from "../build/i18n/fa.js";
import { MediaRefusedError, whyRefused } from "../build/media/refused.js";
import { shownAs } from "../build/state/room-state.js";
import { Senders } from "../build/state/senders.js";
import { CODE } from "./support/daemon.mjs";
import { allowed, devices, enter, lastKeys, tick, track } from "./support/live.mjs";
import { identityOf, seat } from "./support/rooms.mjs";

test("keys that came before the media link are given to it, as 32 bytes each", async () => {
  const { link } = await enter();
  const { index, own, others } = lastKeys(link);
  assert.equal(index, 1);
  assert.equal(own.media.length, 32);
  assert.deepEqual(
    others.map(({ identity }) => identity),
    [identityOf("jasmine")],
  );
});

test("somebody enters muted, and no device is opened", async () => {
  devices(() => assert.fail("a device was opened"));
  const { state, link } = await enter();
  assert.equal(state().microphone, "off");
  assert.deepEqual(
    link.did.filter(([name]) => name === "send"),
    [],
  );
});

test("the microphone opens by a press, and closes before anybody is asked when a seat cannot be verified", async () => {
  allowed();
  const { live, link, tell, state, notices } = await enter();
  await live.senders.speak(true);
  assert.equal(state().microphone, "live");
  tell("roomStopped", { reason: "Unverified", seat: 17 });
  await tick();
  assert.ok(link.did.some(([name]) => name === "stop"));
  assert.equal(state().microphone, "off");
  assert.deepEqual(notices(), ["notice.stopped"]);
  await live.senders.speak(true);
  assert.equal(state().microphone, "off", "nothing opens while stopped");
});

test("while stopped nothing is written either; with new keys it goes on, but nothing opens by itself", async () => {
  const { live, link, tell, keys, state, calls, notices } = await enter();
  tell("roomStopped", { reason: "Unverified", seat: 17 });
  await live.talk.say("secret");
  assert.deepEqual(
    calls.filter(([method]) => method === "room.sign"),
    [],
  );
  assert.equal(state().chat[0].state, "failed");
  keys(2);
  link.listener.told({ kind: "keyed", index: 2, sends: true });
  assert.deepEqual([state().stopped, notices(), state().microphone], [null, [], "off"]);
  await live.talk.again(state().chat[0].id);
  assert.equal(state().chat[0].state, "sent");
});

test("while keys change nothing is sent, and the microphone stays as it is", async () => {
  allowed();
  const { live, link, tell, keys, state, notices } = await enter();
  await live.senders.speak(true);
  tell("roomStopped", { reason: "Rotation", seat: null });
  await tick();
  assert.deepEqual([state().sends, state().microphone, notices()], [false, "live", []]);
  assert.ok(link.did.some(([name]) => name === "stop"));
  keys(2);
  link.listener.told({ kind: "keyed", index: 2, sends: true });
  assert.deepEqual([state().stopped, state().microphone], [null, "live"]);
});

test("codes that differ close microphone and chat, whatever the daemon says, until they are compared again", async () => {
  allowed();
  const { live, link, keys, state } = await enter();
  await live.senders.speak(true);
  assert.equal(live.compare("1"), "incomplete");
  assert.equal(live.compare(CODE.replaceAll(" ", "")), "same");
  assert.equal(state().compared, 1);
  assert.equal(live.compare("0".repeat(25)), "differs");
  await tick();
  const given = link.did.filter(([name]) => name === "keys").length;
  keys(2);
  assert.equal(link.did.filter(([name]) => name === "keys").length, given, "no keys meanwhile");
  assert.deepEqual([state().microphone, state().sends], ["off", false]);
  live.compareAgain();
  assert.equal(lastKeys(link).index, 2);
});

test("keys of an epoch before, told once more, change nothing", async () => {
  const { link, keys } = await enter();
  keys(2);
  const given = link.did.length;
  keys(1);
  assert.equal(link.did.length, given);
});

test("a moderator's microphone stays open when everybody is muted", async () => {
  allowed();
  const { live, tell, state } = await enter({ own: { role: "moderator" } });
  await live.senders.speak(true);
  tell("roomOrder", { kind: "muteAll", seat: null, by: 1 });
  await tick();
  assert.equal(state().microphone, "live");
});

test("a comparison counts for its code only", async () => {
  const { live, roster, state } = await enter();
  live.compare(CODE.replaceAll(" ", ""));
  roster({ epoch: 2, checkCode: "1".repeat(25) });
  assert.equal(state().compared, 0);
});

test("own keys that one link had are given to no other: counters would begin anew", async () => {
  const { links, keys } = await enter();
  links[0].listener.gone(false);
  await tick();
  assert.equal(links.length, 2);
  keys(1);
  assert.equal(lastKeys(links[1]).own, null);
  keys(2);
  assert.equal(lastKeys(links[1]).own.media.length, 32);
});

test("a seat that the server put out does not come back by itself", async () => {
  const { links, state, calls } = await enter();
  links[0].listener.gone(true);
  await new Promise((resolve) => setTimeout(resolve, 2_100));
  assert.deepEqual([links.length, state().ended?.reason], [1, "Lost"]);
  assert.deepEqual(
    calls.filter(([method]) => method === "room.connection"),
    [],
  );
});

test("who is removed is told why, also when the media server is faster than the daemon", async () => {
  const { link, tell, state } = await enter();
  link.listener.gone(true);
  await tick();
  assert.deepEqual([state().ended, state().network], [null, "reconnecting"]);
  tell("roomEnded", { reason: "Kicked", detail: null });
  assert.equal(state().ended.reason, "Kicked");
});

test("what ends a room closes everything at once", async () => {
  allowed();
  for (const reason of ["Kicked", "Replaced", "EligibilityLost", "SittingOver"]) {
    const { live, tell, state, link } = await enter();
    await live.senders.speak(true);
    tell("roomEnded", { reason, detail: null });
    assert.deepEqual([state().ended.reason, state().microphone, state().sends, state().tracks.length], [reason, "off", false, 0]);
    assert.ok(link.did.some(([name]) => name === "leave"));
  }
});

test("another media server than the host's ends the room, while it runs and when the seat comes back", async () => {
  const running = await enter();
  running.link.listener.otherServer();
  assert.equal(running.state().ended.reason, "OtherServer");
  assert.ok(running.link.did.some(([name]) => name === "leave"));
  const returning = await enter();
  returning.fail(new MediaRefusedError("otherServer"));
  returning.link.listener.gone(false);
  await tick();
  assert.equal(returning.state().ended.reason, "OtherServer");
  assert.equal(returning.calls.filter(([method]) => method === "room.connection").length, 1, "it is not tried again");
});

test("an encryption that fails ends the room and says so", async () => {
  const { state, link, notices } = await enter();
  link.listener.told({ kind: "failed", what: "the worker stopped" });
  assert.equal(state().ended.reason, "Failed");
  assert.deepEqual(notices(), ["notice.failed"]);
});

test("wrong keys, clear frames, a server's label and a flood of old frames are told; a repeated packet is not", async () => {
  const { link, notices } = await enter();
  const dropped = (reason, count = 1) =>
    link.listener.told({ kind: "dropped", direction: "in", identity: identityOf("jasmine"), reason, count });
  dropped("replayed", 8);
  dropped("no-key");
  assert.deepEqual(notices(), []);
  for (const reason of ["wrong-key", "not-encrypted", "wrong-key"]) dropped(reason);
  dropped("replayed", 100);
  link.listener.notEncrypted(identityOf("jasmine"));
  assert.deepEqual(notices(), ["notice.wrongKey", "notice.clear", "notice.replayed", "notice.notEncrypted"]);
});

test("a message is shown as its seat's only when the daemon opened it for that seat", async () => {
  const refused = Object.assign(new Error("forged"), { reason: "Forged" });
  let answer = () => ({ seat: 4, seq: 1, kind: "chat", body: "hello" });
  const { link, state, notices } = await enter({ answers: { "room.open": () => answer() } });
  const receive = async () => (link.listener.data(identityOf("jasmine"), new Uint8Array([1])), tick());
  await receive();
  answer = () => ({ seat: 5, seq: 1, kind: "chat", body: "as another" });
  await receive();
  answer = () => Promise.reject(refused);
  await receive();
  assert.deepEqual(
    state().chat.map(({ text }) => text),
    ["hello"],
  );
  assert.deepEqual(notices(), ["notice.forged"]);
});

test("a reaction that is none of ours is not shown", async () => {
  let body = "thanks";
  const { link, state } = await enter({ answers: { "room.open": () => ({ seat: 4, seq: 1, kind: "reaction", body }) } });
  link.listener.data(identityOf("jasmine"), new Uint8Array([1]));
  await tick();
  body = "<b>";
  link.listener.data(identityOf("jasmine"), new Uint8Array([1]));
  await tick();
  assert.deepEqual(
    state().reactions.map(({ text }) => text),
    ["thanks"],
  );
});

test("a moderator's mute closes the microphone, says so, and only an invitation that is accepted opens it", async () => {
  allowed();
  const { live, tell, state, notices } = await enter();
  await live.senders.speak(true);
  tell("roomOrder", { kind: "mute", seat: 40, by: 1 });
  await tick();
  assert.deepEqual([state().microphone, notices()], ["closed", ["notice.muted"]]);
  tell("roomOrder", { kind: "unmute", seat: 40, by: 1 });
  assert.deepEqual([state().invitation, state().microphone], ["speak", "off"]);
  await live.answer(false);
  assert.equal(state().microphone, "off");
  tell("roomOrder", { kind: "unmute", seat: 40, by: 1 });
  await live.answer(true);
  assert.equal(state().microphone, "live");
});

test("orders for others do nothing here; a promotion needs the own yes", async () => {
  const { live, tell, state, calls } = await enter();
  tell("roomOrder", { kind: "promote", seat: 41, by: 1 });
  assert.equal(state().invitation, null);
  tell("roomOrder", { kind: "promote", seat: 40, by: 1 });
  assert.equal(state().invitation, "present");
  await live.answer(true);
  assert.deepEqual(
    calls.filter(([method]) => method === "room.order").map(([, { kind }]) => kind),
    ["accept"],
  );
});

test("a sixth presenter is told why, and so is who would have invited one, each in own words", async () => {
  const full = Object.assign(new Error("full"), { reason: "PresentersFull" });
  for (const [kind, key] of [
    ["accept", "refused.PresentersFull"],
    ["promote", "mod.full"],
  ]) {
    const { live, notices } = await enter({ answers: { "room.order": () => Promise.reject(full) } });
    await live.order(kind, 5);
    assert.deepEqual(notices(), [key]);
  }
  // Who moderates is no listener, and neither is told to do what the other can.
  for (const table of [en, fa]) assert.notEqual(table["mod.full"], table["refused.PresentersFull"]);
  assert.match(en["refused.PresentersFull"], /You stay a listener/u);
  assert.doesNotMatch(en["mod.full"], /listener/u);
  assert.doesNotMatch(fa["mod.full"], /شنونده/u);
});

test("a member of a Town Hall opens no camera, and text only opens no microphone", async () => {
  devices(() => assert.fail("a device was opened"));
  const member = await enter();
  await member.live.senders.show("camera", true);
  const written = await enter({ textOnly: true });
  await written.live.senders.speak(true);
  assert.equal(written.state().microphone, "off");
});

/** Who may send what to be shown or heard: kind of room, role, source. The engine's `Rights` says the same. */
const RIGHTS = {
  TownHall: { member: ["microphone"], presenter: ["microphone", "camera", "screen"], moderator: ["microphone"] },
  Committee: {
    member: ["microphone", "camera"],
    presenter: ["microphone", "camera", "screen"],
    moderator: ["microphone", "camera"],
  },
  OpenForum: { member: ["microphone"], presenter: ["microphone"], moderator: ["microphone"] },
};

test("whatever a server lets through, only what a sender may send by its role is shown or heard", async () => {
  for (const [kind, roles] of Object.entries(RIGHTS)) {
    const { live, link, roster, state } = await enter();
    live.store.set({ lobby: { ...state().lobby, kind } });
    const others = Object.keys(roles).map((role, place) => seat(place + 1, role, { role, anonymous: false }));
    const sent = [...Object.keys(roles), "nobody", "recorder"].flatMap((label) =>
      ["microphone", "camera", "screen"].map((source) => {
        return { identity: identityOf(label), sid: `${label} ${source}`, source, muted: false, track: track() };
      }),
    );
    const recorder = seat(9, "recorder", { role: "presenter", anonymous: false, recorder: true });
    roster({ seats: [...others, recorder] });
    link.listener.tracks(sent);
    const shown = () => state().tracks.map(({ sid }) => sid);
    const table = Object.entries(roles).flatMap(([role, sources]) => sources.map((source) => `${role} ${source}`));
    assert.deepEqual(shown(), table, kind);
    // A demotion takes effect on what is shown already, and a promotion brings it back.
    roster({ seats: others.map((other) => ({ ...other, role: "member" })) });
    const plain = Object.keys(roles).flatMap((role) => roles.member.map((source) => `${role} ${source}`));
    assert.deepEqual(shown(), plain, `${kind}, all are members now`);
    roster({ seats: others });
    assert.deepEqual(shown(), table, `${kind}, and back`);
  }
});

test("nobody opens what its role does not allow, whatever its page is told", async () => {
  devices(() => assert.fail("a device was opened"));
  for (const [kind, roles] of Object.entries(RIGHTS)) {
    for (const [role, allowed] of Object.entries(roles)) {
      const { live, state } = await enter({ own: { role } });
      live.store.set({ lobby: { ...state().lobby, kind } });
      for (const source of ["camera", "screen"]) if (!allowed.includes(source)) await live.senders.show(source, true);
    }
  }
});

test("a camera is neither on nor off while it opens, opens once however often it is pressed, and is off at once", async () => {
  const opened = [];
  devices(() => new Promise((resolve) => opened.push(() => resolve({ getTracks: () => [track()] }))));
  const { live, link, state } = await enter({ own: { role: "presenter", anonymous: false } });
  const shown = () => shownAs(state(), "camera");
  const press = () => live.senders.press("camera");
  const first = press();
  assert.equal(shown(), "opening", "from the press on");
  // Whoever sees it opening and presses again does not close it, also when that press comes just as it opens.
  const again = press();
  await tick();
  opened[0]();
  await Promise.all([first, again]);
  assert.deepEqual([shown(), opened.length], ["on", 1]);
  const sent = () => link.did.filter(([name]) => name === "send" || name === "unsend").map(([name]) => name);
  assert.deepEqual(sent(), ["send"]);
  let withdrawn;
  link.unsend = () => new Promise((resolve) => (withdrawn = resolve));
  const closed = press();
  await tick();
  assert.equal(shown(), "off", "the server has not answered yet");
  withdrawn();
  await closed;
  assert.equal(shown(), "off");
});

test("a camera that does not open is off again, and can be pressed again", async () => {
  devices(() => Promise.reject(new DOMException("no", "NotAllowedError")));
  const { live, state, notices } = await enter({ own: { role: "presenter", anonymous: false } });
  await live.senders.press("camera");
  assert.deepEqual([shownAs(state(), "camera"), notices()], ["off", ["notice.cameraDenied"]]);
  allowed();
  await live.senders.press("camera");
  assert.equal(shownAs(state(), "camera"), "on");
});

test("a blocked microphone is said, and nothing is sent", async () => {
  devices(() => Promise.reject(new DOMException("no", "NotAllowedError")));
  const { live, link, state, notices } = await enter();
  await live.senders.speak(true);
  assert.deepEqual([state().microphone, notices()], ["blocked", ["notice.micDenied"]]);
  assert.deepEqual(
    link.did.filter(([name]) => name === "send"),
    [],
  );
});

/** Devices behind a prompt of the browser: what was asked for, and what it gave. */
const prompted = () => {
  const asked = [];
  const given = [];
  const ask = (wanted) =>
    new Promise((resolve, reject) => {
      const grant = () => {
        const one = { ...track(), isStopped: false, stop: () => (one.isStopped = true) };
        given.push(one);
        resolve({ getTracks: () => [one] });
      };
      asked.push({ wanted, grant, deny: () => reject(new DOMException("no", "NotAllowedError")) });
    });
  devices(ask);
  return { asked, given };
};
const sentOf = ({ did }) => did.filter(([name]) => name === "send").map(([, source]) => source);

test("a device that is granted after the room was left, or has ended, is closed at once", async () => {
  for (const [open, over] of [
    [({ live }) => live.senders.speak(true), ({ live }) => live.leave()],
    [({ live }) => live.senders.speak(true), ({ tell }) => tell("roomEnded", { reason: "Kicked", detail: null })],
    [({ live }) => live.senders.press("camera"), ({ live }) => live.leave()],
  ]) {
    const { asked, given } = prompted();
    const entered = await enter({ own: { role: "presenter", anonymous: false } });
    const opening = open(entered);
    await tick();
    await over(entered);
    asked[0].grant();
    await opening;
    const { microphone, camera, opening: still } = entered.state();
    assert.deepEqual([given[0].isStopped, microphone, camera, still, sentOf(entered.link)], [true, "off", false, [], []]);
    assert.equal(entered.live.senders.microphone, undefined);
  }
});

test("a microphone that is granted while the link is gone is not kept, and the next press sends one by the new link", async () => {
  const { asked, given } = prompted();
  const { live, links, link, state, fail } = await enter();
  const opening = live.senders.speak(true);
  await tick();
  fail(new Error("not yet"));
  link.listener.gone(false);
  await tick();
  asked[0].grant();
  await opening;
  assert.deepEqual([given[0].isStopped, state().microphone, live.senders.microphone], [true, "off", undefined]);
  fail(undefined);
  while (links.length < 2) await tick();
  links[1].listener.told({ kind: "keyed", index: 2, sends: true });
  const again = live.senders.speak(true);
  await tick();
  asked[1].grant();
  await again;
  assert.deepEqual([state().microphone, sentOf(links[1]), given[1].isStopped], ["live", ["microphone"], false]);
});

test("a link lost while it takes the microphone leaves nothing that looks live by the next one", async () => {
  allowed();
  const { live, links, link, state } = await enter();
  let taken;
  link.send = () => new Promise((resolve) => (taken = resolve));
  const opening = live.senders.speak(true);
  await tick();
  link.listener.gone(false);
  while (links.length < 2) await tick();
  links[1].listener.told({ kind: "keyed", index: 2, sends: true });
  taken();
  await opening;
  assert.equal(state().microphone, "off");
  await live.senders.speak(true);
  assert.deepEqual([state().microphone, sentOf(links[1])], ["live", ["microphone"]]);
});

test("without a link no device is kept", async () => {
  const { asked, given } = prompted();
  const { state, live } = await enter();
  let link = { send: () => assert.fail("there is no link") };
  const said = [];
  const senders = new Senders(live.store, () => link, { refused: () => said.push("refused") }, {});
  const opening = senders.speak(true);
  await tick();
  link = undefined;
  asked[0].grant();
  await opening;
  assert.deepEqual([given[0].isStopped, state().microphone, senders.microphone, said], [true, "off", undefined, ["refused"]]);
  await senders.speak(true);
  assert.deepEqual([asked.length, state().microphone], [1, "off"], "nobody is asked for a device that cannot be sent");
});

test("sound stops at once, by the own hand or a moderator's, whatever the browser still asks", async () => {
  for (const [close, expected] of [
    [({ live }) => live.senders.speak(false), "off"],
    [({ tell }) => tell("roomOrder", { kind: "mute", seat: 40, by: 1 }), "closed"],
    [({ tell }) => tell("roomStopped", { reason: "Unverified", seat: 17 }), "off"],
  ]) {
    const { asked, given } = prompted();
    const entered = await enter({ own: { role: "presenter", anonymous: false } });
    const { live, link, state } = entered;
    const opening = live.senders.speak(true);
    await tick();
    asked[0].grant();
    await opening;
    const camera = live.senders.press("camera");
    await tick();
    // Pressed before: its turn would come after the prompt.
    const earlier = live.senders.speak(true);
    close(entered);
    const isSilent = () => given[0].isStopped || !given[0].enabled;
    assert.deepEqual([isSilent(), state().microphone], [true, expected]);
    asked[1].grant();
    await Promise.all([camera, earlier]);
    await tick();
    assert.deepEqual([isSilent(), state().microphone], [true, expected]);
    assert.ok(["mute", "unsend"].includes(link.did.filter(([, source]) => source === "microphone").at(-1)[0]));
  }
});

test("a mute while the browser still asks for the microphone, or the server opens it, counts", async () => {
  const { asked, given } = prompted();
  const { live, link, tell, state } = await enter();
  const press = async (answer) => {
    const opening = live.senders.speak(true);
    await tick();
    tell("roomOrder", { kind: "mute", seat: 40, by: 1 });
    answer();
    await opening;
    return state().microphone;
  };
  assert.equal(await press(() => asked[0].grant()), "closed");
  assert.deepEqual([given[0].isStopped, sentOf(link)], [true, []]);
  assert.equal(await press(() => asked[1].deny()), "closed");
  const opening = live.senders.speak(true);
  await tick();
  asked[2].grant();
  await opening;
  await live.senders.speak(false);
  let unmuted;
  link.unmute = () => new Promise((resolve) => (unmuted = resolve));
  assert.equal(await press(() => unmuted()), "closed");
  assert.equal(given[1].enabled, false);
});

test("another microphone that is chosen closes the one before, and is the one that opens next", async () => {
  const { asked, given } = prompted();
  const { live, link, state } = await enter();
  const speak = async () => {
    const opening = live.senders.speak(true);
    await tick();
    asked.at(-1).grant();
    await opening;
  };
  await speak();
  live.senders.chosen = { microphone: "headset", camera: undefined };
  await live.senders.closeAll();
  assert.deepEqual([given[0].isStopped, state().microphone, live.senders.microphone], [true, "off", undefined]);
  assert.deepEqual(link.did.filter(([name]) => name === "unsend").map(([, source]) => source)[0], "microphone");
  await speak();
  assert.deepEqual(
    [asked.map(({ wanted }) => wanted.audio.deviceId), state().microphone, sentOf(link)],
    [[undefined, { exact: "headset" }], "live", ["microphone", "microphone"]],
  );
});

test("a headset that goes leaves nobody on another microphone", async () => {
  allowed();
  const { live, link, state, notices } = await enter();
  await live.senders.speak(true);
  link.listener.ended("microphone");
  await tick();
  assert.deepEqual([state().microphone, notices()], ["off", ["notice.deviceGone"]]);
});

test("each wrong pass has a sentence of its own, and what it says of itself decides nothing else", () => {
  const now = 1_000_000;
  const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const pass = (claims, alg = "HS256", signature = "c2ln") => `${part({ alg })}.${part(claims)}.${signature}`;
  const good = { exp: now + 60, nbf: now - 60, video: { room: "ü" } };
  for (const [token, status, expected] of [
    [pass(good), 401, "token"],
    [pass(good), 403, "tokenRoom"],
    [pass(good), undefined, "token"],
    [pass({ ...good, exp: now - 30 }), 401, "tokenExpired"],
    [pass({ ...good, exp: now - 29 }), 401, "token"],
    [pass({ ...good, nbf: now + 31 }), 401, "tokenExpired"],
    [pass(good, "none", ""), 401, "tokenUnsigned"],
    [pass(good, "nOnE"), 401, "tokenUnsigned"],
    [pass(good, "HS256", ""), 401, "tokenUnsigned"],
    [pass({ exp: "soon" }), 401, "token"],
    ["rubbish", 401, "token"],
    ["", 401, "token"],
    ["a.b.c", 403, "tokenRoom"],
    ["bnVsbA.bnVsbA.", 401, "token"],
  ])
    assert.equal(whyRefused(token, status, now), expected, token);
});
