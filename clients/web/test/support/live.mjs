/** A live room without a daemon, a media server or devices. */
import { LiveRoom } from "../../build/state/room.js";
import { CODE } from "./daemon.mjs";
import { base64, identityOf, lobbyOf, roomId, seatsOf } from "./rooms.mjs";

export const ROOM = roomId("TownHall");
export const tick = () => new Promise((resolve) => setTimeout(resolve, 5));

/** A room whose daemon and media link are lists of what was asked of them. */
export const enter = async ({ own = {}, textOnly = false, answers = {}, lost = new Promise(() => undefined) } = {}) => {
  const calls = [];
  const links = [];
  let hear;
  const daemon = {
    on: (listener) => ((hear = listener), () => (hear = () => undefined)),
    lost,
    call: async (method, params) => {
      calls.push([method, params]);
      if (answers[method] !== undefined) return answers[method](params);
      if (method === "room.sign") return { bytes: btoa(params.body) };
      if (method === "room.connection") return joined;
      return null;
    },
  };
  let failure;
  const connect = async (_, listener, stay) => {
    if (failure !== undefined) throw failure;
    const did = [];
    const note =
      (name) =>
      async (...values) =>
        void did.push([name, ...values]);
    const link = {
      did,
      listener,
      stay,
      keys: (keys) => did.push(["keys", keys]),
      stop: () => did.push(["stop"]),
      ...Object.fromEntries(["send", "mute", "unmute", "unsend", "publish", "leave"].map((name) => [name, note(name)])),
    };
    links.push(link);
    listener.state("connected");
    return link;
  };
  const live = new LiveRoom({ daemon, connect }, lobbyOf(ROOM));
  const joined = {
    room: ROOM,
    seat: 40,
    identity: identityOf("me"),
    role: "member",
    anonymous: true,
    token: "t",
    signalUrl: "ws://x",
    dtlsFingerprint: `0x${"f0".repeat(32)}`,
    endsAt: 0,
    textOnly,
    recorder: null,
  };
  const tell = (type, data) => hear({ type, data: { room: ROOM, ...data } });
  const roster = (more = {}, seat = own) =>
    tell("roomRoster", { epoch: 1, checkCode: CODE, seats: seatsOf("TownHall", seat), ...more });
  const keys = (epoch = 1, mine = `me ${epoch}`) => {
    const own = mine === null ? null : { identity: identityOf("me"), media: base64(`m ${mine}`), data: base64(`d ${mine}`) };
    tell("roomKeys", {
      epoch,
      index: epoch,
      keys: [{ identity: identityOf("jasmine"), media: base64("j"), data: base64("k") }],
      own,
    });
  };
  roster();
  keys();
  await live.enter(joined);
  links[0].listener.told({ kind: "keyed", index: 1, sends: true });
  const state = () => live.store.value;
  const fail = (error) => (failure = error);
  return {
    live,
    fail,
    calls,
    links,
    tell,
    roster,
    keys,
    state,
    link: links[0],
    notices: () => state().notices.map(({ key }) => key),
  };
};

export const lastKeys = ({ did }) => did.filter(([name]) => name === "keys").at(-1)[1];
export const track = () => ({ id: "t", enabled: true, stop: () => undefined, addEventListener: () => undefined });
export const devices = (answer) =>
  Object.defineProperty(globalThis, "navigator", { configurable: true, value: { mediaDevices: { getUserMedia: answer } } });
export const allowed = () => devices(async () => ({ getTracks: () => [track()] }));
