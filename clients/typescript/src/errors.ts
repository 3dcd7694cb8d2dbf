/** What can go wrong, each with a stable code. */
import { errorNumbers } from "./generated/schemas.js";

/** The daemon's refusals, by the names of the RPC. */
export type DaemonErrorCode = keyof typeof errorNumbers;

/** What this client finds out by itself. */
export type ClientErrorCode =
  /** The options contradict themselves, or would send the token over an open network. */
  | "InvalidOptions"
  /** Nothing answers where the daemon should be. */
  | "NoDaemon"
  /** The connection was lost, and did not come back in time. */
  | "ConnectionLost"
  /** What was received is no answer of this version's daemon. */
  | "InvalidReply"
  /** `close()` was called. */
  | "Closed"
  /** The caller's `signal` was aborted. */
  | "Aborted"
  /** The daemon refused with a number that this version does not know. */
  | "Refused";

/** Every code. `WrongNetwork` is the daemon's, and this client's when the daemon is on another network than the option. */
export type ParsErrorCode = DaemonErrorCode | ClientErrorCode;

/** Any failure of the client. `code` is stable, `message` is for people. */
export class ParsError extends Error {
  override readonly name: string = "ParsError";
  constructor(
    readonly code: ParsErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/**
 * A text was not sent, or nobody here knows: after `Timeout`, `ConnectionLost`, `NoDaemon`, `InvalidReply`, `Busy`, `Closed` and
 * `Aborted` the daemon may keep it all the same. Whatever the code, who sends the text again gives this `clientId` with it: then it is
 * sent once, without it the other side may get it twice. Only after `ClientIdReused` the id names another message: nothing was
 * sent, and a new id is needed.
 */
export class SendError extends ParsError {
  override readonly name = "SendError";
  constructor(
    /** Names the request: 32 digits. */
    readonly clientId: string,
    cause: ParsError,
  ) {
    super(cause.code, cause.message, { cause });
  }
}

const names = new Map<number, DaemonErrorCode>(
  Object.entries(errorNumbers).map(([name, number]) => [number, name as DaemonErrorCode]),
);

/** The error of a JSON-RPC error number. */
export const refusal = (number: number, message: string): ParsError =>
  new ParsError(names.get(number) ?? "Refused", message);

/** Whether an error has this code. */
export const hasCode = (error: unknown, ...codes: readonly ParsErrorCode[]): boolean =>
  error instanceof ParsError && codes.includes(error.code);
