// Made from node/rpc/openrpc.json by scripts/generate.mjs. Not edited by hand.

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

/** A new identity. Shown once. */
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

/** Who wrote it. */
export type Direction = "sent" | "received";

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
  readonly data: {
    /** What to tell the user. */
    readonly reason: string;
  };
  readonly type: "gap";
} | {
  readonly data: Record<string, never>;
  readonly type: "published";
};

/** What a stolen device could read of what was sent. */
export type ForwardSecrecy = "full" | "reduced";

export type Hex16 = string;

export type Hex20 = string;

export type Hex32 = string;

/** Who this daemon speaks for. */
export type Identity = {
  /** `05` and 64 digits. */
  readonly id: string;
  /** `pars://session/05…?b=…`: what to pass on; it lets the other side check the whole identity. */
  readonly link: string;
  /** Whether the records have been read back from the directory: only then can strangers write. */
  readonly published: boolean;
};

/** A message. */
export type Message = {
  /** Text; of another kind, hexadecimal. */
  readonly content: string;
  /** Its place in this daemon's history: rises over all sessions, the same after a restart. */
  readonly cursor: number;
  /** Who wrote it. */
  readonly direction: Direction;
  /** Its id. */
  readonly id: Hex16;
  /** `text`, `action`, `action receipt`: the registry of content types. */
  readonly kind: string;
  /** The account that wrote it, `05…`. */
  readonly sender: string;
  /** Its place among what this sender wrote in this session, from 1. */
  readonly sequence: number;
  /** In which session. */
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

/** A page of messages. */
export type Messages = {
  /** By rising cursor. */
  readonly messages: readonly (Message)[];
  /** Give it as `after` for the next page; none: this was the last. */
  readonly next: number | null;
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
  /** Nodes whose descriptors of today are here and verified. */
  readonly relays: number;
  /** What this daemon does besides: a service node's id. */
  readonly service: string | null;
  /** Whether messages can be sent now. */
  readonly state: State;
  /** Version of the daemon. */
  readonly version: string;
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
}
