// Starts the sfu program for a test, opens a room, makes tokens.
import { spawn } from 'node:child_process';
import { createHmac, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const base64url = (value) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');

/** An HS256 token of LiveKit's kind. */
export function jwt({ key, secret }, claims) {
  const now = Math.floor(Date.now() / 1000);
  const signed = `${base64url({ alg: 'HS256', typ: 'JWT' })}.${base64url({ iss: key, nbf: now, exp: now + 3600, ...claims })}`;
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
}

/** Opens a room at a server, by its key. `sources` of a token are what its holder may publish. */
export async function openRoom(address, keys, room) {
  const admin = async (method, body) => {
    const token = jwt(keys, { video: { roomCreate: true, roomAdmin: true, room } });
    const url = `${address}/twirp/livekit.RoomService/${method}`;
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const reply = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
    return { status: reply.status, body: await reply.json() };
  };
  const { status } = await admin('CreateRoom', { name: room });
  if (status !== 200) throw new Error(`CreateRoom: ${status}`);
  const token = (identity, sources) => jwt(keys, {
    sub: identity,
    video: {
      room, roomJoin: true, canSubscribe: true, canPublishData: true,
      canPublish: sources.length > 0, canPublishSources: sources,
    },
  });
  return { admin, token, url: address.replace('http', 'ws') };
}

/** A running server with one open room. */
export async function startServer(program, room, extra = []) {
  const folder = mkdtempSync(join(tmpdir(), 'sfu-'));
  const keys = { key: 'test', secret: randomBytes(24).toString('hex') };
  const keyFile = join(folder, 'keys.json');
  writeFileSync(keyFile, JSON.stringify(keys), { mode: 0o600 });
  const child = spawn(program, ['--key-file', keyFile, ...extra], { stdio: ['ignore', 'pipe', 'inherit'] });
  const killed = () => child.kill('SIGKILL');
  process.once('exit', killed);
  const ready = await new Promise((resolve, reject) => {
    createInterface({ input: child.stdout }).once('line', (line) => resolve(JSON.parse(line)));
    child.once('exit', (code) => reject(new Error(`sfu ended with ${code}`)));
  });
  const stop = async () => {
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    await ended;
    process.off('exit', killed);
    rmSync(folder, { recursive: true });
  };
  return { ready, stop, ...(await openRoom(ready.url, keys, room)) };
}
