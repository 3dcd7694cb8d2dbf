/** A browser: its own WebSocket over TCP, with the token that the page was given; there is no directory to read. */
import { ParsError } from "../errors.js";
import { type AddressOptions, type ParsSessionOptions, addressOf } from "../options.js";
import { type Listener, PROTOCOL, type Platform, type Route, type Socket } from "./platform.js";

/** The token goes as a subprotocol: a page cannot set headers. Throws `NoDaemon` where the browser does not even try. */
const open = (address: string, token: string): WebSocket => {
  try {
    return new WebSocket(address, [PROTOCOL, `pars.bearer.${token}`]);
  } catch (cause) {
    throw new ParsError("NoDaemon", "the browser lets this page not connect there: a page of https: may need an https: url", { cause });
  }
};

const connect = (address: string, token: string, listener: Listener): Socket => {
  const socket = open(address, token);
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
