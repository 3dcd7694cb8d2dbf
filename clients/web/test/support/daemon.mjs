/** A daemon for tests: serves the built page with its real headers, and speaks the room methods. No chain, no host, no media. */
import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { connect } from "node:net";
import { extname, join } from "node:path";
import { WebSocketServer } from "ws";
import { accountOf, base64, chatOf, identityOf, lobbyOf, recordingOf, seat, seatsOf, summaries, verifiedOf } from "./rooms.mjs";

const headersFile = new URL("../../headers.json", import.meta.url);
const types = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml" };
/** A seat statement as Rust published it: what a wallet is given, its EIP-712 hash, and whose it is. */
export const published = JSON.parse(
  readFileSync(new URL("../../../../tests/vectors/room/statement.json", import.meta.url), "utf8"),
).cases.find(({ name }) => name === "Committee");
export const TOKEN = "f00d".repeat(16);
export const CODE = "48217 19035 77402 51968 20683";

class Refused extends Error {
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

export class FakeDaemon {
  calls = [];
  /** Method → function that answers instead. */
  answers = {};
  lobby = {};
  own = {};
  stages = ["tree", "proof", "sealed", "admitted", "verifying"];
  epoch = 7;
  /** The own seat's label; with `people`, labels of all seats instead of the invented crowd. */
  me = "me";
  people = undefined;
  /** Address of a media server that signalling is piped to, and who makes its passes. */
  sfu = undefined;
  /** The room is recorded: there is no seat for who has not said that it goes in. The statement expires while its user reads so. */
  recorded = false;
  expires = false;
  /** Of the media server's certificate, as a host would have signed it. */
  fingerprint = `0x${"f0".repeat(32)}`;
  mediaSilent = false;
  /** Rows of `recording.list`, and by span the tracks with their `bytes` and when all of it ends. */
  recordings = [];
  tracks = new Map();
  pass = () => "token";
  #sockets = new Set();
  #pipes = new Set();

