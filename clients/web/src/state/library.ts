/** The recordings that this member agreed to: the list, what the own daemon found of each, and the one that is open. */
import type { Daemon } from "../daemon/client.js";
import type { RecordingRow, Verified } from "../daemon/types.js";
import { type Failure, Player, failureOf } from "./player.js";
import { Store } from "./store.js";

/** What is known of a span beyond its row. */
export type Check =
  | { readonly name: "checking" }
  | { readonly name: "found"; readonly verified: Verified }
  | { readonly name: "failed"; readonly failure: Failure };

export interface LibraryState {
  /** Newest first; null: not known yet. */
  readonly rows: readonly RecordingRow[] | null;
  readonly failure: Failure | null;
  /** Titles of rooms that this daemon lists. */
  readonly titles: ReadonlyMap<string, string>;
  readonly checks: ReadonlyMap<string, Check>;
  /** The span that is open. */
  readonly chosen: string | null;
  /** Plays it, if there is a key. */
  readonly player: Player | null;
  /** A span was just forgotten: copies that a node elsewhere has not let go yet. */
  readonly forgotten: number | null;
}

export class Library {
  readonly store = new Store<LibraryState>({
    rows: null,
    failure: null,
    titles: new Map(),
    checks: new Map(),
    chosen: null,
    player: null,
    forgotten: null,
  });
  #isClosed = false;

  constructor(private readonly daemon: Pick<Daemon, "call">) {}

  /** Lists what there is. Titles follow: they are the daemon's list of rooms. */
  async load(): Promise<void> {
    void this.#titles();
    await this.#rows();
  }

  /** Opens a span: everything of it is checked, and played if it can be. */
  async choose(span: string): Promise<void> {
    this.store.value.player?.close();
    const row = this.store.value.rows?.find((other) => other.span === span);
    if (row === undefined) return;
    this.store.set({ chosen: span, player: null, forgotten: null });
    if (grows(row)) return;
    await this.check(span);
    // Also where the check found nothing: what the own store has may be enough to play.
    if (row.key && this.#isOpen(span)) this.#play(span);
  }

  /** Has the daemon read every part of a span again. */
  async check(span: string): Promise<void> {
    this.#found(span, { name: "checking" });
    try {
      this.#found(span, { name: "found", verified: await this.daemon.call("recording.verify", { span }) });
    } catch (error) {
      this.#found(span, { name: "failed", failure: failureOf(error) });
    }
  }

  /** Fetches what is missing of a span, then checks and opens it again. */
  async fetch(span: string): Promise<void> {
    this.#found(span, { name: "checking" });
    try {
      await this.daemon.call("recording.fetch", { span });
    } catch (error) {
      return this.#found(span, { name: "failed", failure: failureOf(error) });
    }
    if (this.#isOpen(span)) await this.choose(span);
  }

  /** Destroys the key of a span, then lets its copy go; gives back why that was not done. */
  async forget(span: string): Promise<Failure | null> {
    let forgotten: number;
    try {
      forgotten = (await this.daemon.call("recording.forget", { span })).stillPinned;
    } catch (error) {
      return failureOf(error);
    }
    this.store.value.player?.close();
    const checks = new Map(this.store.value.checks);
    checks.delete(span);
    this.store.set({ chosen: null, player: null, forgotten, checks });
    await this.#rows();
    return null;
  }

  /** Stops and lets go what is open. */
  close(): void {
    this.#isClosed = true;
    this.store.value.player?.close();
  }

  #isOpen(span: string): boolean {
    return !this.#isClosed && this.store.value.chosen === span;
  }

  #play(span: string): void {
    // Chosen twice while it was checked: one player holds its files, not two.
    this.store.value.player?.close();
    const player = new Player(this.daemon, span);
    this.store.set({ player });
    void player.load();
  }

  #found(span: string, check: Check): void {
    this.store.set({ checks: new Map(this.store.value.checks).set(span, check) });
  }

  async #rows(): Promise<void> {
    try {
      this.store.set({ rows: await this.daemon.call("recording.list", {}), failure: null });
    } catch (error) {
      this.store.set({ rows: [], failure: failureOf(error) });
    }
  }

  async #titles(): Promise<void> {
    try {
      const rooms = await this.daemon.call("room.list", {});
      this.store.set({ titles: new Map(rooms.flatMap(({ room, title }) => (title === null ? [] : [[room, title] as const]))) });
    } catch {
      // Rows without titles are rows.
    }
  }
}

/** It is not closed yet, so there is nothing whole to check or play. */
export const grows = ({ state }: RecordingRow): boolean => state === "recording" || state === "sealing";
