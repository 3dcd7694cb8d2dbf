import assert from "node:assert/strict";
import { readFile, readdir } from "node:fs/promises";
import { test } from "node:test";

const folder = new URL("../src/style/", import.meta.url);
const sheets = Object.fromEntries(
  await Promise.all(
    (await readdir(folder))
      .filter((name) => name.endsWith(".css"))
      .map(async (name) => [name, await readFile(new URL(name, folder), "utf8")]),
  ),
);

const block = (selector) => {
  const start = sheets["tokens.css"].indexOf(`${selector} {`);
  const body = sheets["tokens.css"].slice(start, sheets["tokens.css"].indexOf("}", start));
  return Object.fromEntries([...body.matchAll(/--([\w-]+): (#[0-9a-f]{6});/gu)].map(([, name, value]) => [name, value]));
};
const light = block(":root");
const dark = { ...light, ...block(':root[data-theme="dark"]') };

const luminance = (colour) => {
  const [red, green, blue] = [1, 3, 5].map((place) => {
    const part = Number.parseInt(colour.slice(place, place + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
};
const contrast = (one, other) => {
  const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
};

const GROUNDS = ["ground", "surface", "raised", "sunken"];
const pairs = [
  ...["ink", "ink-2", "ink-3", "accent", "anon", "rec", "warn", "ok"].flatMap((ink) => GROUNDS.map((ground) => [ink, ground])),
  ["on-accent", "accent"],
  ["on-anon", "anon"],
  ["on-rec", "rec-fill"],
  ["on-live", "live-fill"],
  ...["accent-ink", "ink", "ink-2"].map((ink) => [ink, "accent-soft"]),
  ...["anon", "ink", "ink-2"].map((ink) => [ink, "anon-soft"]),
  ...["rec", "ink", "ink-2"].map((ink) => [ink, "rec-soft"]),
  ...["warn", "ink", "ink-2"].map((ink) => [ink, "warn-soft"]),
  ...["ok", "ink-2"].map((ink) => [ink, "ok-soft"]),
];

for (const [name, theme] of Object.entries({ light, dark })) {
  test(`${name}: text is readable on every ground (at least 5.1), borders and focus at least 3.3`, () => {
    for (const [ink, ground] of pairs)
      assert.ok(
        contrast(theme[ink], theme[ground]) >= 5.1,
        `${ink} on ${ground}: ${contrast(theme[ink], theme[ground]).toFixed(2)}`,
      );
    for (const line of ["line-strong", "focus"])
      for (const ground of GROUNDS) assert.ok(contrast(theme[line], theme[ground]) >= 3.3, `${line} on ${ground}`);
  });
}

test("white is readable on every seal", () => {
  const tints = [...sheets["base.css"].matchAll(/--tint: (#[0-9a-f]{6})/gu)].map(([, colour]) => colour);
  assert.equal(tints.length, 8);
  for (const tint of tints) assert.ok(contrast("#ffffff", tint) >= 5.6, tint);
});

test("nothing is left or right: a page that reads the other way is its mirror", () => {
  for (const [name, css] of Object.entries(sheets)) {
    assert.doesNotMatch(
      css,
      /(?:^|[\s;{-])(?:left|right)\s*[:;]|(?:margin|padding|border)-(?:left|right|top|bottom)|text-align: (?:left|right)/mu,
      name,
    );
  }
});

test("nothing is loaded from anywhere", () => {
  for (const [name, css] of Object.entries(sheets)) assert.doesNotMatch(css, /url\(|@font-face|https?:/u, name);
});
