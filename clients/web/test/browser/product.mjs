/** The built page as members get it, livekit-client and worker among it, under its real policy. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { test } from "node:test";
import { chromium } from "playwright-core";
import { FakeDaemon } from "../support/daemon.mjs";
import { roomId } from "../support/rooms.mjs";

const dist = fileURLToPath(new URL("../../dist", import.meta.url));

test("worker and client run under the policy; a pass that the media server refuses is said, and the seat is given back", async () => {
  const daemon = await FakeDaemon.start(dist);
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu"],
  });
  const page = await browser.newPage();
  const faults = [];
  page.on("pageerror", (error) => faults.push(error.message));
  page.on("console", (message) => /policy|Trusted/u.test(message.text()) && faults.push(message.text()));
  page.on("request", (request) => request.url().startsWith(daemon.url) || faults.push(request.url()));
  const workers = [];
  page.on("worker", (worker) => workers.push(worker.url()));
  await page.goto(daemon.link);
  await page
    .locator(`[data-room="${roomId("OpenForum")}"]`)
    .getByTestId("enter-room")
    .click();
  await page.getByTestId("enter").click();
  await page.locator('[data-testid="refused"][data-reason="token"]').waitFor({ timeout: 60_000 });
  assert.equal(workers.length, 1);
  assert.match(workers[0], /\/assets\/worker-[\w-]+\.js$/u);
  assert.ok(daemon.calls.some(({ method }) => method === "room.leave"));
  assert.deepEqual(faults, []);
  const names = () => Object.keys(globalThis);
  const other = await browser.newPage();
  await other.goto(workers[0]);
  const plain = new Set(await other.evaluate(names));
  const more = (await page.evaluate(names)).filter((name) => !plain.has(name));
  assert.deepEqual(more, [], "the page puts nothing where a script or a test could take it");
  await browser.close();
  await daemon.stop();
});
