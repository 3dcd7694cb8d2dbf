/** The worker: every frame of the page passes through here, sealed or opened, or not at all. */
import { Cryptor } from "./cryptor.js";
import type { EncodedFrame, FromWorker, PipeOptions, ToWorker } from "./messages.js";

/** What this file needs of a dedicated worker's global scope (the DOM library does not know it). */
interface Scope {
  postMessage(message: FromWorker, transfer: Transferable[]): void;
  addEventListener(type: "message", listener: (event: MessageEvent<ToWorker>) => void): void;
  addEventListener(type: "rtctransform", listener: (event: TransformEvent) => void): void;
}

interface TransformEvent {
  readonly transformer: { readonly readable: ReadableStream; readonly writable: WritableStream; readonly options: PipeOptions };
}

const scope = globalThis as unknown as Scope;

const tell = (message: FromWorker): void => scope.postMessage(message, "payload" in message ? [message.payload.buffer] : []);

const cryptor = new Cryptor(tell, () => performance.now());

/** Carries frames until the stream ends. When the pipe breaks, nothing flows any more: there is no way around it. */
const carry = (options: PipeOptions, readable: ReadableStream, writable: WritableStream): void => {
  const transform = new TransformStream<EncodedFrame, EncodedFrame>({
    async transform(frame, controller) {
      const data = await cryptor.frame(options, frame);
      if (data === undefined) return;
      frame.data = data;
      controller.enqueue(frame);
    },
  });
  readable
    .pipeThrough(transform)
    .pipeTo(writable)
    .catch(() => undefined);
};

scope.addEventListener("message", ({ data }) => {
  if (data.kind === "pipe") carry(data, data.readable, data.writable);
  else void cryptor.handle(data);
});
scope.addEventListener("rtctransform", ({ transformer }) =>
  carry(transformer.options, transformer.readable, transformer.writable),
);
tell({ kind: "ready" });
