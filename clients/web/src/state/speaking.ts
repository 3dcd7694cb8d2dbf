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

export class SpeakingMeters {
  readonly #context = new AudioContext();
  readonly #meters = new Map<string, { readonly identity: string; readonly meter: Meter }>();
  readonly #floor = new Floor();
  readonly #timer: ReturnType<typeof setInterval>;

  constructor(private readonly tell: (speaking: Speaking) => void) {
    this.#timer = setInterval(() => this.#measure(), PERIOD_MS);
  }

  /** Takes the tracks that sound now; the own one among them. */
  follow(tracks: readonly Pick<Playable, "identity" | "track">[]): void {
    if (this.#context.state === "suspended") void this.#context.resume();
    const wanted = new Set(tracks.map(({ track }) => track.id));
    for (const [id, { meter }] of this.#meters) {
      if (wanted.has(id)) continue;
      meter.close();
      this.#meters.delete(id);
    }
    for (const { identity, track } of tracks) {
      if (!this.#meters.has(track.id)) this.#meters.set(track.id, { identity, meter: new Meter(this.#context, track) });
    }
  }

  close(): void {
    clearInterval(this.#timer);
    void this.#context.close();
  }

  #measure(): void {
    const levels = new Map<string, number>();
    for (const { identity, meter } of this.#meters.values()) {
      const step = STEPS.filter((loudness) => meter.level >= loudness).length;
      if (step > (levels.get(identity) ?? 0)) levels.set(identity, step);
    }
    this.tell({ levels, speaker: this.#floor.update(new Set(levels.keys()), performance.now()) });
  }
}
