/** The client of a session daemon. */
import { platform } from "#platform";
import { Chat } from "./chat.js";
import { Connection } from "./connection.js";
import { hasCode } from "./errors.js";
import { Emitter, type Listener, type ParsEvents, type Unsubscribe } from "./events.js";
import type { Created, Identity, Peers, Session, Status } from "./generated/types.js";
import { Inbox } from "./inbox.js";
import { type ParsSessionOptions, check } from "./options.js";

/** Events that come from the daemon: who wants one wants a subscription. */
const OF_THE_DAEMON: readonly (keyof ParsEvents)[] = ["message", "messageUpdated", "sessionChanged", "gap", "published"];

/**
 * Speaks with a session daemon. Nothing is opened before the first request; one WebSocket carries everything. It keeps the
 * process alive until `close()`.
 */
export class ParsSession {
  readonly #connection: Connection;
  readonly #emitter = new Emitter();
  readonly #inbox: Inbox;

  /** Throws `InvalidOptions`. */
  constructor(options: ParsSessionOptions) {
    check(options, platform.takes);
    this.#connection = new Connection({ ...options }, (event) => this.#inbox.take(event));
    this.#inbox = new Inbox(this.#connection, this.#emitter);
  }

  /**
   * The identity, made if there is none. One that was just made has `revocation`: show it to its owner. If that answer is lost
   * (`ConnectionLost`), `revocation()` has it.
   */
  async getOrCreateIdentity(): Promise<Identity | Created> {
    const existing = (): Promise<Identity> => this.#connection.call("identity.get", {});
    try {
      return await existing();
    } catch (error) {
      if (!hasCode(error, "NoIdentity")) throw error;
    }
    try {
      // Not repeated: a second request would be refused, and nobody would notice that the secret was not shown.
      return await this.#connection.call("identity.create", {}, { passing: [] });
    } catch (error) {
      // Somebody else was faster.
      if (hasCode(error, "IdentityExists")) return existing();
      throw error;
    }
  }

  /** The revocation secret, 64 digits. Under Node only: the daemon gives it over its Unix socket alone. */
  async revocation(): Promise<string> {
    return (await this.#connection.call("identity.revocation", {})).revocation;
  }

  /** Looks a recipient up (`05…` or a `pars://session/…` link) and begins a session, or gives the one there is. */
  async createSession(recipientID: string): Promise<Chat> {
    const session = await this.#connection.call("session.create", { recipient: recipientID });
    return new Chat(session, this.#connection, this.#inbox);
  }

  /** All sessions. */
  async sessions(): Promise<Chat[]> {
    const sessions: readonly Session[] = await this.#connection.call("session.list", {});
    return sessions.map((session) => new Chat(session, this.#connection, this.#inbox));
  }

  /** How the daemon does. */
  status(): Promise<Status> {
    return this.#connection.call("status.get", {});
  }

  /** The registered service nodes. */
  peers(): Promise<Peers> {
    return this.#connection.call("peers.list", {});
  }

  /** Listens to an event; gives back what ends that. */
  on<E extends keyof ParsEvents>(event: E, listener: Listener<ParsEvents[E]>): Unsubscribe {
    const unsubscribe = this.#emitter.on(event, listener);
    if (OF_THE_DAEMON.includes(event)) this.#inbox.start();
    return () => {
      unsubscribe();
      this.#inbox.left();
    };
  }

  /** Ends the connection. What still waits is rejected with `Closed`; a message that is not done comes again another time. */
  close(): Promise<void> {
    return this.#connection.close();
  }
}
