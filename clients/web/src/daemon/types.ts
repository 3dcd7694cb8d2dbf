/**
 * What page and daemon say to each other: JSON-RPC 2.0 over the daemon's WebSocket `/ws`, methods `room.*`, `recording.*` and
 * `dev.*`, notifications `event`. Events of rooms go to every connection that called a method of this list; no `event.subscribe`
 * is needed. Hashes and ids are 0x + 64 lower-case hex, accounts 0x + 40, binary fields base64, times whole seconds since 1970,
 * large amounts decimal strings.
 */

export type RoomKind = "TownHall" | "Committee" | "OpenForum";
export type Form = "anonymous" | "known";
export type Role = "member" | "presenter" | "moderator";
export type Stage = "tree" | "proof" | "sealed" | "admitted" | "verifying";

export interface Sitting {
  readonly id: number;
  readonly openedAt: number;
  readonly endsAt: number;
}

/** A row of the room list. */
export interface RoomSummary {
  readonly room: string;
  readonly kind: RoomKind;
  /** null: this daemon cannot read the sealed title. */
  readonly title: string | null;
  /** Whether a host answers. */
  readonly host: boolean;
  readonly sitting: Sitting | null;
  /** Taken seats of a sitting that this daemon hosts; null of others: no host is told who looks. */
  readonly seats: number | null;
  readonly capacity: number;
  readonly minBalance: string;
}

export interface AgendaItem {
  readonly minutes: number;
  readonly text: string;
}

/** Why somebody may not enter, by the names of the refusals; null: may enter. */
export interface Entry {
  readonly allowed: boolean;
  readonly reason: RefusalName | null;
}

/** What the pre-join screen shows. */
export interface Lobby extends RoomSummary {
  readonly agenda: readonly AgendaItem[];
  readonly languages: readonly string[];
  /** Entry under the own name. `accounts`: which may, of the daemon's own and of those asked about. */
  readonly known: Entry & { readonly accounts: readonly string[] };
  /** Entry by proof. `k`: leaves of the pinned tree that are eligible. `ready`: a leaf of this daemon is among them. */
  readonly anonymous: Entry & { readonly ready: boolean; readonly k: number };
  /** Own voting power at `at`, decimal; null without a lock. */
  readonly power: string | null;
  /** The block time the powers are counted at. */
  readonly at: number;
  readonly chainId: number;
  /** Whether the built-in dev wallet is there (chain 7072 only). */
  readonly devWallet: boolean;
}

/** EIP-712 typed data as `eth_signTypedData_v4` takes it. */
export interface TypedData {
  readonly domain: Readonly<Record<string, unknown>>;
  readonly types: Readonly<Record<string, readonly { readonly name: string; readonly type: string }[]>>;
  readonly primaryType: string;
  readonly message: Readonly<Record<string, unknown>>;
}

export interface Prepared {
  /** Names this attempt to enter in `room.join` and in its events. */
  readonly attempt: string;
  /** What the wallet has to sign; null for an anonymous seat. */
  readonly typedData: TypedData | null;
}

/** A recorder's seat, and that of the member whom it records for. */
export interface RecorderSeat {
  readonly seat: number;
  readonly forSeat: number;
}

export interface Joined {
  readonly room: string;
  readonly seat: number;
  /** LiveKit identity = pseudonym of the seat: 16 hex characters. */
  readonly identity: string;
  readonly role: Role;
  readonly anonymous: boolean;
  /** LiveKit access token, for one connection. */
  readonly token: string;
  /** This daemon's own address: ws://127.0.0.1:PORT. */
  readonly signalUrl: string;
  /** SHA-256 of the media server's certificate as the host signed it: 0x + 64; zero: it named none, and nothing is connected. */
  readonly dtlsFingerprint: string;
  readonly endsAt: number;
  readonly textOnly: boolean;
  /** The recorder's seat that was in the room when this seat came; null: none. */
  readonly recorder: RecorderSeat | null;
}

