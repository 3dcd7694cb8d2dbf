/** Chat, reactions and hands: signed by the own daemon, encrypted by the media worker, opened by the own daemon again. */
import type { Daemon } from "../daemon/client.js";
import type { MessageKind } from "../daemon/types.js";
import type { Key } from "../i18n/en.js";
import type { Link } from "../media/link.js";
import { fromBase64, toBase64 } from "./base64.js";
import { type Message, type RoomState, maySend, ownSeat } from "./room-state.js";
import type { Store } from "./store.js";

/** TOWNHALL: a message's text, in bytes. */
export const MAX_CHAT_BYTES = 4_096;
const MAX_SHOWN = 1_000;
/** What a daemon takes in no message: all control characters but tabulator and line feed. */
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/gu;
const MAX_REACTIONS = 8;
const REACTION_MS = 5_000;

/** Reactions that are drawn; anything else is not shown. Their words travel, so they are the same in every language. */
export const reactions = ["agree", "thanks", "slower", "question", "applause"] as const;
export type ReactionName = (typeof reactions)[number];

export class Talk {
  #lastId = 0;
  /** The hand goes down because its owner wants it. */
  lowering = false;

  constructor(
    private readonly store: Store<RoomState>,
    private readonly daemon: Pick<Daemon, "call">,
    private readonly link: () => Link | undefined,
    private readonly complain: (key: Key, identity: string) => void,
  ) {}

  /** Sends a message; it is shown at once, with its state. */
  async say(written: string): Promise<void> {
    const text = written.replace(CONTROL, "").trim();
    if (text === "") return;
    const identity = this.store.value.joined?.identity ?? "";
    const message: Message = { id: ++this.#lastId, identity, text, at: now(), state: "sending" };
    this.#show(message);
    await this.#deliver(message);
  }

  /** Sends a message that did not go out once more. */
  async again(id: number): Promise<void> {
    const message = this.store.value.chat.find((other) => other.id === id && other.state === "failed");
    if (message !== undefined) await this.#deliver(message);
  }

  async react(reaction: ReactionName): Promise<void> {
    const identity = this.store.value.joined?.identity ?? "";
    if (await this.#send("reaction", reaction)) this.#flash(identity, reaction);
    else this.complain("notice.notSent", identity);
  }

  /** Raises or lowers the own hand. */
  async hand(up: boolean): Promise<void> {
    this.lowering = !up;
    if (await this.#send("hand", up ? "up" : "down")) return;
    this.lowering = false;
    this.complain("notice.notSent", this.store.value.joined?.identity ?? "");
  }

  /** The own hand is up. */
  get isHandUp(): boolean {
    return ownSeat(this.store.value)?.hand != null;
  }

  /** Takes decrypted bytes of a seat. Only what the daemon opened is shown. */
  async receive(identity: string, bytes: Uint8Array): Promise<void> {
    const { lobby } = this.store.value;
    try {
      const opened = await this.daemon.call("room.open", { room: lobby.room, identity, bytes: toBase64(bytes) });
      const sender = this.store.value.seats.find(({ seat }) => seat === opened.seat);
      if (sender?.identity !== identity) return this.complain("notice.forged", identity);
      this.#take(identity, opened.kind, opened.body);
    } catch (error) {
      if ((error as { reason?: string }).reason === "Forged") this.complain("notice.forged", identity);
    }
  }

  #take(identity: string, kind: MessageKind, body: string): void {
    switch (kind) {
      case "chat":
        return this.#show({ id: ++this.#lastId, identity, text: body, at: now(), state: "received" });
      case "reaction":
        return this.#flash(identity, body);
      case "agenda":
        return this.store.set({ agendaItem: Number.parseInt(body, 10) || 0 });
      case "hand":
        // The roster follows.
        return;
    }
  }

  async #deliver(message: Message): Promise<void> {
    this.#mark(message.id, "sending");
    this.#mark(message.id, (await this.#send("chat", message.text)) ? "sent" : "failed");
  }

  async #send(kind: MessageKind, body: string): Promise<boolean> {
    const link = this.link();
    if (!maySend(this.store.value) || link === undefined) return false;
    try {
      const { bytes } = await this.daemon.call("room.sign", { room: this.store.value.lobby.room, kind, body });
      await link.publish(fromBase64(bytes));
      return true;
    } catch {
      return false;
    }
  }

  #mark(id: number, state: Message["state"]): void {
    this.store.set({ chat: this.store.value.chat.map((message) => (message.id === id ? { ...message, state } : message)) });
  }

  #show(message: Message): void {
    this.store.set({ chat: [...this.store.value.chat, message].slice(-MAX_SHOWN) });
  }

  #flash(identity: string, text: string): void {
    if (!(reactions as readonly string[]).includes(text)) return;
    const reaction = { id: ++this.#lastId, identity, text };
    this.store.set({ reactions: [...this.store.value.reactions, reaction].slice(-MAX_REACTIONS) });
    setTimeout(
      () => this.store.set({ reactions: this.store.value.reactions.filter(({ id }) => id !== reaction.id) }),
      REACTION_MS,
    );
  }
}

const now = (): number => Date.now() / 1000;
