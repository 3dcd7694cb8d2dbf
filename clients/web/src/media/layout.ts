/**
 * Bytes of an encrypted frame, LiveKit's layout: `header ‖ ciphertext ‖ tag 16 ‖ iv 12 ‖ 0x0c ‖ key index 1`. The header
 * stays readable (a server has to find key frames) and is authenticated. Opus and VP8 only.
 */

/** What a frame is; `video` is VP8. */
export type FrameKind = "audio" | "video";

export const IV_BYTES = 12;
export const TAG_BYTES = 16;
/** iv, its length, key index. */
const TRAILER_BYTES = IV_BYTES + 2;

/** Why a frame or a packet was not sealed or not opened. */
export type Refusal =
  /** There is no key: of the own seat (sending), or of this sender and index (receiving). */
  | "no-key"
  /** It is too short, or its trailer is none of ours: a frame in the clear looks like this. */
  | "not-encrypted"
  /** The tag does not hold: another key, or changed bytes. */
  | "wrong-key"
  /** Its number was seen before, or lies too far back. */
  | "replayed"
  /** One sender uses more sources than anybody needs. */
  | "too-many-sources"
  /** The receiver was not told whose track this is, or the server says that the track is not encrypted. */
  | "unassigned"
  /** Something that should not happen. */
  | "broken";

/** A refusal as an exception inside the cryptor; `reason` is what counts. */
export class RefusedError extends Error {
  override readonly name = "RefusedError";
  constructor(readonly reason: Refusal) {
    super(reason);
  }
}

/** Length of the readable header: the Opus TOC byte; VP8's frame tag, with start code and size in a key frame (RFC 6386, 9.1). */
export const headerBytes = (kind: FrameKind, frame: Uint8Array): number => {
  if (kind === "audio") return 1;
  return ((frame[0] ?? 1) & 1) === 0 ? 10 : 3;
};

/** SSRC 4 ‖ counter 8, big-endian. For data packets the SSRC is 0. */
export const ivOf = (ssrc: number, counter: bigint): Uint8Array<ArrayBuffer> => {
  const iv = new Uint8Array(IV_BYTES);
  const view = new DataView(iv.buffer);
  view.setUint32(0, ssrc);
  view.setBigUint64(4, counter);
  return iv;
};

/** The parts of an initialisation vector. */
export const readIv = (iv: Uint8Array): { ssrc: number; counter: bigint } => {
  if (iv.length !== IV_BYTES) throw new RefusedError("not-encrypted");
  const view = new DataView(iv.buffer, iv.byteOffset, iv.byteLength);
  return { ssrc: view.getUint32(0), counter: view.getBigUint64(4) };
};

/** A sealed frame in its parts. */
export interface SealedFrame {
  readonly header: Uint8Array<ArrayBuffer>;
  readonly ciphertext: Uint8Array<ArrayBuffer>;
  readonly iv: Uint8Array<ArrayBuffer>;
  readonly index: number;
}

/** Puts a frame together. */
export const joinFrame = ({ header, ciphertext, iv, index }: SealedFrame): Uint8Array<ArrayBuffer> => {
  const frame = new Uint8Array(header.length + ciphertext.length + TRAILER_BYTES);
  frame.set(header);
  frame.set(ciphertext, header.length);
  frame.set(iv, header.length + ciphertext.length);
  frame[frame.length - 2] = IV_BYTES;
  frame[frame.length - 1] = index;
  return frame;
};

/** Takes a frame apart; `not-encrypted` when it cannot be one of ours. */
export const splitFrame = (kind: FrameKind, frame: Uint8Array<ArrayBuffer>): SealedFrame => {
  const header = headerBytes(kind, frame);
  const end = frame.length - TRAILER_BYTES;
  if (end < header + TAG_BYTES || frame[frame.length - 2] !== IV_BYTES) throw new RefusedError("not-encrypted");
  return {
    header: frame.subarray(0, header),
    ciphertext: frame.subarray(header, end),
    iv: frame.subarray(end, end + IV_BYTES),
    index: frame[frame.length - 1] ?? 0,
  };
};
