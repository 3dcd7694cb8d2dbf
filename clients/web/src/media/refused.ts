/** Why the media server could not be entered: it refused the pass, or it does not answer. */
export class MediaRefusedError extends Error {
  override readonly name = "MediaRefusedError";
  constructor(readonly reason: "token" | "media") {
    super(reason);
  }
}
