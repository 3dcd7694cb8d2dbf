/** Stands for livekit-client where there is no media server: pictures are drawn, sound is a tone, messages come from the test. */
import type { Connect, Link, LinkListener, Playable } from "../../src/media/link.js";

const WIDTH = 640;
const HEIGHT = 360;

const picture = (hue: number): MediaStreamTrack => {
  const canvas = document.createElement("canvas");
  canvas.width = WIDTH;
  canvas.height = HEIGHT;
  const context = canvas.getContext("2d") as CanvasRenderingContext2D;
  const draw = (): void => {
    context.fillStyle = `hsl(${hue} 20% 72%)`;
    context.fillRect(0, 0, WIDTH, HEIGHT);
    context.fillStyle = `hsl(${hue} 30% 28%)`;
    context.beginPath();
    context.ellipse(WIDTH / 2, HEIGHT, 200, 150, 0, 0, 7);
    context.fill();
    context.fillStyle = "hsl(24 45% 62%)";
    context.beginPath();
    context.ellipse(WIDTH / 2, 170, 66, 84, 0, 0, 7);
    context.fill();
  };
  setInterval(draw, 200);
  draw();
  return canvas.captureStream(5).getTracks()[0] as MediaStreamTrack;
};

const tone = (): MediaStreamTrack => {
  const context = new AudioContext();
  const to = context.createMediaStreamDestination();
  const oscillator = context.createOscillator();
  oscillator.connect(to);
  oscillator.start();
  return to.stream.getTracks()[0] as MediaStreamTrack;
};

const CAMERAS = 9;

export const connect: Connect = async (_pass, listener: LinkListener) => {
  let known: readonly Playable[] = [];
  const link: Link = {
    keys({ index, own, others }) {
      listener.told({ kind: "keyed", index, sends: own !== null });
      if (known.length > 0) return;
      const shown = others.slice(0, others.length > 20 ? 3 : CAMERAS);
      known = shown.flatMap(({ identity }, place): Playable[] => [
        { identity, sid: `v${place}`, source: "camera", muted: place === 6, track: picture(place * 47) },
        ...(place === 0 ? ([{ identity, sid: `a${place}`, source: "microphone", muted: false, track: tone() }] as const) : []),
      ]);
      listener.tracks(others.length > 100 ? known.filter(({ source }) => source === "microphone") : known);
    },
    stop: () => undefined,
    send: () => Promise.resolve(),
    mute: () => Promise.resolve(),
    unmute: () => Promise.resolve(),
    unsend: () => Promise.resolve(),
    publish: () => Promise.resolve(),
    leave: () => Promise.resolve(),
  };
  addEventListener("fake-data", (event) => {
    const { identity, bytes } = (event as CustomEvent<{ identity: string; bytes: string }>).detail;
    listener.data(
      identity,
      Uint8Array.from(bytes, (character) => character.charCodeAt(0)),
    );
  });
  addEventListener("fake-told", (event) => listener.told((event as CustomEvent).detail as never));
  listener.state("connected");
  return link;
};
