// Clients of LiveKit's native SDK in a test room without end-to-end encryption, beyond the call of journey 2 (`call.mjs`): who
// publish at nearly the same moment hear each other, near and far, and what the token does not allow is refused.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { AudioSource, LocalAudioTrack, Room, dispose } from '@livekit/rtc-node';
import { hearing, joined, microphone, over, speak } from './clients.mjs';
import { far } from './far.mjs';
import { startServer } from './server.mjs';

// A client that has lost its way does not even leave.
const LIMIT = { timeout: 180_000 };
let server;

before(async () => {
  server = await startServer(process.env.SFU, 'clear');
});

after(async () => {
  await server.stop();
  await dispose();
}, LIMIT);

/** Two clients begin to speak, the second `gap` ms after the first, until each hears the other; then they leave. */
async function talk(clients, gap, meanwhile) {
  const begun = [];
  try {
    for (const { room } of clients) {
      begun.push(speak(room));
      await new Promise((resolve) => setTimeout(resolve, gap));
    }
    await hearing(`tones ${gap} ms apart`, clients);
    await meanwhile();
  } finally {
    await over(await Promise.all(begun), clients);
  }
}

// The gaps are those at which the second's own offer crosses the server's request that it make a section for the first's track:
// this client waits 150 ms before it offers, if it is not told to be fast, and takes tens of ms to make an offer.
for (const [ms, gaps] of [[0, [0, 5, 10, 20, 30, 40]], [100, [0, 160, 180, 200]]]) {
  const what = `two native clients, ${ms} ms from the server, that publish at nearly the same moment hear each other`;
  test(what, LIMIT, async () => {
    for (const gap of gaps) await apart(ms, gap);
  });
}

async function apart(ms, gap) {
  // Of its own: over such a way not every client's word that it leaves arrives.
  const own = await startServer(process.env.SFU, 'clear');
  const way = await far(own.url, ms);
  try {
    const clients = await Promise.all(['first', 'second'].map((name) => joined(own, name, ['microphone'], way.url)));
    await talk(clients, gap, async () => {
      // Who comes now is asked for sections while it joins.
      const third = await joined(own, 'third', [], way.url);
      await hearing('third', [third]);
      await third.room.disconnect();
    });
  } finally {
    way.stop();
    await own.stop();
  }
}

test('a seat that may not publish is refused by the server', async () => {
  const { room } = await joined(server, 'listener', []);
  const track = LocalAudioTrack.createAudioTrack('tone', new AudioSource(48_000, 1));
  await assert.rejects(room.localParticipant.publishTrack(track, microphone()));
  await room.disconnect();
});

test('a forged token is refused', async () => {
  const forged = server.token('stranger', ['microphone']).replace(/.$/, (last) => (last === 'A' ? 'B' : 'A'));
  const room = new Room();
  await assert.rejects(room.connect(server.url, forged, { autoSubscribe: true, dynacast: false }));
});
