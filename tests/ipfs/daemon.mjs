// Starts js-ipfs offline on a free loopback port, with its repository in the folder that is named; prints `ready <url>`; ends
// with its standard input.
import { createServer } from 'node:net'

// js-ipfs's dependencies use it, Node has it from version 22.
Promise.withResolvers ??= function () {
  let resolve, reject
  const promise = new Promise((...both) => { [resolve, reject] = both })
  return { promise, resolve, reject }
}

/** A port that is free now: js-ipfs does not take 0 for its API. */
const port = await new Promise((resolve) => {
  const server = createServer().listen(0, '127.0.0.1', () => {
    const { port } = server.address()
    server.close(() => resolve(port))
  })
})

const { Daemon } = await import('ipfs-daemon')
const none = '/ip4/127.0.0.1/tcp/0'
const daemon = new Daemon({
  repo: process.argv[2],
  offline: true,
  silent: true,
  init: { emptyRepo: true },
  config: {
    Addresses: { Swarm: [], API: `/ip4/127.0.0.1/tcp/${port}`, Gateway: none, RPC: none },
    Bootstrap: [],
    Discovery: { MDNS: { Enabled: false }, webRTCStar: { Enabled: false } },
    Routing: { Type: 'none' },
  },
})
await daemon.start()
console.log(`ready http://127.0.0.1:${port}`)
process.stdin.resume().on('end', () => process.exit(0))
