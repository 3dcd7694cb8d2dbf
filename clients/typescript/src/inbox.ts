/**
 * Received messages: each at least once to every listener of its session, in order, acknowledged when the listeners are done.
 *
 * An event is only the sign that there is something: messages are read from the daemon's history, a page at a time, so that
 * nothing piles up here however slow a listener is. The acknowledgement is one cursor over all sessions: those that somebody
 * listens to hold it, the others do not, or a stranger could stop it for ever. While nobody listens to any, all hold it.
 */
import { type Connection, pauseOf } from "./connection.js";
import { hasCode } from "./errors.js";
import type { Emitter, Listener, Unsubscribe } from "./events.js";
import type { Event, Message } from "./generated/types.js";

const PAGE = 64;
/** The kind of an entry that is no message: an object that can never be read. */
const GAP = "gap";
const LISTENER_PAUSE_MS = 500;
const LONGEST_LISTENER_PAUSE_MS = 30_000;

/** How far a session is. Everything up to `delivered` is done; the daemon has told of something at `told`. */
interface Thread {
  delivered: number;
  told: number;
  running: boolean;
}

export class Inbox {
  readonly #threads = new Map<string, Thread>();
  readonly #listeners = new Map<string, Set<Listener<Message>>>();
  #told = 0;
  #acknowledged = 0;
  #acknowledging = false;
  #subscribing = false;

  constructor(
    private readonly connection: Connection,
    private readonly emitter: Emitter,
  ) {}

  /** Listens to one session. */
  listen(session: string, listener: Listener<Message>): Unsubscribe {
    const set = this.#listeners.get(session) ?? new Set();
    const own: Listener<Message> = (message) => listener(message);
    this.#listeners.set(session, set.add(own));
    this.start();
    return () => {
      set.delete(own);
      this.left();
    };
  }

  /** A listener was taken away: what waited for it holds the acknowledgement no longer. */
  left(): void {
    void this.#acknowledge();
  }

  /** Subscribes, unless it does already; listeners that came meanwhile get what waits for them. */
  start(): void {
    for (const session of this.#threads.keys()) this.#run(session);
    if (this.#subscribing || this.connection.isClosed) return;
    this.#subscribing = true;
    void this.#subscribe().catch((error: unknown) => {
      this.#subscribing = false;
      if (!this.connection.isClosed) this.emitter.failed(error);
    });
  }

  /** Takes an event of the daemon. */
  take(event: Event): void {
    switch (event.type) {
      case "messageReceived":
        this.#received(event.data);
        break;
      case "published":
        this.emitter.emit("published", undefined);
        break;
      case "messageUpdated":
        this.emitter.emit("messageUpdated", event.data);
        break;
      case "sessionChanged":
        this.emitter.emit("sessionChanged", event.data);
        break;
      case "gap":
        this.#gap(event.data);
        break;
    }
  }

