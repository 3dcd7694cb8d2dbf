// Chromium for the journeys: one request a line on standard input, one answer a line on standard output.
//   {"id":1,"page":"alice","do":"click","selector":"…"}  →  {"id":1,"result":null} or {"id":1,"error":"…"}
// Arguments: Chromium's program, and the sound file that stands in for every microphone (optional).
// It knows nothing of the product: selectors and what they mean come from the driver.
import { createInterface } from 'node:readline';
import { chromium } from 'playwright-core';

const [executablePath, sound] = process.argv.slice(2);
const PATIENCE = 90_000;
const VIEW = { width: 1280, height: 800 };
/** Where the init script below leaves a page's connections. */
const KEY = 'pars.journeys.connections';

const args = [
  '--no-sandbox',
  '--disable-gpu',
  '--use-fake-device-for-media-stream',
  '--use-fake-ui-for-media-stream',
  '--autoplay-policy=no-user-gesture-required',
  ...(sound === undefined ? [] : [`--use-file-for-fake-audio-capture=${sound}`]),
];
const browser = await chromium.launch({ executablePath, args });
const pages = new Map();
/** Passes that any page ever used, closed ones too. */
const everyPass = new Set();

/** Keeps every connection of the page, so that its own statistics can be read. Nothing about it changes. */
const keepConnections = (key) => {
  const kept = (globalThis[Symbol.for(key)] = []);
  const Plain = globalThis.RTCPeerConnection;
  globalThis.RTCPeerConnection = class extends Plain {
    constructor(...values) {
      super(...values);
      kept.push(this);
    }
  };
};

/** Another bit pattern of the same length, base64. */
const spoil = (text) => {
  const bytes = Buffer.from(text, 'base64');
  bytes[0] ^= 1;
  return bytes.toString('base64');
};

/**
 * What stands between a page and its daemon: it notes whose epochs' keys are given, and it may lie to the page.
 * `wrongKeys`: one bit of every key of others is turned; `promoted`: members are called presenters; `token`: another pass to
 * the media server; `deaf`: the end of the seat is not told, nor that of signalling; `severable`: no lie.
 */
const between = ({ wrongKeys = false, promoted = false, deaf = false, token }, epochs) => (socket) => {
  const server = socket.connectToServer();
  socket.onMessage((message) => server.send(message));
  server.onMessage((message) => {
    const told = JSON.parse(message);
    const { type, data } = told.params ?? {};
    if (type === 'roomKeys') epochs.push(data.epoch);
    if (wrongKeys && type === 'roomKeys')
      data.keys = data.keys.map(({ identity, media, data: key }) => ({ identity, media: spoil(media), data: spoil(key) }));
    if (promoted && type === 'roomRoster')
      data.seats = data.seats.map((seat) => (seat.role === 'member' ? { ...seat, role: 'presenter' } : seat));
    if (token !== undefined && told.result?.token !== undefined) told.result.token = token;
    if (!(deaf && type === 'roomEnded')) socket.send(JSON.stringify(told));
  });
};

/** What stands between a page and its daemon's way to the media server: both ends are kept where they are to be cut. */
const signalling = ({ deaf = false }, note, links) => (socket) => {
  note(socket);
  const server = socket.connectToServer();
  links.push(socket, server);
  if (deaf) server.onClose(() => undefined);
};

/**
 * Cuts the connections for signalling, as a network does, and gives what an attribute of an element became from then until it
 * was `last`.
 */
const cut = async ({ page, links }, { selector, name, last }) => {
  const states = page.evaluate(
    ([of, attribute, end, patience]) =>
      new Promise((resolve, reject) => {
        const element = document.querySelector(of);
        const all = [];
        setTimeout(() => reject(new Error(`${attribute} became ${all.join(', ')} and not ${end}`)), patience);
        new MutationObserver(() => {
          all.push(element.getAttribute(attribute));
          if (all.at(-1) === end) resolve(all);
        }).observe(element, { attributes: true, attributeFilter: [attribute] });
      }),
    [selector, name, last, PATIENCE],
  );
  if (links.length === 0) throw new Error('the page has no connection that can be cut');
  for (const link of links.splice(0)) await link.close({ code: 4000 });
  return states;
};

const open = async ({ page: name, url, lies = null, bypassPolicy = false }) => {
  const context = await browser.newContext({ permissions: ['microphone', 'camera'], viewport: VIEW, bypassCSP: bypassPolicy });
  context.setDefaultTimeout(PATIENCE);
  const page = await context.newPage();
  const faults = [];
  const passes = [];
  const epochs = [];
  const links = [];
  const note = (socket) => {
    const pass = new URL(socket.url()).searchParams.get('access_token');
    if (pass !== null) everyPass.add(pass) && passes.push(pass);
  };
  page.on('websocket', note);
  page.on('pageerror', (error) => faults.push(error.message));
  page.on('console', (message) => /policy|Trusted/u.test(message.text()) && faults.push(message.text()));
  await page.addInitScript(keepConnections, KEY);
  if (lies !== null) await page.routeWebSocket(/\/ws$/u, between(lies, epochs));
  if (lies?.deaf || lies?.severable) await page.routeWebSocket(/\/rtc\b/u, signalling(lies, note, links));
  await page.goto(url);
  pages.set(name, { context, page, faults, passes, epochs, links });
};

