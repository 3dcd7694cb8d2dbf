// A session daemon in memory: its files, its Unix socket and its port, and the faults a test asks for.
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { WebSocketServer } from "ws";
import { errorNumbers } from "../../dist/generated/schemas.js";

export const PEER = `05${"ab".repeat(32)}`;
const REVOCATION = "cd".repeat(32);
const hex = (count) => randomBytes(count).toString("hex");

/** A refusal by number. */
export class Refusal extends Error {
  constructor(code, message = "refused") {
    super(message);
    this.code = code;
  }
}

export class FakeDaemon {
  dataDir = mkdtempSync(join(tmpdir(), "pars-session-"));
  network = "dev";
  /** What its file says, if not the truth. */
  announced = undefined;
  token = hex(32);
  identity = undefined;
  /** Whether it refuses subscriptions before there is an identity, as a real one does. */
  needsIdentity = false;
  sessions = new Map();
  history = [];
  acknowledged = 0;
  paused = [];
  /** Every request as it came. */
  calls = [];
  /** What a test puts before or in place of an answer: `(method, params) => result | undefined`. */
  answer = () => undefined;
  /** Whether the connection ends now: asked "before" and "after" each request is carried out. */
  drops = () => false;
  #byClient = new Map();
  #sockets = new Set();
  #subscribers = new Set();
  #waiting = new Set();

  static async start() {
    const daemon = new FakeDaemon();
    await daemon.listen();
    return daemon;
  }

  /** Listens on the socket, without a token, and on a new port, with it; writes the file that names them. */
  async listen({ name = "sessiond.sock" } = {}) {
    this.socket = join(this.dataDir, name);
    const bearer = ({ req }) => (req.headers["sec-websocket-protocol"] ?? "").includes(`pars.bearer.${this.token}`);
    const local = await this.#serve([this.socket]);
    const guarded = await this.#serve([0, "127.0.0.1"], bearer);
    this.servers = [local, guarded];
    this.port = guarded.address().port;
    this.url = `http://127.0.0.1:${this.port}`;
    const file = { network: this.announced ?? this.network, http: this.url, token: this.token, socket: this.socket };
    writeFileSync(join(this.dataDir, "rpc.json"), JSON.stringify(file), { mode: 0o600 });
  }

  async #serve(where, verifyClient = () => true) {
    const server = createServer((_, response) => response.writeHead(404).end());
    const sockets = new WebSocketServer({ server, path: "/ws", handleProtocols: () => "pars.v1", verifyClient });
    sockets.on("connection", (socket) => this.#connected(socket));
    server.listen(...where);
    await once(server, "listening");
    return server;
  }

