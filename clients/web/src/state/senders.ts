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

const SOURCES = ["microphone", "camera", "screen"] as const satisfies readonly Source[];
const OFF = {
  microphone: { microphone: "off" },
  camera: { camera: false, ownPicture: null },
  screen: { screen: null },
} as const satisfies Record<Source, Partial<RoomState>>;

export class Senders {
  readonly #tracks = new Map<Source, MediaStreamTrack>();
  /** How often each was closed: what was asked for before that opens no more. */
  readonly #closings = { microphone: 0, camera: 0, screen: 0 };
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
    if (!on) return this.#mute("off");
    const asked = this.#closings.microphone;
    return this.#after(() => this.#unmute(asked));
  }

  /** A moderator closed it: it stays closed until the moderator asks to open it. */
  closeByModerator(): Promise<void> {
    return this.#mute("closed");
  }

  /** Camera or screen. It opens once: pressed again while it does, nothing changes. */
  show(source: Shown, on: boolean): Promise<void> {
    if (!on) return this.#close(source);
    if (shownAs(this.store.value, source) !== "off" || !this.#may(source)) return Promise.resolve();
    // At once, not when its turn comes: nobody takes it for closed meanwhile.
    this.store.set({ opening: [...this.store.value.opening, source] });
    const asked = this.#closings[source];
    return this.#after(() => this.#show(source, asked)).then(() =>
      this.store.set({ opening: this.store.value.opening.filter((other) => other !== source) }),
    );
  }

  /** Presses camera or screen. */
  press(source: Shown): Promise<void> {
    return this.show(source, shownAs(this.store.value, source) !== "on");
  }

  /** Everything off, devices too. */
  async closeAll(): Promise<void> {
    await Promise.all(SOURCES.map((source) => this.#close(source)));
  }

  /** The room is left, or its connection is gone: devices close, nothing is said to a server. */
  drop(): void {
    for (const source of SOURCES) this.#stop(source);
    this.store.set({ ...OFF.microphone, ...OFF.camera, ...OFF.screen, opening: [] });
  }

  /** A device went away by itself. */
  ended(source: Source): void {
    if (source !== "microphone") return void this.show(source, false);
    void this.#close("microphone");
    this.complain.gone();
  }

  #after(act: () => Promise<void>): Promise<void> {
    return (this.#queue = this.#queue.then(act).catch(() => this.complain.refused()));
  }

  async #unmute(asked: number): Promise<void> {
    const isOver = (): boolean => this.#closings.microphone !== asked;
    if (isOver() || !this.#may("microphone")) return;
    const track = this.#tracks.get("microphone");
    if (track !== undefined) {
      await this.link()?.unmute("microphone");
      if (isOver()) return;
      track.enabled = true;
    } else {
      this.store.set({ microphone: "opening" });
      if (!(await this.#open("microphone", asked, () => openMicrophone(this.chosen.microphone)))) return;
    }
    // Meanwhile keys may have gone.
    if (maySend(this.store.value)) this.store.set({ microphone: "live" });
    else void this.#mute("off");
  }

  /** Silent at once, whatever a browser still asks; the server is told in its turn. */
  #mute(as: "off" | "closed"): Promise<void> {
    this.#closings.microphone++;
    const track = this.#tracks.get("microphone");
    if (track !== undefined) track.enabled = false;
    this.store.set({ microphone: as });
    return this.#after(async () => this.link()?.mute("microphone"));
  }

  #may(source: Source): boolean {
    return this.link() !== undefined && maySend(this.store.value) && mayOpen(this.store.value, source);
  }

  async #show(source: Shown, asked: number): Promise<void> {
    if (this.#closings[source] !== asked || !this.#may(source) || this.#tracks.has(source)) return;
    const device = source === "camera" ? () => openCamera(this.chosen.camera) : openScreen;
    const opened = await this.#open(source, asked, device);
    const track = this.#tracks.get(source);
    if (!opened || track === undefined) return;
    this.store.set(source === "camera" ? { camera: true, ownPicture: track } : { screen: track });
    if (!maySend(this.store.value)) void this.#close(source);
  }

  /** Whether it is open and sent. What was closed while the browser asked, or the server answered, is not. */
  async #open(source: Source, asked: number, device: () => Promise<MediaStreamTrack>): Promise<boolean> {
    const isOver = (): boolean => this.#closings[source] !== asked;
    let track: MediaStreamTrack;
    try {
      track = await device();
    } catch {
      if (source === "microphone" && !isOver()) this.store.set({ microphone: "blocked" });
      this.complain.blocked(source);
      return false;
    }
    if (isOver()) {
      track.stop();
      return false;
    }
    this.#tracks.set(source, track);
    try {
      const link = this.link();
      if (link === undefined) throw new Error("no link");
      await link.send(source, track);
      return !isOver();
    } catch {
      if (!isOver()) this.store.set(OFF[source]);
      this.#stop(source);
      this.complain.refused();
      await this.link()?.unsend(source);
      return false;
    }
  }

  /** Its device closes at once; the server is told in its turn. */
  #close(source: Source): Promise<void> {
    this.#stop(source);
    this.store.set(OFF[source]);
    return this.#after(async () => this.link()?.unsend(source));
  }

  #stop(source: Source): void {
    this.#closings[source]++;
    this.#tracks.get(source)?.stop();
    this.#tracks.delete(source);
  }
}