export interface Seat {
  readonly seat: number;
  readonly identity: string;
  readonly anonymous: boolean;
  readonly role: Role;
  /** null: anonymous. */
  readonly account: string | null;
  /** Whether this daemon has verified the seat's statement. Only then its keys are given and its media plays. */
  readonly verified: boolean;
  /** Place in the queue, from 1; null: hand is down. */
  readonly hand: number | null;
  /** Muted by a moderator. */
  readonly muted: boolean;
  /** Whether the seat is there now. */
  readonly live: boolean;
  /** Whether it records. */
  readonly recorder: boolean;
  /** Whether it has long been here and shares no keys with this seat: somebody between may have changed keys. */
  readonly unshared: boolean;
}

export interface SeatKeys {
  readonly identity: string;
  /** base64 of 32 bytes each. */
  readonly media: string;
  readonly data: string;
}

export type OrderKind = "promote" | "demote" | "mute" | "unmute" | "muteAll" | "kick" | "ban" | "lowerHand" | "accept";
export type MessageKind = "chat" | "reaction" | "hand" | "agenda";

/** Bodies: chat and reaction text, hand "up" | "down", agenda the item's number. */
export interface OpenedMessage {
  readonly seat: number;
  readonly seq: number;
  readonly kind: MessageKind;
  readonly body: string;
}

/**
 * Why a seat must not send, or has ended. `Unverified` names the seat that could not be verified; `NotConsented`: a recorder is in
 * the epoch, and the consent of exactly its participants does not stand; `NoSharedKeys`: others are here, and nobody shares keys
 * with this seat.
 */
export type StopReason =
  "Unverified" | "Rotation" | "NoSteward" | "NoSharedKeys" | "ChainUnreachable" | "HostLost" | "CodesDiffer" | "NotConsented";
export type EndReason =
  "Closed" | "SittingOver" | "EligibilityLost" | "Kicked" | "Banned" | "Replaced" | "ChainUnreachable" | "HostLost" | "Left";

export type RefusalName =
  | "NotEligible"
  | "ProofInvalid"
  | "Full"
  | "PresentersFull"
  | "Replaced"
  | "Expired"
  | "NotYet"
  | "RoomClosed"
  | "WrongRoom"
  | "Banned"
  | "AnonymousNotAllowed"
  | "Signature"
  | "IdentityUnknown"
  | "HostUnreachable"
  | "HostKeyMismatch"
  | "ChainUnreachable"
  | "Forged"
  | "Replayed"
  | "NotAllowed"
  | "Busy"
  | "ContentSize"
  | "Cancelled"
  | "RecordingNotStarted"
  | "NoExecutor"
  | "RecordingUnknown"
  | "RecordingKeyMissing"
  | "NotAnchored"
  | "Recorded";

/** JSON-RPC error numbers of the refusals (`Busy` is the session's). */
export const refusalNumbers: Readonly<Record<RefusalName, number>> = {
  Busy: -32005,
  ContentSize: -32006,
  NotEligible: -32020,
  ProofInvalid: -32021,
  Full: -32022,
  PresentersFull: -32023,
  Replaced: -32024,
  Expired: -32025,
  NotYet: -32026,
  RoomClosed: -32027,
  WrongRoom: -32028,
  Banned: -32029,
  AnonymousNotAllowed: -32030,
  Signature: -32031,
  IdentityUnknown: -32032,
  HostUnreachable: -32033,
  HostKeyMismatch: -32034,
  ChainUnreachable: -32035,
  Forged: -32036,
  Replayed: -32037,
  NotAllowed: -32038,
  Cancelled: -32039,
  RecordingNotStarted: -32040,
  NoExecutor: -32041,
  RecordingUnknown: -32042,
  RecordingKeyMissing: -32043,
  NotAnchored: -32044,
  Recorded: -32045,
};

