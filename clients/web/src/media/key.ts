/** One sender's keys of one epoch and connection, with what must never repeat under them. */
import { type FrameKind, RefusedError, headerBytes, ivOf, joinFrame, readIv, splitFrame } from "./layout.js";
import { ReplayWindow } from "./replay.js";

/** A microphone, a camera in three layers, a screen, and all of it again after reconnects: far below this. */
const MAX_SOURCES = 64;
const DATA_SOURCE = 0;
const SALT = new TextEncoder().encode("LKFrameEncryptionKey");
const INFO = new Uint8Array(128);

/** A sealed data packet, as LiveKit's `EncryptedPacket` carries it. */
export interface SealedData {
  readonly payload: Uint8Array<ArrayBuffer>;
  readonly iv: Uint8Array<ArrayBuffer>;
  readonly index: number;
}

const derive = async (material: Uint8Array<ArrayBuffer>): Promise<CryptoKey> => {
  const ikm = await crypto.subtle.importKey("raw", material, "HKDF", false, ["deriveKey"]);
  const to = { name: "AES-GCM", length: 256 };
  return crypto.subtle.deriveKey({ name: "HKDF", hash: "SHA-256", salt: SALT, info: INFO }, ikm, to, false, [
    "encrypt",
    "decrypt",
  ]);
};

/** AES-256-GCM under LiveKit's key derivation, as the own seat uses it: it seals. A counter for each SSRC. */
export class SendKey {
  readonly #counters = new Map<number, bigint>();
  #dataCounter = 0n;

  private constructor(
    readonly index: number,
    private readonly media: CryptoKey,
    private readonly data: CryptoKey,
  ) {}

  static async of(index: number, media: Uint8Array<ArrayBuffer>, data: Uint8Array<ArrayBuffer>): Promise<SendKey> {
    return new SendKey(index, await derive(media), await derive(data));
  }

  /** Seals a frame; `not-encrypted` for one that is shorter than its header, which nobody could open. */
  async sealFrame(kind: FrameKind, ssrc: number, frame: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
    const length = headerBytes(kind, frame);
    if (frame.length < length) throw new RefusedError("not-encrypted");
    const header = frame.subarray(0, length);
    const iv = ivOf(ssrc, this.#next(ssrc));
    const sealed = await crypto.subtle.encrypt(
      { name: "AES-GCM", iv, additionalData: header },
      this.media,
      frame.subarray(length),
    );
    return joinFrame({ header, ciphertext: new Uint8Array(sealed), iv, index: this.index });
  }

  /** Seals a data packet. */
  async sealData(payload: Uint8Array<ArrayBuffer>): Promise<SealedData> {
    const iv = ivOf(DATA_SOURCE, this.#dataCounter++);
    const sealed = await crypto.subtle.encrypt({ name: "AES-GCM", iv }, this.data, payload);
    return { payload: new Uint8Array(sealed), iv, index: this.index };
  }

  /** Taken before anything is awaited: two frames at once never get one number. */
  #next(ssrc: number): bigint {
    const number = this.#counters.get(ssrc) ?? 0n;
    this.#counters.set(ssrc, number + 1n);
    return number;
  }
}

/** The same of another seat: it opens. A replay window for each SSRC of the vectors. */
export class ReceiveKey {
  readonly #windows = new Map<number, ReplayWindow>();
  readonly #dataWindow = new ReplayWindow();

  private constructor(
    readonly index: number,
    private readonly media: CryptoKey,
    private readonly data: CryptoKey,
  ) {}

  static async of(index: number, media: Uint8Array<ArrayBuffer>, data: Uint8Array<ArrayBuffer>): Promise<ReceiveKey> {
    return new ReceiveKey(index, await derive(media), await derive(data));
  }

  /** Opens a frame. */
  async openFrame(kind: FrameKind, frame: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
    const { header, ciphertext, iv } = splitFrame(kind, frame);
    const { ssrc, counter } = readIv(iv);
    if (this.#windows.get(ssrc)?.isFresh(counter) === false) throw new RefusedError("replayed");
    const opened = await decrypt({ name: "AES-GCM", iv, additionalData: header }, this.media, ciphertext);
    // The source counts only now: what no key opens must not fill the list. Of two copies at once one is marked.
    if (!this.#window(ssrc).mark(counter)) throw new RefusedError("replayed");
    const plain = new Uint8Array(header.length + opened.byteLength);
    plain.set(header);
    plain.set(new Uint8Array(opened), header.length);
    return plain;
  }

  /** Opens a data packet. */
  async openData(iv: Uint8Array<ArrayBuffer>, payload: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
    const { ssrc, counter } = readIv(iv);
    if (ssrc !== DATA_SOURCE) throw new RefusedError("not-encrypted");
    if (!this.#dataWindow.isFresh(counter)) throw new RefusedError("replayed");
    const opened = await decrypt({ name: "AES-GCM", iv }, this.data, payload);
    if (!this.#dataWindow.mark(counter)) throw new RefusedError("replayed");
    return new Uint8Array(opened);
  }

  #window(ssrc: number): ReplayWindow {
    const known = this.#windows.get(ssrc);
    if (known !== undefined) return known;
    if (this.#windows.size >= MAX_SOURCES) throw new RefusedError("too-many-sources");
    const window = new ReplayWindow();
    this.#windows.set(ssrc, window);
    return window;
  }
}

const decrypt = async (how: AesGcmParams, key: CryptoKey, sealed: Uint8Array<ArrayBuffer>): Promise<ArrayBuffer> => {
  try {
    return await crypto.subtle.decrypt(how, key, sealed);
  } catch {
    throw new RefusedError("wrong-key");
  }
};
