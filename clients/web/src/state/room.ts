/** One room, from the first press of "Enter" to its end: what the daemon says, what the media link says, what the member does. */
import type { Daemon } from "../daemon/client.js";
import type { EndReason, Events, Joined, Lobby, OrderKind, RoomEvent, SeatKeys } from "../daemon/types.js";
import type { Key } from "../i18n/en.js";
import type { SenderKeys } from "../media/keyring.js";
import type { Refusal } from "../media/layout.js";
import type { Connect, Link, LinkListener, LinkState, Playable, Source, Told } from "../media/link.js";
import { MediaRefusedError } from "../media/refused.js";
import { Stay } from "../media/stay.js";
import { fromBase64 } from "./base64.js";
import { Consent } from "./consent.js";
import { withNotice } from "./notices.js";
import { type Ended, type Notice, type RoomState, initialRoom, isRotation, ownSeat, rightful, roleOf } from "./room-state.js";
import { type Chosen, Senders } from "./senders.js";
import { type Speaking, SpeakingMeters } from "./speaking.js";
import { Store } from "./store.js";
import { Talk } from "./talk.js";

const RETURNS = 5;
const RETURN_PAUSE_MS = 1_000;
/** The media server may be faster than the daemon, which knows why. */
const REASON_WAIT_MS = 2_000;
const SPOKE_SHOWN = 6;
const ROTATION_MS = 5_000;
/** Repeated frames in one second that are no accident. */
const REPLAYS_TOLD = 100;

/** What is told when a device does not open. */
const DENIED = { microphone: "notice.micDenied", camera: "notice.cameraDenied", screen: "notice.screenDenied" } as const;

/** What a room needs of the outside. */
export interface RoomTools {
  readonly daemon: Pick<Daemon, "call" | "on" | "lost">;
  readonly connect: Connect;
}

export class LiveRoom {
  readonly store: Store<RoomState>;
  readonly senders: Senders;
  readonly talk: Talk;
  readonly consent: Consent;
  readonly #stay = new Stay();
  #link: Link | undefined;
  #keys: Events["roomKeys"] | undefined;
  /** What the media server sends, whether its senders may send it or not. */
  #sent: readonly Playable[] = [];
  /** Which link got which own keys: no other link ever gets them, because its counters would begin anew. */
  readonly #given = new Map<string, Link>();
  #meters: SpeakingMeters | undefined;
  #lastNotice = 0;
  readonly #unhear: () => void;

