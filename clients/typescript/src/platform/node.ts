/** Node: `rpc.json` in the daemon's directory, WebSocket of the package `ws` (Node 20 has none of its own). */
import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { WebSocket } from "ws";
import { ParsError } from "../errors.js";
import { type Endpoint, endpointOf } from "../options.js";
import { type Listener, type Platform, type Socket, subprotocols } from "./platform.js";

/** Largest message that is taken: a page of 256 of the longest messages. */
const MAX_PAYLOAD = 16 << 20;
const CLOSE_PATIENCE_MS = 500;
const HANDSHAKE_PATIENCE_MS = 10_000;

/** `~` and `~/…` are the home directory, as in a shell. */
export const expand = (path: string): string => (path === "~" || path.startsWith("~/") ? join(homedir(), path.slice(1)) : path);

const read = async (path: string): Promise<Record<string, unknown>> => {
  const absent = (cause: unknown): never => {
    throw new ParsError("NoDaemon", `${path} cannot be read: start sessiond with this --datadir`, { cause });
  };
  const text = await readFile(path, "utf8").catch(absent);
  try {
    return Object(JSON.parse(text)) as Record<string, unknown>;
  } catch {
    // The cause would repeat the file, which holds the token.
    throw new ParsError("InvalidReply", `${path} is no JSON`);
  }
};

const endpoint = async (dataDir: string): Promise<Endpoint> => {
  const path = join(expand(dataDir), "rpc.json");
  const { http, token, network } = await read(path);
  if (typeof http !== "string" || typeof token !== "string" || typeof network !== "string") {
    throw new ParsError("InvalidReply", `${path} names no http, token and network`);
  }
  return endpointOf(http, token, network);
};

const connect = (to: Endpoint, listener: Listener): Socket => {
  const socket = new WebSocket(to.address, subprotocols(to), {
    handshakeTimeout: HANDSHAKE_PATIENCE_MS,
    maxPayload: MAX_PAYLOAD,
    perMessageDeflate: false,
  });
  let reason = "the connection ended";
  socket.on("open", () => listener.opened());
  socket.on("message", (data, isBinary) => listener.received(isBinary ? undefined : String(data)));
  socket.on("error", (error) => {
    reason = error.message;
  });
  socket.on("close", () => listener.closed(reason));
  return {
    send: (text) => socket.send(text),
    close: () => {
      socket.close(1000);
      setTimeout(() => socket.terminate(), CLOSE_PATIENCE_MS).unref();
    },
  };
};

export const platform: Platform = { endpoint, connect };