/** How recording stands, as far as this seat can know: the whole of it each time. */
export interface RecordingStatus {
  readonly room: string;
  readonly phase: "off" | "asked" | "proposed" | "collecting" | "active" | "paused" | "sealing";
  /** Waits for this user's answer. */
  readonly ask: RecordingAsk | null;
  /** The recording that this user said yes to, and may take back. */
  readonly agreed: string | null;
  /** A recorder's seat in the epoch of now, by the epoch's roster: never the word of a media server. */
  readonly recorder: RecorderSeat | null;
  readonly since: number | null;
  /** How many agreed to what is recorded now, this seat among them; null unless it signed, and just for those who are here. */
  readonly participants: number | null;
  /** Of who records. */
  readonly own: OwnRecording | null;
  /** Why this daemon did not sign although the user said yes: a sentence. */
  readonly unsigned: string | null;
}

export interface RecordingAsk {
  readonly recording: string;
  /** The seat that would record. */
  readonly by: number;
  readonly retentionSeconds: number;
  /** Until when the consent would hold. */
  readonly validUntil: number;
}

export interface OwnRecording {
  readonly recording: string;
  readonly state: "off" | "proposed" | "collecting" | "active" | "sealing" | "anchored";
  readonly agreed: number;
  readonly agreedOf: number;
  /** Keys, dummies among them. */
  readonly signed: number;
  readonly signedOf: number;
  /** How many said no; never who. */
  readonly refused: number;
  readonly paused:
    | "members"
    | "withdrawn"
    | "withdrawnOnChain"
    | "reverted"
    | "expired"
    | "stopped"
    | "notTaken"
    | "notKept"
    | "noSeat"
    | null;
  readonly span: string | null;
  /** The contract did not take a call; it is sent again. */
  readonly notExecuted: boolean;
}

/** Copies of a recording elsewhere: places that said they have all of it, of those that were asked to. */
export interface Copies {
  readonly confirmed: number;
  readonly asked: number;
}

/** A span in the list of recordings. */
export interface RecordingRow {
  readonly recording: string;
  readonly span: string;
  readonly room: string | null;
  readonly state: "recording" | "sealing" | "sealed" | "anchored" | "torn";
  readonly by: "own" | "other";
  /** Whether this daemon holds a key that opens it. */
  readonly key: boolean;
  readonly cid: string | null;
  readonly beganAt: number;
  readonly endedAt: number | null;
  /** In the own store. */
  readonly bytes: number;
  readonly copies: Copies;
}

/** Every block of a span is there and is what its name says. */
export interface Verified {
  readonly span: string;
  readonly cid: string;
  /** The chain names it in a final block. */
  readonly anchored: boolean;
  /** The anchored hash of the wrapped keys is that of those in the files. */
  readonly wraps: boolean;
  readonly ending: "whole" | "torn";
  readonly segments: number;
  readonly torn: number;
  readonly bytes: number;
  readonly copies: Copies;
}

/** A track as it plays; milliseconds from the span's beginning. */
export interface PlayedTrack {
  readonly track: number;
  readonly seat: number;
  /** LiveKit identity of the seat: 16 hex characters. */
  readonly pseudonym: string;
  readonly codec: "opus" | "vp8";
  readonly beganMs: number;
  readonly endedMs: number;
  readonly frames: number;
  readonly ending: "whole" | "torn";
}

/** What a span holds; `beganAt` in milliseconds since 1970. */
export interface Tracks {
  readonly beganAt: number;
  readonly endedMs: number;
  readonly tracks: readonly PlayedTrack[];
}

/** Bytes of one `recording.read` at most. */
export const MAX_READ = 262_144;

