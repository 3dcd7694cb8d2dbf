/** What is wrong with a pass: unknown or forged, over or not begun, for another room, signed by nobody. */
export type PassRefusal = "token" | "tokenExpired" | "tokenRoom" | "tokenUnsigned";

/** Why the media server could not be entered: it refused the pass, it does not answer, or it is another than the host's. */
export class MediaRefusedError extends Error {
  override readonly name = "MediaRefusedError";
  constructor(readonly reason: PassRefusal | "media" | "otherServer") {
    super(reason);
  }
}

/** Seconds by which clocks may differ (that of the media server). */
const TOLERANCE = 30;
/** The pass is none of this room, says who refused it: the media server or the own daemon (HTTP). */
const FORBIDDEN = 403;

/** A part of a JSON Web Token (RFC 7519), unverified; nothing if it is none. */
const part = (token: string, place: number): Readonly<Record<string, unknown>> => {
  try {
    const digits = (token.split(".")[place] ?? "").replaceAll("-", "+").replaceAll("_", "/");
    const read: unknown = JSON.parse(atob(digits));
    return typeof read === "object" && read !== null ? { ...read } : {};
  } catch {
    return {};
  }
};

/**
 * Why a pass was refused, for the sentence that is shown: the judgement was the server's. What the pass says of itself is
 * unverified, and decides nothing else. `now` in seconds since the Unix epoch.
 */
export const whyRefused = (token: string, status: number | undefined, now: number): PassRefusal => {
  const { alg } = part(token, 0);
  const { exp, nbf } = part(token, 1);
  if (typeof alg === "string" && (alg.toLowerCase() === "none" || token.endsWith("."))) return "tokenUnsigned";
  if ((typeof exp === "number" && exp + TOLERANCE <= now) || (typeof nbf === "number" && nbf > now + TOLERANCE))
    return "tokenExpired";
  return status === FORBIDDEN ? "tokenRoom" : "token";
};
