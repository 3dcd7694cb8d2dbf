/** Who is called what: a garden name for a pseudonym, a short account for a known member. */
import type { Seat } from "../daemon/types.js";
import type { Text } from "./text.js";
import { visible } from "./visible.js";
import { words } from "./words.js";

/** What is drawn and said of a pseudonym; the same on every device. */
export interface Pseudonym {
  readonly word: number;
  readonly number: number;
  readonly colour: number;
  readonly ornament: number;
}

const COLOURS = 8;
const ORNAMENTS = 4;

/** From a LiveKit identity: 16 hex characters. */
export const pseudonymOf = (identity: string): Pseudonym => {
  const byte = (place: number): number => Number.parseInt(identity.slice(2 * place, 2 * place + 2), 16) || 0;
  return { word: byte(0) % words.length, number: byte(1) % 100, colour: byte(2) % COLOURS, ornament: byte(3) % ORNAMENTS };
};

/** First and last characters of an account: enough to read aloud, and nobody mistakes it for the whole. */
export const shortAccount = (account: string): string => visible(`${account.slice(0, 6)}…${account.slice(-4)}`);

const garden = (identity: string, text: Text): string => {
  const { word, number } = pseudonymOf(identity);
  const [en, fa] = words[word] ?? ["", ""];
  return `${text.language === "fa" ? fa : en} ${text.digits(String(number).padStart(2, "0"))}`;
};

/** The name of one seat by itself, for a place where no others stand. */
export const nameOf = (seat: Pick<Seat, "identity" | "account">, text: Text): string =>
  seat.account === null ? garden(seat.identity, text) : shortAccount(seat.account);

/** Characters of the pseudonym behind a name that two seats share. */
const SUFFIX = 4;

/** Names of all seats. Where two would have the same, both show the end of their pseudonym or the whole account. */
export const namesOf = (seats: readonly Seat[], text: Text): ReadonlyMap<string, string> => {
  const count = new Map<string, number>();
  for (const seat of seats) count.set(nameOf(seat, text), (count.get(nameOf(seat, text)) ?? 0) + 1);
  const full = (seat: Seat): string => {
    const name = nameOf(seat, text);
    if ((count.get(name) ?? 0) < 2) return name;
    return visible(seat.account ?? `${name} · ${seat.identity.slice(-SUFFIX)}`);
  };
  return new Map(seats.map((seat) => [seat.identity, full(seat)]));
};
