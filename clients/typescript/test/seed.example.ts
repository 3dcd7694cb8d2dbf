// TypeScript client
import { ParsSession } from '@pars/session';

const session = new ParsSession({
  dataDir: '~/.pars/session',
  network: 'mainnet'
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
