/** What a session reports, and who listens. */
import type { ParsError } from "./errors.js";
import type { Message, Session } from "./generated/types.js";

/** Names and values of the events. */
export interface ParsEvents {
  /** A message arrived in any session; done once every listener has returned or resolved. See `Chat.onMessage`. */
  readonly message: Message;
  /** A message of ours is further. */
  readonly messageUpdated: Message;
  /** A session is new or changed. */
  readonly sessionChanged: Session;
  /**
   * An object can never be read: an entry of kind `gap`, whose content says why. Told again, also after a restart, until it is
   * acknowledged; `Chat.messages` lists it.
   */
  readonly gap: Message;
  /** Our records stand in the directory: strangers can write. */
  readonly published: undefined;
  /** The subscription stands. */
  readonly connected: undefined;
  /** The subscription was lost; it is being renewed. */
  readonly disconnected: ParsError;
  /** A listener failed, or the subscription ended for good. Without a listener it goes to `console.error`. */
  readonly error: unknown;
}

/** A listener; of `message` it may return a promise. */
export type Listener<T> = (value: T) => unknown;

/** Takes a listener away. */
export type Unsubscribe = () => void;

export class Emitter {
  readonly #listeners = new Map<keyof ParsEvents, Set<Listener<never>>>();

  /** Adds a listener. The same function twice is two listeners. */
  on<E extends keyof ParsEvents>(event: E, listener: Listener<ParsEvents[E]>): Unsubscribe {
    const set = this.#listeners.get(event) ?? new Set();
    const own: Listener<ParsEvents[E]> = (value) => listener(value);
    this.#listeners.set(event, set.add(own));
    return () => set.delete(own);
  }

  listeners<E extends keyof ParsEvents>(event: E): readonly Listener<ParsEvents[E]>[] {
    return [...(this.#listeners.get(event) ?? [])] as Listener<ParsEvents[E]>[];
  }

  /** Tells all listeners; a failing one is reported and keeps nobody else from hearing. */
  emit<E extends keyof ParsEvents>(event: E, value: ParsEvents[E]): void {
    for (const listener of this.listeners(event)) {
      void (async () => listener(value))().catch((error: unknown) => this.failed(error, event));
    }
  }

  /** Reports what went wrong in the background. */
  failed(error: unknown, during?: keyof ParsEvents): void {
    if (during === "error" || this.listeners("error").length === 0) console.error(error);
    else this.emit("error", error);
  }
}
