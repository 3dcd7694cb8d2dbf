/** Real Chromium: nothing in the clear leaves a guarded connection, and it plays nothing that its seat did not seal. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname } from "node:path";
import { after, before, test } from "node:test";
import { chromium } from "playwright-core";

const RUNS = Number(process.env.RUNS ?? 20);
const WAIT = 400;
const folder = new URL("../../build/loop/", import.meta.url);
const types = { ".html": "text/html", ".js": "text/javascript" };
let server;
let browser;
let page;

before(async () => {
  server = createServer(async ({ url }, response) => {
    try {
      response.setHeader("Content-Type", types[extname(url)] ?? "text/plain");
      response.end(await readFile(new URL(`.${url}`, folder)));
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const args = [
    "--no-sandbox",
    "--autoplay-policy=no-user-gesture-required",
    "--disable-gpu",
    "--disable-features=WebRtcHideLocalIpsWithMdns",
  ];
  browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args });
  page = await browser.newPage();
  page.on("pageerror", (error) => console.log(error.message));
  await page.goto(`http://127.0.0.1:${server.address().port}/loop.html`);
  await page.waitForFunction(() => "loop" in globalThis);
});

after(async () => {
  await browser.close();
  server.close();
});

const send = (how, failure, wait = WAIT) =>
  page.evaluate(([means, what, time]) => loop.send(means, what, time), [how, failure, wait]);
const receive = (how, sender) => page.evaluate(([means, what]) => loop.receive(means, what, 1500), [how, sender]);

for (const how of ["script", "streams"]) {
  test(`${how}: everything on the wire is sealed, under numbers that never repeat`, async () => {
    const { after: frames, clear, repeated } = await send(how, "none", 1500);
    console.log(`${frames} frames`);
    assert.ok(frames > 20);
    assert.deepEqual({ clear, repeated }, { clear: 0, repeated: 0 });
  });

  for (const failure of ["no-keys", "dead-worker"]) {
    test(`${how}: ${failure}: nothing at all is sent`, async () => {
      assert.equal((await send(how, failure)).after, 0);
    });
  }

  test(`${how}: ${RUNS} calls that lose keys or worker in the middle: no frame in the clear, none afterwards`, async () => {
    for (let run = 0; run < RUNS; run++) {
      const failure = run % 2 === 0 ? "stop" : "terminate";
      const { settled, after: frames, clear } = await send(how, failure, 50 + Math.floor(Math.random() * WAIT));
      assert.deepEqual({ clear, later: frames - settled }, { clear: 0, later: 0 }, `run ${run}, ${failure}`);
    }
  });

  test(`${how}: the right key plays, and nothing else does`, async () => {
    const right = await receive(how, "right-key");
    console.log(JSON.stringify({ frames: right.frames, energy: right.energy, packets: right.packets }));
    assert.ok(right.frames > 5 && right.energy > 0);
    for (const sender of ["clear", "wrong-key", "unassigned"]) {
      const { frames, energy, packets, told } = await receive(how, sender);
      assert.ok(packets > 20, `${sender} sent something`);
      assert.deepEqual({ sender, frames, energy }, { sender, frames: 0, energy: 0 });
      assert.ok(
        told.some(({ kind }) => kind === "dropped"),
        `${sender}: the page is told`,
      );
    }
  });
}

test("without a way to encrypt there is no connection", async () => {
  assert.equal(await page.evaluate(() => loop.alone()), "CannotEncryptError");
});

test("an end that cannot be transformed closes its connection", async () => {
  assert.equal(await page.evaluate(() => loop.refuses()), "InvalidStateError, closed");
});
