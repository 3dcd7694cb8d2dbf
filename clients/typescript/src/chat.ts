/** A conversation with one account. */
import type { Connection } from "./connection.js";
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
   * it is not lost. It is sent once, also if the connection is lost in the middle.
   */
  sendMessage(text: string): Promise<Sent> {
    return this.connection.call("message.send", { session: this.id, content: text, clientId: drawId() });
  }

  /**
   * Listens to what the other side writes: in order, at least once, over losses of the connection and restarts. A message is
   * acknowledged when the listener has returned or resolved; one that throws is called with the same message again.
   */
  onMessage(listener: Listener<Message>): Unsubscribe {
    return this.inbox.listen(this.id, listener);
  }

  /** A page of the history, by rising cursor. */
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
