/** A real media server that is not the one of the grant: `SFU` names the binary. Without it this test is not run. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { test } from "node:test";
import { chromium } from "playwright-core";
import { FakeDaemon } from "../support/daemon.mjs";
import { roomId } from "../support/rooms.mjs";

const { SFU, CHROMIUM = "/usr/bin/chromium" } = process.env;
const ROOM = roomId("OpenForum");

test("a certificate that the host did not sign for: nothing is connected, and the page says so", {
  skip: SFU === undefined ? "SFU is not set" : false,
}, async () => {
  const { startServer } = await import("../../../../sfu/tests/livekit/server.mjs");
  const server = await startServer(SFU, ROOM);
  const daemon = await FakeDaemon.start(fileURLToPath(new URL("../../dist", import.meta.url)));
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox", "--disable-gpu"] });
  try {
    daemon.sfu = server.url.replace("ws", "http");
    daemon.pass = (identity) => server.token(identity, ["microphone"]);
    const page = await browser.newPage();
    // Every connection that the page makes, to see what came of it.
    await page.addInitScript(() => {
      globalThis.made = [];
      globalThis.RTCPeerConnection = class extends RTCPeerConnection {
        constructor(...values) {
          super(...values);
          globalThis.made.push(this);
        }
      };
    });
    const enter = async () => {
      await page.goto("about:blank");
      await page.goto(daemon.link);
      await page.locator(`[data-room="${ROOM}"]`).getByTestId("enter-room").click();
      await page.getByTestId("enter").click();
    };
    await enter();
    await page.locator('[data-testid="refused"][data-reason="otherServer"]').waitFor({ timeout: 60_000 });
    const ends = () =>
      page.evaluate(() => made.map(({ connectionState, remoteDescription }) => [connectionState, remoteDescription]));
    const refused = await ends();
    assert.ok(refused.length > 0);
    for (const end of refused) assert.deepEqual(end, ["closed", null]);
    assert.ok(
      daemon.calls.some(({ method }) => method === "room.leave"),
      "the seat is given back",
    );
    // The same server under its own certificate is entered: it was that and nothing else.
    daemon.fingerprint = `0x${server.ready.fingerprint}`;
    await enter();
    await page.locator('[data-testid="room"][data-network="connected"]').waitFor({ timeout: 60_000 });
  } finally {
    await browser.close();
    await daemon.stop();
    await server.stop();
  }
});
