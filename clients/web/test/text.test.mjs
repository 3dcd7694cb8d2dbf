import assert from "node:assert/strict";
import { readFile, readdir } from "node:fs/promises";
import { test } from "node:test";
import { en } from "../build/i18n/en.js";
import { fa } from "../build/i18n/fa.js";
import { namesOf, pseudonymOf } from "../build/i18n/names.js";
import { Text, latinDigits } from "../build/i18n/text.js";
import { words } from "../build/i18n/words.js";

/** Names of the values in a sentence, those that choose a form among them. */
const places = (sentence) => [...new Set([...sentence.matchAll(/\{(\w+)(?:\|[^{}]*)?\}/gu)].map(([, name]) => name))].sort();
const sources = async () => {
  const folder = new URL("../src/", import.meta.url);
  const names = (await readdir(folder, { recursive: true })).filter((name) => /\.tsx?$/u.test(name) && !name.startsWith("i18n"));
  return (await Promise.all(names.map((name) => readFile(new URL(name, folder), "utf8")))).join("\n");
};

test("every sentence stands in both languages with the same places", () => {
  assert.deepEqual(Object.keys(fa).sort(), Object.keys(en).sort());
  for (const [key, sentence] of Object.entries(en)) assert.deepEqual(places(fa[key]), places(sentence), key);
});

test("what is counted has the form that its language has for the number", () => {
  for (const [language, key, values, said] of [
    ["en", "status.hear.people", { n: 0 }, "0 people hear you"],
    ["en", "status.hear.people", { n: 1 }, "1 person hears you"],
    ["en", "status.hear.people", { n: 2 }, "2 people hear you"],
    ["en", "room.seatsOf", { n: 1, of: 1_000 }, "1 of 1,000 seats"],
    ["en", "room.seatsOf", { n: 1, of: 1 }, "1 of 1 seat"],
    ["en", "recording.keep.days", { n: 1 }, "1 day"],
    ["en", "status.rec.all", { n: 1 }, "You agreed, alone here"],
    ["en", "status.rec.all", { n: 1_200 }, "All 1,200 agreed"],
    ["en", "pre.k.few", { k: 1 }, "Only 1 holder could be you. People may guess. Wait, or enter only if a guess does no harm."],
    ["fa", "status.hear.people", { n: 1 }, "۱ نفر صدای شما را می‌شنود"],
    ["fa", "status.hear.people", { n: 1_000 }, "۱٬۰۰۰ نفر صدای شما را می‌شنوند"],
    ["fa", "status.rec.all", { n: 2 }, "هر ۲ نفر موافقت کردند"],
  ])
    assert.equal(new Text(language).of(key, values), said);
});

test("at one, no noun that is counted is in the plural; nothing of a form is left over", () => {
  const counted = /\b1 (?:other |new )?(?:seats|people|holders|days|minutes|hours|messages|parts|tracks|copies|nodes)\b/u;
  for (const key of Object.keys(en)) {
    const say = (language, n) => new Text(language).of(key, Object.fromEntries(places(en[key]).map((name) => [name, n])));
    assert.doesNotMatch(say("en", 1), counted, key);
    for (const language of ["en", "fa"]) for (const n of [1, 2]) assert.doesNotMatch(say(language, n), /[{}|#]/u, key);
  }
});

test("every sentence is used", async () => {
  const code = await sources();
  const built = [...code.matchAll(/`([\w.]*)\$\{[^`]*?\}([\w.]*)`/gu)]
    .map(([, before, after]) => [before, after])
    .filter(([before]) => before.includes("."));
  const isUsed = (key) =>
    code.includes(`"${key}"`) || built.some(([before, after]) => key.startsWith(before) && key.endsWith(after));
  assert.deepEqual(
    Object.keys(en).filter((key) => !isUsed(key)),
    [],
  );
});

test("Farsi has its digits, also in names and codes, and typed digits of any kind are understood", () => {
  const text = new Text("fa");
  assert.equal(text.number(1000), "۱٬۰۰۰");
  assert.equal(text.digits("04217"), "۰۴۲۱۷");
  assert.equal(latinDigits("۴۸۲۱۷ ١٩٠٣٥-77402"), "482171903577402");
});

test("amounts are PARS of nine decimals, exact at any size", () => {
  const text = new Text("en");
  for (const [units, shown] of [
    ["0", "0"],
    ["1", "0"],
    ["12500000000000", "12,500"],
    ["1500000000", "1.5"],
    ["10000000", "0.01"],
    ["123456789012345678901239999999999", "123,456,789,012,345,678,901,239.99"],
    ["<b>", "–"],
  ]) {
    assert.equal(text.amount(units), shown, units);
  }
});

test("a value inside a sentence cannot turn it, nor become a place itself", () => {
  const said = new Text("en").of("notice.wrongKey", { name: "{name} \u202E" });
  assert.ok(said.includes("\u2068{name} \u202E\u2069"));
});

const seat = (identity, account = null) => ({ identity, account });

test("there are 64 different names in each language", () => {
  assert.equal(words.length, 64);
  for (const place of [0, 1]) assert.equal(new Set(words.map((pair) => pair[place])).size, 64);
});

test("one pseudonym has one name, the same place in every language", () => {
  assert.deepEqual(pseudonymOf("0029010000000000"), { word: 0, number: 41, colour: 1, ornament: 0 });
  const seats = [seat("0029010000000000")];
  assert.equal(namesOf(seats, new Text("en")).get("0029010000000000"), "Cypress 41");
  assert.equal(namesOf(seats, new Text("fa")).get("0029010000000000"), "سرو ۴۱");
});

test("two seats never show one name: both show more of themselves", () => {
  const seats = [
    seat("0029010000001111"),
    seat("4029010000002222"),
    seat("a", "0x1111111111111111111111111111111111112222"),
    seat("b", "0x1111aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa2222"),
  ];
  const names = [...namesOf(seats, new Text("en")).values()];
  assert.deepEqual(names.slice(0, 2), ["Cypress 41 · 1111", "Cypress 41 · 2222"]);
  assert.equal(new Set(names).size, 4);
  assert.equal(names[2].length, 42);
});
