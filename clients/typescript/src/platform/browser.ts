/** A browser: its own WebSocket; there is no directory to read. */
import { ParsError } from "../errors.js";
import type { Endpoint } from "../options.js";
import { type Listener, type Platform, type Socket, subprotocols } from "./platform.js";

const endpoint = (): Promise<never> =>
  Promise.reject(new ParsError("InvalidOptions", "a browser has no dataDir: give url and token"));

const connect = (to: Endpoint, listener: Listener): Socket => {
  const socket = new WebSocket(to.address, subprotocols(to));
  socket.addEventListener("open", () => listener.opened());
  socket.addEventListener("message", (event: MessageEvent<unknown>) => listener.received(event.data));
  socket.addEventListener("close", (event: CloseEvent) => listener.closed(event.reason || "the connection ended"));
  return { send: (text) => socket.send(text), close: () => socket.close(1000) };
};

export const platform: Platform = { endpoint, connect };
