// Made from node/rpc/openrpc.json by scripts/generate.mjs. Not edited by hand.

/** A point of an agenda. */
export type AgendaItem = {
  /** How long it may take; 0 is open. */
  readonly minutes: number;
  /** What it is about. */
  readonly text: string;
};

/** Whether somebody may enter by proof. */
export type AnonymousEntry = {
  /** Whether. */
  readonly allowed: boolean;
  /** Eligible leaves of the pinned tree. */
  readonly k: number;
  /** A leaf of this daemon is among the eligible ones. */
  readonly ready: boolean;
  /** The refusal's name, if not. */
  readonly reason: string | null;
};

/** The identity's certificate. */
export type Certificate = {
  /** 4,771 bytes in hexadecimal. */
  readonly certificate: string;
};

/** Our own index. */
export type Chain = {
  /** Newest final block. */
  readonly finalized: number;
  /** Newest block. */
  readonly head: number;
  /** The chain's node answers and the index is at its head. */
  readonly synced: boolean;
};

/** What a track holds. */
export type Codec = "opus" | "vp8";

/** Copies of a recording elsewhere. */
export type Copies = {
  /** Places that were asked to. */
  readonly asked: number;
  /** Places that have said they have all of it. */
  readonly confirmed: number;
};

/** A new identity. If this answer is lost, `identity.revocation` has the secret as well. */
export type Created = {
  /** `05` and 64 digits. */
  readonly id: string;
  /** `pars://session/05…?b=…`: what to pass on; it lets the other side check the whole identity. */
  readonly link: string;
  /** Whether the records have been read back from the directory: only then can strangers write. */
  readonly published: boolean;
  /** The revocation secret, 64 digits: keep it on paper. Publishing it ends this identity for ever. */
  readonly revocation: string;
};

/** What `dev.sign` answers. */
export type DevSignature = {
  /** 65 bytes, `0x` and hexadecimal. */
  readonly signature: string;
};

/** Who wrote it. */
export type Direction = "sent" | "received";

/** Why it is over. */
export type EndReason = "Closed" | "SittingOver" | "EligibilityLost" | "Kicked" | "Banned" | "Replaced" | "ChainUnreachable" | "HostLost" | "Left";

/** This seat is gone. */
export type Ended = {
  /** In words, for people. */
  readonly detail: string | null;
  /** Why. */
  readonly reason: EndReason;
  /** The room. */
  readonly room: Prefixed32;
};

/** How files end. */
export type Ending = "whole" | "torn";

/** Parameters of the notification `event`. */
export type Event = {
  readonly data: Message;
  readonly type: "messageReceived";
} | {
  readonly data: Message;
  readonly type: "messageUpdated";
} | {
  readonly data: Session;
  readonly type: "sessionChanged";
} | {
  readonly data: Message;
  readonly type: "gap";
} | {
  readonly data: Record<string, never>;
  readonly type: "published";
} | {
  readonly data: Progress;
  readonly type: "roomProgress";
} | {
  readonly data: Roster;
  readonly type: "roomRoster";
} | {
  readonly data: Keys;
  readonly type: "roomKeys";
} | {
  readonly data: Stopped;
  readonly type: "roomStopped";
} | {
  readonly data: Ordered;
  readonly type: "roomOrder";
} | {
  readonly data: Ended;
  readonly type: "roomEnded";
} | {
  readonly data: RecordingStatus;
  readonly type: "roomRecording";
};

/** What `recording.fetch` answers: every block is in the own store and was checked. */
export type Fetched = {
  /** Bytes of all blocks. */
  readonly bytes: number;
  /** CID of its root. */
  readonly cid: string;
  /** The span. */
  readonly span: Prefixed32;
};

/** What `recording.forget` answers. */
export type Forgotten = {
  /** Spans that nothing here opens any more. */
  readonly spans: number;
  /** Copies that an IPFS node has not let go, because it did not answer: they stay sealed, and it is asked again until it does. */
  readonly stillPinned: number;
};

/** How a seat is taken. */
export type Form = "anonymous" | "known";

/** What a stolen device could read of what was sent. */
export type ForwardSecrecy = "full" | "reduced";

export type Hex16 = string;

export type Hex20 = string;

export type Hex32 = string;

