/** What is shown when a room is over for this page. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { enter } from "./support/live.mjs";
import { openPage, settle } from "./support/page.mjs";

const { window } = openPage();
const { h, render } = await import("preact");
const { en } = await import("../build/i18n/en.js");
const { App } = await import("../build/state/app.js");
const { Page } = await import("../build/ui/Page.js");

const root = window.document.getElementById("page");
const at = (testid) => root.querySelector(`[data-testid="${testid}"]`);

const onScreen = async () => {
  const entered = await enter();
  const tools = { connect: () => undefined, daemon: undefined, scope: window, storage: { removeItem: () => undefined } };
  const app = new App(tools, { language: "en", theme: "light" });
  app.store.set({ screen: { name: "room", live: entered.live } });
  render(null, root);
  render(h(Page, { app }), root);
  await settle();
  return { ...entered, app };
};

test("the daemon left at another page's press: this one says so, with ways on", async () => {
  const { tell, app } = await onScreen();
  tell("roomEnded", { reason: "Left", detail: null });
  await settle();
  assert.equal(at("ended").dataset.reason, "Left");
  assert.equal(at("ended").querySelector("h2").textContent, en["ended.Left"]);
  assert.notEqual(at("enter-again"), null);
  at("see-rooms").click();
  assert.equal(app.store.value.screen.name, "rooms");
});

test("the own press needs no explanation: the rooms come", async () => {
  const { live } = await onScreen();
  void live.leave();
  await settle();
  assert.equal(at("ended"), null);
});
