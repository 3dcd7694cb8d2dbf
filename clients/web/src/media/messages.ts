/** What page and worker say to each other. */
import type { EpochKeys } from "./keyring.js";
import type { Refusal } from "./layout.js";

/** Which way a pipe carries frames. */
export type Direction = "out" | "in";

/** Names a sender's or receiver's pipe; given to `RTCRtpScriptTransform` as its options too. */
export interface PipeOptions {
  readonly pipe: number;
  readonly direction: Direction;
}

/** To the worker. */
export type ToWorker =
  | { readonly kind: "keys"; readonly keys: EpochKeys }
  | { readonly kind: "stop" }
  /**
   * A connection is over, or another one begins: nothing is sealed, and every pipe is nobody's, until there is more. What was
   * heard stays known. Answered by `ready`, or by `failed` once that was said.
   */
  | { readonly kind: "rest" }
  /** A pipe by transferred streams, where the browser has no script transform. */
  | (PipeOptions & { readonly kind: "pipe"; readonly readable: ReadableStream; readonly writable: WritableStream })
  /** Whose frames come through a receiving pipe; null: nobody's, everything is dropped. */
  | { readonly kind: "assign"; readonly pipe: number; readonly identity: string | null }
  | { readonly kind: "seal"; readonly request: number; readonly payload: Uint8Array<ArrayBuffer> }
  | {
      readonly kind: "open";
      readonly identity: string;
      readonly index: number;
      readonly iv: Uint8Array<ArrayBuffer>;
      readonly payload: Uint8Array<ArrayBuffer>;
    };

/** From the worker. */
export type FromWorker =
  /** It runs, and nothing of an earlier connection flows. */
  | { readonly kind: "ready" }
  /** The keys of this index are in use; `sends` says whether the own seat may send. */
  | { readonly kind: "keyed"; readonly index: number; readonly sends: boolean }
  /** Keys were refused, or a pipe broke: nothing is sent any more. */
  | { readonly kind: "failed"; readonly what: string }
  | {
      readonly kind: "sealed";
      readonly request: number;
      readonly payload: Uint8Array<ArrayBuffer>;
      readonly iv: Uint8Array<ArrayBuffer>;
      readonly index: number;
    }
  | { readonly kind: "unsealed"; readonly request: number; readonly reason: Refusal }
  | { readonly kind: "opened"; readonly identity: string; readonly payload: Uint8Array<ArrayBuffer> }
  /** Frames or packets were dropped: at most one message a second for each sender and reason. */
  | {
      readonly kind: "dropped";
      readonly direction: Direction;
      readonly identity: string | null;
      readonly reason: Refusal;
      readonly count: number;
    }
  /** The first frame of a pipe, or of a new sender on it, that was sealed or opened. */
  | { readonly kind: "flowing"; readonly pipe: number; readonly direction: Direction; readonly identity: string | null };

/** The part of an encoded frame that is used (both kinds of RTCEncodedFrame have it). */
export interface EncodedFrame {
  data: ArrayBuffer;
  /** Video only. */
  readonly type?: string;
  getMetadata(): { readonly synchronizationSource?: number };
}
