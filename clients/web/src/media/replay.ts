/** Which numbers of one source were seen: a window of 1,024 behind the highest. */

const SIZE = 1024n;

export class ReplayWindow {
  #highest = -1n;
  /** Numbers inside the window, by their place modulo its size. */
  readonly #seen = new Uint8Array(Number(SIZE));

  /** Whether this number is new and not too old. Marks nothing: only what was authenticated may be marked. */
  isFresh(number: bigint): boolean {
    if (number > this.#highest) return true;
    if (number <= this.#highest - SIZE) return false;
    return this.#seen[Number(number % SIZE)] === 0;
  }

  /** Marks a number; false when it is not fresh (any more). */
  mark(number: bigint): boolean {
    if (!this.isFresh(number)) return false;
    if (number > this.#highest) this.#advance(number);
    this.#seen[Number(number % SIZE)] = 1;
    return true;
  }

  #advance(number: bigint): void {
    if (number - this.#highest >= SIZE) {
      this.#seen.fill(0);
    } else {
      for (let skipped = this.#highest + 1n; skipped < number; skipped++) this.#seen[Number(skipped % SIZE)] = 0;
    }
    this.#highest = number;
  }
}
