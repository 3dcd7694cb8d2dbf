/**
 * Whether a media server is the one that the room's host signed for: the certificate that it names in every description must be
 * the one of the grant (TOWNHALL 3, O-6). Who answers in its place gets no connection.
 */

/** Thrown at a description of another server, before anything is done with it. */
export class OtherServerError extends Error {
  override readonly name = "OtherServerError";
}

const EXPECTED = /^0x[0-9a-f]{64}$/iu;
const UNNAMED = /^0x0+$/u;
/** RFC 8122; one hash function only, the one of the grant. */
const FINGERPRINT = /^a=fingerprint:sha-256 ((?:[0-9a-f]{2}:){31}[0-9a-f]{2})$/iu;
const ANY_FINGERPRINT = /fingerprint/giu;

/**
 * Throws `OtherServerError` unless each part of the description stands under this certificate and no other is named anywhere.
 * `expected` is 0x + 64 digits; zero is the host's way to say that it named none, which nothing equals.
 */
export const checkServer = (description: string, expected: string): void => {
  if (!EXPECTED.test(expected) || UNNAMED.test(expected)) throw new OtherServerError("the host named no media server");
  const wanted = expected.slice(2).toLowerCase();
  const [session = [], ...sections] = partsOf(description);
  const all = [session, ...sections].map((part) => part.flatMap(fingerprintOf));
  const found = all.flat();
  if (found.length === 0) throw new OtherServerError("the media server names no certificate");
  // What is written in any other way might be read by a browser all the same.
  if ((description.match(ANY_FINGERPRINT) ?? []).length !== found.length)
    throw new OtherServerError("the media server names a certificate in another way");
  if (found.some((fingerprint) => fingerprint !== wanted)) throw new OtherServerError("the media server has another certificate");
  if (all[0]?.length === 0 && all.slice(1).some((part) => part.length === 0))
    throw new OtherServerError("a part of the description stands under no certificate");
};

/** Lines of the session, then of each media section. */
const partsOf = (description: string): string[][] => {
  const parts: string[][] = [[]];
  for (const line of description.split(/\r?\n/u)) {
    if (line.startsWith("m=")) parts.push([]);
    parts.at(-1)?.push(line);
  }
  return parts;
};

const fingerprintOf = (line: string): string[] => {
  const digits = FINGERPRINT.exec(line)?.[1];
  return digits === undefined ? [] : [digits.replaceAll(":", "").toLowerCase()];
};
