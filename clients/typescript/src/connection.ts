/** The way to the daemon: connects when it is needed, checks the network, comes back after a loss, repeats what may be repeated. */
import { platform } from "#platform";
import { ParsError, type ParsErrorCode, hasCode } from "./errors.js";
import type { Event, Methods } from "./generated/types.js";
import { Link, type Method } from "./link.js";
import type { ParsSessionOptions } from "./options.js";

const DEFAULT_PATIENCE_MS = 30_000;
const FIRST_PAUSE_MS = 5;
const LONGEST_PAUSE_MS = 2_000;

/** Pauses between attempts: doubled each time. */
export const pauseOf = (attempt: number): number => Math.min(FIRST_PAUSE_MS * 2 ** attempt, LONGEST_PAUSE_MS);

const closed = (): ParsError => new ParsError("Closed", "the session was closed");

/** What may be different next time. The daemon may be starting again: its file is not there yet, or nobody listens yet. */
export const PASSING: readonly ParsErrorCode[] = ["NoDaemon", "ConnectionLost"];

/** When a call is repeated, and when it is given up. */
export interface CallOptions {
  /** Codes after which it is repeated. */
  readonly passing?: readonly ParsErrorCode[];
  readonly signal?: AbortSignal | undefined;
}

/** What comes of some work, unless the signal is aborted before: then it is not begun, or not waited for any more. */
const unlessAborted = <T>(signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> => {
  if (signal === undefined) return work();
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(new ParsError("Aborted", "the caller gave up", { cause: signal.reason }));
    if (signal.aborted) return abort();
    signal.addEventListener("abort", abort, { once: true });
    void work()
      .then(resolve, reject)
      .finally(() => signal.removeEventListener("abort", abort));
  });
};

export class Connection {
  #link: Promise<Link> | undefined;
  /** The newest link, standing or not. */
  #newest: Link | undefined;
  #stood = false;
  #closed = false;
  /** Ends every pause. */
  readonly #wake = new Set<() => void>();

  constructor(
    private readonly options: ParsSessionOptions,
    private readonly told: (event: Event) => void,
  ) {}

  get isClosed(): boolean {
    return this.#closed;
  }

  /** The link that stands, or a new one. */
  link(): Promise<Link> {
    if (this.#closed) return Promise.reject(closed());
    const link = this.#link ?? this.#open();
    this.#link = link;
    return link;
  }

  /**
   * Calls a method, and again after a passing failure, until the patience since the first one is over. Only what does the same
   * when it is done twice may be repeated. The first connection is not waited for: where no daemon is, `NoDaemon` comes at once.
   * An aborted signal ends it with `Aborted`.
   */
  async call<M extends Method>(
    method: M,
    params: Methods[M]["params"],
    { passing = PASSING, signal }: CallOptions = {},
  ): Promise<Methods[M]["result"]> {
    const patience = this.options.patience ?? DEFAULT_PATIENCE_MS;
    let failedAt: number | undefined;
    for (let attempt = 0; ; attempt++) {
      try {
        return await unlessAborted(signal, async () => (await this.link()).call(method, params));
      } catch (error) {
        if (this.#closed) throw closed();
        failedAt ??= performance.now();
        const pause = pauseOf(attempt);
        const over = performance.now() - failedAt + pause > patience;
        if (!hasCode(error, ...passing) || over || !this.#stood) throw error;
        await unlessAborted(signal, () => this.pause(pause));
      }
    }
  }

  /** Waits; ends early when the session is closed. */
  pause(milliseconds: number): Promise<void> {
    if (this.#closed) return Promise.resolve();
    return new Promise((resolve) => {
      const end = (): void => {
        clearTimeout(timer);
        this.#wake.delete(end);
        resolve();
      };
      const timer = setTimeout(end, milliseconds);
      this.#wake.add(end);
    });
  }

  /** Ends everything; what waits is rejected with `Closed`. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const end of [...this.#wake]) end();
    this.#newest?.close(closed());
    await this.#link?.catch(() => undefined);
  }

  #open(): Promise<Link> {
    const opened = this.#connect();
    const forget = (): void => {
      if (this.#link === opened) this.#link = undefined;
    };
    opened.then((link) => link.lost.then(forget), forget);
    return opened;
  }

  async #connect(): Promise<Link> {
    // Looked up anew each time: a daemon that starts again may listen elsewhere.
    const route = await platform.route(this.options);
    this.#checkNetwork(route.network);
    if (this.#closed) throw closed();
    const link = new Link(route, this.told);
    this.#newest = link;
    try {
      await link.ready;
      this.#checkNetwork((await link.call("status.get", {})).network);
    } catch (error) {
      link.close(error instanceof ParsError ? error : closed());
      throw error;
    }
    this.#stood = true;
    return link;
  }

  #checkNetwork(network: string | undefined): void {
    if (network === undefined || network === this.options.network) return;
    throw new ParsError("WrongNetwork", `the session daemon is on ${network}, not on ${this.options.network}`);
  }
}
