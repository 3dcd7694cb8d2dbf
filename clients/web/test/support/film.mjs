/** A recording that a browser makes, at the daemon of tests. */
import { identityOf, recordingRow } from "./rooms.mjs";

/** Runs in the page: a tone and a picture as WebM, for so many milliseconds. */
const film = async (milliseconds) => {
  const recorded = async (stream, mimeType) => {
    const recorder = new MediaRecorder(stream, { mimeType });
    const parts = [];
    recorder.addEventListener("dataavailable", ({ data }) => parts.push(data));
    recorder.start(200);
    await new Promise((resolve) => setTimeout(resolve, milliseconds));
    await new Promise((resolve) => {
      recorder.addEventListener("stop", resolve);
      recorder.stop();
    });
    const bytes = new Uint8Array(await new Blob(parts).arrayBuffer());
    return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
  };
  const context = new AudioContext();
  const to = context.createMediaStreamDestination();
  const tone = context.createOscillator();
  tone.connect(to);
  tone.start();
  const canvas = document.createElement("canvas");
  const draw = () => {
    const paint = canvas.getContext("2d");
    paint.fillStyle = `hsl(${Math.floor(Math.random() * 360)} 20% 60%)`;
    paint.fillRect(0, 0, canvas.width, canvas.height);
  };
  draw();
  const drawing = setInterval(draw, 50);
  const made = await Promise.all([
    recorded(to.stream, "audio/webm;codecs=opus"),
    recorded(canvas.captureStream(10), "video/webm;codecs=vp8"),
  ]);
  clearInterval(drawing);
  await context.close();
  return made;
};

const SPAN = `0x${"cd".repeat(32)}`;

/** A recording of one tone and one picture; opens the screen that lists it, and the recording. */
export const openRecordings = async (page, daemon, milliseconds) => {
  const films = await page.evaluate(film, milliseconds);
  const tracks = films.map((text, place) => ({
    track: place + 1,
    seat: place + 1,
    pseudonym: identityOf(place === 0 ? "jasmine" : "walnut"),
    codec: place === 0 ? "opus" : "vp8",
    beganMs: 0,
    endedMs: milliseconds,
    frames: 10,
    ending: "whole",
    bytes: Buffer.from(text, "base64"),
  }));
  daemon.recordings = [recordingRow(SPAN)];
  daemon.tracks.set(SPAN, { endedMs: milliseconds, tracks });
  await page.getByTestId("nav-recordings").click();
  await page.getByTestId("recording-row").click();
  await page.locator('[data-testid="player"][data-state="ready"]').waitFor();
};
