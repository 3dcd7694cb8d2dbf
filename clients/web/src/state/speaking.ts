/** Who speaks, from the sound that is decoded on this device; a server's levels are not believed. */
import type { Playable } from "../media/link.js";
import { Meter } from "./devices.js";

const PERIOD_MS = 250;
/** Loudness of the three steps of the ring. */
const STEPS = [0.28, 0.5, 0.72] as const;
/** Sound this long takes the large place, and keeps it this long at least. */
const TAKES_MS = 1_500;
const KEEPS_MS = 3_000;

export interface Speaking {
  readonly levels: ReadonlyMap<string, number>;
  readonly speaker: string | null;
}

/** The choice of the large place, apart from sound and clock. */
export class Floor {
  #speaker: string | null = null;
  #tookAt = Number.NEGATIVE_INFINITY;
  readonly #since = new Map<string, number>();

  /** Takes who sounds now; gives who holds the place. */
  update(sounding: ReadonlySet<string>, now: number): string | null {
    for (const identity of [...this.#since.keys()]) if (!sounding.has(identity)) this.#since.delete(identity);
    for (const identity of sounding) if (!this.#since.has(identity)) this.#since.set(identity, now);
    if (this.#speaker !== null && (sounding.has(this.#speaker) || now - this.#tookAt < KEEPS_MS)) return this.#speaker;
    for (const [identity, since] of this.#since) {
      if (now - since < TAKES_MS && this.#speaker !== null) continue;
      this.#speaker = identity;
      this.#tookAt = now;
      break;
    }
    return this.#speaker;
  }
}

/** Some browsers measure no track of another sample rate than the context's: then there is no ring, and all else goes on. */
const meterOf = (context: AudioContext, track: MediaStreamTrack): Meter | null => {
  try {
    return new Meter(context, track);
  } catch {
    return null;
  }
};

export class SpeakingMeters {
  readonly #context = new AudioContext();
  readonly #meters = new Map<MediaStreamTrack, { readonly identity: string; readonly meter: Meter | null }>();
  readonly #floor = new Floor();
  readonly #timer: ReturnType<typeof setInterval>;

  constructor(private readonly tell: (speaking: Speaking) => void) {
    this.#timer = setInterval(() => this.#measure(), PERIOD_MS);
  }

  /** Takes the tracks that sound now; the own one among them. */
  follow(tracks: readonly Pick<Playable, "identity" | "track">[]): void {
    if (this.#context.state === "suspended") void this.#context.resume();
    const wanted = new Set(tracks.map(({ track }) => track));
    for (const [track, { meter }] of this.#meters) {
      if (wanted.has(track)) continue;
      meter?.close();
      this.#meters.delete(track);
    }
    for (const { identity, track } of tracks) {
      if (!this.#meters.has(track)) this.#meters.set(track, { identity, meter: meterOf(this.#context, track) });
    }
  }

  close(): void {
    clearInterval(this.#timer);
    void this.#context.close();
  }

  #measure(): void {
    const levels = new Map<string, number>();
    for (const { identity, meter } of this.#meters.values()) {
      const level = meter?.level ?? 0;
      const step = STEPS.filter((loudness) => level >= loudness).length;
      if (step > (levels.get(identity) ?? 0)) levels.set(identity, step);
    }
    this.tell({ levels, speaker: this.#floor.update(new Set(levels.keys()), performance.now()) });
  }
}
