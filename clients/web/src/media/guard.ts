/**
 * A peer connection that cannot carry media in the clear: every sender and receiver has its transform from the moment it
 * exists, before anything is negotiated. Where the browser has no transforms there is no connection. And none with anybody but the
 * server that the room's host named.
 */
import type { Direction, PipeOptions } from "./messages.js";

/** Gives a sender or receiver its pipe; throws when it cannot. */
export type Attach = (end: RTCRtpSender | RTCRtpReceiver, direction: Direction) => void;

/** Looks at what the other side says of itself; throws when it is not who it must be. */
export type Check = (description: string) => void;

/** Thrown where media could not be encrypted: nothing is connected. */
export class CannotEncryptError extends Error {
  override readonly name = "CannotEncryptError";
}

/** How this browser transforms frames. */
export type Means = "script" | "streams";

interface WithStreams {
  createEncodedStreams(): { readable: ReadableStream; writable: WritableStream };
}

/** What a sender or receiver offers beyond the DOM library's types. */
type End = (RTCRtpSender | RTCRtpReceiver) & Partial<WithStreams> & { transform?: unknown };

/** Which way there is; undefined where media cannot be encrypted. */
export const means = (scope: typeof globalThis = globalThis): Means | undefined => {
  const { RTCRtpSender: Sender } = scope as { RTCRtpSender?: { prototype: object } };
  if (Sender === undefined) return undefined;
  if ("RTCRtpScriptTransform" in scope && "transform" in Sender.prototype) return "script";
  return "createEncodedStreams" in Sender.prototype ? "streams" : undefined;
};

/** Of this page: a worker that outlives a connection knows the pipes of the next one from those before. */
let lastPipe = 0;

/** A function that gives each end its own pipe into the worker, once. `named` hears which receiver has which pipe. */
export const attachTo = (worker: Worker, how: Means, named: (receiver: RTCRtpReceiver, pipe: number) => void): Attach => {
  const attached = new WeakSet<object>();
  return (end: End, direction) => {
    if (attached.has(end)) return;
    const options: PipeOptions = { pipe: ++lastPipe, direction };
    if (how === "script") {
      end.transform = new RTCRtpScriptTransform(worker, options);
    } else {
      const streams = end.createEncodedStreams?.();
      if (streams === undefined) throw new CannotEncryptError("this end has no encoded streams");
      const { readable, writable } = streams;
      worker.postMessage({ kind: "pipe", ...options, readable, writable }, [readable, writable]);
    }
    attached.add(end);
    if (direction === "in") named(end as RTCRtpReceiver, options.pipe);
  };
};

/** What connections of a page are made with now; without it none is made. */
interface Guard {
  current: { readonly how: Means; readonly attach: Attach; readonly check: Check } | undefined;
}

const guards = new WeakMap<object, Guard>();

/**
 * From now on every connection of this page is guarded, for ever: the function that comes back ends this way to encrypt, and
 * without one there are no connections.
 */
export const guardConnections = (scope: typeof globalThis, how: Means, attach: Attach, check: Check): (() => void) => {
  const guard = guards.get(scope) ?? install(scope);
  const current = { how, attach, check };
  guard.current = current;
  return () => {
    if (guard.current === current) guard.current = undefined;
  };
};

const install = (scope: typeof globalThis): Guard => {
  const guard: Guard = { current: undefined };
  guards.set(scope, guard);
  scope.RTCPeerConnection = guardedOver(scope.RTCPeerConnection, guard);
  return guard;
};

/** A configuration with this way of taking frames, whatever it says of that itself. */
const configured = (how: Means, configuration: RTCConfiguration = {}): RTCConfiguration =>
  ({ ...configuration, encodedInsertableStreams: how === "streams" }) as RTCConfiguration;

const guardedOver = (Plain: typeof RTCPeerConnection, guard: Guard): typeof RTCPeerConnection =>
  class GuardedPeerConnection extends Plain {
    readonly #attach: Attach;
    readonly #how: Means;
    readonly #check: Check;

    constructor(configuration?: RTCConfiguration) {
      const { current } = guard;
      if (current === undefined) throw new CannotEncryptError("no connection without encryption");
      super(configured(current.how, configuration));
      this.#attach = current.attach;
      this.#how = current.how;
      this.#check = current.check;
      // The first listener: a receiver that the other side made is guarded before anybody else hears of it.
      this.addEventListener("track", ({ receiver }) => this.#attachOrClose(receiver, "in"));
    }

    /** livekit-client sets the configuration anew once the server has answered; the way frames are taken cannot change. */
    override setConfiguration(configuration?: RTCConfiguration): void {
      super.setConfiguration(configured(this.#how, configuration));
    }

    override addTransceiver(of: MediaStreamTrack | string, init?: RTCRtpTransceiverInit): RTCRtpTransceiver {
      return this.#guard(super.addTransceiver(of, init));
    }

    override addTrack(track: MediaStreamTrack, ...streams: MediaStream[]): RTCRtpSender {
      const sender = super.addTrack(track, ...streams);
      this.#guardAll();
      return sender;
    }

    override async setLocalDescription(description?: RTCLocalSessionDescriptionInit): Promise<void> {
      this.#guardAll();
      await super.setLocalDescription(description);
    }

    override async setRemoteDescription({ type, sdp = "" }: RTCSessionDescriptionInit): Promise<void> {
      this.#guardAll();
      if (type !== "rollback") this.#checkOrClose(sdp);
      await super.setRemoteDescription({ type, sdp });
      this.#guardAll();
    }

    #guardAll(): void {
      for (const transceiver of this.getTransceivers()) this.#guard(transceiver);
    }

    #guard(transceiver: RTCRtpTransceiver): RTCRtpTransceiver {
      this.#attachOrClose(transceiver.sender, "out");
      this.#attachOrClose(transceiver.receiver, "in");
      return transceiver;
    }

    /** Who is not the one that must be there ends the connection. */
    #checkOrClose(description: string): void {
      try {
        this.#check(description);
      } catch (cause) {
        this.close();
        throw cause;
      }
    }

    /** An end that cannot be guarded ends the connection. */
    #attachOrClose(end: RTCRtpSender | RTCRtpReceiver, direction: Direction): void {
      try {
        this.#attach(end, direction);
      } catch (cause) {
        this.close();
        throw cause;
      }
    }
  } as typeof RTCPeerConnection;
