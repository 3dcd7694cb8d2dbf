/** Speaking while a key is held: it ends wherever the key is let go. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { openPage, settle } from "./support/page.mjs";

const { window } = openPage();
const { h, render } = await import("preact");
const { useKeys } = await import("../build/ui/room/useKeys.js");

const root = window.document.getElementById("page");
const key = (type) => window.dispatchEvent(new window.KeyboardEvent(type, { code: "Space" }));
const see = (state) => {
  Object.defineProperty(window.document, "visibilityState", { configurable: true, value: state });
  window.document.dispatchEvent(new window.Event("visibilitychange"));
};

/** A room on screen, and what was asked of its microphone. */
const room = async () => {
  const spoke = [];
  const live = { store: { value: { microphone: "off" } }, senders: { speak: (on) => spoke.push(on) } };
  const targets = {};
  const Keys = () => (useKeys(live, targets), null);
  render(h(Keys), root);
  await settle();
  return spoke;
};

test("the microphone of a held key closes when it is let go, the window or the page is left, or the room goes", async () => {
  for (const [name, end] of [
    ["let go", () => key("keyup")],
    ["another window", () => window.dispatchEvent(new window.Event("blur"))],
    ["another tab", () => see("hidden")],
    ["another screen", () => render(null, root)],
  ]) {
    const spoke = await room();
    key("keydown");
    assert.deepEqual(spoke, [true], name);
    see("visible");
    assert.deepEqual(spoke, [true], "a page that is seen goes on");
    end();
    await settle();
    assert.deepEqual(spoke, [true, false], name);
    end();
    render(null, root);
    assert.deepEqual(spoke, [true, false], "once");
  }
});

test("a microphone that no key holds stays as it is when the window is left", async () => {
  const spoke = await room();
  window.dispatchEvent(new window.Event("blur"));
  see("hidden");
  render(null, root);
  assert.deepEqual(spoke, []);
});
