/**
 * What the worker does, without the worker: frames and packets in, frames and packets out. There is no branch that hands a
 * frame on as it came: what is not sealed is not sent, what is not opened is not played.
 */
import { KeyRing } from "./keyring.js";
import { type FrameKind, type Refusal, RefusedError, splitFrame } from "./layout.js";
import type { Direction, EncodedFrame, FromWorker, PipeOptions, ToWorker } from "./messages.js";

/** Packets of an epoch whose keys are not here yet: kept this long, and this many of a sender. */
const PATIENCE_MS = 5_000;
const MAX_WAITING = 32;
const REPORT_MS = 1_000;
const MAX_REPORTED = 4_096;

type OpenData = Extract<ToWorker, { kind: "open" }>;

interface Waiting {
  readonly packet: OpenData;
  readonly since: number;
}

/** One sender's or receiver's pipe. */
interface Pipe {
  identity: string | null;
  flowed: boolean;
}

export class Cryptor {
  readonly #ring = new KeyRing();
  readonly #pipes = new Map<number, Pipe>();
  readonly #waiting = new Map<string, Waiting[]>();
  readonly #reported = new Map<string, { since: number; count: number }>();
  /** Everything that must keep its order: keys and packets. */
  #queue: Promise<void> = Promise.resolve();
  /** What broke for good. */
  #failure: string | undefined;

  constructor(
    private readonly tell: (message: FromWorker) => void,
    private readonly now: () => number,
  ) {}

