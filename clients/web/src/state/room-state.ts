/** What a room screen shows, as one value. */
import type {
  EndReason,
  Joined,
  Lobby,
  OwnRecording,
  RecordingAsk,
  RecordingStatus,
  RefusalName,
  Role,
  RoomKind,
  Seat,
  StopReason,
} from "../daemon/types.js";
import type { Key } from "../i18n/en.js";
import type { Playable, Source } from "../media/link.js";

/** Of so many who could be somebody, people may guess. */
export const FEW = 20;

export type Network = "connecting" | "connected" | "reconnecting" | "offline";

/** Why the own microphone is as it is. */
export type Microphone = "off" | "opening" | "live" | "closed" | "blocked";

export interface Message {
  readonly id: number;
  /** LiveKit identity of the sender. */
  readonly identity: string;
  readonly text: string;
  readonly at: number;
  /** Of own messages: whether it went out. */
  readonly state: "received" | "sending" | "sent" | "failed";
}

export interface Reaction {
  readonly id: number;
  readonly identity: string;
  readonly text: string;
}

/** What a seat shows of itself. */
export type Shown = Exclude<Source, "microphone">;

/** Something to be told until it is dismissed; the same key about the same seat stands once. */
export interface Notice {
  readonly id: number;
  readonly key: Key;
  readonly identity: string | null;
  readonly number: number | null;
  readonly weight: "calm" | "caution" | "danger";
}

/** `Lost`: the media server; `NodeLost`: the own daemon. `LeftHere`: this page left. `Left` alone: the member did, from another. */
export type Ended = EndReason | "Lost" | "NodeLost" | "Failed" | "OtherServer" | "LeftHere";

export interface RoomState {
  readonly lobby: Lobby;
  /** null while entering. */
  readonly joined: Joined | null;
  readonly network: Network;
  readonly epoch: number;
  readonly checkCode: string;
  readonly seats: readonly Seat[];
  /** The worker has this epoch's keys and may send. */
  readonly sends: boolean;
  /** Codes that were compared and equal, for this code. */
  readonly compared: number;
  /** The other's code, when it differs. */
  readonly differs: string | null;
  readonly stopped: { readonly reason: StopReason; readonly seat: number | null } | null;
  readonly microphone: Microphone;
  readonly camera: boolean;
  /** What was pressed and is not open yet: it is neither on nor off. */
  readonly opening: readonly Shown[];
  readonly screen: MediaStreamTrack | null;
  readonly ownPicture: MediaStreamTrack | null;
  readonly tracks: readonly Playable[];
  /** Identities by loudness, 1 to 3, from sound decoded here. */
  readonly speaking: ReadonlyMap<string, number>;
  /** Who holds the large place. */
  readonly speaker: string | null;
  /** Who spoke before, newest first. */
  readonly spoke: readonly string[];
  readonly chat: readonly Message[];
  readonly reactions: readonly Reaction[];
  readonly notices: readonly Notice[];
  readonly invitation: "speak" | "present" | null;
  readonly ended: { readonly reason: Ended; readonly detail: string | null } | null;
  readonly refused: RefusalName | null;
  readonly agendaItem: number;
  /** As the own daemon last told it; null before. */
  readonly recording: RecordingStatus | null;
  /** The newest question to record that came to this seat: its terms, also after it was answered. */
  readonly asked: RecordingAsk | null;
}

export const initialRoom = (lobby: Lobby): RoomState => ({
  lobby,
  joined: null,
  network: "connecting",
  epoch: 0,
  checkCode: "",
  seats: [],
  sends: false,
  compared: 0,
  differs: null,
  stopped: null,
  microphone: "off",
  camera: false,
  opening: [],
  screen: null,
  ownPicture: null,
  tracks: [],
  speaking: new Map(),
  speaker: null,
  spoke: [],
  chat: [],
  reactions: [],
  notices: [],
  invitation: null,
  ended: null,
  refused: null,
  agendaItem: 0,
  recording: null,
  asked: null,
});

/** The own seat as the roster has it. */
export const ownSeat = ({ seats, joined }: RoomState): Seat | undefined => seats.find(({ seat }) => seat === joined?.seat);

