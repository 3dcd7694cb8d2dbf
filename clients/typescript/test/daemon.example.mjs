// The specification's example against a running daemon: node daemon.example.mjs DATADIR RECIPIENT. Ends on SIGTERM.
// Between the two lines of dashes it is seed.example.ts, byte for byte but for dataDir and network.
const [dataDir, recipientID] = process.argv.slice(2);
// ------------------------------------------------------------------------------------------------------------------
// TypeScript client
import { ParsSession } from '@pars/session';

const session = new ParsSession({
  dataDir: dataDir,
  network: 'dev'
});

// Create or load identity
const identity = await session.getOrCreateIdentity();

// Start session with contact
const chat = await session.createSession(recipientID);

// Send message
await chat.sendMessage('Hello from Pars!');

// Receive messages
chat.onMessage((msg) => {
  console.log(`${msg.sender}: ${msg.content}`);
});
// ------------------------------------------------------------------------------------------------------------------
process.once("SIGTERM", () => session.close());
console.error(`waiting as ${identity.id}`);
