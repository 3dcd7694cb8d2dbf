/** Why the media server could not be entered: it refused the pass, it does not answer, or it is another than the host's. */
export class MediaRefusedError extends Error {
  override readonly name = "MediaRefusedError";
  constructor(readonly reason: "token" | "media" | "otherServer") {
    super(reason);
  }
}