/** What `room.host` answers, when the sitting is final and its host answers. */
export type Hosted = {
  /** Hash of the metadata object that it pinned. */
  readonly metadataHash: Prefixed32;
  /** The sitting. */
  readonly sitting: number;
};

/** Who this daemon speaks for. */
export type Identity = {
  /** `05` and 64 digits. */
  readonly id: string;
  /** `pars://session/05…?b=…`: what to pass on; it lets the other side check the whole identity. */
  readonly link: string;
  /** Whether the records have been read back from the directory: only then can strangers write. */
  readonly published: boolean;
};

/** A seat, and how the page connects. */
export type Joined = {
  /** Whether it is anonymous. */
  readonly anonymous: boolean;
  /** SHA-256 of the SFU's DTLS certificate as the host signed it; zero: it named none. Any other is refused. */
  readonly dtlsFingerprint: Prefixed32;
  /** End of the sitting. */
  readonly endsAt: number;
  /** Its name at the SFU: 16 digits. */
  readonly identity: string;
  /** The recorder's seat that was in the room when this seat came, if there was one: the user is told before anything is
sent. Nothing of this seat is recorded until it agrees. */
  readonly recorder: RecorderSeat | null;
  /** What it may do. */
  readonly role: Role;
  /** The room. */
  readonly room: Prefixed32;
  /** The seat. */
  readonly seat: number;
  /** This daemon: `ws://127.0.0.1:PORT`. */
  readonly signalUrl: string;
  /** As it was asked for. */
  readonly textOnly: boolean;
  /** LiveKit access token for one connection. */
  readonly token: string;
};

/** Keys of an epoch; comes again when there are more. */
export type Keys = {
  /** The epoch. */
  readonly epoch: number;
  /** The epoch modulo 256: the key index in frames. */
  readonly index: number;
  /** Of the verified seats, without the own. */
  readonly keys: readonly (SeatKeys)[];
  /** None while this seat must not send. */
  readonly own: SeatKeys | null;
  /** The room. */
  readonly room: Prefixed32;
};

/** Whether somebody may enter by name, and as whom. */
export type KnownEntry = {
  /** Accounts that may: of this daemon, and of those that were asked about. */
  readonly accounts: readonly (Prefixed20)[];
  /** Whether. */
  readonly allowed: boolean;
  /** The refusal's name, if not. */
  readonly reason: string | null;
};

/** What is shown before joining. */
export type Lobby = {
  /** In order. */
  readonly agenda: readonly (AgendaItem)[];
  /** Entry by proof. */
  readonly anonymous: AnonymousEntry;
  /** The time that powers are counted at. */
  readonly at: number;
  /** Seats at most. */
  readonly capacity: number;
  /** Chain. */
  readonly chainId: number;
  /** Whether the built-in development wallet is there. */
  readonly devWallet: boolean;
  /** Whether a host is known. */
  readonly host: boolean;
  /** Its kind. */
  readonly kind: RoomKind;
  /** Entry by name. */
  readonly known: KnownEntry;
  /** BCP 47 tags. */
  readonly languages: readonly (string)[];
  /** Least locked balance, raw units, decimal. */
  readonly minBalance: string;
  /** Own voting power at `at`, raw units, decimal; none without a lock. */
  readonly power: string | null;
  /** Its id. */
  readonly room: Prefixed32;
  /** Seats taken, of a sitting that this daemon hosts; none of others: asked, a host would learn who looks. */
  readonly seats: number | null;
  /** The running sitting, once its block is final. */
  readonly sitting: Sitting | null;
  /** None: sealed, or no host has told it. */
  readonly title: string | null;
};

/** A message, or a gap: an object that can never be read. */
export type Message = {
  /** Text; of a gap why it cannot be read; of another kind, hexadecimal. */
  readonly content: string;
  /** Its place in this daemon's history: rises over all sessions, the same after a restart. */
  readonly cursor: number;
  /** Who wrote it. */
  readonly direction: Direction;
  /** Its id; of a gap the first half of the object's SHA3-256. */
  readonly id: Hex16;
  /** `text`, `action`, `action receipt`: the registry of content types; or `gap`. */
  readonly kind: string;
  /** The account that wrote it, `05…`; of a gap the session's. */
  readonly sender: string;
  /** Its place among what this sender wrote in this session, from 1; 0 of a gap. */
  readonly sequence: number;
  /** In which session. The session of this daemon's own account holds the gaps of the inbox, where nothing says who wrote. */
  readonly session: Hex32;
  /** When it was written, in seconds since the Unix epoch, rounded down to 300. */
  readonly timestamp: number;
} & ({
  readonly state: "queued";
} | {
  /** Copies, 3 to 7. */
  readonly copies: number;
  readonly state: "stored";
} | {
  /** Copies, 0 to 2. */
  readonly copies: number;
  readonly state: "insufficientStorage";
} | {
  readonly state: "unread";
} | {
  readonly state: "read";
});

