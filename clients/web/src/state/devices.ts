/** Microphones, loudspeakers and cameras: asked for only when somebody presses something. */

export type DeviceKind = "audioinput" | "audiooutput" | "videoinput";

export interface Device {
  readonly id: string;
  readonly label: string;
}

const SPEECH: MediaTrackConstraints = { echoCancellation: true, noiseSuppression: true, autoGainControl: true, channelCount: 1 };
const PICTURE: MediaTrackConstraints = { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 24, max: 30 } };

const exactly = (device: string | undefined): MediaTrackConstraints =>
  device === undefined ? {} : { deviceId: { exact: device } };

const only = (stream: MediaStream): MediaStreamTrack => {
  const [track] = stream.getTracks();
  if (track === undefined) throw new DOMException("no track", "NotFoundError");
  return track;
};

/** Opens the chosen microphone, never another one instead. */
export const openMicrophone = async (device?: string): Promise<MediaStreamTrack> =>
  only(await navigator.mediaDevices.getUserMedia({ audio: { ...SPEECH, ...exactly(device) } }));

export const openCamera = async (device?: string): Promise<MediaStreamTrack> =>
  only(await navigator.mediaDevices.getUserMedia({ video: { ...PICTURE, ...exactly(device) } }));

/** Asks what to show; sound of the shared screen is not taken. */
export const openScreen = async (): Promise<MediaStreamTrack> =>
  only(await navigator.mediaDevices.getDisplayMedia({ video: { frameRate: { max: 15 } }, audio: false }));

/** Devices of a kind. Their labels are empty until one of the kind was allowed. */
export const devicesOf = async (kind: DeviceKind): Promise<readonly Device[]> => {
  const all = await navigator.mediaDevices.enumerateDevices();
  return all
    .filter((device) => device.kind === kind && device.deviceId !== "")
    .map(({ deviceId, label }) => ({ id: deviceId, label }));
};

/** Loudness of a track, decoded on this device; 0 to 1. */
export class Meter {
  readonly #analyser: AnalyserNode;
  readonly #source: MediaStreamAudioSourceNode;
  readonly #samples: Float32Array<ArrayBuffer>;

  constructor(context: AudioContext, track: MediaStreamTrack) {
    this.#analyser = context.createAnalyser();
    this.#analyser.fftSize = 1024;
    this.#samples = new Float32Array(this.#analyser.fftSize);
    this.#source = context.createMediaStreamSource(new MediaStream([track]));
    this.#source.connect(this.#analyser);
  }

  get level(): number {
    this.#analyser.getFloatTimeDomainData(this.#samples);
    let squares = 0;
    for (const sample of this.#samples) squares += sample * sample;
    const decibels = 10 * Math.log10(squares / this.#samples.length + 1e-9);
    return Math.min(1, Math.max(0, (decibels + 60) / 50));
  }

  close(): void {
    this.#source.disconnect();
  }
}

const TONE_HERTZ = 440;
const TONE_SECONDS = 0.6;

/** A soft tone on the loudspeaker. */
export const playTone = async (): Promise<void> => {
  const context = new AudioContext();
  const gain = context.createGain();
  const tone = context.createOscillator();
  tone.frequency.value = TONE_HERTZ;
  gain.gain.setValueAtTime(0, context.currentTime);
  gain.gain.linearRampToValueAtTime(0.2, context.currentTime + 0.05);
  gain.gain.linearRampToValueAtTime(0, context.currentTime + TONE_SECONDS);
  tone.connect(gain).connect(context.destination);
  tone.start();
  tone.stop(context.currentTime + TONE_SECONDS);
  await new Promise((resolve) => tone.addEventListener("ended", resolve));
  await context.close();
};