/** Parameters and results. */
export interface Methods {
  "room.list": { params: Record<string, never>; result: readonly RoomSummary[] };
  /** `accounts`: of a wallet, 20 at most; the daemon judges them beside its own. */
  "room.lobby": { params: { room: string; accounts?: readonly string[] }; result: Lobby };
  "room.prepare": { params: { room: string; form: Form; account?: string; textOnly: boolean }; result: Prepared };
  /**
   * Long: events `roomProgress` come meanwhile. Roster and keys come as events before or after the answer. A room that is recorded
   * gives no seat without `evenIfRecorded`: refused with Recorded, and the same attempt may be joined with once more.
   */
  "room.join": { params: { attempt: string; walletSignature?: string; evenIfRecorded?: boolean }; result: Joined };
  /** Ends an attempt; what waits in `room.join` is refused with Cancelled. */
  "room.cancel": { params: { attempt: string }; result: null };
  /** A fresh connection of the same seat (after a reload or a lost connection); roomRoster and roomKeys come again, with keys that were never used. */
  "room.connection": { params: { room: string }; result: Joined };
  "room.sign": { params: { room: string; kind: MessageKind; body: string }; result: { readonly bytes: string } };
  "room.open": { params: { room: string; identity: string; bytes: string }; result: OpenedMessage };
  /** `seat` is left out for muteAll and accept. */
  "room.order": { params: { room: string; kind: OrderKind; seat?: number }; result: null };
  "room.leave": { params: { room: string }; result: null };
  /** `validSeconds`: 86,400 at most, cut to the sitting's end. */
  "recording.propose": { params: { room: string; retentionSeconds: number; validSeconds: number }; result: RecordingStatus };
  /** No takes a yes back at any time. */
  "recording.answer": { params: { room: string; recording: string; agree: boolean }; result: RecordingStatus };
  "recording.stop": { params: { room: string }; result: RecordingStatus };
  "recording.list": { params: Record<string, never>; result: readonly RecordingRow[] };
  /** Afterwards every block is in the own store and was checked. */
  "recording.fetch": {
    params: { span: string };
    result: { readonly span: string; readonly cid: string; readonly bytes: number };
  };
  "recording.verify": { params: { span: string }; result: Verified };
  "recording.tracks": { params: { span: string }; result: Tracks };
  /** Plain WebM, base64; `total`: bytes of the whole track. */
  "recording.read": {
    params: { span: string; track: number; offset: number; length: number };
    result: { readonly bytes: string; readonly total: number };
  };
  /** Destroys the key first; `spans`: how many nothing here opens any more; `stillPinned`: copies that a node has not let go yet. */
  "recording.forget": { params: { span: string }; result: { readonly spans: number; readonly stillPinned: number } };
  "dev.accounts": { params: Record<string, never>; result: readonly string[] };
  "dev.sign": { params: { account: string; typedData: TypedData }; result: { readonly signature: string } };
}

export type Method = keyof Methods;

/** What the daemon tells: `{"jsonrpc":"2.0","method":"event","params":{"type":"roomRoster","data":{…}}}`. */
export interface Events {
  roomProgress: { readonly attempt: string; readonly stage: Stage; readonly percent: number };
  roomRoster: { readonly room: string; readonly epoch: number; readonly checkCode: string; readonly seats: readonly Seat[] };
  roomKeys: {
    readonly room: string;
    readonly epoch: number;
    /** Epoch modulo 256. */
    readonly index: number;
    /** Of the verified seats only, without the own. */
    readonly keys: readonly SeatKeys[];
    /** null while this seat must not send. */
    readonly own: SeatKeys | null;
  };
  roomStopped: { readonly room: string; readonly reason: StopReason; readonly seat: number | null };
  /** An order by a seat that may give it: page and daemon follow it. `seat` null: everybody. */
  roomOrder: { readonly room: string; readonly kind: OrderKind; readonly seat: number | null; readonly by: number };
  roomEnded: { readonly room: string; readonly reason: EndReason; readonly detail: string | null };
  /** Whole, each time something of it changes; `room.connection` tells it anew. */
  roomRecording: RecordingStatus;
}

export type RoomEvent = { readonly [E in keyof Events]: { readonly type: E; readonly data: Events[E] } }[keyof Events];