/** What a signed message is. */
export type MessageKind = "chat" | "reaction" | "hand" | "agenda";

/** A page of messages. */
export type Messages = {
  /** By rising cursor. */
  readonly messages: readonly (Message)[];
  /** Give it as `after` for the next page; none: this was the last. */
  readonly next: number | null;
};

/** What `room.open` answers. */
export type OpenedMessage = {
  /** As in `room.sign`. */
  readonly body: string;
  /** What. */
  readonly kind: MessageKind;
  /** Who said it. */
  readonly seat: number;
  /** Its number. */
  readonly seq: number;
};

/** What a moderator orders, or a promoted seat answers. */
export type OrderKind = "promote" | "demote" | "mute" | "unmute" | "muteAll" | "kick" | "ban" | "lowerHand" | "accept";

/** An order by a seat that may give it. */
export type Ordered = {
  /** By whom. */
  readonly by: number;
  /** What. */
  readonly kind: OrderKind;
  /** The room. */
  readonly room: Prefixed32;
  /** To whom; none: everybody. */
  readonly seat: number | null;
};

/** The own recording. */
export type OwnRecording = {
  /** Seats that agreed. */
  readonly agreed: number;
  /** Of how many. */
  readonly agreedOf: number;
  /** The contract did not take a call; it is sent again. */
  readonly notExecuted: boolean;
  /** Why nothing is recorded for now. */
  readonly paused: PauseReason | null;
  /** Which recording. */
  readonly recording: Prefixed32;
  /** Seats that said no; never which. */
  readonly refused: number;
  /** Keys that signed, dummies among them. */
  readonly signed: number;
  /** Of how many. */
  readonly signedOf: number;
  /** The span, once there is a roster. */
  readonly span: Prefixed32 | null;
  /** What its span is. */
  readonly state: SpanState;
};

/** Why nothing is recorded for now. */
export type PauseReason = "members" | "withdrawn" | "withdrawnOnChain" | "reverted" | "expired" | "stopped" | "notTaken" | "notKept" | "noSeat";

/** A session that is read no further for now. */
export type Paused = {
  /** Its messages that are neither acknowledged nor marked as read. */
  readonly open: number;
  /** Which. */
  readonly session: Hex32;
};

/** A registered node. */
export type Peer = {
  /** Where it listens, by its descriptor. */
  readonly addresses: readonly (string)[];
  /** A descriptor of today is here. */
  readonly described: boolean;
  /** The first relay. */
  readonly firstRelay: boolean;
  /** 64 digits. */
  readonly node: string;
  /** Who runs it: 64 digits. */
  readonly operator: string;
  /** Raw units of the token, decimal. */
  readonly stake: string;
};

/** What `peers.list` answers. */
export type Peers = {
  /** By id. */
  readonly peers: readonly (Peer)[];
};

/** What `recording.play` answers. */
export type Played = {
  /** By number; each is a file of mode 0600. */
  readonly tracks: readonly (PlayedTrack)[];
};

/** A track as it plays: plain WebM. */
export type PlayedTrack = {
  /** Milliseconds from the span's beginning. */
  readonly beganMs: number;
  /** What it holds. */
  readonly codec: Codec;
  /** Milliseconds from the span's beginning. */
  readonly endedMs: number;
  /** Whether something of it is missing. */
  readonly ending: Ending;
  /** Frames. */
  readonly frames: number;
  /** Where it lies, if it was written. */
  readonly path: string | null;
  /** The seat's name at the SFU. */
  readonly pseudonym: string;
  /** Whose: the number of the seat; none if a kill has taken the timeline. */
  readonly seat: number | null;
  /** Its number, from 1. */
  readonly track: number;
};

