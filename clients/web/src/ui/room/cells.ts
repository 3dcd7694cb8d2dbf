/** What the status line says of a room. */
import type { Key } from "../../i18n/en.js";
import { nameOf } from "../../i18n/names.js";
import type { Text } from "../../i18n/text.js";
import { FEW, type RoomState, hasAgreed, isRotation, liveSeats, ownSeat, recordingPhase } from "../../state/room-state.js";
import type { CellView } from "../Status.js";

type View = Omit<CellView, "cell">;

/** `now`: seconds since 1970. */
export const cellsOf = (state: RoomState, text: Text, now: number): readonly CellView[] => [
  { cell: "hear", ...hearing(state, text) },
  { cell: "id", ...identity(state, text) },
  { cell: "enc", ...encryption(state, text) },
  { cell: "rec", ...recording(state, text, now) },
  { cell: "net", ...network(state, text) },
];

const hearing = (state: RoomState, text: Text): View => {
  const nobody = { title: text.of("status.hear.nobody"), short: text.of("status.hear.short") };
  if (state.ended !== null) return { ...nobody, icon: "micOff", detail: text.of("status.hear.muted"), tone: "plain" };
  if (state.differs !== null || (state.stopped !== null && !isRotation(state)))
    return { ...nobody, icon: "micOff", detail: text.of("status.hear.stopped"), tone: "danger" };
  if (state.joined?.textOnly === true) return { ...nobody, icon: "text", detail: text.of("status.hear.text.sub"), tone: "plain" };
  if (!state.sends) return { ...nobody, icon: "micOff", detail: text.of("status.enc.changing"), tone: "plain" };
  const n = Math.max(0, liveSeats(state).length - 1);
  const shown = state.screen !== null ? "screen" : state.camera ? "camera" : null;
  if (state.microphone === "live") {
    const detail = shown === null ? text.of("status.hear.live") : text.of(`status.hear.${shown}`, { n });
    return { icon: "mic", title: text.of("status.hear.people", { n }), short: text.of("status.hear.short.live"), detail, tone: "live" };
  }
  if (shown !== null)
    return {
      icon: shown === "screen" ? "share" : "camera",
      title: text.of(`status.hear.seen.${shown}`, { n }),
      short: text.of("status.hear.short.seen"),
      detail: text.of("status.hear.muted"),
      tone: "live",
    };
  const isWaiting = ownSeat(state)?.hand != null;
  return { ...nobody, icon: "micOff", detail: text.of(isWaiting ? "status.hear.hand" : "status.hear.muted"), tone: "plain" };
};

const identity = (state: RoomState, text: Text): View => {
  const { joined, lobby } = state;
  const own = ownSeat(state) ?? (joined === null ? undefined : { identity: joined.identity, account: null });
  const name = own === undefined ? "" : nameOf(own, text);
  if (joined?.anonymous !== false) {
    return {
      icon: "star",
      title: text.of("status.id.anonymous"),
      short: name,
      detail: text.of("status.id.of", { name, k: lobby.anonymous.k }),
      tone: lobby.anonymous.k < FEW ? "caution" : "anon",
    };
  }
  const detail = lobby.kind === "Committee" ? text.of("status.id.required") : text.of("status.id.verified", { name });
  return { icon: "person", title: text.of("status.id.known"), short: name, detail, tone: "plain" };
};

const encryption = (state: RoomState, text: Text): View => {
  if (state.differs !== null)
    return {
      icon: "unlock",
      title: text.of("status.enc.differ"),
      short: text.of("status.enc.short.off"),
      detail: text.of("status.enc.stopped"),
      tone: "danger",
    };
  if (state.ended !== null)
    return {
      icon: "lock",
      title: text.of("status.enc.noKeys"),
      short: text.of("status.enc.short.none"),
      detail: text.of("status.outside"),
      tone: "plain",
    };
  if (state.stopped !== null && !isRotation(state))
    return {
      icon: "lock",
      title: text.of("status.enc.on"),
      short: text.of("status.enc.short.stopped"),
      detail: text.of("status.enc.stopped"),
      tone: "danger",
    };
  if (!state.sends)
    return {
      icon: "lock",
      title: text.of("status.enc.changing"),
      short: text.of("status.enc.short"),
      detail: text.of("status.enc.changing.sub"),
      tone: "plain",
    };
  const detail = state.compared === 0 ? text.of("status.enc.none") : text.of("status.enc.compared", { n: state.compared });
  return { icon: "lock", title: text.of("status.enc.on"), short: text.of("status.enc.short"), detail, tone: "ok" };
};

/** Whether a recorder is in the epoch says the own daemon, by the epoch's roster; a server has no word in it. */
const recording = (state: RoomState, text: Text, now: number): View => {
  const waits = (title: Key, short: Key, detail: Key): View => ({
    icon: "record",
    title: text.of(title),
    short: text.of(short),
    detail: text.of(detail),
    tone: "waits",
  });
  switch (recordingPhase(state)) {
    case "off":
      return {
        icon: "noRecord",
        title: text.of("status.rec.no"),
        short: text.of("status.rec.no"),
        detail: text.of("status.rec.nobody"),
        tone: "plain",
      };
    case "asked":
      return waits("status.rec.asked", "status.rec.asked.short", "status.rec.now");
    case "proposed":
      return waits("status.rec.asked", "status.rec.asked.short", "status.rec.you");
    case "collecting":
      return waits("status.rec.begins", "status.rec.begins.short", "status.rec.now");
    case "paused":
      return waits("status.rec.paused", "status.rec.paused.short", "status.rec.now");
    case "sealing":
      return waits("status.rec.sealing", "status.rec.sealing.short", "status.rec.now");
    case "active": {
      const since = state.recording?.since ?? null;
      const n = sharedWith(state);
      const title =
        n === null || since === null ? text.of("status.rec.yes") : text.of("status.rec.on", { time: text.duration(now - since) });
      const detail = n === null ? text.of("status.rec.yes.sub") : text.of("status.rec.all", { n });
      return { icon: "record", title, short: text.of("status.rec.short"), detail, tone: "recorded" };
    }
  }
};

/**
 * How many agreed to what is recorded now, as the own node counts them, if the own yes is among those that the recorder was let in
 * by; null: nothing of this seat reaches it.
 */
export const sharedWith = (state: RoomState): number | null =>
  hasAgreed(state) && state.stopped?.reason !== "NotConsented" ? (state.recording?.participants ?? null) : null;

const network = (state: RoomState, text: Text): View => {
  switch (state.network) {
    case "connected":
      return {
        icon: "bars",
        title: text.of("status.net.full"),
        short: text.of("status.net.short"),
        detail: text.of("status.net.direct"),
        tone: "caution",
      };
    case "connecting":
      return {
        icon: "bars",
        title: text.of("status.net.connecting"),
        short: text.of("status.net.connecting"),
        detail: text.of("status.net.node"),
        tone: "plain",
      };
    case "reconnecting":
      return {
        icon: "bars",
        title: text.of("status.net.reconnecting"),
        short: text.of("status.net.reconnecting"),
        detail: text.of("status.net.reconnecting.sub"),
        tone: "caution",
      };
    case "offline":
      return {
        icon: "bars",
        title: text.of("status.net.offline"),
        short: text.of("status.net.short.off"),
        detail: text.of("status.outside"),
        tone: "plain",
      };
  }
};