/** What the page's receivers got, of one sender (by the elements that play it) or of all. */
const received = ({ page }, { identity }) =>
  page.evaluate(
    async ([key, who]) => {
      const elements = [...document.querySelectorAll(`[data-identity="${who}"]`)];
      const ids = elements.flatMap((element) => element.srcObject?.getTracks().map(({ id }) => id) ?? []);
      const all = { energy: 0, samples: 0, concealed: 0, frames: 0, packets: 0, bytes: 0 };
      for (const connection of globalThis[Symbol.for(key)] ?? []) {
        if (connection.connectionState === 'closed') continue;
        for (const entry of (await connection.getStats()).values()) {
          if (entry.type !== 'inbound-rtp' || (who !== null && !ids.includes(entry.trackIdentifier))) continue;
          all.energy += entry.totalAudioEnergy ?? 0;
          all.samples += entry.totalSamplesReceived ?? 0;
          all.concealed += entry.concealedSamples ?? 0;
          all.frames += entry.framesDecoded ?? 0;
          all.packets += entry.packetsReceived ?? 0;
          all.bytes += entry.bytesReceived ?? 0;
        }
      }
      return all;
    },
    [KEY, identity ?? null],
  );

/**
 * Presses an element and gives the milliseconds from then until sound was decoded and played of anybody, as the page's own
 * connections count it. Chromium renews those counts every 50 ms at most.
 */
const firstSound = ({ page }, { selector }) =>
  page.evaluate(
    async ([key, pressed, patience]) => {
      const connections = () => (globalThis[Symbol.for(key)] ?? []).filter(({ connectionState }) => connectionState !== 'closed');
      const sounds = async (connection) =>
        [...(await connection.getStats()).values()].some(
          ({ type, totalAudioEnergy = 0 }) => type === 'inbound-rtp' && totalAudioEnergy > 0,
        );
      const begun = performance.now();
      document.querySelector(pressed).click();
      while (performance.now() - begun < patience) {
        if ((await Promise.all(connections().map(sounds))).includes(true)) return performance.now() - begun;
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      throw new Error(`no sound ${patience} ms after ${pressed} was pressed`);
    },
    [KEY, selector, PATIENCE],
  );

const doings = {
  wait: async ({ page }, { selector, text, state = 'visible' }) => {
    const all = page.locator(selector);
    await (text === undefined ? all : all.filter({ hasText: text })).first().waitFor({ state });
  },
  click: ({ page }, { selector }) => page.locator(selector).first().click(),
  fill: ({ page }, { selector, value }) => page.locator(selector).first().fill(value),
  choose: ({ page }, { selector, value }) => page.locator(selector).first().selectOption(value),
  press: ({ page }, { key }) => page.keyboard.press(key),
  count: ({ page }, { selector }) => page.locator(selector).count(),
  attribute: ({ page }, { selector, name }) => page.locator(selector).first().getAttribute(name),
  text: ({ page }, { selector }) => page.locator(selector).first().innerText(),
  picture: ({ page }, { file }) => page.screenshot({ path: file }),
  script: ({ page }, { file }) => page.addScriptTag({ path: file }).then(() => null),
  evaluate: ({ page }, { body, value }) =>
    page.evaluate(([code, given]) => (0, eval)(`(${code})`)(given), [body, value ?? null]),
  received,
  played: ({ page }, { selector }) =>
    page.locator(selector).evaluateAll((elements) =>
      elements.map(({ played, error, webkitAudioDecodedByteCount: decoded = 0 }) => {
        const seconds = Array.from(played, (_, part) => played.end(part) - played.start(part)).reduce((sum, part) => sum + part, 0);
        return { seconds, decoded, error: error === null ? null : `${error.code} ${error.message}` };
      }),
    ),
  firstSound,
  cut,
  faults: ({ faults }) => faults,
  passes: ({ passes }) => passes,
  epochs: ({ epochs }) => epochs,
  close: async ({ context }, { page }) => {
    pages.delete(page);
    await context.close();
  },
};

const carryOut = async (request) => {
  if (request.do === 'open') return open(request);
  if (request.do === 'everyPass') return [...everyPass];
  const page = pages.get(request.page);
  if (page === undefined) throw new Error(`no page ${request.page} is open`);
  return doings[request.do](page, request);
};

console.log(JSON.stringify({ ready: true, version: browser.version() }));
for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line);
  if (request.do === 'end') break;
  try {
    console.log(JSON.stringify({ id: request.id, result: (await carryOut(request)) ?? null }));
  } catch (error) {
    console.log(JSON.stringify({ id: request.id, error: error.message }));
  }
}
await browser.close();
// Standard input may still be open.
process.exit(0);