  constructor(
    private readonly tools: RoomTools,
    lobby: Lobby,
    chosen: Chosen = { microphone: undefined, camera: undefined },
  ) {
    this.store = new Store(initialRoom(lobby));
    const complain = {
      blocked: (source: Source) => this.notice(DENIED[source], "caution"),
      refused: () => this.notice("refused.publish", "caution"),
      gone: () => this.notice("notice.deviceGone", "caution"),
    };
    this.senders = new Senders(this.store, () => this.#link, complain, chosen);
    this.talk = new Talk(
      this.store,
      tools.daemon,
      () => this.#link,
      (key, identity) => this.notice(key, "caution", identity),
    );
    this.consent = new Consent(this.store, tools.daemon, {
      say: (key, weight, number) => this.notice(key, weight, null, number),
      hush: (isOver) => this.#hush(isOver),
    });
    this.#unhear = tools.daemon.on((event) => this.#hear(event));
    void tools.daemon.lost.then(() => this.end("NodeLost"));
  }

  get room(): string {
    return this.store.value.lobby.room;
  }

  /** It has ended for this page. */
  get isOver(): boolean {
    return this.store.value.ended !== null;
  }

  /** The seat is there: connects to the media server through the own daemon. Rejects when that refuses. */
  async enter(joined: Joined): Promise<void> {
    this.store.set({ joined, network: "connecting" });
    await this.#connect(joined);
    if (this.isOver || typeof AudioContext === "undefined") return;
    this.#meters = new SpeakingMeters((speaking) => this.#speaking(speaking));
  }

  /** Takes part no longer; devices close first. */
  async leave(): Promise<void> {
    if (this.isOver) return;
    this.end("LeftHere");
    await this.tools.daemon.call("room.leave", { room: this.room }).catch(() => undefined);
  }

  /** A moderator's order, or the own `accept`. */
  async order(kind: OrderKind, seat?: number): Promise<void> {
    try {
      await this.tools.daemon.call("room.order", { room: this.room, kind, ...(seat === undefined ? {} : { seat }) });
    } catch (error) {
      const isFull = (error as { reason?: string }).reason === "PresentersFull";
      // Who invites and who accepts hear it in their own words.
      const full = kind === "promote" ? "mod.full" : "refused.PresentersFull";
      this.notice(isFull ? full : "refused.NotAllowed", "caution");
    }
  }

  /** Answers an invitation. */
  async answer(yes: boolean): Promise<void> {
    const { invitation } = this.store.value;
    this.store.set({ invitation: null });
    if (!yes) return;
    if (invitation === "present") return this.order("accept");
    await this.senders.speak(true);
  }

  /** Compares the check code with what somebody read aloud: 25 digits. */
  compare(digits: string): "same" | "differs" | "incomplete" {
    const own = this.store.value.checkCode.replace(/\D/gu, "");
    if (digits.length !== own.length || own === "") return "incomplete";
    if (digits === own) {
      this.store.set({ compared: this.store.value.compared + 1 });
      return "same";
    }
    this.store.set({ differs: digits });
    this.#close();
    return "differs";
  }

  /** After codes that differed: they may be compared once more; nothing opens by itself. */
  compareAgain(): void {
    this.store.set({ differs: null });
    this.#giveKeys();
  }

  notice(key: Key, weight: Notice["weight"], identity: string | null = null, number: number | null = null): void {
    this.store.set({ notices: withNotice(this.store.value.notices, { id: ++this.#lastNotice, key, identity, number, weight }) });
  }

  dismiss(id: number): void {
    this.store.set({ notices: this.store.value.notices.filter((notice) => notice.id !== id) });
  }

  /** It is over: everything closes, for whatever reason. */
  end(reason: Ended, detail: string | null = null): void {
    if (this.isOver) return;
    this.store.set({
      ended: { reason, detail },
      network: "offline",
      sends: false,
      tracks: [],
      speaking: new Map(),
      invitation: null,
    });
    this.#unhear();
    this.#meters?.close();
    this.senders.drop();
    const link = this.#link;
    this.#link = undefined;
    link?.stop();
    void link?.leave().catch(() => undefined);
    this.#stay.close();
  }

  async #connect(grant: Joined): Promise<void> {
    if (this.isOver) return;
    const link = await this.tools.connect(grant, this.#listener(), this.#stay);
    if (this.isOver) return link.leave();
    this.#link = link;
    this.#giveKeys();
  }

  #listener(): LinkListener {
    return {
      state: (state: LinkState) => this.isOver || this.store.set({ network: state }),
      gone: (final) => void this.#return(final),
      tracks: (tracks) => this.#tracks(tracks),
      data: (identity, payload) => void this.talk.receive(identity, payload),
      notEncrypted: (identity) => this.notice("notice.notEncrypted", "danger", identity),
      otherServer: () => this.end("OtherServer"),
      told: (message) => this.#told(message),
      ended: (source) => this.senders.ended(source),
    };
  }

  /** The link is gone: a new connection of the same seat, with new keys, unless this seat is out. */
  async #return(final: boolean): Promise<void> {
    if (this.isOver) return;
    this.#link = undefined;
    this.#keys = undefined;
    this.#sent = [];
    this.senders.drop();
    this.store.set({ network: "reconnecting", sends: false, tracks: [], speaking: new Map() });
    if (final) await pause(REASON_WAIT_MS);
    for (let attempt = 0; !final && attempt < RETURNS && !this.isOver; attempt++) {
      await pause(attempt * RETURN_PAUSE_MS);
      try {
        return await this.#connect(await this.tools.daemon.call("room.connection", { room: this.room }));
      } catch (error) {
        if (error instanceof MediaRefusedError && error.reason === "otherServer") return this.end("OtherServer");
        // Anything else is tried again, or ended below.
      }
    }
    this.end("Lost");
  }

  #hear({ type, data }: RoomEvent): void {
    if (!("room" in data) || data.room !== this.room) return;
    switch (type) {
      case "roomRoster":
        return this.#roster(data);
      case "roomKeys":
        // Of an epoch before: what it adds is over in seconds, and its own keys have sealed already.
        if (data.epoch < (this.#keys?.epoch ?? 0)) return;
        this.#keys = data;
        if (data.own !== null) this.#resume();
        return this.#giveKeys();
      case "roomStopped":
        return this.#stopped(data);
      case "roomOrder":
        return this.#ordered(data);
      case "roomEnded":
        return this.end(data.reason satisfies EndReason, data.detail);
      case "roomRecording":
        return this.consent.hear(data);
    }
  }

  #roster({ epoch, checkCode, seats }: Events["roomRoster"]): void {
    const before = ownSeat(this.store.value);
    const wasShared = !this.store.value.seats.some(({ unshared }) => unshared);
    const sameCode = checkCode === this.store.value.checkCode;
    this.store.set({ epoch, checkCode, seats, compared: sameCode ? this.store.value.compared : 0 });
    this.#play();
    const now = ownSeat(this.store.value);
    if (wasShared && seats.some(({ unshared }) => unshared)) this.notice("notice.unshared", "caution");
    if (before?.hand != null && now?.hand === null && !this.talk.lowering) this.notice("notice.lowered", "calm");
    if (before?.role === "presenter" && now?.role === "member") {
      void this.senders.show("camera", false);
      void this.senders.show("screen", false);
      this.notice("notice.demoted", "calm");
    }
    if (before?.role === "member" && now?.role === "presenter") this.notice("notice.promoted", "calm");
    if (now?.muted === false && this.store.value.microphone === "closed") this.store.set({ microphone: "off" });
    if (now?.muted === true && this.store.value.microphone === "live") void this.senders.closeByModerator();
  }

  #stopped({ reason, seat }: Events["roomStopped"]): void {
    const stopped = { reason, seat };
    const number = reason === "Unverified" ? seat : null;
    const key = number === null ? (`notice.stopped.${reason}` as const) : "notice.stopped";
    // It is one thing: what was told of it before is over.
    const isOver = (other: Notice): boolean =>
      other.key.startsWith("notice.stopped") && (other.key !== key || other.number !== number);
    this.store.set({ stopped, notices: this.store.value.notices.filter((other) => !isOver(other)) });
    if (isRotation(this.store.value)) {
      // Keys change with everybody who comes and goes: sound rests, and goes on. Only when it takes long it is news.
      this.#link?.stop();
      this.store.set({ sends: false });
      setTimeout(() => this.store.value.stopped === stopped && this.notice(key, "caution"), ROTATION_MS);
      return;
    }
    this.#close();
    this.notice(key, "danger", null, number);
  }

  /** The daemon gives own keys again: what stopped this seat is over. What was closed stays closed. */
  #resume(): void {
    this.#hush((key) => key.startsWith("notice.stopped"));
    this.store.set({ stopped: null });
  }

  /** Takes away what is told no more. */
  #hush(isOver: (key: Key) => boolean): void {
    this.store.set({ notices: this.store.value.notices.filter(({ key }) => !isOver(key)) });
  }

