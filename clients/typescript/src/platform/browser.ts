/** A browser: its own WebSocket over TCP, with the token that the page was given; there is no directory to read. */
import { type AddressOptions, type ParsSessionOptions, addressOf } from "../options.js";
import { type Listener, PROTOCOL, type Platform, type Route, type Socket } from "./platform.js";

/** The token goes as a subprotocol: a page cannot set headers. */
const connect = (address: string, token: string, listener: Listener): Socket => {
  const socket = new WebSocket(address, [PROTOCOL, `pars.bearer.${token}`]);
  socket.addEventListener("open", () => listener.opened());
  socket.addEventListener("message", (event: MessageEvent<unknown>) => listener.received(event.data));
  socket.addEventListener("close", (event: CloseEvent) => listener.closed(event.reason || "the connection ended"));
  return { send: (text) => socket.send(text), close: () => socket.close(1000) };
};

const route = (options: ParsSessionOptions): Promise<Route> => {
  const { url, token } = options as AddressOptions;
  const address = addressOf(url, token);
  return Promise.resolve({ connect: (listener) => connect(address, token, listener) });
};

export const platform: Platform = { takes: "url", route };
