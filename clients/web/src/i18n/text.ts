/** Sentences, numbers and times in the language of the interface. */
import { type Key, en } from "./en.js";
import { fa } from "./fa.js";

export type Language = "en" | "fa";
/** Values for the places of a sentence; numbers are written in the language's digits. */
export type Values = Readonly<Record<string, string | number>>;

const tables: Readonly<Record<Language, Readonly<Record<Key, string>>>> = { en, fa };
const locales: Readonly<Record<Language, string>> = { en: "en-GB", fa: "fa-IR" };

/** Of PARS. */
const DECIMALS = 9;

/** A place, `{n}`, or the two forms of what is counted there, `{n|seat|seats}`; `#` in a form is the number itself. */
const PLACE = /\{(\w+)(?:\|([^|{}]*)\|([^|{}]*))?\}/gu;

/** What people put around text of the other direction, so that it does not turn its surroundings (Unicode isolates). */
const isolate = (text: string): string => `\u2068${text}\u2069`;

export class Text {
  readonly #number: Intl.NumberFormat;
  readonly #time: Intl.DateTimeFormat;
  readonly #date: Intl.DateTimeFormat;
  readonly #plural: Intl.PluralRules;

  constructor(readonly language: Language) {
    const locale = locales[language];
    this.#number = new Intl.NumberFormat(locale);
    this.#time = new Intl.DateTimeFormat(locale, { hour: "2-digit", minute: "2-digit" });
    this.#date = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "short" });
    this.#plural = new Intl.PluralRules(locale);
  }

  get direction(): "ltr" | "rtl" {
    return this.language === "fa" ? "rtl" : "ltr";
  }

  /** A sentence; of two forms the one that the language has for the number. */
  of(key: Key, values: Values = {}): string {
    return tables[this.language][key].replace(PLACE, (place, name: string, one?: string, other?: string) => {
      const value = values[name];
      if (value === undefined) return place;
      const written = typeof value === "number" ? this.number(value) : isolate(value);
      if (one === undefined || other === undefined) return written;
      return (typeof value === "number" && this.#plural.select(value) === "one" ? one : other).replaceAll("#", () => written);
    });
  }

  number(value: number): string {
    return this.#number.format(value);
  }

  /** Digits of a code or a name's number: no grouping, leading zeros kept. */
  digits(digits: string): string {
    return this.language === "fa" ? digits.replace(/\d/gu, (digit) => String.fromCharCode(0x6f0 + Number(digit))) : digits;
  }

  /** A time of day; seconds since 1970. */
  time(seconds: number): string {
    return this.#time.format(new Date(seconds * 1000));
  }

  /** Minutes and seconds, with hours where there are any: 12:41, 1:12:45. */
  duration(seconds: number): string {
    const whole = Math.max(0, Math.floor(seconds));
    const two = (value: number): string => String(value % 60).padStart(2, "0");
    const hours = Math.floor(whole / 3600);
    const minutes = Math.floor(whole / 60);
    return this.digits(hours === 0 ? `${minutes}:${two(whole)}` : `${hours}:${two(minutes)}:${two(whole)}`);
  }

  /** Date and time; in Farsi the Persian calendar's. */
  date(seconds: number): string {
    return this.#date.format(new Date(seconds * 1000));
  }

  /** An amount of PARS, from its smallest units as a decimal string of any length; parts below a hundredth are left out. */
  amount(units: string): string {
    if (!/^\d+$/u.test(units)) return "–";
    const whole = units.slice(0, -DECIMALS) || "0";
    const hundredths = units.padStart(DECIMALS, "0").slice(-DECIMALS).slice(0, 2);
    return this.#number.format(`${BigInt(whole)}.${hundredths}` as Intl.StringNumericLiteral);
  }
}

/** Latin digits of whatever digits were typed. */
export const latinDigits = (typed: string): string =>
  typed
    .replace(/[\u06f0-\u06f9]/gu, (digit) => String(digit.charCodeAt(0) - 0x6f0))
    .replace(/[\u0660-\u0669]/gu, (digit) => String(digit.charCodeAt(0) - 0x660))
    .replace(/\D/gu, "");
