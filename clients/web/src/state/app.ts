/** Which screen there is, and what leads from one to the other. */
import { type Daemon, DaemonError, type DaemonErrorName } from "../daemon/client.js";
import type { Form, Joined, Lobby, Methods, RoomSummary, Stage, TypedData } from "../daemon/types.js";
import type { Language } from "../i18n/text.js";
import { CannotEncryptError } from "../media/guard.js";
import type { Connect } from "../media/link.js";
import { MediaRefusedError } from "../media/refused.js";
import { Library } from "./library.js";
import { type Failure, failureOf } from "./player.js";
import { LiveRoom } from "./room.js";
import type { Chosen } from "./senders.js";
import { Store } from "./store.js";
import { type Wallet, WalletError, type WalletReason, devWallet, findWallets } from "./wallet.js";

export type Theme = "light" | "dark";

/** What a refusal screen explains. */
export type Refused = DaemonErrorName | WalletReason | "cannotEncrypt" | MediaRefusedError["reason"];

/** How far entering is. */
export interface Progress {
  readonly form: Form;
  readonly stage: Stage | "wallet";
  readonly percent: number;
  readonly since: number;
}

export type Screen =
  | { readonly name: "noToken" | "noDaemon" | "connecting" }
  /** The daemon answered, and refused. */
  | { readonly name: "failed"; readonly failure: Failure; readonly again: () => void }
  | { readonly name: "rooms"; readonly rooms: readonly RoomSummary[] | null }
  | { readonly name: "lobby"; readonly lobby: Lobby }
  | { readonly name: "entering"; readonly lobby: Lobby; readonly progress: Progress }
  | { readonly name: "recorded"; readonly lobby: Lobby; readonly enter: () => void }
  | { readonly name: "refused"; readonly lobby: Lobby; readonly reason: Refused }
  | { readonly name: "room"; readonly live: LiveRoom }
  | { readonly name: "recordings"; readonly library: Library };

export interface AppState {
  readonly language: Language;
  readonly theme: Theme;
  readonly screen: Screen;
  readonly wallets: readonly Wallet[];
}

/** How somebody enters. */
export interface Entrance {
  readonly form: Form;
  readonly textOnly: boolean;
  readonly account: string | null;
  readonly wallet: Wallet | null;
  readonly chosen: Chosen;
}

export interface AppTools {
  readonly connect: Connect;
  /** Opens the connection to the daemon; undefined without a token. */
  readonly daemon: (() => Daemon) | undefined;
  readonly storage: Pick<Storage, "getItem" | "setItem" | "removeItem">;
  readonly scope: EventTarget;
  /** Calls after so many milliseconds, unless what it gives back is called before; the browser's own timer if not given. */
  readonly later?: (milliseconds: number, call: () => void) => () => void;
}

/** One press of "Enter". */
interface Attempt {
  /** The daemon's name for it. */
  id: string | undefined;
  isCancelled: boolean;
  /** The daemon has given it a seat. */
  isSeated: boolean;
  /** Wakes an attempt that waits for its user. */
  wake: () => void;
}

type JoinParams = Methods["room.join"]["params"];

const ROOM_KEY = "pars.room";

export class App {
  readonly store: Store<AppState>;
  #daemon: Daemon | undefined;
  #attempt: Attempt | undefined;
  /** Counts the ways that were taken: an answer that comes after the next one leads nowhere. */
  #ways = 0;

  constructor(
    private readonly tools: AppTools,
    preferences: Pick<AppState, "language" | "theme">,
  ) {
    this.store = new Store<AppState>({ ...preferences, screen: { name: "connecting" }, wallets: [] });
    findWallets(tools.scope, (wallet) => {
      const { wallets } = this.store.value;
      if (!wallets.some(({ id }) => id === wallet.id)) this.store.set({ wallets: [...wallets, wallet] });
    });
  }

