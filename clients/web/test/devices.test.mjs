import assert from "node:assert/strict";
import { test } from "node:test";
import { shownAs } from "../build/state/room-state.js";
import { LiveRoom } from "../build/state/room.js";
import { Senders } from "../build/state/senders.js";
import { SpeakingMeters } from "../build/state/speaking.js";
import { ROOM, allowed, devices, enter, tick, track } from "./support/live.mjs";
import { lobbyOf } from "./support/rooms.mjs";

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

test("a screen that nobody chose is called that, and no blocked camera", async () => {
  const getDisplayMedia = () => Promise.reject(new DOMException("no", "NotAllowedError"));
  Object.defineProperty(globalThis, "navigator", { configurable: true, value: { mediaDevices: { getDisplayMedia } } });
  const { live, state, notices } = await enter({ own: { role: "presenter", anonymous: false } });
  await live.senders.press("screen");
  assert.deepEqual([shownAs(state(), "screen"), notices()], ["off", ["notice.screenDenied"]]);
});

/** Sound whose tracks can be measured, but for those of another sample rate. */
const measures = () => {
  const contexts = [];
  globalThis.MediaStream = class {
    constructor([track]) {
      this.track = track;
    }
  };
  globalThis.AudioContext = class {
    state = "running";
    closed = 0;
    constructor() {
      contexts.push(this);
    }
    createAnalyser() {
      return { getFloatTimeDomainData: () => undefined };
    }
    createMediaStreamSource({ track }) {
      if (track.rate !== undefined) throw new DOMException("another sample rate", "NotSupportedError");
      return { connect: () => undefined, disconnect: () => track.left?.() };
    }
    close() {
      this.closed += 1;
      return Promise.resolve();
    }
  };
  return { contexts, end: () => delete globalThis.AudioContext };
};

test("sound that a browser cannot measure has no ring, and nothing else depends on it", async (context) => {
  const { end } = measures();
  context.after(end);
  const meters = new SpeakingMeters(() => undefined);
  let left = 0;
  const [odd, plain] = [{ ...track(), rate: 44_100 }, { ...track(), left: () => (left += 1) }];
  meters.follow([odd, plain].map((one) => ({ identity: "a", track: one })));
  meters.follow([]);
  meters.close();
  assert.equal(left, 1);
});

test("a room that ends while it connects leaves no meters behind", async (context) => {
  const { contexts, end } = measures();
  context.after(end);
  const daemon = { on: () => () => undefined, lost: new Promise(() => undefined), call: async () => null };
  let left = 0;
  const connect = async () => {
    live.end("Kicked");
    return { leave: async () => void (left += 1) };
  };
  const live = new LiveRoom({ daemon, connect }, lobbyOf(ROOM));
  await live.enter({ room: ROOM, seat: 40, identity: "me" });
  assert.deepEqual([left, contexts.length], [1, 0]);
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