  /** Takes a message of the page; resolves when it is done. `pipe` is for the worker itself. */
  handle(message: Exclude<ToWorker, { kind: "pipe" }>): Promise<void> {
    switch (message.kind) {
      case "assign":
        this.#pipe(message.pipe).identity = message.identity;
        this.#pipe(message.pipe).flowed = false;
        return Promise.resolve();
      case "stop":
        this.#ring.stop();
        return Promise.resolve();
      case "rest":
        this.#rest();
        return Promise.resolve();
      default: {
        // A stop does not queue: keys that came before it must not undo it.
        const { stops } = this.#ring;
        return (this.#queue = this.#queue.then(() => this.#ordered(message, stops)));
      }
    }
  }

  /** One frame through a pipe: what may go on, or undefined. Never throws. */
  async frame(options: PipeOptions, frame: EncodedFrame): Promise<ArrayBuffer | undefined> {
    const pipe = this.#pipe(options.pipe);
    const { identity } = pipe;
    try {
      const kind: FrameKind = frame.type === undefined ? "audio" : "video";
      const bytes = new Uint8Array(frame.data);
      const done = await (options.direction === "out" ? this.#seal(kind, frame, bytes) : this.#open(identity, kind, bytes));
      // Somebody else's track came onto this pipe while the frame was opened.
      if (pipe.identity !== identity) return undefined;
      if (!pipe.flowed) this.tell({ kind: "flowing", pipe: options.pipe, direction: options.direction, identity });
      pipe.flowed = true;
      return done.buffer;
    } catch (error) {
      this.#drop(options.direction, identity, error);
      return undefined;
    }
  }

  /** Something is broken for good: nothing is sealed any more. */
  fail(what: string): void {
    this.#failure = what;
    this.#ring.stop();
    this.tell({ kind: "failed", what });
  }

  /** Keys of others stay with their windows: what was heard under them does not open again. */
  #rest(): void {
    this.#ring.stop();
    for (const pipe of this.#pipes.values()) pipe.identity = null;
    this.#pipes.clear();
    this.#waiting.clear();
    this.tell(this.#failure === undefined ? { kind: "ready" } : { kind: "failed", what: this.#failure });
  }

  async #ordered(message: Extract<ToWorker, { kind: "keys" | "seal" | "open" }>, stops: number): Promise<void> {
    if (message.kind === "keys") return this.#keys(message, stops);
    if (message.kind === "open") return this.#openData(message);
    try {
      const { own } = this.#ring;
      if (own === undefined) throw new RefusedError("no-key");
      this.tell({ kind: "sealed", request: message.request, ...(await own.sealData(message.payload)) });
    } catch (error) {
      this.tell({ kind: "unsealed", request: message.request, reason: reasonOf(error) });
    }
  }

  async #keys({ keys }: Extract<ToWorker, { kind: "keys" }>, stops: number): Promise<void> {
    if (this.#failure !== undefined) return;
    try {
      await this.#ring.install(keys, this.now(), stops);
    } catch (error) {
      return this.fail(error instanceof Error ? error.message : "keys could not be used");
    } finally {
      for (const sender of [...keys.others, ...(keys.own === null ? [] : [keys.own])]) {
        sender.media.fill(0);
        sender.data.fill(0);
      }
    }
    this.tell({ kind: "keyed", index: keys.index, sends: this.#ring.own !== undefined });
    for (const identity of [...this.#waiting.keys()]) await this.#openWaiting(identity);
  }

  #seal(kind: FrameKind, frame: EncodedFrame, bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
    const { own } = this.#ring;
    const ssrc = frame.getMetadata().synchronizationSource;
    if (own === undefined || ssrc === undefined) throw new RefusedError("no-key");
    return own.sealFrame(kind, ssrc, bytes);
  }

  #open(identity: string | null, kind: FrameKind, bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
    if (identity === null) throw new RefusedError("unassigned");
    // First: what nobody sealed names no key, and the member has to hear of it.
    const { index } = splitFrame(kind, bytes);
    const key = this.#ring.of(identity, index, this.now());
    if (key === undefined) throw new RefusedError("no-key");
    return key.openFrame(kind, bytes);
  }

  /** Packets of one sender stay in order: behind one that waits for its keys, all wait, until it is too old. */
  async #openData(packet: OpenData): Promise<void> {
    const { identity } = packet;
    await this.#openWaiting(identity);
    const waiting = this.#waiting.get(identity) ?? [];
    if (waiting.length >= MAX_WAITING || !this.#ring.knows(identity)) {
      this.#drop("in", identity, new RefusedError("no-key"));
      return;
    }
    this.#waiting.set(identity, [...waiting, { packet, since: this.now() }]);
    await this.#openWaiting(identity);
  }

  /** Opens what waits of a sender, as far as its keys are here. */
  async #openWaiting(identity: string): Promise<void> {
    const waiting = this.#waiting.get(identity) ?? [];
    for (let [first] = waiting; first !== undefined; [first] = waiting) {
      const { index, iv, payload } = first.packet;
      const isLate = this.now() - first.since >= PATIENCE_MS;
      const key = this.#ring.of(identity, index, this.now());
      if (key === undefined && !isLate) return;
      waiting.shift();
      try {
        if (key === undefined || isLate) throw new RefusedError("no-key");
        this.tell({ kind: "opened", identity, payload: await key.openData(iv, payload) });
      } catch (error) {
        this.#drop("in", identity, error);
      }
    }
    this.#waiting.delete(identity);
  }

  #pipe(number: number): Pipe {
    const pipe = this.#pipes.get(number) ?? { identity: null, flowed: false };
    this.#pipes.set(number, pipe);
    return pipe;
  }

  #drop(direction: Direction, identity: string | null, error: unknown): void {
    const reason = reasonOf(error);
    const name = `${direction} ${identity ?? ""} ${reason}`;
    const now = this.now();
    // A server may invent senders without end.
    if (this.#reported.size > MAX_REPORTED) this.#reported.clear();
    const last = this.#reported.get(name) ?? { since: Number.NEGATIVE_INFINITY, count: 0 };
    last.count += 1;
    if (now - last.since >= REPORT_MS) {
      this.tell({ kind: "dropped", direction, identity, reason, count: last.count });
      last.since = now;
      last.count = 0;
    }
    this.#reported.set(name, last);
  }
}

const reasonOf = (error: unknown): Refusal => (error instanceof RefusedError ? error.reason : "broken");
