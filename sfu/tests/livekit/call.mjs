// Two of LiveKit's native clients in a room without end-to-end encryption, in turn: what each heard is the last line, as JSON; the
// native library writes lines of its own before. Arguments: the media server's address and its key file. Journey 2 runs it.
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { RoomEvent, dispose } from '@livekit/rtc-node';
import { hearing, joined, over, speak } from './clients.mjs';
import { openRoom } from './server.mjs';

const LIMIT_MS = 100_000;

// A client that has lost its way waits for ever.
setTimeout(() => {
  console.error(`the call did not end within ${LIMIT_MS} ms`);
  process.exit(1);
}, LIMIT_MS).unref();

const [address, keyFile] = process.argv.slice(2);
const server = await openRoom(address, JSON.parse(readFileSync(keyFile, 'utf8')), 'clear');
const [first, second] = [await joined(server, 'first', ['microphone']), await joined(server, 'second', ['microphone'])];
// In turn: a client that announces a track of its own at the very moment may miss the other's (`rtc-node.test.mjs` tries that).
const tones = [await speak(first.room)];
await hearing('the first tone', [second]);
tones.push(await speak(second.room));
await hearing('the second tone', [first]);
const arrived = once(second.room, RoomEvent.DataReceived);
await first.room.localParticipant.publishData(new TextEncoder().encode('hello'), { reliable: true });
const [payload, from] = await arrived;
const data = { from: from.identity, text: new TextDecoder().decode(payload) };
await over(tones, [first, second]);
await dispose();
console.log(JSON.stringify({ first: first.heard, second: second.heard, data }));
process.exit(0);