/** Whether the other side has proven its post-quantum key. */
export type PqAuth = "none" | "pending" | "confirmed";

export type Prefixed20 = string;

export type Prefixed32 = string;

/** What `room.prepare` answers. */
export type Prepared = {
  /** Names this attempt. */
  readonly attempt: string;
  /** What the wallet signs; none for an anonymous seat. */
  readonly typedData: TypedData | null;
};

/** An attempt goes on. */
export type Progress = {
  /** Which. */
  readonly attempt: string;
  /** Of the stage. */
  readonly percent: number;
  /** Where it is. */
  readonly stage: Stage;
};

/** Who recorded. */
export type RecordedBy = "own" | "other";

/** A recorder in the epoch of now, by the epoch's roster. */
export type RecorderSeat = {
  /** The member's seat that it records for. */
  readonly forSeat: number;
  /** Its seat. */
  readonly seat: number;
};

/** Somebody asks to record, and this user has not answered. */
export type RecordingAsk = {
  /** The seat that would record. */
  readonly by: number;
  /** Which recording. */
  readonly recording: Prefixed32;
  /** How long copies would be kept. */
  readonly retentionSeconds: number;
  /** Until when the consent would hold. */
  readonly validUntil: number;
};

/** How recording stands in a room, as far as this seat can know. */
export type RecordingPhase = "off" | "asked" | "proposed" | "collecting" | "active" | "paused" | "sealing";

/** A span in the list. */
export type RecordingRow = {
  /** When it began. */
  readonly beganAt: number;
  /** Who recorded. */
  readonly by: RecordedBy;
  /** Bytes in the own store. */
  readonly bytes: number;
  /** CID of its root, once known. */
  readonly cid: string | null;
  /** Copies elsewhere. */
  readonly copies: Copies;
  /** When it ended. */
  readonly endedAt: number | null;
  /** Whether this daemon holds a key that opens it. */
  readonly key: boolean;
  /** The recording. */
  readonly recording: Prefixed32;
  /** The room, if known. */
  readonly room: Prefixed32 | null;
  /** The span. */
  readonly span: Prefixed32;
  /** What it is. */
  readonly state: RowState;
};

/** How recording stands in a room: what `recording.propose`, `answer`, `stop` and `status` answer, and what pages are told. */
export type RecordingStatus = {
  /** This user said yes to it, and may take it back. */
  readonly agreed: Prefixed32 | null;
  /** Waits for this user's answer. */
  readonly ask: RecordingAsk | null;
  /** Of who records: how it goes. */
  readonly own: OwnRecording | null;
  /** How many agreed to what is recorded now, this seat among them; none unless this seat signed it and it is of everybody here. */
  readonly participants: number | null;
  /** In a word. */
  readonly phase: RecordingPhase;
  /** Who records. */
  readonly recorder: RecorderSeat | null;
  /** The room. */
  readonly room: Prefixed32;
  /** Since when. */
  readonly since: number | null;
  /** Why this seat did not sign, as a sentence. */
  readonly unsigned: string | null;
};

/** What `identity.revocation` answers. */
export type Revocation = {
  /** The revocation secret, 64 digits: keep it on paper. Publishing it ends this identity for ever. */
  readonly revocation: string;
};

/** What a seat may do. */
export type Role = "member" | "presenter" | "moderator";

/** What kind of room. */
export type RoomKind = "TownHall" | "Committee" | "OpenForum";

/** A room as the list shows it. */
export type RoomSummary = {
  /** Seats at most. */
  readonly capacity: number;
  /** Whether a host is known. */
  readonly host: boolean;
  /** Its kind. */
  readonly kind: RoomKind;
  /** Least locked balance, raw units, decimal. */
  readonly minBalance: string;
  /** Its id. */
  readonly room: Prefixed32;
  /** Seats taken, of a sitting that this daemon hosts; none of others: asked, a host would learn who looks. */
  readonly seats: number | null;
  /** The running sitting, once its block is final. */
  readonly sitting: Sitting | null;
  /** None: sealed, or no host has told it. */
  readonly title: string | null;
};

/** Who is there. */
export type Roster = {
  /** Five groups of five digits, equal at all honest members; empty before the first epoch. */
  readonly checkCode: string;
  /** The epoch; 0 before the first. */
  readonly epoch: number;
  /** The room. */
  readonly room: Prefixed32;
  /** By number. */
  readonly seats: readonly (Seat)[];
};

