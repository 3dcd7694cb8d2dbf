// A way to a server that is far away: TCP through a port of this machine, each piece late by as much.
import { once } from 'node:events';
import { connect, createServer } from 'node:net';

/** Opens the way to `url`, a server on this machine. Returns its URL and how to close it. */
export async function far(url, ms) {
  const { hostname, port, protocol } = new URL(url);
  const sockets = new Set();
  const late = (from, to) => {
    sockets.add(from);
    from.on('data', (piece) => setTimeout(() => to.writable && to.write(piece), ms));
    from.on('end', () => setTimeout(() => to.end(), ms));
    from.on('error', () => setTimeout(() => to.destroy(), ms));
    from.on('close', () => sockets.delete(from));
  };
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    const inner = connect({ host: hostname, port: Number(port), allowHalfOpen: true, noDelay: true });
    late(client, inner);
    late(inner, client);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const stop = () => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  return { url: `${protocol}//127.0.0.1:${server.address().port}`, stop };
}
