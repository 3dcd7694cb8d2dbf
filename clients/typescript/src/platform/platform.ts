/** What differs between Node and a browser. `#platform` in package.json chooses. */
import type { Endpoint } from "../options.js";

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

/** The subprotocols: ours, and the token where headers cannot be set. */
export const subprotocols = (endpoint: Endpoint): string[] => ["pars.v1", `pars.bearer.${endpoint.token}`];

/** A platform. */
export interface Platform {
  /** Where the daemon of a directory answers now. */
  endpoint(dataDir: string): Promise<Endpoint>;
  /** Begins a connection. */
  connect(endpoint: Endpoint, listener: Listener): Socket;
}
