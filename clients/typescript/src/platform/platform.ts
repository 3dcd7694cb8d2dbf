/** What differs between Node and a browser. `#platform` in package.json chooses. */
import type { ParsSessionOptions } from "../options.js";

/** The part of a WebSocket that is used. */
export interface Socket {
  send(text: string): void;
  /** Ends the connection, at the latest after half a second. */
  close(): void;
}

/** What a socket reports. `closed` comes exactly once, also when the connection never stood. */
export interface Listener {
  opened(): void;
  received(text: unknown): void;
  closed(reason: string): void;
}

/** What the WebSocket speaks. */
export const PROTOCOL = "pars.v1";

/** A way to a daemon, as it is now. */
export interface Route {
  /** The network by the daemon's own file, if there is one. */
  readonly network?: string;
  /** Begins a connection. */
  connect(listener: Listener): Socket;
}

/** A platform. */
export interface Platform {
  /** The option by which a daemon is found here. */
  readonly takes: "dataDir" | "url";
  /** Looks where the daemon answers now. The options were checked. */
  route(options: ParsSessionOptions): Promise<Route>;
}