/** What a listed span is. */
export type RowState = "recording" | "sealing" | "sealed" | "anchored" | "torn";

/** One seat. */
export type Seat = {
  /** None: anonymous. */
  readonly account: Prefixed20 | null;
  /** Whether it shows no account. */
  readonly anonymous: boolean;
  /** Place in the queue, from 1; none: the hand is down. */
  readonly hand: number | null;
  /** Its name at the SFU. */
  readonly identity: string;
  /** Whether it is in the epoch of now. */
  readonly live: boolean;
  /** Muted by a moderator. */
  readonly muted: boolean;
  /** Whether it records. */
  readonly recorder: boolean;
  /** What it may do. */
  readonly role: Role;
  /** Its number. */
  readonly seat: number;
  /** Whether it has long been here and shares no keys with this seat: check codes should be compared. */
  readonly unshared: boolean;
  /** Whether this daemon has verified its statement. */
  readonly verified: boolean;
};

/** Keys of one seat in one epoch and connection. */
export type SeatKeys = {
  /** base64 of 32 bytes. */
  readonly data: string;
  /** Its name at the SFU. */
  readonly identity: string;
  /** base64 of 32 bytes. */
  readonly media: string;
};

/** What `message.send` answers, as soon as the message is durable here: from then on it is not lost. */
export type Sent = {
  /** The request's id. */
  readonly clientId: Hex16;
  /** The message's id. */
  readonly id: Hex16;
};

/** A conversation with one account. */
export type Session = {
  /** Closed: it only receives. */
  readonly archived: boolean;
  /** See [`ForwardSecrecy`]. */
  readonly fs: ForwardSecrecy;
  /** Its id: stable over handshakes. */
  readonly id: Hex32;
  /** The other side, `05…`. */
  readonly peer: string;
  /** See [`PqAuth`]. */
  readonly pqAuth: PqAuth;
  /** The ratchet's id (`pars-sid-v1`), once there is one. */
  readonly ratchet: Hex32 | null;
  /** Messages that are not marked as read. */
  readonly unread: number;
  /** The whole identity core was checked by a link's `?b=`; otherwise its classical half is trust on first use. */
  readonly verified: boolean;
};

/** What `room.sign` answers. */
export type SignedBytes = {
  /** base64, to be sent over the data channel. */
  readonly bytes: string;
};

/** A running sitting. */
export type Sitting = {
  /** When it ends. */
  readonly endsAt: number;
  /** Counted per room from 1. */
  readonly id: number;
  /** When it was opened. */
  readonly openedAt: number;
};

/** What a span is at the member who records. */
export type SpanState = "off" | "proposed" | "collecting" | "active" | "sealing" | "anchored";

/** How far an attempt to join is. */
export type Stage = "tree" | "proof" | "sealed" | "admitted" | "verifying";

/** Whether messages can be sent. */
export type State = "noIdentity" | "connecting" | "ready" | "degraded";

/** How the daemon does. */
export type Status = {
  /** What was acknowledged. */
  readonly acknowledged: number;
  /** Our own index of the chain. */
  readonly chain: Chain;
  /** 7070, 7071, 7072. */
  readonly chainId: number;
  /** Newest event's cursor. */
  readonly cursor: number;
  /** Whether it carries out actions. */
  readonly executor: boolean;
  /** The first relay, if a link stands: 64 digits. */
  readonly firstRelay: string | null;
  /** `mainnet`, `testnet` or `dev`. */
  readonly network: string;
  /** Objects that are not stored yet. */
  readonly outgoing: number;
  /** Sessions that are read no further before some of their messages are acknowledged or marked as read. What is sent there
meanwhile waits at the nodes, for 14 days at most. By id; empty: everything is read. */
  readonly paused: readonly (Paused)[];
  /** Nodes whose descriptors of today are here and verified. */
  readonly relays: number;
  /** What this daemon does besides: a service node's id. */
  readonly service: string | null;
  /** Whether messages can be sent now. */
  readonly state: State;
  /** Version of the daemon. */
  readonly version: string;
};

/** Why a publisher must not send now. */
export type StopReason = "Unverified" | "Rotation" | "NoSteward" | "NoSharedKeys" | "ChainUnreachable" | "HostLost" | "CodesDiffer" | "NotConsented";

