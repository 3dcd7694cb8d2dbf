/** A conversation with one account. */
import { type Connection, PASSING } from "./connection.js";
import { ParsError, SendError } from "./errors.js";
import type { Listener, Unsubscribe } from "./events.js";
import type { Message, Messages, Sent, Session } from "./generated/types.js";
import type { Inbox } from "./inbox.js";

/** What `chat.messages` reads. */
export interface PageOptions {
  /** Only messages after this cursor. */
  readonly after?: number;
  /** At most so many, 1 to 256. */
  readonly limit?: number;
}

/** What `chat.sendMessage` may be given. */
export interface SendOptions {
  /**
   * Names this request: 16 random bytes as 32 hexadecimal digits. A text that was given before under the same id is not sent a
   * second time. Drawn if left out.
   */
  readonly clientId?: string | undefined;
  /** Aborted: the request is not repeated any more, and its answer not waited for. The message may be on its way all the same. */
  readonly signal?: AbortSignal | undefined;
}

/** 16 random bytes in hexadecimal. */
const drawId = (): string => {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
};

export class Chat {
  /** The session's id: 64 digits, the same whatever handshakes it sees. */
  readonly id: string;
  /** The other side, `05…`. */
  readonly peer: string;

  /** By `ParsSession.createSession`. */
  constructor(
    /** The session as it was when this was made. */
    readonly session: Session,
    private readonly connection: Connection,
    private readonly inbox: Inbox,
  ) {
    this.id = session.id;
    this.peer = session.peer;
  }

  /**
   * Sends a text, 1 to 7,838 bytes of UTF-8 (1,419 before the first answer). Resolves once the daemon keeps it: from then on
   * it is not lost. A call sends once, also if the connection is lost or the answer comes too late: it asks again under one id
   * until the patience is over or the `signal` aborted. Rejects with a `SendError`, whose `clientId` lets a later call take this
   * one up.
   */
  async sendMessage(text: string, { clientId = drawId(), signal }: SendOptions = {}): Promise<Sent> {
    const request = { session: this.id, content: text, clientId };
    try {
      return await this.connection.call("message.send", request, { passing: [...PASSING, "Timeout"], signal });
    } catch (error) {
      throw error instanceof ParsError ? new SendError(clientId, error) : error;
    }
  }

  /**
   * Listens to what the other side writes in this session, in order. A message is done when every listener has returned or
   * resolved; one that throws is called with the same message again.
   *
   * From when a listener is here until it is taken away it gets each message at least once: what arrives, and what this client
   * was told since it connected and nobody has heard. What is not done when the program or the daemon ends is told again to the
   * next one. But the acknowledgement is one cursor over all sessions, and sessions that nobody listens to do not hold it: so
   * have all sessions first and then begin to listen to them without an `await` in between, or listen with
   * `session.on("message", …)` to all. What arrived while nobody listened to its session and was passed over is in
   * `messages()`. Two programs at one daemon share the cursor.
   */
  onMessage(listener: Listener<Message>): Unsubscribe {
    return this.inbox.listen(this.id, listener);
  }

  /** A page of the history, by rising cursor; also what no listener has heard. */
  messages(page: PageOptions = {}): Promise<Messages> {
    return this.connection.call("message.list", { session: this.id, ...page });
  }

  /** Marks what was received up to a cursor as read. */
  async markRead(cursor: number): Promise<void> {
    await this.connection.call("message.markRead", { session: this.id, cursor });
  }

  /** Closes the session: it only receives from then on. */
  close(): Promise<Session> {
    return this.connection.call("session.close", { session: this.id });
  }
}
