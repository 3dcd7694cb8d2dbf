/** Draws the screens: `node test/look.mjs DIRECTORY`. Needs Chromium (CHROMIUM names it) and a look build. */
import { mkdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { FakeDaemon } from "./support/daemon.mjs";
import { openRecordings } from "./support/film.mjs";
import { identityOf, recordingOf, roomId } from "./support/rooms.mjs";

const out = process.argv[2] ?? "build/pictures";
await mkdir(out, { recursive: true });
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: [
    "--no-sandbox",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
    "--disable-gpu",
  ],
});
const dist = fileURLToPath(new URL("../build/look", import.meta.url));

const variants = [
  { name: "en", viewport: { width: 1280, height: 800 }, locale: "en-GB", colorScheme: "light" },
  { name: "dark", viewport: { width: 1280, height: 800 }, locale: "en-GB", colorScheme: "dark" },
  { name: "fa", viewport: { width: 1280, height: 800 }, locale: "fa-IR", colorScheme: "dark" },
  { name: "phone", viewport: { width: 390, height: 844 }, locale: "en-GB", colorScheme: "dark" },
  { name: "phone-fa", viewport: { width: 390, height: 844 }, locale: "fa-IR", colorScheme: "light" },
];

const walk = async ({ name, ...options }) => {
  const shoot = (page, screen) => page.screenshot({ path: `${out}/${screen}-${name}.png` });
  const open = async () => {
    const daemon = await FakeDaemon.start(dist);
    const context = await browser.newContext({ ...options, permissions: ["microphone", "camera"] });
    const page = await context.newPage();
    page.on("console", (message) => message.type() === "error" && console.log(name, message.text()));
    page.on("pageerror", (error) => console.log(name, error.message));
    await page.goto(daemon.link);
    await page.getByTestId("room-row").first().waitFor();
    return { daemon, page, close: () => Promise.all([context.close(), daemon.stop()]) };
  };
  const enter = async ({ page }, kind, form) => {
    await page
      .locator(`[data-room="${roomId(kind)}"]`)
      .getByTestId("enter-room")
      .click();
    await page.getByTestId(`form-${form}`).check();
    await page.getByTestId("enter").click();
    await page.getByTestId("room").waitFor();
  };

  const hall = await open();
  await shoot(hall.page, "rooms");
  await hall.page
    .locator(`[data-room="${roomId("TownHall")}"]`)
    .getByTestId("enter-room")
    .click();
  await hall.page.getByTestId("microphone-test").click();
  await hall.page.waitForTimeout(2500);
  await shoot(hall.page, "prejoin");
  await hall.page.getByTestId("form-known").check();
  await hall.page.waitForTimeout(200);
  await shoot(hall.page, "prejoin-known");
  await hall.page.getByTestId("form-anonymous").check();
  let go;
  hall.daemon.pace = (stage) => (stage === "proof" ? new Promise((resolve) => (go = resolve)) : undefined);
  await hall.page.getByTestId("enter").click();
  await hall.page.locator('[data-stage="proof"]').waitFor();
  hall.daemon.tell("roomProgress", { attempt: "attempt", stage: "proof", percent: 62 });
  await hall.page.waitForTimeout(300);
  await shoot(hall.page, "proof");
  hall.daemon.own = { hand: 4 };
  go();
  await hall.page.getByTestId("room").waitFor();
  for (const [label, body] of FakeDaemon.chat()) {
    const detail = {
      identity: identityOf(label),
      bytes: String.fromCharCode(...Buffer.from(JSON.stringify({ kind: "chat", body }))),
    };
    await hall.page.evaluate((value) => dispatchEvent(new CustomEvent("fake-data", { detail: value })), detail);
  }
  await hall.page.waitForTimeout(2200);
  await shoot(hall.page, "hall");
  if (name.startsWith("phone")) {
    await hall.page.getByTestId("more").click();
    await shoot(hall.page, "hall-more");
    await hall.page.getByTestId("open-people").click();
    await shoot(hall.page, "hall-people");
    await hall.page.getByTestId("panel-close").click();
  }
  hall.daemon.tell("roomStopped", { room: roomId("TownHall"), reason: "Unverified", seat: 17 });
  await hall.page.getByTestId("notice").waitFor();
  await shoot(hall.page, "stopped");
  hall.daemon.keys(roomId("TownHall"));
  await hall.page.getByTestId("status-enc").click();
  await hall.page.waitForTimeout(200);
  await shoot(hall.page, "code");
  await hall.page.getByTestId("code-input").fill("4821719035309668412720683");
  await hall.page.getByTestId("code-compare").click();
  await hall.page.getByTestId("codes-differ").waitFor();
  await shoot(hall.page, "differ");
  await hall.page.getByTestId("codes-again").click();
  hall.daemon.tell("roomEnded", { room: roomId("TownHall"), reason: "EligibilityLost", detail: "block 21408540, lock 1182" });
  await hall.page.getByTestId("ended").waitFor();
  await shoot(hall.page, "ended");
  await hall.close();

  const recorded = await open();
  await enter(recorded, "TownHall", "anonymous");
  const recording = `0x${"ab".repeat(32)}`;
  const tellRecording = (more) => recorded.daemon.tell("roomRecording", recordingOf(roomId("TownHall"), more));
  const validUntil = Math.floor(Date.now() / 1000) + 3_600;
  tellRecording({ phase: "asked", ask: { recording, by: 1, retentionSeconds: 90 * 86_400, validUntil } });
  await recorded.page.getByTestId("consent").waitFor();
  await recorded.page.waitForTimeout(400);
  await shoot(recorded.page, "consent");
  await recorded.page.getByTestId("consent-yes").click();
  const since = Math.floor(Date.now() / 1000) - 761;
  tellRecording({ phase: "active", agreed: recording, recorder: { seat: 90, forSeat: 1 }, since, participants: 40 });
  await recorded.page.waitForTimeout(400);
  await shoot(recorded.page, "recorded");
  await recorded.page.getByTestId("status-rec").click();
  await recorded.page.waitForTimeout(200);
  await shoot(recorded.page, "recorded-facts");
  tellRecording({});
  await recorded.page.getByTestId("recording-propose").click();
  await shoot(recorded.page, "propose");
  await recorded.close();

  const films = await open();
  await openRecordings(films.page, films.daemon, 1_500);
  await films.page.getByTestId("player-play").click();
  await films.page.waitForTimeout(700);
  await shoot(films.page, "recordings");
  await films.page.getByTestId("recording-forget").click();
  await shoot(films.page, "forget");
  await films.close();

  const forum = await open();
  await enter(forum, "OpenForum", "anonymous");
  await forum.page.waitForTimeout(1200);
  await shoot(forum.page, "forum");
  await forum.close();

  const committee = await open();
  await enter(committee, "Committee", "known");
  await committee.page.getByTestId("microphone").click();
  if (name.startsWith("phone")) await committee.page.getByTestId("more").click();
  await committee.page.getByTestId("camera").click();
  await committee.page.waitForTimeout(1200);
  await shoot(committee.page, "committee");
  await committee.close();

  const moderator = await open();
  moderator.daemon.own = { role: "moderator" };
  await enter(moderator, "TownHall", "known");
  if (name.startsWith("phone")) await moderator.page.getByTestId("more").click();
  await moderator.page.getByTestId("open-queue").click();
  await moderator.page.getByTestId("hand-row").nth(1).getByTestId("seat-menu").click();
  await moderator.page.waitForTimeout(700);
  await shoot(moderator.page, "moderator");
  await moderator.page.keyboard.press("Escape");
  moderator.daemon.tell("roomOrder", { room: roomId("TownHall"), kind: "unmute", seat: 40, by: 1 });
  await moderator.page.getByTestId("invitation").waitFor();
  await shoot(moderator.page, "invitation");
  await moderator.close();

  const refused = await open();
  refused.daemon.answers["room.join"] = FakeDaemon.refusal(-32020);
  await refused.page.getByTestId("enter-room").first().click();
  await refused.page.getByTestId("enter").click();
  await refused.page.getByTestId("refused").waitFor();
  await shoot(refused.page, "refused");
  await refused.close();
};

const wanted = process.argv[3]?.split(",") ?? variants.map(({ name }) => name);
for (const variant of variants.filter(({ name }) => wanted.includes(name))) await walk(variant);
await browser.close();
