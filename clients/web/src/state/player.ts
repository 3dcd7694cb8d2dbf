/**
 * Plays one span: its tracks are WebM files that begin and end by themselves, so one clock leads and every file follows it. They
 * come from the own daemon in pieces, stay in this tab, and are let go when it is closed.
 */
import type { Daemon, DaemonErrorName } from "../daemon/client.js";
import { MAX_READ, type PlayedTrack } from "../daemon/types.js";
import { fromBase64 } from "./base64.js";
import { Store } from "./store.js";

/** Bytes of all tracks that this tab holds at most. */
export const MAX_BYTES = 512 * 1024 * 1024;
/** How far a file may be from the clock before it is put where it belongs. */
const DRIFT_SECONDS = 0.25;
const TICK_MS = 200;

/** Why something of a recording was not done: the refusal's name, and the daemon's own sentence. */
export interface Failure {
  readonly reason: DaemonErrorName;
  readonly message: string;
}

export const failureOf = (error: unknown): Failure => {
  const { reason, message } = error as { reason?: DaemonErrorName; message?: string };
  return { reason: reason ?? "Refused", message: message ?? "" };
};

/** The daemon opens no track that no tab holds. */
const isTooLarge = (error: unknown): null => {
  if (failureOf(error).reason === "ContentSize") return null;
  throw error;
};

export interface PlayerState {
  readonly phase: "loading" | "ready" | "failed";
  /** Of what is being read. */
  readonly percent: number;
  readonly failure: Failure | null;
  /** Milliseconds since 1970; 0 before it is known. */
  readonly beganAt: number;
  readonly lengthMs: number;
  /** Every track of the span. */
  readonly tracks: readonly PlayedTrack[];
  /** Blob addresses of those that can be played here, by track. */
  readonly files: ReadonlyMap<number, string>;
  readonly atMs: number;
  readonly isPlaying: boolean;
  readonly rate: number;
  /** 0 to 1. */
  readonly volume: number;
}

/** What is used of a media element. */
export type Element = Pick<
  HTMLMediaElement,
  "src" | "currentTime" | "duration" | "playbackRate" | "volume" | "paused" | "play" | "pause" | "removeAttribute" | "load"
>;

const EMPTY: PlayerState = {
  phase: "loading",
  percent: 0,
  failure: null,
  beganAt: 0,
  lengthMs: 0,
  tracks: [],
  files: new Map(),
  atMs: 0,
  isPlaying: false,
  rate: 1,
  volume: 1,
};

const kinds = { opus: "audio/webm; codecs=opus", vp8: "video/webm; codecs=vp8" } as const;

export class Player {
  readonly store = new Store<PlayerState>(EMPTY);
  readonly #elements = new Map<number, Element>();
  #timer: ReturnType<typeof setInterval> | undefined;
  /** Where the clock stood, and when that was. */
  #from = { atMs: 0, now: 0 };
  #isClosed = false;

