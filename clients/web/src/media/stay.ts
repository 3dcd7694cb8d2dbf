/**
 * One stay in a room, over all its connections to the media server: their worker. It knows which frames were heard, so that a
 * server which breaks a connection off cannot have them played once more over the next one.
 */
export class Stay {
  #worker: Worker | undefined;
  #isOver = false;

  /** The worker, started for the first connection. `isNew`: it is that one's, and has heard nothing. Throws when the stay is over. */
  open(start: () => Worker): { readonly worker: Worker; readonly isNew: boolean } {
    if (this.#isOver) throw new Error("the room was left");
    const isNew = this.#worker === undefined;
    this.#worker ??= start();
    return { worker: this.#worker, isNew };
  }

  /** Ends the worker: no key of this stay seals or opens anything any more. */
  close(): void {
    this.#isOver = true;
    this.#worker?.terminate();
  }
}
