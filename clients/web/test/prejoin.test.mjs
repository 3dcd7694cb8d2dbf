/** What stands before a room when there is less to tell than usual. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { openPage, settle } from "./support/page.mjs";
import { lobbyOf, roomId } from "./support/rooms.mjs";

const { window } = openPage();
const { h, render } = await import("preact");
const { App } = await import("../build/state/app.js");
const { Page } = await import("../build/ui/Page.js");

const root = window.document.getElementById("page");
const tools = {
  connect: () => Promise.reject(new Error("none")),
  daemon: undefined,
  storage: { getItem: () => null, setItem: () => undefined, removeItem: () => undefined },
  scope: window,
};

/** The text of a screen, without the marks that keep directions apart. */
const shown = async (language, screen) => {
  const app = new App(tools, { language, theme: "light" });
  app.store.set({ screen });
  render(null, root);
  render(h(Page, { app }), root);
  await settle();
  return root.textContent.replace(/[\u2068\u2069]/gu, "");
};
const lobby = (more) => ({ name: "lobby", lobby: lobbyOf(roomId("TownHall"), more) });

test("seats that nobody counted are not called taken or free: the list and the lobby say how many the room has", async () => {
  for (const [language, unknown, known] of [
    ["en", "room for 1,000", "41 of 1,000 seats"],
    ["fa", "جا برای ۱٬۰۰۰ نفر", "۴۱ از ۱٬۰۰۰ صندلی"],
  ]) {
    for (const [seats, said, unsaid] of [
      [null, unknown, known],
      [41, known, unknown],
    ]) {
      const { lobby: one } = lobby({ seats });
      for (const screen of [
        { name: "lobby", lobby: one },
        { name: "rooms", rooms: [one] },
      ]) {
        const text = await shown(language, screen);
        assert.ok(text.includes(said), `${language}, ${screen.name}: ${said}`);
        assert.ok(!text.includes(unsaid) && !text.includes("null"), `${language}, ${screen.name}`);
      }
    }
  }
});

test("who may not enter without a name is not called one of those who could", async () => {
  const anonymous = { allowed: false, reason: "NotEligible", ready: false, k: 5 };
  const known = { allowed: false, reason: "NotEligible", accounts: [] };
  for (const [language, claim] of [
    ["en", "You are 1 of 5"],
    ["fa", "شما یکی از ۵ نفر هستید"],
  ]) {
    assert.ok(!(await shown(language, lobby({ anonymous, known }))).includes(claim));
    assert.ok((await shown(language, lobby({ anonymous: { ...anonymous, allowed: true, ready: true } }))).includes(claim));
  }
});
