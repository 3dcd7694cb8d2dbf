import assert from "node:assert/strict";
import { test } from "node:test";
import { en } from "../build/i18n/en.js";
import { fa } from "../build/i18n/fa.js";
import { MediaRefusedError, whyRefused } from "../build/media/refused.js";
import { listedSeats, liveSeats } from "../build/state/room-state.js";
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

test("all connections of a stay have one worker, and it ends with the stay", async () => {
  const { live, links } = await enter();
  let [started, ended] = [0, 0];
  const start = () => ((started += 1), { terminate: () => (ended += 1) });
  assert.equal(links[0].stay.open(start).isNew, true);
  links[0].listener.gone(false);
  while (links.length < 2) await tick();
  assert.equal(links[1].stay, links[0].stay);
  assert.equal(links[1].stay.open(start).isNew, false);
  assert.deepEqual([started, ended], [1, 0]);
  live.end("Kicked");
  assert.equal(ended, 1);
  assert.throws(() => links[1].stay.open(start));
});

test("a room that has ended connects no more, and no link says otherwise", async () => {
  let answer;
  const { links, link, tell, state } = await enter({
    answers: { "room.connection": () => new Promise((resolve) => (answer = resolve)) },
  });
  link.listener.gone(false);
  while (answer === undefined) await tick();
  tell("roomEnded", { reason: "Kicked", detail: null });
  answer({});
  await tick();
  link.listener.state("connected");
  link.listener.gone(false);
  assert.deepEqual([links.length, state().network, state().ended.reason], [1, "offline", "Kicked"]);
});

test("a node that is gone is called that, and no lost connection that was tried again", async () => {
  let gone;
  const { state, calls } = await enter({ lost: new Promise((resolve) => (gone = resolve)) });
  gone();
  await tick();
  assert.equal(state().ended.reason, "NodeLost");
  assert.deepEqual(
    calls.filter(([method]) => method === "room.connection"),
    [],
  );
  assert.notEqual(en["ended.NodeLost.text"], en["ended.Lost.text"]);
});

test("why nothing is sent is one thing: the newest reason, and the seat that it names now", async () => {
  const { tell, state, notices } = await enter();
  tell("roomStopped", { reason: "Unverified", seat: 17 });
  tell("roomStopped", { reason: "Unverified", seat: 18 });
  assert.deepEqual(
    state().notices.map(({ key, number }) => [key, number]),
    [["notice.stopped", 18]],
  );
  const [{ id }] = state().notices;
  tell("roomStopped", { reason: "Unverified", seat: 18 });
  assert.equal(state().notices[0].id, id, "told again it is the same");
  tell("roomStopped", { reason: "ChainUnreachable", seat: null });
  assert.deepEqual(notices(), ["notice.stopped.ChainUnreachable"]);
});

test("who shares no keys with anybody is told so and what to do, in both languages; all closes until keys come", async () => {
  allowed();
  const { live, tell, keys, state, notices } = await enter();
  await live.senders.speak(true);
  tell("roomStopped", { reason: "NoSharedKeys", seat: null });
  await tick();
  assert.deepEqual(
    state().notices.map(({ key, weight }) => [key, weight]),
    [["notice.stopped.NoSharedKeys", "danger"]],
  );
  assert.deepEqual([state().microphone, state().sends], ["off", false]);
  assert.match(en["notice.stopped.NoSharedKeys"], /cannot hear the others.*enter again.*channel you trust/u);
  assert.match(fa["notice.stopped.NoSharedKeys"], /نمی‌شنوید.*دوباره وارد شوید.*اعتماد دارید/u);
  keys(2);
  assert.deepEqual([state().stopped, notices()], [null, []]);
});

test("who shares no keys with this seat is in the list whatever the epoch has, and told of once; nothing closes", async () => {
  allowed();
  const { live, roster, state, notices } = await enter();
  await live.senders.speak(true);
  const others = state().seats;
  const apart = seat(7, "apart", { live: false, unshared: true });
  roster({ seats: [...others, apart] });
  assert.deepEqual([listedSeats(state()).includes(apart), liveSeats(state()).includes(apart)], [true, false]);
  assert.deepEqual(
    state().notices.map(({ key, weight }) => [key, weight]),
    [["notice.unshared", "caution"]],
  );
  assert.deepEqual([state().microphone, state().sends, state().stopped], ["live", true, null]);
  live.dismiss(state().notices[0].id);
  roster({ seats: [...others, apart, seat(8, "another", { unshared: true })] });
  assert.deepEqual(notices(), [], "read and put away");
  roster({ seats: others });
  roster({ seats: [...others, apart] });
  assert.deepEqual(notices(), ["notice.unshared"], "it has come again");
  assert.match(en["notice.unshared"], /no keys with you.*between changed keys.*code.*channel you trust/u);
  assert.match(fa["notice.unshared"], /کلید مشترک ندارد.*کلیدها را عوض کرده.*کد اتاق را از راهی که به آن اعتماد دارید/u);
});

test("a server that invents senders without end fills nothing, and does not push out why nothing is sent", async () => {
  const { link, tell, state, notices } = await enter();
  tell("roomStopped", { reason: "Unverified", seat: 17 });
  for (let number = 0; number < 1_000; number++) link.listener.notEncrypted(`invented ${number}`);
  assert.ok(state().notices.length <= 64, `${state().notices.length} notices`);
  assert.equal(notices()[0], "notice.stopped");
  assert.equal(state().notices.at(-1).identity, "invented 999");
});

test("a hand or a reaction that was not sent is said; a message is what a daemon takes", async () => {
  let fails = true;
  const answers = { "room.sign": ({ body }) => (fails ? Promise.reject(new Error("no")) : { bytes: btoa(body) }) };
  const { live, roster, notices, calls, state } = await enter({ answers, own: { hand: 1 } });
  await live.talk.hand(false);
  assert.deepEqual(notices(), ["notice.notSent"]);
  roster({}, { hand: null });
  assert.deepEqual(notices(), ["notice.notSent", "notice.lowered"], "it was not the own press that lowered it");
  live.store.set({ notices: [] });
  await live.talk.react("agree");
  assert.deepEqual([notices(), state().reactions.length], [["notice.notSent"], 0]);
  fails = false;
  const before = calls.length;
  await live.talk.say("a\u0007b\u0085\tc\nd ");
  await live.talk.say("\u0000 ");
  assert.deepEqual(
    calls.slice(before).map(([, { body }]) => body),
    ["ab\tc\nd"],
  );
  assert.deepEqual(
    state().chat.map(({ text, state }) => [text, state]),
    [["ab\tc\nd", "sent"]],
  );
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
