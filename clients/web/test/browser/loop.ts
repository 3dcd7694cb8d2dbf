/** Two connections in one page, one guarded by the product's code: what leaves it, and what it plays. */
import { attachTo, guardConnections, means } from "../../src/media/guard.js";
import type { FromWorker, ToWorker } from "../../src/media/messages.js";
import { startWorker } from "../../src/media/start.js";
import tapAddress from "./tap.worker.ts?worker&url";

type Failure = "none" | "no-keys" | "stop" | "terminate" | "dead-worker" | "throw";
/** A frame on the wire. */
interface Seen {
  readonly sealed: boolean;
  /** Its vector and key index. */
  readonly end: string;
  readonly digest: string;
}
type Means = "script" | "streams";

const Plain = RTCPeerConnection;
const sleep = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));
const material = (fill: number): Uint8Array<ArrayBuffer> => new Uint8Array(32).fill(fill);

const connect = async (from: RTCPeerConnection, to: RTCPeerConnection): Promise<void> => {
  from.addEventListener(
    "icecandidate",
    ({ candidate }) => void to.addIceCandidate(candidate ?? undefined).catch(() => undefined),
  );
  to.addEventListener(
    "icecandidate",
    ({ candidate }) => void from.addIceCandidate(candidate ?? undefined).catch(() => undefined),
  );
  await from.setLocalDescription();
  await to.setRemoteDescription(from.localDescription as RTCSessionDescription);
  await to.setLocalDescription();
  await from.setRemoteDescription(to.localDescription as RTCSessionDescription);
};

/** Until both are connected; the time is the test's. */
const connected = async (...ends: readonly RTCPeerConnection[]): Promise<void> => {
  while (ends.some(({ connectionState }) => connectionState !== "connected")) await sleep(10);
};

const media = (): { stream: MediaStream; stop(): void } => {
  const canvas = Object.assign(document.createElement("canvas"), { width: 320, height: 180 });
  const context = canvas.getContext("2d") as CanvasRenderingContext2D;
  const timer = setInterval(() => {
    context.fillStyle = `hsl(${Math.random() * 360} 80% 50%)`;
    context.fillRect(Math.random() * 300, Math.random() * 160, 60, 60);
  }, 30);
  const audio = new AudioContext();
  const oscillator = audio.createOscillator();
  const to = audio.createMediaStreamDestination();
  oscillator.connect(to);
  oscillator.start();
  const stream = new MediaStream([...canvas.captureStream(30).getTracks(), ...to.stream.getTracks()]);
  return { stream, stop: () => (clearInterval(timer), void audio.close()) };
};

const guarded = (how: Means) => {
  const worker = startWorker();
  const told: FromWorker[] = [];
  worker.addEventListener("message", ({ data }: MessageEvent<FromWorker>) => told.push(data));
  const pipes = new Map<RTCRtpReceiver, number>();
  const release = guardConnections(
    globalThis,
    how,
    attachTo(worker, how, (receiver, pipe) => pipes.set(receiver, pipe)),
    () => undefined,
  );
  const say = (message: ToWorker): void => worker.postMessage(message);
  return { worker, told, pipes, release, say };
};

