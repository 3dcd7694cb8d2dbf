/** Own microphone, camera and screen: opened by a press only, closed at once when anything is wrong. */
import type { Link, Source } from "../media/link.js";
import { openCamera, openMicrophone, openScreen } from "./devices.js";
import { type RoomState, type Shown, maySend, mayOpen, shownAs } from "./room-state.js";
import type { Store } from "./store.js";

/** Which devices were chosen before entering. */
export interface Chosen {
  readonly microphone: string | undefined;
  readonly camera: string | undefined;
}

/** What the room is told when something does not open. */
export interface Complaints {
  blocked(source: Source): void;
  refused(): void;
  gone(): void;
}

export class Senders {
  readonly #tracks = new Map<Source, MediaStreamTrack>();
  /** Asked for by presses, one after the other. */
  #queue: Promise<void> = Promise.resolve();

  constructor(
    private readonly store: Store<RoomState>,
    private readonly link: () => Link | undefined,
    private readonly complain: Complaints,
    public chosen: Chosen,
  ) {}

  get microphone(): MediaStreamTrack | undefined {
    return this.#tracks.get("microphone");
  }

  /** Opens or closes the microphone. */
  speak(on: boolean): Promise<void> {
    return this.#after(() => (on ? this.#unmute() : this.#mute("off")));
  }

  /** A moderator closed it: it stays closed until the moderator asks to open it. */
  closeByModerator(): Promise<void> {
    return this.#after(() => this.#mute("closed"));
  }

  /** Camera or screen. It opens once: pressed again while it does, nothing changes. */
  show(source: Shown, on: boolean): Promise<void> {
    if (!on) return this.#after(() => this.#hide(source));
    if (shownAs(this.store.value, source) !== "off" || !this.#may(source)) return Promise.resolve();
    // At once, not when its turn comes: nobody takes it for closed meanwhile.
    this.store.set({ opening: [...this.store.value.opening, source] });
    return this.#after(() => this.#show(source)).then(() =>
      this.store.set({ opening: this.store.value.opening.filter((other) => other !== source) }),
    );
  }

  /** Presses camera or screen. */
  press(source: Shown): Promise<void> {
    return this.show(source, shownAs(this.store.value, source) !== "on");
  }

  /** Everything off, devices too. */
  closeAll(): Promise<void> {
    return this.#after(async () => {
      await this.#mute("off");
      await this.#hide("camera");
      await this.#hide("screen");
    });
  }

  /** The room is left, or its connection is gone: devices close, nothing is said to a server. */
  drop(): void {
    for (const track of this.#tracks.values()) track.stop();
    this.#tracks.clear();
    this.store.set({ microphone: "off", camera: false, opening: [], screen: null, ownPicture: null });
  }

  /** A device went away by itself. */
  ended(source: Source): void {
    if (source !== "microphone") return void this.show(source, false);
    void this.#after(async () => {
      await this.#forget("microphone");
      this.store.set({ microphone: "off" });
      this.complain.gone();
    });
  }

  #after(act: () => Promise<void>): Promise<void> {
    return (this.#queue = this.#queue.then(act).catch(() => this.complain.refused()));
  }

  async #unmute(): Promise<void> {
    if (!this.#may("microphone")) return;
    const track = this.#tracks.get("microphone");
    if (track !== undefined) {
      await this.link()?.unmute("microphone");
      track.enabled = true;
    } else {
      this.store.set({ microphone: "opening" });
      if (!(await this.#open("microphone", () => openMicrophone(this.chosen.microphone)))) return;
    }
    // Meanwhile something may have closed everything.
    if (maySend(this.store.value)) this.store.set({ microphone: "live" });
    else await this.#mute("off");
  }

  async #mute(as: "off" | "closed"): Promise<void> {
    const track = this.#tracks.get("microphone");
    // The track is silent before anybody is asked.
    if (track !== undefined) track.enabled = false;
    this.store.set({ microphone: as });
    await this.link()?.mute("microphone");
  }

  #may(source: Source): boolean {
    return maySend(this.store.value) && mayOpen(this.store.value, source);
  }

  async #show(source: Shown): Promise<void> {
    if (!this.#may(source) || this.#tracks.has(source)) return;
    const opened = await this.#open(source, source === "camera" ? () => openCamera(this.chosen.camera) : openScreen);
    const track = this.#tracks.get(source);
    if (!opened || track === undefined) return;
    this.store.set(source === "camera" ? { camera: true, ownPicture: track } : { screen: track });
    if (!maySend(this.store.value)) await this.#hide(source);
  }

  async #hide(source: Shown): Promise<void> {
    // It is closed before the server knows.
    this.store.set(source === "camera" ? { camera: false, ownPicture: null } : { screen: null });
    await this.#forget(source);
  }

  async #open(source: Source, device: () => Promise<MediaStreamTrack>): Promise<boolean> {
    let track: MediaStreamTrack;
    try {
      track = await device();
    } catch {
      if (source === "microphone") this.store.set({ microphone: "blocked" });
      this.complain.blocked(source);
      return false;
    }
    this.#tracks.set(source, track);
    try {
      await this.link()?.send(source, track);
      return true;
    } catch {
      await this.#forget(source);
      if (source === "microphone") this.store.set({ microphone: "off" });
      this.complain.refused();
      return false;
    }
  }

  async #forget(source: Source): Promise<void> {
    this.#tracks.get(source)?.stop();
    this.#tracks.delete(source);
    await this.link()?.unsend(source);
  }
}