/** A publisher must stop. */
export type Stopped = {
  /** Why. */
  readonly reason: StopReason;
  /** The room. */
  readonly room: Prefixed32;
  /** Because of which seat. */
  readonly seat: number | null;
};

/** What `recording.read` answers. */
export type TrackBytes = {
  /** base64; shorter than asked for at the end. */
  readonly bytes: string;
  /** Bytes of the whole track. */
  readonly total: number;
};

/** What `recording.tracks` answers. */
export type Tracks = {
  /** When the span began: milliseconds since 1970. */
  readonly beganAt: number;
  /** When it ended: milliseconds from its beginning. */
  readonly endedMs: number;
  /** By number. */
  readonly tracks: readonly (PlayedTrack)[];
};

/** EIP-712 typed data as `eth_signTypedData_v4` takes it. */
export type TypedData = {
  /** Of the chain and contract. */
  readonly domain: Record<string, never>;
  /** The fields. */
  readonly message: Record<string, never>;
  /** Which type the message is. */
  readonly primaryType: string;
  /** Fields of each type. */
  readonly types: Record<string, never>;
};

/** What `recording.verify` answers: every block is there and is what its name says. */
export type Verified = {
  /** Whether the chain names it in a final block. */
  readonly anchored: boolean;
  /** Bytes of all segments. */
  readonly bytes: number;
  /** CID of its root. */
  readonly cid: string;
  /** Copies elsewhere. */
  readonly copies: Copies;
  /** How it ends. */
  readonly ending: Ending;
  /** Segments. */
  readonly segments: number;
  /** The span. */
  readonly span: Prefixed32;
  /** Segments that a kill has torn. */
  readonly torn: number;
  /** Whether the anchored hash of the wraps is that of those in the files. */
  readonly wraps: boolean;
};

