/** One connection: requests and their answers, and what is told besides. It never comes back once it is lost. */
import { ParsError, refusal } from "./errors.js";
import { definitions, results } from "./generated/schemas.js";
import type { Event, Methods } from "./generated/types.js";
import type { Route, Socket } from "./platform/platform.js";
import { fits } from "./schema.js";

/** A method's name. */
export type Method = keyof Methods;

interface Waiting {
  readonly method: Method;
  resolve(result: unknown): void;
  reject(error: ParsError): void;
}

/** Fields of an object; of anything else none. */
const fields = (value: unknown): Record<string, unknown> =>
  typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};

export class Link {
  /** Resolves when the connection stands; rejects with `NoDaemon`, or with the reason of `close`. */
  readonly ready: Promise<void>;
  /** Resolves with the reason when the connection has ended. Never rejects. */
  readonly lost: Promise<ParsError>;
  readonly #socket: Socket;
  readonly #waiting = new Map<number, Waiting>();
  #nextId = 1;
  #over: ParsError | undefined;
  #end!: (reason: ParsError) => void;

  /** Begins to connect; `told` hears every event. */
  constructor(
    route: Route,
    private readonly told: (event: Event) => void,
  ) {
    this.lost = new Promise((resolve) => {
      this.#end = resolve;
    });
    let stands = false;
    let opened!: () => void;
    this.ready = new Promise((resolve, reject) => {
      opened = resolve;
      void this.lost.then(reject);
    });
    this.#socket = route.connect({
      opened: () => {
        stands = true;
        opened();
      },
      received: (text) => this.#received(text),
      closed: (reason) => this.#lose(stands ? gone(reason) : absent(reason)),
    });
  }

  /** Calls a method. */
  call<M extends Method>(method: M, params: Methods[M]["params"]): Promise<Methods[M]["result"]> {
    if (this.#over !== undefined) return Promise.reject(this.#over);
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      // The answer was held against the method's schema before it comes here.
      this.#waiting.set(id, { method, resolve: resolve as (result: unknown) => void, reject });
      this.#socket.send(JSON.stringify({ jsonrpc: "2.0", id, method, params }));
    });
  }

  /** Ends the connection; what waits is rejected with the reason. */
  close(reason: ParsError): void {
    this.#lose(reason);
    this.#socket.close();
  }

  #lose(reason: ParsError): void {
    if (this.#over !== undefined) return;
    this.#over = reason;
    for (const waiting of this.#waiting.values()) waiting.reject(reason);
    this.#waiting.clear();
    this.#end(reason);
  }

  #received(text: unknown): void {
    if (this.#over !== undefined) return;
    try {
      this.#read(typeof text === "string" ? (JSON.parse(text) as unknown) : undefined);
    } catch (cause) {
      const error = new ParsError("InvalidReply", "the session daemon sent what is no JSON-RPC", { cause });
      this.close(cause instanceof ParsError ? cause : error);
    }
  }

  #read(message: unknown): void {
    const { id, method, params, result, error } = fields(message);
    if (method === "event") {
      if (!fits({ $ref: "Event" }, params, definitions)) throw invalid("an event");
      this.told(params as Event);
      return;
    }
    const waiting = typeof id === "number" ? this.#waiting.get(id) : undefined;
    if (waiting === undefined) throw invalid("an answer that nobody waits for");
    this.#waiting.delete(id as number);
    if (error !== undefined) {
      const { code, message: sentence } = fields(error);
      waiting.reject(refusal(Number(code), String(sentence)));
    } else if (fits(results[waiting.method], result, definitions)) {
      waiting.resolve(result);
    } else {
      waiting.reject(invalid(`the answer to ${waiting.method}`));
    }
  }
}

const absent = (reason: string): ParsError => new ParsError("NoDaemon", `no session daemon answers: ${reason}`);

const gone = (reason: string): ParsError =>
  new ParsError("ConnectionLost", `the connection to the session daemon was lost: ${reason}`);

const invalid = (what: string): ParsError =>
  new ParsError("InvalidReply", `${what} does not look like this version's: are client and daemon of one version?`);