  /** Ends all connections, as a killed daemon does. */
  drop() {
    for (const socket of this.#sockets) socket.terminate();
  }

  /** Stops listening; its file stays. `listen` starts again. */
  async stop() {
    this.drop();
    await Promise.all(this.servers.splice(0).map((server) => once(server.close(), "close")));
  }

  /** Kills it as SIGKILL does: file and socket stay. */
  async kill() {
    const stale = `${this.socket}.stale`;
    renameSync(this.socket, stale);
    await this.stop();
    renameSync(stale, this.socket);
  }

  async end() {
    await this.stop();
    rmSync(this.dataDir, { recursive: true });
  }

  /** Resolves once the condition holds; looked at after every request. */
  async until(condition) {
    while (!condition(this)) await new Promise((resolve) => this.#waiting.add(resolve));
  }

  /** A message from outside. */
  receive(session, content) {
    const message = this.#keep({ session, content, sender: `05${session}`, direction: "received", state: "unread" });
    this.#tell({ type: "messageReceived", data: message });
    return message;
  }

  /** An object from outside that can never be read. */
  gap(session, content) {
    const entry = { session, content, sender: `05${session}`, direction: "received", state: "unread", kind: "gap" };
    const kept = this.#keep(entry);
    this.#tell({ type: "gap", data: kept });
    return kept;
  }

  /** Sends what is no JSON-RPC. */
  garble() {
    for (const socket of this.#sockets) socket.send("}");
  }

  /** An event for all subscribers. */
  tell(event) {
    this.#tell(event);
  }

  #connected(socket) {
    this.#sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => {
      this.#sockets.delete(socket);
      this.#subscribers.delete(socket);
    });
    socket.on("message", (data) => this.#request(socket, JSON.parse(String(data))));
  }

  #request(socket, { id, method, params }) {
    if (!this.#sockets.has(socket)) return;
    this.calls.push({ method, params });
    if (this.drops(method, "before")) socket.terminate();
    else this.#carryOut(socket, { id, method, params });
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }

  #carryOut(socket, { id, method, params }) {
    let outcome;
    try {
      outcome = { result: this.answer(method, params) ?? this.#do(method, params, socket) };
    } catch (error) {
      outcome = { error: { code: error.code ?? -32603, message: error.message } };
    }
    if (this.drops(method, "after")) socket.terminate();
    else if (outcome.result !== FakeDaemon.SILENCE) socket.send(JSON.stringify({ jsonrpc: "2.0", id, ...outcome }));
  }

  /** No answer at all. */
  static SILENCE = Symbol("silence");

  #do(method, params, socket) {
    switch (method) {
      case "status.get":
        return this.#status();
      case "identity.get":
        if (this.identity === undefined) throw new Refusal(-32000);
        return this.identity;
      case "identity.create":
        if (this.identity !== undefined) throw new Refusal(-32001);
        this.identity = { id: PEER, link: `pars://session/${PEER}?b=AAAA`, published: false };
        return { ...this.identity, revocation: REVOCATION };
      case "identity.revocation":
        return { revocation: REVOCATION };
      case "session.create":
        return this.#session(params.recipient.slice(2, 66));
      case "session.list":
        return [...this.sessions.values()];
      case "message.send":
        return this.keep(params);
      case "message.list":
        return this.#list(params);
      case "event.subscribe":
        if (this.identity === undefined && this.needsIdentity) throw new Refusal(-32000);
        this.#subscribers.add(socket);
        for (const data of this.history.filter((m) => m.direction === "received" && m.cursor > this.acknowledged)) {
          const type = data.kind === "gap" ? "gap" : "messageReceived";
          socket.send(JSON.stringify({ jsonrpc: "2.0", method: "event", params: { type, data } }));
        }
        return null;
      case "event.ack":
        this.acknowledged = Math.max(this.acknowledged, params.cursor);
        return null;
      case "message.markRead":
        return null;
      default:
        throw new Refusal(-32601);
    }
  }

  #session(id) {
    const fresh = { id, peer: `05${id}`, ratchet: null, pqAuth: "none", fs: "full", verified: false, archived: false, unread: 0 };
    const session = this.sessions.get(id) ?? fresh;
    this.sessions.set(id, session);
    return session;
  }

  /** Keeps a message of ours: under one id once. */
  keep({ session, content, clientId }) {
    const known = this.#byClient.get(clientId);
    if (known === undefined) {
      const message = this.#keep({ session, content, sender: PEER, direction: "sent", state: "queued" });
      this.#byClient.set(clientId, message);
      return { id: message.id, clientId };
    }
    if (known.session !== session || known.content !== content) throw new Refusal(errorNumbers.ClientIdReused);
    return { id: known.id, clientId };
  }

  #list({ session, after = 0, limit = 256 }) {
    const all = this.history.filter((message) => message.session === session && message.cursor > after);
    const messages = all.slice(0, limit);
    return { messages, next: all.length > limit ? messages.at(-1).cursor : null };
  }

  #keep(message) {
    const cursor = this.history.length + 1;
    const kept = { cursor, id: hex(16), sequence: cursor, timestamp: 1_700_000_100, kind: "text", ...message };
    this.history.push(kept);
    return kept;
  }

  #tell(params) {
    for (const socket of this.#subscribers) socket.send(JSON.stringify({ jsonrpc: "2.0", method: "event", params }));
  }

  #status() {
    return {
      network: this.network,
      chainId: 7072,
      version: "0.1.0",
      state: "ready",
      chain: { head: 12, finalized: 10, synced: true },
      relays: 6,
      firstRelay: null,
      outgoing: 0,
      service: null,
      executor: false,
      cursor: this.history.length,
      acknowledged: this.acknowledged,
      paused: this.paused,
    };
  }
}

/** A daemon for one test. */
export const daemonOf = async (context) => {
  const daemon = await FakeDaemon.start();
  context.after(() => daemon.end());
  return daemon;
};
