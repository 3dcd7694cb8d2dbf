// Sending over a connection that is lost at any moment.
import assert from "node:assert/strict";
import { test } from "node:test";
import { ParsSession } from "../dist/index.js";
import { PEER, daemonOf } from "./support/daemon.mjs";
import { seeded } from "./support/random.mjs";

const chatOf = async (context, daemon, options) => {
  const session = new ParsSession({ network: "dev", dataDir: daemon.dataDir, ...options });
  context.after(() => session.close());
  return session.createSession(PEER);
};

const contents = (daemon) => daemon.history.map((message) => message.content);

test("a message is sent once, whatever is lost on the way", async (context) => {
  const [daemon, random] = [await daemonOf(context), seeded(context)];
  const chat = await chatOf(context, daemon, { patience: 1e9 });
  daemon.drops = () => random() < 0.05;
  const sent = [];
  for (let index = 0; index < 1_000; index++) {
    await chat.sendMessage(`number ${index}`);
    sent.push(`number ${index}`);
  }
  assert.deepEqual(contents(daemon), sent);
  const requests = daemon.calls.filter((call) => call.method === "message.send").length;
  assert.ok(requests > sent.length, `${requests} requests: none was repeated`);
});

test("each message is a request of its own, the same text twice as well", async (context) => {
  const daemon = await daemonOf(context);
  const chat = await chatOf(context, daemon);
  const [first, second] = await Promise.all([chat.sendMessage("hi"), chat.sendMessage("hi")]);
  assert.notEqual(first.clientId, second.clientId);
  assert.match(first.clientId, /^[0-9a-f]{32}$/);
  assert.deepEqual(contents(daemon), ["hi", "hi"]);
});

test("a daemon that starts again elsewhere, under another token, is found", async (context) => {
  const daemon = await daemonOf(context);
  const chat = await chatOf(context, daemon, { patience: 1e9 });
  await daemon.stop();
  const sending = chat.sendMessage("after the restart");
  daemon.token = "ef".repeat(32);
  await daemon.listen();
  await sending;
  assert.deepEqual(contents(daemon), ["after the restart"]);
});

test("when the patience is over the loss is said", async (context) => {
  const daemon = await daemonOf(context);
  const chat = await chatOf(context, daemon, { patience: 0 });
  daemon.drops = (method) => method === "message.send";
  await assert.rejects(chat.sendMessage("hi"), { name: "ParsError", code: "ConnectionLost" });
});

test("text of every kind arrives as it was", async (context) => {
  const daemon = await daemonOf(context);
  const chat = await chatOf(context, daemon);
  const texts = ["سلام", "\u0000\u001b[31m", '"\\\n', "👩‍👩‍👧", "x".repeat(7_838), "__proto__"];
  for (const text of texts) await chat.sendMessage(text);
  assert.deepEqual(contents(daemon), texts);
  assert.deepEqual((await chat.messages()).messages.map((message) => message.content), texts);
});

test("a page goes on where the last one ended", async (context) => {
  const daemon = await daemonOf(context);
  const chat = await chatOf(context, daemon);
  for (const text of ["a", "b", "c"]) await chat.sendMessage(text);
  const first = await chat.messages({ limit: 2 });
  const second = await chat.messages({ after: first.next });
  assert.deepEqual([...first.messages, ...second.messages].map((message) => message.content), ["a", "b", "c"]);
  assert.equal(second.next, null);
});
