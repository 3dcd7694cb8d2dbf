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
export type StopReason = "Unverified" | "Rotation" | "NoSteward" | "ChainUnreachable" | "HostLost" | "CodesDiffer";

/** A publisher must stop. */
export type Stopped = {
  /** Why. */
  readonly reason: StopReason;
  /** The room. */
  readonly room: Prefixed32;
  /** Because of which seat. */
  readonly seat: number | null;
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
      /** Names this request: sent again, it is the same message. Drawn by the daemon if left out. */
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
