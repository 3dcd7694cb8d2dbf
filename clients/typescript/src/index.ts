/** `@pars/session`: client of the session daemon, and the encodings of the Town Hall's anonymous eligibility. */
export * from "./eligibility.js";
export { Chat, type PageOptions, type SendOptions } from "./chat.js";
export { type ClientErrorCode, type DaemonErrorCode, ParsError, type ParsErrorCode, SendError } from "./errors.js";
export type { Listener, ParsEvents, Unsubscribe } from "./events.js";
export type {
  Created,
  Identity,
  Message,
  Messages,
  Paused,
  Peer,
  Peers,
  Sent,
  Session,
  Status,
} from "./generated/types.js";
export { type AddressOptions, type DirectoryOptions, NETWORKS, type Network, type ParsSessionOptions } from "./options.js";
export { ParsSession } from "./session.js";