  static async start(dist) {
    const daemon = new FakeDaemon();
    const headers = JSON.parse(await readFile(headersFile, "utf8"));
    daemon.server = createServer((request, response) => void daemon.#serve(dist, headers, request, response));
    const sockets = new WebSocketServer({ noServer: true, handleProtocols: () => "pars.v1" });
    daemon.server.on("upgrade", (request, socket, head) => {
      if (request.url === "/ws")
        sockets.handleUpgrade(request, socket, head, (open) => sockets.emit("connection", open, request));
      else daemon.#pipe(request, socket, head);
    });
    sockets.on("connection", (socket, request) => {
      if (!request.headers["sec-websocket-protocol"]?.includes(`pars.bearer.${TOKEN}`)) return socket.close(1008);
      daemon.#sockets.add(socket);
      socket.on("message", (text) => void daemon.#answer(socket, JSON.parse(text)));
      socket.on("close", () => daemon.#sockets.delete(socket));
    });
    await new Promise((resolve) => daemon.server.listen(0, "127.0.0.1", resolve));
    daemon.url = `http://127.0.0.1:${daemon.server.address().port}/`;
    return daemon;
  }

  get link() {
    return `${this.url}#token=${TOKEN}`;
  }

  stop() {
    for (const socket of this.#sockets) socket.terminate();
    for (const socket of this.#pipes) socket.destroy();
    this.server.closeAllConnections();
    return new Promise((resolve) => this.server.close(resolve));
  }

  /** Tells every page. */
  tell(type, data) {
    for (const socket of this.#sockets) socket.send(JSON.stringify({ jsonrpc: "2.0", method: "event", params: { type, data } }));
  }

  roster(room, more = {}) {
    const { kind } = summaries().find((other) => other.room === room);
    this.seats =
      this.people?.map((label, index) => seat(index + 1, label, label === this.me ? this.own : {})) ?? seatsOf(kind, this.own);
    this.tell("roomRoster", { room, epoch: this.epoch, checkCode: CODE, seats: this.seats, ...more });
  }

  keys(room, own = true) {
    const keys = (identity) => ({
      identity,
      media: base64(`media ${identity} ${this.epoch}`),
      data: base64(`data ${identity} ${this.epoch}`),
    });
    const mine = identityOf(this.me);
    const others = this.seats.filter(({ identity }) => identity !== mine).map(({ identity }) => keys(identity));
    this.tell("roomKeys", {
      room,
      epoch: this.epoch,
      index: this.epoch % 256,
      keys: others,
      own: own ? keys(mine) : null,
    });
  }

  /** The bytes of a signalling connection, as they are. */
  #pipe(request, socket, head) {
    const to = this.sfu === undefined ? undefined : new URL(this.sfu);
    if (to === undefined || !request.url.startsWith("/rtc")) return socket.destroy();
    const upstream = connect(Number(to.port), to.hostname, () => {
      const headers = request.rawHeaders.reduce((text, part, place) => text + part + (place % 2 === 0 ? ": " : "\r\n"), "");
      upstream.write(`GET ${request.url} HTTP/1.1\r\n${headers}\r\n`);
      upstream.write(head);
      socket.pipe(upstream).pipe(socket);
    });
    for (const end of [socket, upstream]) this.#pipes.add(end.once("close", () => this.#pipes.delete(end)));
    upstream.on("error", () => socket.destroy());
    socket.on("error", () => upstream.destroy());
  }

  async #serve(dist, headers, request, response) {
    // As a media server that knows no such pass, or does not answer at all.
    if (request.url.startsWith("/rtc")) return this.mediaSilent ? undefined : response.writeHead(401).end("no such pass");
    const path = request.url === "/" ? "index.html" : request.url.slice(1);
    for (const [name, value] of Object.entries(headers)) {
      if (name !== "//") response.setHeader(name, value.replaceAll("{self}", request.headers.host));
    }
    try {
      const body = await readFile(join(dist, path));
      response.setHeader("Content-Type", types[extname(path)]);
      response.end(body);
    } catch {
      response.statusCode = 404;
      response.end();
    }
  }

  async #answer(socket, { id, method, params }) {
    this.calls.push({ method, params });
    try {
      const answer = this.answers[method] ?? this.#methods[method];
      const result = await answer(params);
      socket.send(JSON.stringify({ jsonrpc: "2.0", id, result }));
    } catch (error) {
      socket.send(JSON.stringify({ jsonrpc: "2.0", id, error: { code: error.code ?? -32603, message: error.message } }));
    }
  }

  #joined(room) {
    const anonymous = this.form !== "known";
    return {
      room,
      seat: this.seats.find(({ identity }) => identity === identityOf(this.me)).seat,
      identity: identityOf(this.me),
      role: this.own.role ?? "member",
      anonymous,
      token: this.pass(identityOf(this.me)),
      signalUrl: this.url.replace("http", "ws"),
      dtlsFingerprint: this.fingerprint,
      endsAt: Math.floor(Date.now() / 1000) + 5400,
      textOnly: this.textOnly ?? false,
      recorder: this.recorder ?? null,
    };
  }

  #methods = {
    "room.list": () => summaries(),
    "room.lobby": ({ room }) => lobbyOf(room, this.lobby),
    "room.prepare": ({ room, form, account, textOnly }) => {
      this.room = room;
      this.form = form;
      this.textOnly = textOnly;
      this.own = form === "known" ? { anonymous: false, account: account ?? accountOf("me"), ...this.own } : this.own;
      return {
        attempt: "attempt",
        typedData: form === "known" ? published.typedData.json : null,
      };
    },
    "room.join": async ({ evenIfRecorded }) => {
      if (evenIfRecorded === true && this.expires) {
        this.expires = false;
        throw new Refused(-32025, "expired");
      }
      for (const stage of this.stages) {
        if (stage === "admitted" && this.recorded && evenIfRecorded !== true) throw new Refused(-32045, "recorded");
        this.tell("roomProgress", { attempt: "attempt", stage, percent: 0 });
        await this.pace?.(stage);
      }
      this.roster(this.room);
      this.keys(this.room);
      return this.#joined(this.room);
    },
    "room.connection": ({ room }) => {
      this.epoch += 1;
      this.roster(room);
      this.keys(room);
      return this.#joined(room);
    },
    "room.cancel": () => null,
    "room.sign": ({ kind, body }) => ({ bytes: Buffer.from(JSON.stringify({ kind, body })).toString("base64") }),
    "room.open": ({ identity, bytes }) => {
      const sender = this.seats.find((seat) => seat.identity === identity);
      if (sender === undefined) throw new Refused(-32036, "no such seat");
      const { kind, body } = JSON.parse(Buffer.from(bytes, "base64").toString());
      return { seat: sender.seat, seq: 1, kind, body };
    },
    "room.order": () => null,
    "room.leave": () => null,
    "recording.propose": ({ room }) => recordingOf(room),
    "recording.answer": ({ room, recording, agree }) => recordingOf(room, agree ? { phase: "proposed", agreed: recording } : {}),
    "recording.stop": ({ room }) => recordingOf(room),
    "recording.list": () => this.recordings,
    "recording.verify": ({ span }) => verifiedOf(span),
    "recording.tracks": ({ span }) => {
      const { endedMs, tracks } = this.tracks.get(span);
      return { beganAt: Date.now() - endedMs, endedMs, tracks: tracks.map(({ bytes: _, ...track }) => track) };
    },
    "recording.read": ({ span, track, offset, length }) => {
      const { bytes } = this.tracks.get(span).tracks.find((other) => other.track === track);
      return { bytes: bytes.subarray(offset, offset + length).toString("base64"), total: bytes.length };
    },
    "recording.forget": ({ span }) => {
      this.recordings = this.recordings.filter((row) => row.span !== span);
      return { spans: 1 };
    },
    "dev.accounts": () => [accountOf("me"), accountOf("other")],
    "dev.sign": () => ({ signature: `0x${"1b".repeat(65)}` }),
  };

  /** An answer that refuses. */
  static refusal(code, message = "refused") {
    return () => {
      throw new Refused(code, message);
    };
  }

  static chat = chatOf;
}