  /** Subscribes again after every loss. The daemon then tells everything that is not acknowledged, what is here already as well. */
  async #subscribe(): Promise<void> {
    for (let attempt = 0; !this.connection.isClosed; attempt++) {
      try {
        const link = await this.connection.link();
        await link.call("event.subscribe", {});
        attempt = 0;
        this.emitter.emit("connected", undefined);
        const reason = await link.lost;
        if (!this.connection.isClosed) this.emitter.emit("disconnected", reason);
        // A daemon of another version would tell the same again.
        if (reason.code === "InvalidReply") throw reason;
      } catch (error) {
        // Anything else passes: a daemon may still be starting, an identity may be made any moment.
        if (hasCode(error, "WrongNetwork", "InvalidReply")) throw error;
      }
      await this.connection.pause(pauseOf(attempt));
    }
  }

  #received(message: Message): void {
    const { session, cursor } = message;
    // The daemon tells by rising cursor: what this session has before the first that is told was acknowledged earlier.
    const thread = this.#threads.get(session) ?? { delivered: cursor - 1, told: cursor - 1, running: false };
    this.#threads.set(session, thread);
    thread.told = Math.max(thread.told, cursor);
    this.#told = Math.max(this.#told, cursor);
    this.#run(session);
  }

  /** Told at once: nothing waits for who listens to gaps. Whoever listens to nothing takes none from one that does. */
  #gap(message: Message): void {
    this.emitter.emit("gap", message);
    if (this.emitter.listeners("gap").length > 0 || this.#anybody()) this.#told = Math.max(this.#told, message.cursor);
    void this.#acknowledge();
  }

  /** Somebody listens to messages. */
  #anybody(): boolean {
    return this.emitter.listeners("message").length > 0 || [...this.#listeners.values()].some((set) => set.size > 0);
  }

  #listenersOf(session: string): readonly Listener<Message>[] {
    return [...(this.#listeners.get(session) ?? []), ...this.emitter.listeners("message")];
  }

  #run(session: string): void {
    const thread = this.#threads.get(session);
    if (thread === undefined || thread.running) return;
    thread.running = true;
    const ended = (): void => {
      thread.running = false;
      // Something may have come, or somebody begun to listen, after the last look.
      if (this.#isDue(session, thread)) this.#run(session);
      void this.#acknowledge();
    };
    void this.#deliver(session, thread).then(ended, (error: unknown) => {
      // After a loss the daemon tells again, which starts this again.
      thread.running = false;
      if (!this.connection.isClosed) this.emitter.failed(error);
    });
  }

  #isDue(session: string, thread: Thread): boolean {
    return !this.connection.isClosed && thread.told > thread.delivered && this.#listenersOf(session).length > 0;
  }

  /** Delivers what was told, page by page. */
  async #deliver(session: string, thread: Thread): Promise<void> {
    while (this.#isDue(session, thread)) {
      const { told } = thread;
      const page = await this.connection.call("message.list", { session, after: thread.delivered, limit: PAGE });
      for (const message of page.messages) {
        const isHeard = message.direction !== "received" || message.kind === GAP || (await this.#tell(message));
        if (!isHeard) return;
        thread.delivered = Math.max(thread.delivered, message.cursor);
        void this.#acknowledge();
      }
      // What was told and is not in the history any more cannot be delivered.
      if (page.next === null) thread.delivered = Math.max(thread.delivered, told);
    }
  }

  /** Calls the listeners there are, one after the other; one that fails is called again. False: nobody had it, or it is over. */
  async #tell(message: Message): Promise<boolean> {
    const left = new Set(this.#listenersOf(message.session));
    let heard = false;
    for (let attempt = 0; left.size > 0; attempt++) {
      if (attempt > 0) await this.connection.pause(Math.min(LISTENER_PAUSE_MS * 2 ** (attempt - 1), LONGEST_LISTENER_PAUSE_MS));
      for (const listener of left) {
        if (this.connection.isClosed) return false;
        try {
          // One that was taken away meanwhile is not called any more.
          if (this.#listenersOf(message.session).includes(listener)) {
            await listener(message);
            heard = true;
          }
          left.delete(listener);
        } catch (error) {
          this.emitter.failed(error);
        }
      }
    }
    return heard;
  }

  /** Acknowledges everything before the first message that somebody listens to and that is not done. One request at a time. */
  async #acknowledge(): Promise<void> {
    if (this.#acknowledging) return;
    this.#acknowledging = true;
    try {
      for (let cursor = this.#done(); cursor > this.#acknowledged; cursor = this.#done()) {
        await this.connection.call("event.ack", { cursor });
        this.#acknowledged = cursor;
      }
    } catch (error) {
      // A loss is no harm: the daemon tells again, and what was delivered is known here.
      if (!this.connection.isClosed && !hasCode(error, "NoDaemon", "ConnectionLost")) this.emitter.failed(error);
    } finally {
      this.#acknowledging = false;
    }
  }

  #done(): number {
    // A program that listens to nothing takes nothing from one that does.
    const anybody = this.#anybody();
    const isHeld = (session: string, { told, delivered, running }: Thread): boolean =>
      told > delivered && (running || !anybody || this.#listenersOf(session).length > 0);
    const held = [...this.#threads].filter(([session, thread]) => isHeld(session, thread));
    return Math.min(this.#told, ...held.map(([, thread]) => thread.delivered));
  }
}
