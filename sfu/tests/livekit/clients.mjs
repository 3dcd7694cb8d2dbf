// LiveKit's native SDK in a room without end-to-end encryption: clients that hear and speak.
import assert from 'node:assert/strict';
import {
  AudioFrame, AudioSource, AudioStream, LocalAudioTrack, Room, RoomEvent, TrackKind, TrackPublishOptions, TrackSource,
} from '@livekit/rtc-node';

const RATE = 48_000;
const SAMPLES = RATE / 100;
/** Of a sample's 32,768 steps. */
const LOUD = 12_000;
/** Half a second of sound, and the energy of a part of the tone that long. */
const HEARD = { frames: 50, energy: 0.01 };

/** A client in the room of `server`, by `url`, and what it hears; energy as WebRTC counts it: squares of the level, times seconds. */
export async function joined(server, identity, sources, url = server.url) {
  const room = new Room();
  const heard = { frames: 0, energy: 0 };
  room.on(RoomEvent.TrackSubscribed, async (track) => {
    if (track.kind !== TrackKind.KIND_AUDIO) return;
    for await (const { data, sampleRate } of new AudioStream(track)) {
      heard.frames += 1;
      for (const sample of data) heard.energy += (sample / 32_768) ** 2 / sampleRate;
    }
  });
  await room.connect(url, server.token(identity, sources), { autoSubscribe: true, dynacast: false });
  return { room, heard };
}

/** Publishes a tone of 440 Hz as a microphone, until `over`. */
export async function speak(room) {
  const source = new AudioSource(RATE, 1);
  await room.localParticipant.publishTrack(LocalAudioTrack.createAudioTrack('tone', source), microphone());
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

export function microphone() {
  const options = new TrackPublishOptions();
  options.source = TrackSource.SOURCE_MICROPHONE;
  return options;
}

/** Waits until each of these hears sound. */
export async function hearing(what, clients) {
  const hears = ({ heard }) => heard.frames > HEARD.frames && heard.energy > HEARD.energy;
  const end = Date.now() + 60_000;
  while (!clients.every(hears)) {
    assert.ok(Date.now() < end, `${what}: not within a minute`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** The tones end and the clients leave. */
export async function over(tones, clients) {
  for (const speaking of tones) {
    speaking.on = false;
    await speaking.ended;
  }
  for (const { room } of clients) await room.disconnect();
}