/** Sends through a guarded connection while something fails; gives the frames that came over the wire, before and after. */
const send = async (how: Means, failure: Failure, wait: number) => {
  const side = guarded(how);
  if (failure === "dead-worker") side.worker.terminate();
  if (failure !== "no-keys")
    side.say({ kind: "keys", keys: { index: 3, own: { identity: "me", media: material(1), data: material(2) }, others: [] } });
  const wire: Seen[] = [];
  const tap = new Worker(tapAddress, { type: "module" });
  tap.addEventListener("message", ({ data }) => wire.push(data));
  const { stream, stop } = media();
  const from = new RTCPeerConnection();
  const to = new Plain();
  to.addEventListener("track", ({ receiver }) => (receiver.transform = new RTCRtpScriptTransform(tap, {})));
  side.release();
  for (const track of stream.getTracks()) from.addTransceiver(track, { direction: "sendonly", streams: [stream] });
  await connect(from, to);
  await sleep(wait);
  const before = wire.length;
  if (failure === "stop") side.say({ kind: "stop" });
  if (failure === "terminate") side.worker.terminate();
  await sleep(150);
  const settled = wire.length;
  await sleep(wait);
  from.close();
  to.close();
  stop();
  tap.terminate();
  side.worker.terminate();
  // A packet that is sent again is the same bytes: a number repeats only where the bytes differ.
  const numbers = new Map(wire.map(({ end, digest }) => [end, digest]));
  const repeated = wire.filter(({ end, digest }) => numbers.get(end) !== digest).length;
  return { before, settled, after: wire.length, clear: wire.filter(({ sealed }) => !sealed).length, repeated };
};

const stats = async (connection: RTCPeerConnection) => {
  let [frames, energy, packets] = [0, 0, 0];
  for (const entry of (await connection.getStats()).values()) {
    if (entry.type !== "inbound-rtp") continue;
    frames += entry.framesDecoded ?? 0;
    energy += entry.totalAudioEnergy ?? 0;
    packets += entry.packetsReceived;
  }
  return { frames, energy, packets };
};

/** A server that sends in the clear, or a peer with a key: what a guarded receiver plays. */
const receive = async (how: Means, sender: "clear" | "right-key" | "wrong-key" | "unassigned", wait: number) => {
  const source = sender === "clear" ? undefined : guarded(how);
  const from = source === undefined ? new Plain() : new RTCPeerConnection();
  source?.release();
  const index = 3;
  source?.say({ kind: "keys", keys: { index, own: { identity: "alice", media: material(1), data: material(2) }, others: [] } });
  const side = guarded(how);
  const others = [{ identity: "alice", media: material(sender === "wrong-key" ? 9 : 1), data: material(2) }];
  side.say({ kind: "keys", keys: { index, own: null, others } });
  const { stream, stop } = media();
  const to = new RTCPeerConnection();
  side.release();
  const players: HTMLMediaElement[] = [];
  to.addEventListener("track", ({ receiver, track }) => {
    const pipe = side.pipes.get(receiver);
    if (pipe !== undefined && sender !== "unassigned") side.say({ kind: "assign", pipe, identity: "alice" });
    const player = document.createElement(track.kind === "video" ? "video" : "audio");
    player.srcObject = new MediaStream([track]);
    document.body.append(player);
    void player.play().catch(() => undefined);
    players.push(player);
  });
  for (const track of stream.getTracks()) from.addTransceiver(track, { direction: "sendonly", streams: [stream] });
  await connect(from, to);
  await connected(from, to);
  await sleep(wait);
  const played = await stats(to);
  from.close();
  to.close();
  stop();
  for (const player of players) player.remove();
  side.worker.terminate();
  source?.worker.terminate();
  return { ...played, told: side.told.filter(({ kind }) => kind === "dropped" || kind === "flowing") };
};

/** Where a transform cannot be made, nothing connects. */
const refuses = (): string => {
  const side = guarded("script");
  const connection = new RTCPeerConnection();
  side.release();
  const { RTCRtpScriptTransform: Real } = globalThis;
  globalThis.RTCRtpScriptTransform = class {
    constructor() {
      throw new DOMException("no", "InvalidStateError");
    }
  } as unknown as typeof Real;
  try {
    connection.addTransceiver("audio");
    return "made";
  } catch (error) {
    return `${(error as Error).name}, ${connection.signalingState}`;
  } finally {
    globalThis.RTCRtpScriptTransform = Real;
    side.worker.terminate();
  }
};

/** While nothing encrypts, there is no connection at all. */
const alone = (): string => {
  guarded("script").release();
  try {
    new RTCPeerConnection().close();
    return "made";
  } catch (error) {
    return (error as Error).name;
  }
};

Object.assign(globalThis, { loop: { alone, send, receive, refuses, means } });
