/** What stands before a room when there is less to tell than usual. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { openPage, settle } from "./support/page.mjs";
import { accountOf, lobbyOf, roomId } from "./support/rooms.mjs";

const { window } = openPage();
const { h, render } = await import("preact");
const { App } = await import("../build/state/app.js");
const { Page } = await import("../build/ui/Page.js");

/** What a daemon was asked, and its index: accounts that may enter. */
let asked = [];
const index = [accountOf("member"), accountOf("other")];
const daemonOf = (known) => ({
  ready: Promise.resolve(),
  lost: new Promise(() => undefined),
  on: () => () => undefined,
  call: async (method, params) => {
    asked.push([method, params]);
    if (method === "room.list") return [];
    const accounts = (params.accounts ?? []).filter((account) => index.includes(account));
    return lobbyOf(params.room, { known: accounts.length === 0 ? known : { allowed: true, reason: null, accounts } });
  },
});
const notEligible = { allowed: false, reason: "NotEligible", accounts: [] };
const none = { allowed: false, reason: "NotEligible", ready: false, k: 5 };
const at = (testid) => root.querySelector(`[data-testid="${testid}"]`);

/** The screen before a Committee, with wallets of the browser. */
const before = async (wallets) => {
  asked = [];
  const app = new App({ ...tools, daemon: () => daemonOf(notEligible) }, { language: "en", theme: "light" });
  await app.start();
  const room = roomId("Committee");
  app.store.set({ wallets, screen: { name: "lobby", lobby: lobbyOf(room, { known: notEligible, anonymous: none }) } });
  render(null, root);
  render(h(Page, { app }), root);
  await settle();
};
/** Waits for what a wallet's answer leads to. */
const shows = async (testid) => {
  while (at(testid) === null) await settle();
  return at(testid);
};
const walletWith = (accounts, name = "Fox") => ({ id: "w", name, accounts: async () => accounts, sign: async () => "0x" });
// A browser that can encrypt: without it nobody enters anyway.
globalThis.RTCRtpSender = class {
  createEncodedStreams() {}
};
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

test("a microphone whose sound cannot be measured does not stay open", async (context) => {
  let [stopped, closed] = [0, 0];
  const getUserMedia = async () => ({ getTracks: () => [{ stop: () => (stopped += 1) }] });
  Object.defineProperty(globalThis, "navigator", { configurable: true, value: { mediaDevices: { getUserMedia } } });
  globalThis.MediaStream = class {};
  globalThis.AudioContext = class {
    createAnalyser() {
      return {};
    }
    createMediaStreamSource() {
      throw new DOMException("another sample rate", "NotSupportedError");
    }
    close() {
      closed += 1;
      return Promise.resolve();
    }
  };
  context.after(() => delete globalThis.AudioContext);
  await shown("en", lobby({}));
  at("microphone-test").click();
  await shows("microphone-denied");
  assert.deepEqual([stopped, closed], [1, 1]);
});

test("a wallet's account that the node did not know can be chosen when the node finds that it may enter", async () => {
  await before([walletWith([accountOf("stranger"), accountOf("member")])]);
  assert.equal(at("form-known").disabled, false);
  assert.match(at("known-reason").textContent, /ask a wallet for others/u);
  assert.equal(asked.length, 1, "no wallet and no daemon is asked before somebody chooses that");
  at("form-known").click();
  const offered = [...(await shows("account-select")).options].map(({ value }) => value);
  const judged = asked.slice(1);
  const accounts = [accountOf("stranger"), accountOf("member")];
  assert.deepEqual(judged, [["room.lobby", { room: roomId("Committee"), accounts }]]);
  assert.deepEqual(offered, [accountOf("member")]);
  assert.equal(at("enter").disabled, false);
});

test("a wallet none of whose accounts may enter says so, and nobody enters", async () => {
  await before([walletWith([accountOf("stranger")])]);
  at("form-known").click();
  while ((await shows("wallet-answer")).dataset.answer === "waiting") await settle();
  assert.equal(at("wallet-answer").dataset.answer, "other");
  assert.match(at("wallet-answer").textContent, /No account that this wallet shows may enter/u);
  assert.equal(at("enter").disabled, true);
});

test("where only the built-in wallet is, whoever may not enter by name cannot choose it", async () => {
  await before([walletWith([accountOf("member")], null)]);
  assert.equal(at("form-known").disabled, true);
  assert.match(at("known-reason").textContent, /do not hold the right/u);
});

test("before anybody enters it is said what a second entry in the same sitting gives away", async () => {
  for (const [language, again, byName] of [
    ["en", /new in every sitting.*entered this sitting before.*can be linked/u, /without a name.*can be linked.*give up your anonymity/u],
    ["fa", /در هر نشست تازه.*همین نشست.*پیوند داد/u, /ناشناس بوده‌اید.*پیوند داد.*چشم می‌پوشید/u],
  ]) {
    const said = await shown(language, lobby({}));
    assert.match(at("anonymous-rejoin").textContent, again);
    assert.match(at("known-rejoin").textContent, byName);
    assert.doesNotMatch(said, /not linked to earlier|پیوند ندارد/u);
    await shown(language, { name: "lobby", lobby: lobbyOf(roomId("Committee"), {}) });
    assert.equal(at("known-rejoin"), null, "a Committee has no seats without a name");
  }
});
