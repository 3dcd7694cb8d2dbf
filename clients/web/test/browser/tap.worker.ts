/** Reads a receiver's frames as they came over the wire and tells what they are. */

interface Frame {
  readonly data: ArrayBuffer;
}
interface Event {
  readonly transformer: { readonly readable: ReadableStream<Frame>; readonly writable: WritableStream };
}

addEventListener("rtctransform", (event) => {
  const { readable, writable } = (event as unknown as Event).transformer;
  const tap = new TransformStream<Frame, Frame>({
    async transform({ data }) {
      const bytes = new Uint8Array(data);
      const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).join();
      postMessage({ sealed: bytes.length > 30 && bytes[bytes.length - 2] === 12, end: bytes.slice(-14).join(), digest });
    },
  });
  void readable.pipeThrough(tap).pipeTo(writable);
});
