/**
 * Our end-to-end encryption behind livekit-client's hook `encryption: { e2eeManager }`. It is always on: nobody can switch it
 * off, neither the page nor the server, and what a server says about encryption only ever closes something.
 */
import { type BaseE2EEManager, type RemoteTrack, type RemoteTrackPublication, type Room, RoomEvent } from "livekit-client";
import { CannotEncryptError, attachTo, guardConnections, means } from "./guard.js";
import type { EpochKeys } from "./keyring.js";
import type { FromWorker, ToWorker } from "./messages.js";
import { userPayload } from "./payload.js";
import { checkServer } from "./server.js";

/** What the page is told. */
export interface MediaListener {
  /** A data packet that this seat sealed. */
  data(identity: string, payload: Uint8Array<ArrayBuffer>): void;
  /** A track whose frames this manager opens. Only what comes through here may be played. */
  track(identity: string, track: RemoteTrack, publication: RemoteTrackPublication): void;
  /** It is over. */
  untrack(identity: string, track: RemoteTrack): void;
  /** The server says that a track is not encrypted: it is not played. */
  notEncrypted(identity: string): void;
  /** Another server than the host's answered: nothing is connected to it. */
  otherServer(): void;
  /** Everything else the worker says. */
  told(message: Exclude<FromWorker, { kind: "opened" | "sealed" | "unsealed" | "ready" }>): void;
}

type Callbacks = Parameters<BaseE2EEManager["on"]>;
type Sealed = Awaited<ReturnType<BaseE2EEManager["encryptData"]>>;
type Request = { resolve(sealed: Sealed): void; reject(error: Error): void };

const ENCRYPTION_NONE = 0;
/** Of this page: a worker that outlives a connection answers each request by a number of its own. */
let lastRequest = 0;

export class MediaManager implements BaseE2EEManager {
  /** Resolves when the worker runs; rejects with `CannotEncryptError`. */
  readonly ready: Promise<void>;
  readonly #worker: Worker;
  readonly #release: () => void;
  readonly #pipes = new WeakMap<RTCRtpReceiver, number>();
  readonly #requests = new Map<number, Request>();
  readonly #listeners = new Map<string, ((...values: never[]) => void)[]>();
  /** Aborted: the worker is heard no more. */
  readonly #hearing = new AbortController();
  #room: Room | undefined;
  #isOver = false;