  /** Nothing leaves this device any more, until keys come again. */
  #close(): void {
    this.#link?.stop();
    this.store.set({ sends: false });
    void this.senders.closeAll();
  }

  #ordered({ kind, seat, by }: Events["roomOrder"]): void {
    const own = this.store.value.joined?.seat;
    const mine = seat === own;
    const all = kind === "muteAll" && by !== own && roleOf(this.store.value) !== "moderator";
    if (all || (kind === "mute" && mine)) {
      if (this.store.value.microphone === "live") this.notice("notice.muted", "caution");
      void this.senders.closeByModerator();
    } else if (kind === "unmute" && mine) {
      if (this.store.value.microphone === "closed") this.store.set({ microphone: "off" });
      if (this.store.value.joined?.textOnly === false) this.store.set({ invitation: "speak" });
    } else if (kind === "promote" && mine) {
      this.store.set({ invitation: "present" });
    }
  }

  /** Hands the newest keys to the worker. */
  #giveKeys(): void {
    const link = this.#link;
    const keys = this.#keys;
    const { differs, stopped } = this.store.value;
    if (link === undefined || keys === undefined || differs !== null) return;
    const mayOwn = keys.own !== null && stopped === null && (this.#given.get(keys.own.media) ?? link) === link;
    if (mayOwn && keys.own !== null) this.#given.set(keys.own.media, link);
    link.keys({
      index: keys.index,
      others: keys.keys.map(material),
      own: mayOwn && keys.own !== null ? material(keys.own) : null,
    });
  }

  #told(message: Told): void {
    switch (message.kind) {
      case "keyed":
        return this.store.set({ sends: message.sends });
      case "failed":
        this.notice("notice.failed", "danger");
        return this.end("Failed", message.what);
      case "dropped":
        return this.#dropped(message);
      case "flowing":
        return;
    }
  }

  #dropped({ direction, identity, reason, count }: Extract<Told, { kind: "dropped" }>): void {
    if (direction === "out") {
      // A muted device still sends frames of silence; without keys they go nowhere, and that was said already.
      if (reason !== "no-key") this.notice("notice.cannotSend", "danger");
      return;
    }
    // A network repeats packets by itself.
    if (reason === "replayed" && count < REPLAYS_TOLD) return;
    const key = keyOf[reason];
    if (identity !== null && key !== undefined) this.notice(key, "danger", identity);
  }

  #tracks(tracks: readonly Playable[]): void {
    this.#sent = tracks;
    this.#play();
  }

  /** Again with every roster: roles change. */
  #play(): void {
    if (this.isOver) return;
    this.store.set({ tracks: rightful(this.store.value, this.#sent) });
    this.#followSound();
  }

  #followSound(): void {
    const { tracks, joined, microphone } = this.store.value;
    const own = this.senders.microphone;
    const heard = tracks.filter(({ source, muted }) => source === "microphone" && !muted);
    const mine = own !== undefined && joined !== null && microphone === "live" ? [{ identity: joined.identity, track: own }] : [];
    this.#meters?.follow([...heard, ...mine]);
  }

  #speaking({ levels, speaker }: Speaking): void {
    this.#followSound();
    const { speaking, speaker: before, spoke } = this.store.value;
    const same = levels.size === speaking.size && [...levels].every(([identity, level]) => speaking.get(identity) === level);
    if (same && speaker === before) return;
    const passed =
      before !== null && before !== speaker
        ? [before, ...spoke.filter((other) => other !== before)].slice(0, SPOKE_SHOWN)
        : spoke;
    this.store.set({ speaking: levels, speaker, spoke: passed });
  }
}

const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

const material = ({ identity, media, data }: SeatKeys): SenderKeys => ({
  identity,
  media: fromBase64(media),
  data: fromBase64(data),
});

/** What is said about frames that were dropped. A key that is on its way is no news. */
const keyOf: Readonly<Partial<Record<Refusal, Key>>> = {
  "wrong-key": "notice.wrongKey",
  "not-encrypted": "notice.clear",
  replayed: "notice.replayed",
};
