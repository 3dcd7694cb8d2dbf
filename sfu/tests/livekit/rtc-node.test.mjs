// Two clients of LiveKit's native SDK in a test room without end-to-end encryption: both hear the other's tone, near and far,
// one after the other and at once; data arrives under its sender's identity, and what the token does not allow is refused.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import {
  AudioFrame, AudioSource, AudioStream, LocalAudioTrack, Room, RoomEvent, TrackKind, TrackPublishOptions, TrackSource,
  dispose,
} from '@livekit/rtc-node';
import { far } from './far.mjs';
import { startServer } from './server.mjs';

const RATE = 48_000;
const SAMPLES = RATE / 100;
const LOUD = 12_000;
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

async function joined(identity, sources, at = server, url = at.url) {
  const room = new Room();
  const heard = { frames: 0, energy: 0 };
  room.on(RoomEvent.TrackSubscribed, async (track) => {
    if (track.kind !== TrackKind.KIND_AUDIO) return;
    for await (const frame of new AudioStream(track)) {
      heard.frames += 1;
      for (const sample of frame.data) heard.energy += sample * sample;
    }
  });
  await room.connect(url, at.token(identity, sources), { autoSubscribe: true, dynacast: false });
  return { room, heard };
}

async function speak(room) {
  const source = new AudioSource(RATE, 1);
  const track = LocalAudioTrack.createAudioTrack('tone', source);
  const options = new TrackPublishOptions();
  options.source = TrackSource.SOURCE_MICROPHONE;
  await room.localParticipant.publishTrack(track, options);
  let at = 0;
  const speaking = { on: true };
  speaking.ended = (async () => {
    while (speaking.on) {
      const samples = Int16Array.from({ length: SAMPLES }, (_, n) => LOUD * Math.sin((2 * Math.PI * 440 * (at + n)) / RATE));
      at += SAMPLES;
      await source.captureFrame(new AudioFrame(samples, RATE, 1, SAMPLES));
    }
  })();
  return speaking;
}

async function until(what, done) {
  const end = Date.now() + 60_000;
  while (!done()) {
    assert.ok(Date.now() < end, `${what}: not within a minute`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function hearing(what, clients) {
  await until(what, () => clients.every(({ heard }) => heard.frames > 50 && heard.energy > 0));
}

/** Two clients begin to speak, the second `gap` ms after the first, until each hears the other; then they leave. */
async function talk(clients, gap, meanwhile = async () => {}) {
  const begun = [];
  try {
    for (const { room } of clients) {
      begun.push(speak(room));
      await new Promise((resolve) => setTimeout(resolve, gap));
    }
    await hearing(`tones ${gap} ms apart`, clients);
    await meanwhile();
  } finally {
    for (const speaking of await Promise.all(begun)) {
      speaking.on = false;
      await speaking.ended;
    }
    for (const { room } of clients) await room.disconnect();
  }
}

test('two native clients hear each other and exchange data', async () => {
  const [first, second] = [await joined('first', ['microphone']), await joined('second', ['microphone'])];
  await talk([first, second], 1_000, async () => {
    const arrived = once(second.room, RoomEvent.DataReceived);
    await first.room.localParticipant.publishData(new TextEncoder().encode('hello'), { reliable: true });
    const [payload, from] = await arrived;
    assert.equal(new TextDecoder().decode(payload), 'hello');
    assert.equal(from.identity, 'first');
  });
});

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
    const clients = await Promise.all(['first', 'second'].map((name) => joined(name, ['microphone'], own, way.url)));
    await talk(clients, gap, async () => {
      // Who comes now is asked for sections while it joins.
      const third = await joined('third', [], own, way.url);
      await hearing('third', [third]);
      await third.room.disconnect();
    });
  } finally {
    way.stop();
    await own.stop();
  }
}

test('a seat that may not publish is refused by the server', async () => {
  const { room } = await joined('listener', []);
  const source = new AudioSource(RATE, 1);
  const options = new TrackPublishOptions();
  options.source = TrackSource.SOURCE_MICROPHONE;
  await assert.rejects(room.localParticipant.publishTrack(LocalAudioTrack.createAudioTrack('tone', source), options));
  await room.disconnect();
});

test('a forged token is refused', async () => {
  const forged = server.token('stranger', ['microphone']).replace(/.$/, (last) => (last === 'A' ? 'B' : 'A'));
  const room = new Room();
  await assert.rejects(room.connect(server.url, forged, { autoSubscribe: true, dynacast: false }));
});
