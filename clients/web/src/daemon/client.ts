/** One connection to the own daemon: requests, answers, events. */
import { type Method, type Methods, type RefusalName, type RoomEvent, refusalNumbers } from "./types.js";

/** What went wrong, by a stable name. */
export type DaemonErrorName = RefusalName | "NoDaemon" | "Lost" | "Refused";

export class DaemonError extends Error {
  override readonly name = "DaemonError";
  constructor(
    readonly reason: DaemonErrorName,
    message: string,
  ) {
    super(message);
  }
}

interface Waiting {
  resolve(result: unknown): void;
  reject(error: DaemonError): void;
}

/** Fields of an object; of anything else none. */
const fields = (value: unknown): Record<string, unknown> =>
  typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};

const names = new Map(Object.entries(refusalNumbers).map(([name, number]) => [number, name as RefusalName]));

const refusal = (error: unknown): DaemonError => {
  const { code, message } = fields(error);
  return new DaemonError(names.get(Number(code)) ?? "Refused", String(message));
};

export class Daemon {
  /** Resolves when the daemon answers; rejects with `NoDaemon`. */
  readonly ready: Promise<void>;
  /** Resolves when the connection has ended. */
  readonly lost: Promise<void>;
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, Waiting>();
  readonly #listeners = new Set<(event: RoomEvent) => void>();
  #lastId = 0;
  #isOver = false;

  constructor(address: string, token: string) {
    const socket = new WebSocket(address, ["pars.v1", `pars.bearer.${token}`]);
    this.#socket = socket;
    this.ready = new Promise((resolve, reject) => {
      socket.addEventListener("open", () => resolve());
      socket.addEventListener("close", () => reject(new DaemonError("NoDaemon", "the daemon does not answer")));
    });
    this.lost = new Promise((resolve) => {
      socket.addEventListener("close", () => {
        this.#isOver = true;
        for (const waiting of this.#waiting.values()) waiting.reject(lost());
        this.#waiting.clear();
        resolve();
      });
    });
    socket.addEventListener("message", ({ data }: MessageEvent<unknown>) => this.#receive(data));
  }

  call<M extends Method>(method: M, params: Methods[M]["params"]): Promise<Methods[M]["result"]> {
    if (this.#isOver) return Promise.reject(lost());
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve: resolve as (result: unknown) => void, reject });
      this.#socket.send(JSON.stringify({ jsonrpc: "2.0", id, method, params }));
    });
  }

  /** Hears every event; gives back what ends that. */
  on(listener: (event: RoomEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  close(): void {
    this.#socket.close(1000);
  }

  #receive(data: unknown): void {
    let message: Record<string, unknown>;
    try {
      message = fields(typeof data === "string" ? (JSON.parse(data) as unknown) : undefined);
    } catch {
      return this.close();
    }
    if (message["method"] === "event") {
      // Events of the daemon's other methods move nobody here.
      const event = fields(message["params"]);
      if (typeof event["type"] === "string") for (const listener of [...this.#listeners]) listener(event as unknown as RoomEvent);
      return;
    }
    const id = Number(message["id"]);
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (message["error"] !== undefined) waiting?.reject(refusal(message["error"]));
    else waiting?.resolve(message["result"]);
  }
}

const lost = (): DaemonError => new DaemonError("Lost", "the connection to the daemon was lost");

/** The daemon that served this page. */
export const addressOf = ({ protocol, host }: Pick<Location, "protocol" | "host">): string =>
  `${protocol === "https:" ? "wss" : "ws"}://${host}/ws`;
