// Two clients of LiveKit's native SDK in a test room without end-to-end encryption: both hear the other's tone, data
// arrives under its sender's identity, and what the token does not allow is refused.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import {
  AudioFrame, AudioSource, AudioStream, LocalAudioTrack, Room, RoomEvent, TrackKind, TrackPublishOptions, TrackSource,
  dispose,
} from '@livekit/rtc-node';
import { startServer } from './server.mjs';

const RATE = 48_000;
const SAMPLES = RATE / 100;
const LOUD = 12_000;
let server;

before(async () => {
  server = await startServer(process.env.SFU, 'clear');
});

after(async () => {
  await server.stop();
  await dispose();
});

async function joined(identity, sources) {
  const room = new Room();
  const heard = { frames: 0, energy: 0 };
  room.on(RoomEvent.TrackSubscribed, async (track) => {
    if (track.kind !== TrackKind.KIND_AUDIO) return;
    for await (const frame of new AudioStream(track)) {
      heard.frames += 1;
      for (const sample of frame.data) heard.energy += sample * sample;
    }
  });
  await room.connect(server.url, server.token(identity, sources), { autoSubscribe: true, dynacast: false });
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

test('two native clients hear each other and exchange data', async () => {
  const [first, second] = [await joined('first', ['microphone']), await joined('second', ['microphone'])];
  const speaking = [await speak(first.room), await speak(second.room)];
  await until('tone', () => [first, second].every(({ heard }) => heard.frames > 50 && heard.energy > 0));
  const arrived = once(second.room, RoomEvent.DataReceived);
  await first.room.localParticipant.publishData(new TextEncoder().encode('hello'), { reliable: true });
  const [payload, from] = await arrived;
  assert.equal(new TextDecoder().decode(payload), 'hello');
  assert.equal(from.identity, 'first');
  for (const one of speaking) {
    one.on = false;
    await one.ended;
  }
  await first.room.disconnect();
  await second.room.disconnect();
});

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