  /** Connects to the daemon, and back into the room of this tab if it was in one. */
  async start(): Promise<void> {
    const { daemon } = this.tools;
    if (daemon === undefined) return this.#show({ name: "noToken" });
    this.#show({ name: "connecting" });
    this.#daemon?.close();
    try {
      const opened = daemon();
      this.#daemon = opened;
      await opened.ready;
      void opened.lost.then(() => {
        if (this.#daemon === opened && this.store.value.screen.name !== "room") this.#show({ name: "noDaemon" });
      });
    } catch {
      return this.#show({ name: "noDaemon" });
    }
    const room = this.tools.storage.getItem(ROOM_KEY);
    if (room === null || !(await this.#return(room))) await this.rooms();
  }

  choose(preferences: Partial<Pick<AppState, "language" | "theme">>): void {
    this.store.set(preferences);
  }

  /** The room list. */
  async rooms(): Promise<void> {
    const isLast = this.#go();
    this.#show({ name: "rooms", rooms: null });
    const rooms = await this.#call((daemon) => daemon.call("room.list", {}), isLast, () => void this.rooms());
    if (rooms !== undefined) this.#show({ name: "rooms", rooms });
  }

  /** The recordings that this member agreed to. */
  async recordings(): Promise<void> {
    if (this.#daemon === undefined) return;
    this.#go();
    const library = new Library(this.#daemon);
    this.#show({ name: "recordings", library });
    await library.load();
  }

  /** The screen before a room. */
  async lobby(room: string): Promise<void> {
    const isLast = this.#go();
    const lobby = await this.#call((daemon) => daemon.call("room.lobby", { room }), isLast, () => void this.lobby(room));
    if (lobby === undefined) return;
    const { wallets } = this.store.value;
    if (lobby.devWallet && this.#daemon !== undefined && !wallets.some(({ id }) => id === "dev")) {
      this.store.set({ wallets: [devWallet(this.#daemon), ...wallets] });
    }
    this.#show({ name: "lobby", lobby });
  }

  /** Whether accounts of a wallet may enter by name, by the daemon's own index; the screen shows it. Rejects as calls do. */
  async judge({ room }: Lobby, accounts: readonly string[]): Promise<Lobby["known"]> {
    if (this.#daemon === undefined) throw new DaemonError("NoDaemon", "no daemon");
    const { known } = await this.#daemon.call("room.lobby", { room, accounts });
    const { screen } = this.store.value;
    if (screen.name === "lobby" && screen.lobby.room === room) this.#show({ name: "lobby", lobby: { ...screen.lobby, known } });
    return known;
  }

  /** Proves or signs, and enters. */
  async enter(lobby: Lobby, entrance: Entrance): Promise<void> {
    const daemon = this.#daemon;
    if (daemon === undefined) return;
    const attempt: Attempt = { id: undefined, isCancelled: false, isSeated: false, wake: () => undefined };
    this.#attempt = attempt;
    this.#go();
    const progress = (stage: Progress["stage"], percent: number): void => {
      if (!attempt.isCancelled)
        this.#show({ name: "entering", lobby, progress: { form: entrance.form, stage, percent, since: performance.now() } });
    };
    progress("tree", 0);
    // It hears of roster and keys from now on: they may come before the answer.
    const live = new LiveRoom({ daemon, connect: this.tools.connect }, lobby, entrance.chosen);
    const unhear = daemon.on(({ type, data }) => {
      // The last progress may come behind the answer, when the user is being asked.
      const isAsked = this.store.value.screen.name === "recorded";
      if (type === "roomProgress" && data.attempt === attempt.id && !isAsked) progress(data.stage, data.percent);
    });
    try {
      await this.#join(daemon, attempt, live, entrance, progress);
      this.#show({ name: "room", live });
    } catch (error) {
      live.end("LeftHere");
      // The daemon leaves whatever seat it has in the room: without an own one it may be another tab's, or a later attempt's.
      if (attempt.isSeated && this.#attempt === attempt) {
        this.forget();
        void daemon.call("room.leave", { room: lobby.room }).catch(() => undefined);
      }
      if (!attempt.isCancelled) this.#show({ name: "refused", lobby, reason: reasonOf(error) });
    } finally {
      unhear();
    }
  }

  /** Ends the attempt to enter. */
  async cancel(lobby: Lobby): Promise<void> {
    const attempt = this.#attempt;
    this.#go();
    this.#show({ name: "lobby", lobby });
    if (attempt === undefined) return;
    attempt.isCancelled = true;
    attempt.wake();
    // Before the daemon has named it, it is given up when the name comes.
    if (attempt.id !== undefined && this.#daemon !== undefined) await giveUp(this.#daemon, attempt.id);
  }

  /** Leaves at once, whatever the daemon does; the rooms are listed when it knows. */
  async leave(live: LiveRoom): Promise<void> {
    const isLast = this.#go();
    this.forget();
    const left = live.leave();
    this.#show({ name: "rooms", rooms: null });
    await left;
    if (isLast()) await this.rooms();
  }

  /** The room has ended: this tab does not try to come back by itself. */
  forget(): void {
    this.tools.storage.removeItem(ROOM_KEY);
  }

  /** Calls after so many milliseconds, unless what it gives back is called before. */
  later(milliseconds: number, call: () => void): () => void {
    return (this.tools.later ?? byTimer)(milliseconds, call);
  }

  async #join(
    daemon: Daemon,
    attempt: Attempt,
    live: LiveRoom,
    entrance: Entrance,
    progress: (stage: Progress["stage"], percent: number) => void,
  ): Promise<void> {
    const prepare = (): Promise<JoinParams> => this.#prepare(daemon, attempt, live, entrance, progress);
    const prepared = await prepare();
    const first = await joinUnless("Recorded", daemon, prepared);
    attempt.isSeated = first !== undefined;
    checkGoesOn(attempt);
    let joined = first;
    if (joined === undefined) {
      // Nobody in the room knows of this user, who decides first.
      await this.#tellRecorded(attempt, live);
      checkGoesOn(attempt);
      progress("sealed", 100);
      joined = await joinUnless("Expired", daemon, { ...prepared, evenIfRecorded: true });
      if (joined === undefined) {
        // Who read for long has another statement made.
        await giveUp(daemon, prepared.attempt);
        joined = await daemon.call("room.join", { ...(await prepare()), evenIfRecorded: true });
      }
      attempt.isSeated = true;
      checkGoesOn(attempt);
    }
    // The recorder came behind the host's answer.
    const isLate = first !== undefined && joined.recorder !== null;
    if (isLate) await this.#tellRecorded(attempt, live);
    checkGoesOn(attempt);
    this.tools.storage.setItem(ROOM_KEY, live.room);
    // Who read for long needs another pass.
    await live.enter(isLate ? await daemon.call("room.connection", { room: live.room }) : joined);
    checkGoesOn(attempt);
  }

  /** Has a statement made, and signed if it needs a wallet. */
  async #prepare(
    daemon: Daemon,
    attempt: Attempt,
    live: LiveRoom,
    entrance: Entrance,
    progress: (stage: "wallet", percent: number) => void,
  ): Promise<JoinParams> {
    const { form, textOnly, account } = entrance;
    const params = { room: live.room, form, textOnly, ...(account === null ? {} : { account }) };
    const prepared = await daemon.call("room.prepare", params);
    attempt.id = prepared.attempt;
    if (attempt.isCancelled) void giveUp(daemon, attempt.id);
    checkGoesOn(attempt);
    if (prepared.typedData !== null) progress("wallet", 0);
    const signature =
      prepared.typedData === null
        ? {}
        : { walletSignature: await this.#sign(daemon, prepared.attempt, prepared.typedData, entrance) };
    checkGoesOn(attempt);
    return { attempt: prepared.attempt, ...signature };
  }

  /** The room is recorded: nothing goes on before the user has read so and goes in (THREATS K2). */
  async #tellRecorded(attempt: Attempt, live: LiveRoom): Promise<void> {
    const { lobby } = live.store.value;
    await new Promise<void>((go) => {
      attempt.wake = go;
      this.#show({ name: "recorded", lobby, enter: go });
    });
  }

  async #sign(daemon: Daemon, attempt: string, typedData: TypedData, { wallet, account }: Entrance): Promise<string> {
    try {
      if (wallet === null || account === null) throw new WalletError("wallet");
      return await wallet.sign(account, typedData);
    } catch (error) {
      void giveUp(daemon, attempt);
      throw error instanceof WalletError ? error : new WalletError("wallet");
    }
  }

  /** Back into the room after a reload: a new connection of the same seat. */
  async #return(room: string): Promise<boolean> {
    const daemon = this.#daemon;
    if (daemon === undefined) return false;
    let live: LiveRoom | undefined;
    try {
      const lobby = await daemon.call("room.lobby", { room });
      live = new LiveRoom({ daemon, connect: this.tools.connect }, lobby);
      await live.enter(await daemon.call("room.connection", { room }));
      this.#show({ name: "room", live });
      return true;
    } catch {
      live?.end("LeftHere");
      this.forget();
      return false;
    }
  }

  /** Begins a way; gives whether none was begun since. */
  #go(): () => boolean {
    const way = ++this.#ways;
    return () => way === this.#ways;
  }

  /** The answer, if it is still wanted. A failure has its own screen; from a refusal `again` leads back. */
  async #call<T>(ask: (daemon: Daemon) => Promise<T>, isLast: () => boolean, again: () => void): Promise<T | undefined> {
    try {
      const answer = this.#daemon === undefined ? undefined : await ask(this.#daemon);
      return isLast() ? answer : undefined;
    } catch (error) {
      const failure = failureOf(error);
      const isGone = failure.reason === "NoDaemon" || failure.reason === "Lost";
      if (isLast()) this.#show(isGone ? { name: "noDaemon" } : { name: "failed", failure, again });
      return undefined;
    }
  }

  #show(screen: Screen): void {
    const { screen: before } = this.store.value;
    if (before.name === "recordings") before.library.close();
    this.store.set({ screen });
  }
}

/** Thrown between two steps of an attempt that was cancelled. */
const checkGoesOn = ({ isCancelled }: Attempt): void => {
  if (isCancelled) throw new DaemonError("Cancelled", "cancelled");
};

/** The seat; none if the daemon refuses for this reason. */
const joinUnless = async (reason: DaemonErrorName, daemon: Daemon, params: JoinParams): Promise<Joined | undefined> => {
  try {
    return await daemon.call("room.join", params);
  } catch (error) {
    if (error instanceof DaemonError && error.reason === reason) return undefined;
    throw error;
  }
};

/** Tells the daemon that an attempt ends. */
const giveUp = async (daemon: Daemon, attempt: string): Promise<void> => {
  await daemon.call("room.cancel", { attempt }).catch(() => undefined);
};

const byTimer = (milliseconds: number, call: () => void): (() => void) => {
  const timer = setTimeout(call, milliseconds);
  return () => clearTimeout(timer);
};

/** What is said about a failure to enter. */
const reasonOf = (error: unknown): Refused => {
  if (error instanceof DaemonError) return error.reason;
  if (error instanceof WalletError) return error.reason;
  if (error instanceof CannotEncryptError) return "cannotEncrypt";
  return error instanceof MediaRefusedError ? error.reason : "Refused";
};