export const roleOf = (state: RoomState): Role => ownSeat(state)?.role ?? state.joined?.role ?? "member";

/** Seats that are there, by their number. */
export const liveSeats = ({ seats }: RoomState): readonly Seat[] => seats.filter(({ live, recorder }) => live && !recorder);

/** Rows of the roster: who is there, and who is said to be and shares no keys with this seat. */
export const listedSeats = ({ seats }: RoomState): readonly Seat[] =>
  seats.filter(({ live, recorder, unshared }) => (live || unshared) && !recorder);

/** Raised hands in their order. */
export const hands = (state: RoomState): readonly Seat[] =>
  liveSeats(state)
    .filter(({ hand }) => hand !== null)
    .sort((one, other) => (one.hand ?? 0) - (other.hand ?? 0));

export const presenters = (state: RoomState): number => liveSeats(state).filter(({ role }) => role === "presenter").length;

/** Whether anything may leave this device. */
export const maySend = (state: RoomState): boolean =>
  state.sends && state.stopped === null && state.differs === null && state.ended === null;

/** Nothing is sent because new keys are on their way: nobody did anything wrong. */
export const isRotation = ({ stopped }: RoomState): boolean => stopped?.reason === "Rotation" || stopped?.reason === "NoSteward";

/** What a seat may send in a room of this kind (TOWNHALL 2; `Rights` of the engine). Everybody follows it for everybody. */
export const mayUse = (kind: RoomKind, { role, recorder }: Seat, source: Source): boolean => {
  if (recorder) return false;
  if (source === "microphone") return true;
  if (kind === "OpenForum") return false;
  return role === "presenter" || (kind === "Committee" && source === "camera");
};

/** What the own seat may open. The server and all others check it too. */
export const mayOpen = (state: RoomState, source: Source): boolean => {
  if (state.joined?.textOnly === true) return false;
  const seat = ownSeat(state);
  // Before the first roster a microphone may be tried.
  if (seat === undefined) return source === "microphone";
  return mayUse(state.lobby.kind, seat, source) && !(source === "microphone" && seat.muted);
};

/** Whether the own camera or screen is shown, as its button says it. */
export const shownAs = ({ camera, screen, opening }: RoomState, source: Shown): "off" | "opening" | "on" =>
  (source === "camera" ? camera : screen !== null) ? "on" : opening.includes(source) ? "opening" : "off";

/** Of what the media server sends, what its sender may send by its role: nothing else is shown or heard, whoever lets it pass. */
export const rightful = ({ lobby, seats }: RoomState, tracks: readonly Playable[]): readonly Playable[] =>
  tracks.filter(({ identity, source }) => {
    const seat = seats.find((other) => other.identity === identity);
    return seat !== undefined && mayUse(lobby.kind, seat, source);
  });

/** A seat that records, in the epoch of now: by the daemon's word on it, or by the daemon's roster, whichever says so. */
export const recorderOf = ({ recording, seats, ended }: RoomState): { readonly forSeat: number | null } | null => {
  if (ended !== null) return null;
  if (recording?.recorder != null) return recording.recorder;
  return seats.some(({ recorder, live }) => recorder && live) ? { forSeat: null } : null;
};

/** How recording stands. A recorder in the epoch counts whatever else is said; nothing that a media server says does. */
export const recordingPhase = (state: RoomState): RecordingStatus["phase"] =>
  recorderOf(state) === null ? (state.recording?.phase ?? "off") : "active";

/** Whether this seat said yes; who records did so by asking. */
export const hasAgreed = ({ recording }: RoomState): boolean => recording !== null && recording.agreed !== null;

/**
 * This member's own recording, while it is not over. One that rests is planned still (`off`); one whose files are being finished may
 * go on, as long as its own yes stands.
 */
export const ownRecording = ({ recording }: RoomState): OwnRecording | null => {
  const own = recording?.own ?? null;
  if (own === null || own.state === "anchored") return null;
  return own.state === "sealing" && recording?.agreed !== own.recording ? null : own;
};
