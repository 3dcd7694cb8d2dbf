/** The way to the media server: livekit-client behind what a room needs of it. Everything it sends or plays is encrypted. */
import {
  ConnectionError,
  ConnectionErrorReason,
  type LocalTrack,
  type Participant,
  type RemoteTrack,
  Room,
  type RoomConnectOptions,
  RoomEvent,
  Track,
  type TrackPublication,
  setLogLevel,
} from "livekit-client";
import type { Joined } from "../daemon/types.js";
import type { EpochKeys } from "./keyring.js";
import { MediaManager } from "./manager.js";
import type { FromWorker, ToWorker } from "./messages.js";
import { MediaRefusedError, whyRefused } from "./refused.js";
import { startWorker } from "./start.js";
import type { Stay } from "./stay.js";

export type Source = "microphone" | "camera" | "screen";
export type LinkState = "connecting" | "connected" | "reconnecting";

/** A track that may be played. */
export interface Playable {
  readonly identity: string;
  readonly sid: string;
  readonly source: Source;
  readonly track: MediaStreamTrack;
  /** The sender has muted it. */
  readonly muted: boolean;
}

/** What is told besides. */
export type Told = Extract<FromWorker, { kind: "keyed" | "failed" | "dropped" | "flowing" }>;

export interface LinkListener {
  state(state: LinkState): void;
  /** It does not come back by itself. `final`: the server says that this seat must not come back. */
  gone(final: boolean): void;
  /** All that may be played now. */
  tracks(tracks: readonly Playable[]): void;
  data(identity: string, payload: Uint8Array<ArrayBuffer>): void;
  notEncrypted(identity: string): void;
  /** Another media server than the host's answered: this link is over. */
  otherServer(): void;
  told(message: Told): void;
  /** An own device ended: unplugged, or the browser's own stop button. */
  ended(source: Source): void;
}

/** One connection of one seat. */
export interface Link {
  keys(keys: EpochKeys): void;
  stop(): void;
  /** Sends a device's track, or pauses it; rejects when the server refuses. The track's devices are the caller's. */
  send(source: Source, track: MediaStreamTrack): Promise<void>;
  mute(source: Source): Promise<void>;
  unmute(source: Source): Promise<void>;
  /** Takes it away altogether. */
  unsend(source: Source): Promise<void>;
  publish(bytes: Uint8Array<ArrayBuffer>): Promise<void>;
  leave(): Promise<void>;
}

/** What a connection needs: all of it from the own daemon. */
export type Pass = Pick<Joined, "signalUrl" | "token" | "dtlsFingerprint">;

/** Opens a connection of a stay. */
export type Connect = (pass: Pass, listener: LinkListener, stay: Stay) => Promise<Link>;

const sources: Readonly<Record<string, Source>> = {
  [Track.Source.Microphone]: "microphone",
  [Track.Source.Camera]: "camera",
  [Track.Source.ScreenShare]: "screen",
};
const published: Readonly<Record<Source, Track.Source>> = {
  microphone: Track.Source.Microphone,
  camera: Track.Source.Camera,
  screen: Track.Source.ScreenShare,
};
const CONNECT: RoomConnectOptions = { autoSubscribe: true, maxRetries: 2 };
/** livekit-client may try for ever where nothing answers, and a worker may never begin. */
const CONNECT_MS = 20_000;
/** Reasons of livekit's `DisconnectReason` after which coming back makes no sense: duplicate, removed, room deleted. */
const FINAL: readonly number[] = [2, 4, 5];

/** A device's track on its way; it outlives a connection that begins anew. */
interface Sent {
  readonly track: LocalTrack;
  readonly open: () => Promise<unknown>;
}

/** livekit-client opens a muted device when the server says so. Here nothing but the member's own `unmute` does. */
const onlyOwn = (track: LocalTrack): Sent => {
  const open = track.unmute.bind(track);
  track.unmute = () => Promise.resolve(track);
  return { track, open };
};

class LiveKitLink implements Link {
  readonly #room: Room;
  readonly #manager: MediaManager;
  readonly #playing = new Map<string, { readonly identity: string; readonly track: RemoteTrack }>();
  readonly #sent = new Map<Source, Sent>();
  #isConnected = false;
  #isOver = false;
  readonly #otherServer: Promise<never>;