  constructor(
    private readonly daemon: Pick<Daemon, "call">,
    readonly span: string,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** Reads every track, sound first. */
  async load(): Promise<void> {
    try {
      const { beganAt, endedMs, tracks } = await this.daemon.call("recording.tracks", { span: this.span });
      const lengthMs = Math.max(endedMs, 0, ...tracks.map((track) => track.endedMs));
      this.store.set({ beganAt, lengthMs, tracks });
      const inOrder = [...tracks].sort((one, other) => Number(one.codec === "vp8") - Number(other.codec === "vp8"));
      let left = MAX_BYTES;
      for (const [place, track] of inOrder.entries()) {
        const pieces = await this.#read(track.track, left, (part) => this.#percent((place + part) / inOrder.length));
        if (this.#isClosed) return;
        if (pieces === null) continue;
        left -= pieces.reduce((sum, { length }) => sum + length, 0);
        const address = URL.createObjectURL(new Blob([...pieces], { type: kinds[track.codec] }));
        this.store.set({ files: new Map(this.store.value.files).set(track.track, address) });
      }
      this.store.set({ phase: "ready", percent: 100 });
    } catch (error) {
      if (!this.#isClosed) this.store.set({ phase: "failed", failure: failureOf(error) });
    }
  }

  /** The element that plays a track, when it is drawn; null when it goes. */
  attach(track: number, element: Element | null): void {
    const address = this.store.value.files.get(track);
    if (element === null || address === undefined) return void this.#elements.delete(track);
    if (this.#elements.get(track) === element) return;
    element.src = address;
    this.#elements.set(track, element);
    this.#follow();
  }

  play(): void {
    const { phase, atMs, lengthMs } = this.store.value;
    if (phase !== "ready" || this.#isClosed) return;
    this.#begin(atMs >= lengthMs ? 0 : atMs);
    this.store.set({ isPlaying: true });
    clearInterval(this.#timer);
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
    this.#tick();
  }

  pause(): void {
    clearInterval(this.#timer);
    if (this.store.value.isPlaying) this.store.set({ atMs: this.#clock(), isPlaying: false });
    this.#follow();
  }

  seek(atMs: number): void {
    this.#begin(Math.min(Math.max(0, atMs), this.store.value.lengthMs));
    this.#follow();
  }

  setRate(rate: number): void {
    this.#begin(this.#clock());
    this.store.set({ rate });
    this.#follow();
  }

  setVolume(volume: number): void {
    this.store.set({ volume });
    this.#follow();
  }

  /** Stops, and lets every file go. */
  close(): void {
    this.#isClosed = true;
    this.pause();
    for (const element of this.#elements.values()) {
      element.removeAttribute("src");
      element.load();
    }
    this.#elements.clear();
    for (const address of this.store.value.files.values()) URL.revokeObjectURL(address);
    this.store.set({ files: new Map() });
  }

  /** The bytes of a track; null: more than `left`. */
  async #read(track: number, left: number, told: (part: number) => void): Promise<Uint8Array<ArrayBuffer>[] | null> {
    const pieces: Uint8Array<ArrayBuffer>[] = [];
    for (let offset = 0; ;) {
      const params = { span: this.span, track, offset, length: MAX_READ };
      const read = await this.daemon.call("recording.read", params).catch(isTooLarge);
      if (this.#isClosed || read === null || read.total > left) return null;
      const { bytes, total } = read;
      const piece = fromBase64(bytes);
      offset += piece.length;
      if (piece.length > 0) pieces.push(piece);
      if (offset >= total) return pieces;
      if (piece.length === 0) throw new Error("the daemon gave less of a track than it has");
      told(offset / total);
    }
  }

  #percent(part: number): void {
    this.store.set({ percent: Math.floor(100 * part) });
  }

  #begin(atMs: number): void {
    this.#from = { atMs, now: this.now() };
    this.store.set({ atMs });
  }

  #clock(): number {
    const { isPlaying, rate, lengthMs, atMs } = this.store.value;
    return isPlaying ? Math.min(lengthMs, this.#from.atMs + (this.now() - this.#from.now) * rate) : atMs;
  }

  #tick(): void {
    const atMs = this.#clock();
    this.store.set({ atMs });
    if (atMs >= this.store.value.lengthMs) return this.pause();
    this.#follow();
  }

  /** Puts every file where the clock is. */
  #follow(): void {
    const { tracks, isPlaying, rate, volume } = this.store.value;
    const atMs = this.#clock();
    for (const track of tracks) {
      const element = this.#elements.get(track.track);
      if (element !== undefined) follow(element, track, { atMs, isPlaying, rate, volume });
    }
  }
}

/** Puts one file where the clock is: playing while the clock is in it, else resting. */
const follow = (
  element: Element,
  track: PlayedTrack,
  { atMs, isPlaying, rate, volume }: Pick<PlayerState, "atMs" | "isPlaying" | "rate" | "volume">,
): void => {
  element.playbackRate = rate;
  element.volume = volume;
  const place = (atMs - originOf(element, track)) / 1000;
  // A file may be shorter than its time: pressed to play at its end, it would begin anew. NaN: its length is not known yet.
  if (!isAt(track, atMs) || !(place < element.duration)) {
    if (!element.paused) element.pause();
    return;
  }
  if (Math.abs(element.currentTime - place) > DRIFT_SECONDS) element.currentTime = place;
  // A browser that does not play says so by itself; the clock goes on.
  if (isPlaying && element.paused) void element.play().catch(() => undefined);
  else if (!isPlaying && !element.paused) element.pause();
};

/**
 * Which moment of the span a browser calls 0 in a track's file, in milliseconds. Times in the file count from the span's beginning
 * (Chromium); some browsers count from the file's first frame. The length that they name tells which.
 */
const originOf = ({ duration }: Element, { beganMs, endedMs }: PlayedTrack): number => {
  const off = (ms: number): number => Math.abs(duration * 1000 - ms);
  return off(endedMs - beganMs) < off(endedMs) ? beganMs : 0;
};

/** Whether a track is heard or seen at a time. */
export const isAt = ({ beganMs, endedMs }: Pick<PlayedTrack, "beganMs" | "endedMs">, atMs: number): boolean =>
  atMs >= beganMs && atMs < endedMs;
