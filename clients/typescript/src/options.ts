/** Where the daemon is, and which network is meant. */
import { ParsError } from "./errors.js";
import type { Platform } from "./platform/platform.js";

/** The networks. */
export const NETWORKS = ["mainnet", "testnet", "dev"] as const;

/** A network. */
export type Network = (typeof NETWORKS)[number];

/** What all sessions may choose. */
interface CommonOptions {
  /** The network that is meant: a daemon on another one is refused. */
  readonly network: Network;
  /**
   * How long a request is repeated after its first failure, in milliseconds, when the connection is lost or a message's answer
   * comes too late; 30,000 if left out.
   */
  readonly patience?: number;
}

/** Under Node: the daemon's directory, whose `rpc.json` names its Unix socket. `~` is the home directory. */
export interface DirectoryOptions extends CommonOptions {
  readonly dataDir: string;
}

/** In a browser: the daemon's address. The page's origin must be one that the daemon allows. */
export interface AddressOptions extends CommonOptions {
  /** `http://127.0.0.1:PORT`; away from this machine only `https:`. */
  readonly url: string;
  /** The daemon's bearer token. Valid until the daemon ends: do not keep it longer than the page. */
  readonly token: string;
}

/** Options of a session. */
export type ParsSessionOptions = DirectoryOptions | AddressOptions;

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/u;
/** What a WebSocket subprotocol may hold. */
const TOKEN = /^[0-9A-Za-z]{1,128}$/u;

const refuse = (message: string): never => {
  throw new ParsError("InvalidOptions", message);
};

/** The WebSocket address of a url. The token never leaves this machine unencrypted. */
export const addressOf = (url: string, token: string): string => {
  if (!URL.canParse(url)) refuse("url must be http://127.0.0.1:PORT or https://HOST");
  const address = new URL("/ws", url);
  const plain = address.protocol === "http:" && LOOPBACK.test(address.hostname);
  if (!plain && address.protocol !== "https:") refuse("url must be https: away from this machine");
  if (!TOKEN.test(token)) refuse("token must be the daemon's token: letters and digits");
  address.protocol = plain ? "ws:" : "wss:";
  return address.href;
};

/** Refuses options that contradict themselves, or the platform; calls from plain JavaScript come here unchecked. */
export const check = (options: ParsSessionOptions, takes: Platform["takes"]): void => {
  const { network, patience, dataDir, url, token } = (options ?? {}) as Partial<DirectoryOptions & AddressOptions>;
  if (!NETWORKS.some((name) => name === network)) refuse(`network must be one of ${NETWORKS.join(", ")}`);
  if (patience !== undefined && !(typeof patience === "number" && patience >= 0)) refuse("patience must be a number of milliseconds");
  if ((typeof dataDir === "string") === (typeof url === "string")) refuse("give either dataDir, or url and token");
  if (takes === "dataDir" && url !== undefined) refuse("under Node give dataDir, the daemon's directory; url and token are for browsers");
  if (takes === "url" && dataDir !== undefined) refuse("a browser has no dataDir: give url and token");
  if (typeof url === "string") addressOf(url, typeof token === "string" ? token : "");
};