/** Every method of the daemon. */
export interface Methods {
  /** Make the identity. */
  readonly "identity.create": {
    readonly params: Record<string, never>;
    readonly result: Created;
  };
  /** The identity. */
  readonly "identity.get": {
    readonly params: Record<string, never>;
    readonly result: Identity;
  };
  /** The revocation secret, over the Unix socket only. */
  readonly "identity.revocation": {
    readonly params: Record<string, never>;
    readonly result: Revocation;
  };
  /** Look a recipient up and begin a session. */
  readonly "session.create": {
    readonly params: {
      /** A bare `05…` id, or a `pars://session/…` link (with `?b=` the whole identity is checked). */
      readonly recipient: string;
    };
    readonly result: Session;
  };
  /** All sessions. */
  readonly "session.list": {
    readonly params: Record<string, never>;
    readonly result: readonly (Session)[];
  };
  /** Close a session: it only receives. */
  readonly "session.close": {
    readonly params: {
      /** Which. */
      readonly session: Hex32;
    };
    readonly result: Session;
  };
  /** Send text. */
  readonly "message.send": {
    readonly params: {
      /** UTF-8 text, 1 to 7,838 bytes (1,419 before the first answer). */
      readonly content: string;
      /** To whom. */
      readonly session: Hex32;
      /** Names this request: sent again within 24 h, it is the same message. Drawn by the daemon if left out. */
      readonly clientId?: Hex16 | null;
    };
    readonly result: Sent;
  };
  /** A page of messages. */
  readonly "message.list": {
    readonly params: {
      /** Of which session. */
      readonly session: Hex32;
      /** Only messages after this cursor. */
      readonly after?: number;
      /** At most so many, 1 to 256; 256 if left out. */
      readonly limit?: number | null;
      /** Only messages since this time, in seconds since the Unix epoch. */
      readonly since?: number;
    };
    readonly result: Messages;
  };
  /** Mark as read. */
  readonly "message.markRead": {
    readonly params: {
      /** Every received message up to this cursor. */
      readonly cursor: number;
      /** In which session. */
      readonly session: Hex32;
    };
    readonly result: null;
  };
  /** How the daemon does. */
  readonly "status.get": {
    readonly params: Record<string, never>;
    readonly result: Status;
  };
  /** Registered nodes. */
  readonly "peers.list": {
    readonly params: Record<string, never>;
    readonly result: Peers;
  };
  /** Tell events over this WebSocket, as notifications `event`. */
  readonly "event.subscribe": {
    readonly params: {
      /** Durable events after this cursor; if left out, all that are not acknowledged. */
      readonly after?: number | null;
    };
    readonly result: null;
  };
  /** Durable events up to a cursor are dealt with. */
  readonly "event.ack": {
    readonly params: {
      /** The cursor. */
      readonly cursor: number;
    };
    readonly result: null;
  };
  /** Certify a trigger key. */
  readonly "trigger.certify": {
    readonly params: {
      /** The account that enrolled the key. */
      readonly account: Hex20;
      /** Chain. */
      readonly chainId: number;
      /** keccak-256 of the key. */
      readonly signerId: Hex32;
      /** The SessionTrigger contract, 40 digits. */
      readonly trigger: Hex20;
    };
    readonly result: Certificate;
  };
  /** Send a signed action. */
  readonly "trigger.send": {
    readonly params: {
      /** Of `trigger.certify`, hexadecimal; sent before the action unless this session has it already. */
      readonly certificate: string;
      /** To which executor. */
      readonly session: Hex32;
      /** `abi.encode(Action)`, hexadecimal. */
      readonly sessionMessage: string;
      /** ML-DSA-87, 4,627 bytes in hexadecimal. */
      readonly signature: string;
      /** Names this request. */
      readonly clientId?: Hex16 | null;
    };
    readonly result: Sent;
  };
  /** All rooms. */
  readonly "room.list": {
    readonly params: Record<string, never>;
    readonly result: readonly (RoomSummary)[];
  };
  /** What is known of a room before joining it. */
  readonly "room.lobby": {
    readonly params: {
      /** The room. */
      readonly room: Prefixed32;
      /** Accounts of a wallet that are judged beside this daemon's own, 20 at most. */
      readonly accounts?: readonly (Prefixed20)[];
    };
    readonly result: Lobby;
  };
  /** Begin to join: what the wallet has to sign. */
  readonly "room.prepare": {
    readonly params: {
      /** How. */
      readonly form: Form;
      /** The room. */
      readonly room: Prefixed32;
      /** Take part by text alone. */
      readonly textOnly: boolean;
      /** Under which account, if known. */
      readonly account?: Prefixed20 | null;
    };
    readonly result: Prepared;
  };
  /** Join: prove, be admitted, get a token. */
  readonly "room.join": {
    readonly params: {
      /** Of `room.prepare`. */
      readonly attempt: string;
      /** Go in although the room is recorded; without it that is the answer, no seat is taken, and one may join once more. */
      readonly evenIfRecorded?: boolean | null;
      /** 65 bytes in hexadecimal, if the wallet had to sign. */
      readonly walletSignature?: string | null;
    };
    readonly result: Joined;
  };
  /** End an attempt to join. */
  readonly "room.cancel": {
    readonly params: {
      /** Of `room.prepare`. */
      readonly attempt: string;
    };
    readonly result: null;
  };
  /** A fresh connection of the same seat. */
  readonly "room.connection": {
    readonly params: {
      /** The room. */
      readonly room: Prefixed32;
    };
    readonly result: Joined;
  };
  /** Sign a message for the room. */
  readonly "room.sign": {
    readonly params: {
      /** Text, `up` or `down`, or the item's number. */
      readonly body: string;
      /** What. */
      readonly kind: MessageKind;
      /** The room. */
      readonly room: Prefixed32;
    };
    readonly result: SignedBytes;
  };
  /** Open a message of another seat. */
  readonly "room.open": {
    readonly params: {
      /** base64. */
      readonly bytes: string;
      /** The sender's name at the SFU. */
      readonly identity: string;
      /** The room. */
      readonly room: Prefixed32;
    };
    readonly result: OpenedMessage;
  };
  /** Give an order, or accept one. */
  readonly "room.order": {
    readonly params: {
      /** What. */
      readonly kind: OrderKind;
      /** The room. */
      readonly room: Prefixed32;
      /** To whom; not with `muteAll` and `accept`. */
      readonly seat?: number | null;
    };
    readonly result: null;
  };
  /** Leave a room. */
  readonly "room.leave": {
    readonly params: {
      /** The room. */
      readonly room: Prefixed32;
    };
    readonly result: null;
  };
  /** Open a sitting and be its host. */
  readonly "room.host": {
    readonly params: {
      /** In order, 32 items at most. */
      readonly agenda: readonly (AgendaItem)[];
      /** End of the sitting. */
      readonly endsAt: number;
      /** BCP 47 tags, the main one first, 16 at most. */
      readonly languages: readonly (string)[];
      /** The room; the daemon's account is its creator or a moderator. */
      readonly room: Prefixed32;
      /** The room's name, 1 to 200 bytes. */
      readonly title: string;
    };
    readonly result: Hosted;
  };
  /** Ask everybody in a room to record it. */
  readonly "recording.propose": {
    readonly params: {
      /** How long copies may be kept, as everybody agrees to it. */
      readonly retentionSeconds: number;
      /** The room. */
      readonly room: Prefixed32;
      /** How long the consent holds from now, 86,400 at most; cut to the sitting's end. */
      readonly validSeconds: number;
      /** Keys added to the roster that hide how many take part. */
      readonly dummies?: number;
      /** The executor that the calls of the contract go to; the daemon's `--recordings-through` if left out. */
      readonly executor?: Hex32 | null;
    };
    readonly result: RecordingStatus;
  };
  /** Answer who asks to record, or take a yes back. */
  readonly "recording.answer": {
    readonly params: {
      /** Yes or no; no takes a yes back at any time. */
      readonly agree: boolean;
      /** Which recording. */
      readonly recording: Prefixed32;
      /** The room. */
      readonly room: Prefixed32;
    };
    readonly result: RecordingStatus;
  };
  /** Stop the own recording. */
  readonly "recording.stop": {
    readonly params: {
      /** The room. */
      readonly room: Prefixed32;
    };
    readonly result: RecordingStatus;
  };
  /** How recording stands in a room. */
  readonly "recording.status": {
    readonly params: {
      /** The room. */
      readonly room: Prefixed32;
    };
    readonly result: RecordingStatus;
  };
  /** All recordings that this daemon has, or may open. */
  readonly "recording.list": {
    readonly params: Record<string, never>;
    readonly result: readonly (RecordingRow)[];
  };
  /** Bring every block of a recording into the own store. */
  readonly "recording.fetch": {
    readonly params: {
      /** Which span. */
      readonly span: Prefixed32;
      /** Gateways that are asked before those of the settings. */
      readonly from?: readonly (string)[];
    };
    readonly result: Fetched;
  };
  /** See that a recording is whole, and is what the chain names. */
  readonly "recording.verify": {
    readonly params: {
      /** Which span. */
      readonly span: Prefixed32;
    };
    readonly result: Verified;
  };
  /** Write a recording as plain files into a folder. */
  readonly "recording.play": {
    readonly params: {
      /** Absolute path of a folder: made with mode 0700; files in it are never written over. */
      readonly folder: string;
      /** Which span. */
      readonly span: Prefixed32;
    };
    readonly result: Played;
  };
  /** The tracks of a recording. */
  readonly "recording.tracks": {
    readonly params: {
      /** Which span. */
      readonly span: Prefixed32;
    };
    readonly result: Tracks;
  };
  /** A piece of a track. */
  readonly "recording.read": {
    readonly params: {
      /** How many bytes, 262,144 at most. */
      readonly length: number;
      /** From which byte. */
      readonly offset: number;
      /** Which span. */
      readonly span: Prefixed32;
      /** Which track. */
      readonly track: number;
    };
    readonly result: TrackBytes;
  };
  /** Destroy the key of a recording, then let its blocks go. */
  readonly "recording.forget": {
    readonly params: {
      /** Every span of this recording. */
      readonly recording?: Prefixed32 | null;
      /** This span. */
      readonly span?: Prefixed32 | null;
    };
    readonly result: Forgotten;
  };
  /** Accounts of the built-in wallet, on the development chain only. */
  readonly "dev.accounts": {
    readonly params: Record<string, never>;
    readonly result: readonly (Prefixed20)[];
  };
  /** Sign a seat's statement by the built-in wallet, on the development chain only. */
  readonly "dev.sign": {
    readonly params: {
      /** Which account. */
      readonly account: Prefixed20;
      /** Of `room.prepare`. */
      readonly typedData: TypedData;
    };
    readonly result: DevSignature;
  };
}
