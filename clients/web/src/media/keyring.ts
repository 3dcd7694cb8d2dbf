/** The keys of the epoch, and of the one before for ten seconds. */
import { ReceiveKey, SendKey } from "./key.js";

/** How long frames of an older epoch may still arrive (TOWNHALL 3). */
export const OLD_KEYS_MS = 10_000;
const KEY_BYTES = 32;

/** One seat's key material of an epoch. The bytes are wiped once they are imported. */
export interface SenderKeys {
  readonly identity: string;
  readonly media: Uint8Array<ArrayBuffer>;
  readonly data: Uint8Array<ArrayBuffer>;
}

/** All keys of an epoch; `index` is its number modulo 256. `own` is null for a seat that only listens. */
export interface EpochKeys {
  readonly index: number;
  readonly own: SenderKeys | null;
  readonly others: readonly SenderKeys[];
}

interface Held {
  readonly key: ReceiveKey;
  readonly print: string;
  /** When a newer index came. */
  retired: number | undefined;
}

/** Thrown when a daemon hands out keys that must not be used. */
export class KeyError extends Error {
  override readonly name = "KeyError";
}

export class KeyRing {
  #own: SendKey | undefined;
  #ownPrint = "";
  /** The own key rests: its counters go on if the same key is allowed again. */
  #isStopped = true;
  #stops = 0;
  /** Prints of all material that ever sealed here: none seals twice, because its counters would begin anew. */
  readonly #used = new Set<string>();
  #others = new Map<string, Map<number, Held>>();

  /** What the own seat seals with; undefined while it must not send. */
  get own(): SendKey | undefined {
    return this.#isStopped ? undefined : this.#own;
  }

  /** Whether somebody of this identity is in the epoch. */
  knows(identity: string): boolean {
    return this.#others.has(identity);
  }

  /** What opens this sender's frames of this index. */
  of(identity: string, index: number, now: number): ReceiveKey | undefined {
    const held = this.#others.get(identity)?.get(index);
    return held === undefined || isOver(held, now) ? undefined : held.key;
  }

  /** How often sealing was stopped: keys that came before the last time do not begin it again. */
  get stops(): number {
    return this.#stops;
  }

  /** Nothing is sealed any more until the next keys. */
  stop(): void {
    this.#stops += 1;
    this.#isStopped = true;
  }

  /**
   * Takes an epoch's keys; `stops` as it was when they came. Who is not among them has left: their keys go at once. Calls must not
   * overlap.
   */
  async install(keys: EpochKeys, now: number, stops = this.#stops): Promise<void> {
    // Before anything is waited for: a seat without a key seals nothing from now on.
    if (keys.own === null) this.#isStopped = true;
    const others = new Map<string, Map<number, Held>>();
    for (const sender of keys.others) {
      const held = new Map([...(this.#others.get(sender.identity) ?? [])].filter(([, old]) => !isOver(old, now)));
      for (const [index, old] of held) if (index !== keys.index) old.retired ??= now;
      const print = await printOf(sender);
      // The index is not authenticated: material under two of them would open one frame twice.
      const stands = [...held].some(([index, old]) => index !== keys.index && old.print === print);
      if (stands) held.delete(keys.index);
      else held.set(keys.index, await received(sender, keys.index, print, held.get(keys.index)));
      others.set(sender.identity, held);
    }
    await this.#installOwn(keys, stops);
    this.#others = others;
  }

  async #installOwn({ own, index }: EpochKeys, stops: number): Promise<void> {
    if (own === null) return;
    const print = await printOf(own);
    if (this.#own?.index !== index || this.#ownPrint !== print) {
      this.#isStopped = true;
      if (this.#used.has(print)) throw new KeyError("these keys were used before: they must not seal again");
      this.#used.add(print);
      this.#own = await SendKey.of(index, own.media, own.data);
      this.#ownPrint = print;
    }
    if (stops === this.#stops) this.#isStopped = false;
  }
}

/** The same keys again keep their windows. */
const received = async (sender: SenderKeys, index: number, print: string, old: Held | undefined): Promise<Held> => {
  const key = old?.print === print ? old.key : await ReceiveKey.of(index, sender.media, sender.data);
  return { key, print, retired: undefined };
};

const isOver = ({ retired }: Held, now: number): boolean => retired !== undefined && now - retired > OLD_KEYS_MS;

/** A digest of the material, to tell it apart; the lengths are checked here. */
const printOf = async ({ media, data }: SenderKeys): Promise<string> => {
  if (media.length !== KEY_BYTES || data.length !== KEY_BYTES) throw new KeyError("a sender's keys are 32 bytes each");
  const both = new Uint8Array(2 * KEY_BYTES);
  both.set(media);
  both.set(data, KEY_BYTES);
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", both));
  both.fill(0);
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
};