  constructor(
    stay: Stay,
    private readonly pass: Pass,
    private readonly listener: LinkListener,
  ) {
    const { worker, isNew } = stay.open(startWorker);
    let refuse: (error: Error) => void;
    this.#otherServer = new Promise((_, reject) => (refuse = reject));
    // It may come after the connection stood, when nobody waits for it any more.
    this.#otherServer.catch(() => undefined);
    this.#manager = new MediaManager(worker, pass.dtlsFingerprint, {
      data: (identity, payload) => listener.data(identity, payload),
      track: (identity, track) => {
        this.#playing.set(track.sid ?? "", { identity, track });
        this.#tellTracks();
      },
      untrack: (_, track) => {
        this.#playing.delete(track.sid ?? "");
        this.#tellTracks();
      },
      notEncrypted: (identity) => listener.notEncrypted(identity),
      otherServer: () => {
        refuse(new MediaRefusedError("otherServer"));
        if (this.#isConnected && !this.#isOver) listener.otherServer();
      },
      told: (message) => listener.told(message),
    });
    // A new one says by itself that it runs.
    if (!isNew) worker.postMessage({ kind: "rest" } satisfies ToWorker);
    this.#room = new Room({
      encryption: { e2eeManager: this.#manager },
      singlePeerConnection: true,
      adaptiveStream: false,
      dynacast: false,
      publishDefaults: { videoCodec: "vp8", backupCodec: false, simulcast: false, red: false, stopMicTrackOnMute: false },
      stopLocalTrackOnUnpublish: false,
    });
    this.#listen();
  }

  async connect(): Promise<void> {
    await within(CONNECT_MS, Promise.race([this.#open(), this.#otherServer]), this.pass.token);
    this.#isConnected = true;
    this.listener.state("connected");
  }

  keys(keys: EpochKeys): void {
    this.#manager.keys(keys);
  }

  stop(): void {
    this.#manager.stop();
  }

  async send(source: Source, track: MediaStreamTrack): Promise<void> {
    const { track: own } = await this.#room.localParticipant.publishTrack(track, { source: published[source], name: source });
    if (own === undefined) throw new MediaRefusedError("media");
    const sent = onlyOwn(own);
    this.#sent.set(source, sent);
    track.addEventListener("ended", () => this.#sent.get(source) === sent && this.listener.ended(source));
  }

  async mute(source: Source): Promise<void> {
    await this.#sent.get(source)?.track.mute();
  }

  async unmute(source: Source): Promise<void> {
    await this.#sent.get(source)?.open();
  }

  async unsend(source: Source): Promise<void> {
    const sent = this.#sent.get(source);
    this.#sent.delete(source);
    if (sent !== undefined) await this.#room.localParticipant.unpublishTrack(sent.track, false);
  }

  publish(bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    return this.#room.localParticipant.publishData(bytes, { reliable: true });
  }

  async leave(): Promise<void> {
    this.#isOver = true;
    try {
      await this.#room.disconnect(false);
    } finally {
      this.#manager.dispose();
    }
  }

  async #open(): Promise<void> {
    await this.#manager.ready;
    // It may have taken too long for who waits.
    if (this.#isOver) return;
    await this.#room.setE2EEEnabled(true);
    this.listener.state("connecting");
    await this.#room.connect(this.pass.signalUrl, this.pass.token, CONNECT);
  }

  #listen(): void {
    const changed = (_: TrackPublication, participant: Participant): void => {
      if (participant !== this.#room.localParticipant) this.#tellTracks();
    };
    this.#room
      .on(RoomEvent.Reconnecting, () => this.listener.state("reconnecting"))
      .on(RoomEvent.SignalReconnecting, () => this.listener.state("reconnecting"))
      .on(RoomEvent.Reconnected, () => this.listener.state("connected"))
      .on(RoomEvent.TrackMuted, changed)
      .on(RoomEvent.TrackUnmuted, changed)
      .on(RoomEvent.Disconnected, (reason) => {
        this.#manager.dispose();
        if (this.#isConnected && !this.#isOver) this.listener.gone(reason !== undefined && FINAL.includes(reason));
        this.#isOver = true;
      });
  }

  #tellTracks(): void {
    const playable: Playable[] = [];
    for (const [sid, { identity, track }] of this.#playing) {
      const source = sources[track.source];
      // A source is a word of the server; sound is played as sound only, and a picture shown as a picture.
      const kind = source === "microphone" ? Track.Kind.Audio : Track.Kind.Video;
      if (source !== undefined && track.kind === kind)
        playable.push({ identity, sid, source, track: track.mediaStreamTrack, muted: track.isMuted });
    }
    this.listener.tracks(playable);
  }
}

const within = async (milliseconds: number, connecting: Promise<void>, token: string): Promise<void> => {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const over = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new MediaRefusedError("media")), milliseconds);
  });
  try {
    await Promise.race([connecting, over]);
  } catch (error) {
    if (!(error instanceof ConnectionError)) throw error;
    if (error.reason !== ConnectionErrorReason.NotAllowed) throw new MediaRefusedError("media");
    throw new MediaRefusedError(whyRefused(token, error.status, Date.now() / 1000));
  } finally {
    clearTimeout(timer);
  }
};

/** A connection by livekit-client; rejects with `CannotEncryptError` or `MediaRefusedError`. */
export const connect: Connect = async (pass, listener, stay) => {
  setLogLevel("silent");
  const link = new LiveKitLink(stay, pass, listener);
  try {
    await link.connect();
  } catch (error) {
    await link.leave().catch(() => undefined);
    throw error;
  }
  return link;
};