  /**
   * `fingerprint`: of the media server's certificate, as the host signed it. Throws `CannotEncryptError` where this browser has no
   * encoded transforms.
   */
  constructor(
    worker: Worker,
    fingerprint: string,
    private readonly listener: MediaListener,
    scope: typeof globalThis = globalThis,
  ) {
    const how = means(scope);
    if (how === undefined) throw new CannotEncryptError("this browser cannot encrypt media");
    this.#worker = worker;
    const attach = attachTo(worker, how, (receiver, pipe) => this.#pipes.set(receiver, pipe));
    this.#release = guardConnections(scope, how, attach, (description) => {
      try {
        checkServer(description, fingerprint);
      } catch (cause) {
        listener.otherServer();
        throw cause;
      }
    });
    const { signal } = this.#hearing;
    this.ready = new Promise((resolve, reject) => {
      const hear = ({ data }: MessageEvent<FromWorker>): void => {
        if (data.kind === "ready") return resolve();
        if (data.kind === "failed") reject(new CannotEncryptError(data.what));
        this.#hear(data);
      };
      const stopped = (): void => {
        reject(new CannotEncryptError("the encryption worker does not run"));
        this.listener.told({ kind: "failed", what: "the encryption worker stopped" });
      };
      worker.addEventListener("message", hear, { signal });
      worker.addEventListener("error", stopped, { signal });
    });
    // It may break when nobody waits for it any more.
    this.ready.catch(() => undefined);
  }

  /** The epoch's keys; their bytes move to the worker and are gone here. */
  keys(keys: EpochKeys): void {
    const senders = [...keys.others, ...(keys.own === null ? [] : [keys.own])];
    this.#send(
      { kind: "keys", keys },
      senders.flatMap(({ media, data }) => [media.buffer, data.buffer]),
    );
  }

  /** Nothing is sealed any more until the next keys: nothing is sent. */
  stop(): void {
    this.#send({ kind: "stop" });
  }

  /** Ends this connection's part. The worker is the stay's, and rests: own keys never come back, a new connection needs new ones. */
  dispose(): void {
    if (this.#isOver) return;
    this.#send({ kind: "rest" });
    this.#isOver = true;
    this.#hearing.abort();
    this.#release();
    for (const request of this.#requests.values()) request.reject(new Error("the room was left"));
    this.#requests.clear();
  }

  // What livekit-client calls.

  get isEnabled(): boolean {
    return true;
  }

  get isDataChannelEncryptionEnabled(): boolean {
    return true;
  }

  /** livekit-client writes here what its options say. */
  set isDataChannelEncryptionEnabled(enabled: boolean) {
    if (!enabled) throw new CannotEncryptError("data is always encrypted here");
  }

  setup(room: Room): void {
    this.#room = room;
    room.on(RoomEvent.TrackSubscribed, (track, publication, { identity }) => this.#subscribed(track, publication, identity));
    room.on(RoomEvent.TrackUnsubscribed, (track, _, { identity }) => {
      this.#assign(track, null);
      this.listener.untrack(identity, track);
    });
  }

  setupEngine(): void {
    // The guard has every connection already; no payload type needs a meaning here.
  }

  /** Encryption is on for everybody; switching it off is refused. */
  setParticipantCryptorEnabled(enabled: boolean, identity: string): void {
    if (!enabled) throw new CannotEncryptError("encryption cannot be switched off");
    const { localParticipant } = this.#room ?? {};
    if (localParticipant?.identity === identity) this.#emit("participantEncryptionStatusChanged", true, localParticipant);
  }

  setSifTrailer(): void {
    // Frames that a server injects are dropped like all frames that nobody sealed.
  }

  encryptData(payload: Uint8Array<ArrayBuffer>): Promise<Sealed> {
    if (this.#isOver) return Promise.reject(new Error("the room was left"));
    const request = ++lastRequest;
    return new Promise((resolve, reject) => {
      this.#requests.set(request, { resolve, reject });
      this.#send({ kind: "seal", request, payload: payload.slice() });
    });
  }

  /**
   * The worker opens it, `listener.data` hears it. livekit-client itself gets nothing, so that none of its own uses of data
   * (which also takes packets in the clear) can be reached.
   */
  handleEncryptedData(
    payload: Uint8Array<ArrayBuffer>,
    iv: Uint8Array<ArrayBuffer>,
    identity: string,
    index: number,
  ): Promise<never> {
    this.#send({ kind: "open", identity, index, iv: iv.slice(), payload: payload.slice() });
    return Promise.reject(new Error("read by the page itself"));
  }

  on(...[event, listener]: Callbacks): this {
    const name: string = event;
    this.#listeners.set(name, [...(this.#listeners.get(name) ?? []), listener as (...values: never[]) => void]);
    return this;
  }

  #emit(event: string, ...values: unknown[]): void {
    for (const listener of this.#listeners.get(event) ?? []) (listener as (...values: unknown[]) => void)(...values);
  }

  #subscribed(track: RemoteTrack, publication: RemoteTrackPublication, identity: string): void {
    if ((publication.trackInfo?.encryption ?? ENCRYPTION_NONE) === ENCRYPTION_NONE) {
      this.#assign(track, null);
      this.listener.notEncrypted(identity);
      return;
    }
    if (this.#assign(track, identity)) this.listener.track(identity, track, publication);
  }

  /** False when the receiver has no pipe: then nothing may be played. */
  #assign(track: RemoteTrack, identity: string | null): boolean {
    const pipe = track.receiver === undefined ? undefined : this.#pipes.get(track.receiver);
    if (pipe === undefined) return false;
    this.#send({ kind: "assign", pipe, identity });
    return true;
  }

  #send(message: ToWorker, transfer: Transferable[] = []): void {
    if (!this.#isOver) this.#worker.postMessage(message, transfer);
  }

  #hear(message: Exclude<FromWorker, { kind: "ready" }>): void {
    switch (message.kind) {
      case "opened": {
        const payload = userPayload(message.payload);
        if (payload !== undefined) this.listener.data(message.identity, payload);
        return;
      }
      case "sealed":
        this.#requests
          .get(message.request)
          ?.resolve({ uuid: `${message.request}`, payload: message.payload, iv: message.iv, keyIndex: message.index });
        this.#requests.delete(message.request);
        return;
      case "unsealed":
        this.#requests.get(message.request)?.reject(new Error(message.reason));
        this.#requests.delete(message.request);
        return;
      default:
        if (message.kind === "failed") this.#emit("encryptionError", new Error(message.what));
        this.listener.told(message);
    }
  }
}
