/**
 * Node: the daemon's Unix socket, which `rpc.json` in its directory names. The directory is closed to other users, so nobody
 * else can listen there. The port of the same file is never used: a daemon that was killed leaves the file, and whoever takes
 * the port next would be given the token and every text. WebSocket of the package `ws` (Node 20 has none of its own).
 */
import { readFile } from "node:fs/promises";
import { connect as connectSocket } from "node:net";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { WebSocket } from "ws";
import { ParsError } from "../errors.js";
import type { DirectoryOptions, ParsSessionOptions } from "../options.js";
import { type Listener, PROTOCOL, type Platform, type Route, type Socket } from "./platform.js";

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

const route = async (options: ParsSessionOptions): Promise<Route> => {
  const directory = expand((options as DirectoryOptions).dataDir);
  const path = join(directory, "rpc.json");
  const { socket, network } = await read(path);
  if (typeof socket !== "string" || typeof network !== "string") {
    throw new ParsError("InvalidReply", `${path} names no socket and network`);
  }
  return { network, connect: (listener) => connect(resolve(directory, socket), listener) };
};

const connect = (path: string, listener: Listener): Socket => {
  const socket = new WebSocket("ws://localhost/ws", [PROTOCOL], {
    // Not `ws+unix:`, which ends a path at its first colon.
    createConnection: () => connectSocket({ path }),
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

export const platform: Platform = { takes: "dataDir", route };
