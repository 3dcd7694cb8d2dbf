import assert from "node:assert/strict";
import { test } from "node:test";
import { takeToken } from "../build/daemon/door.js";

const place = (hash, kept = new Map()) => {
  const replaced = [];
  return {
    replaced,
    kept,
    location: { hash, pathname: "/", search: "" },
    history: { replaceState: (_, __, url) => replaced.push(url) },
    sessionStorage: { getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => kept.set(key, value) },
  };
};

test("the token leaves the address at once, and stays in this tab", () => {
  const first = place("#token=abc");
  assert.equal(takeToken(first), "abc");
  assert.deepEqual(first.replaced, ["/"]);
  assert.equal(takeToken(place("", first.kept)), "abc");
});

test("without a token there is none, and the address stays", () => {
  const none = place("#controls");
  assert.equal(takeToken(none), undefined);
  assert.deepEqual(none.replaced, []);
});

test("a new token counts more than the kept one", () => {
  const { kept } = place("#token=old");
  kept.set("pars.token", "old");
  assert.equal(takeToken(place("#token=new", kept)), "new");
});
