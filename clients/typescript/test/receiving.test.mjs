// Messages and events as they come: in order, at least once, acknowledged when they are done.
import assert from "node:assert/strict";
import { test } from "node:test";
import { ParsSession } from "../dist/index.js";
import { PEER, Refusal, daemonOf } from "./support/daemon.mjs";
import { seeded } from "./support/random.mjs";

const A = PEER.slice(2);
const B = "bc".repeat(32);

const sessionOf = (context, daemon) => {
  const session = new ParsSession({ network: "dev", dataDir: daemon.dataDir, patience: 1e9 });
  context.after(() => session.close());
  return session;
};

/** Collects, and resolves when so many are there. */
const collector = (count) => {
  const got = [];
  let enough;
  const all = new Promise((resolve) => {
    enough = resolve;
  });
  return { got, all, take: (message) => void (got.push(message.content) === count && enough()) };
};

test("what came before and after the listener arrives in order and is acknowledged", async (context) => {
  const daemon = await daemonOf(context);
  const chat = await sessionOf(context, daemon).createSession(PEER);
  daemon.receive(A, "1");
  daemon.receive(A, "2");
  const { got, all, take } = collector(3);
  chat.onMessage(take);
  await daemon.until(() => daemon.acknowledged === 2);
  daemon.receive(A, "3");
  await all;
  assert.deepEqual(got, ["1", "2", "3"]);
  await daemon.until(() => daemon.acknowledged === 3);
});

test("a message is acknowledged only when its listener has resolved", async (context) => {
  const daemon = await daemonOf(context);
  const chat = await sessionOf(context, daemon).createSession(PEER);
  let release;
  const begun = new Promise((resolve) => {
    chat.onMessage(() => {
      resolve();
      return new Promise((done) => {
        release = done;
      });
    });
  });
  daemon.receive(A, "1");
  await begun;
  await chat.messages();
  assert.equal(daemon.acknowledged, 0);
  release();
  await daemon.until(() => daemon.acknowledged === 1);
});

test("over any losses of the connection each message is delivered once and in order", async (context) => {
  const [daemon, random] = [await daemonOf(context), seeded(context)];
  const chat = await sessionOf(context, daemon).createSession(PEER);
  const count = 500;
  const { got, all, take } = collector(count);
  chat.onMessage(take);
  daemon.drops = () => random() < 0.1;
  for (let index = 0; index < count; index++) {
    daemon.receive(A, `${index}`);
    if (random() < 0.05) daemon.drop();
    if (random() < 0.2) await new Promise(setImmediate);
  }
  await all;
  assert.deepEqual(got, Array.from({ length: count }, (_, index) => `${index}`));
  daemon.drops = () => false;
  daemon.drop();
  await daemon.until(() => daemon.acknowledged === count);
});

test("a new client gets again what was not acknowledged, and only that", async (context) => {
  const daemon = await daemonOf(context);
  for (const text of ["1", "2", "3"]) daemon.receive(A, text);
  daemon.acknowledged = 1;
  const { got, all, take } = collector(2);
  (await sessionOf(context, daemon).createSession(PEER)).onMessage(take);
  await all;
  assert.deepEqual(got, ["2", "3"]);
});

test("a session that nobody listens to holds nothing back, and stays in the history", async (context) => {
  const daemon = await daemonOf(context);
  const session = sessionOf(context, daemon);
  const [a, b] = [await session.createSession(PEER), await session.createSession(`05${B}`)];
  const ofA = collector(2);
  a.onMessage(ofA.take);
  daemon.receive(A, "a1");
  daemon.receive(B, "b1");
  daemon.receive(A, "a2");
  daemon.receive(B, "b2");
  await ofA.all;
  await daemon.until(() => daemon.acknowledged === 4);
  await session.close();
  const again = sessionOf(context, daemon);
  again.on("message", (message) => assert.fail(`${message.content} was told again`));
  await daemon.until(({ calls }) => calls.filter((call) => call.method === "event.subscribe").length === 2);
  const { messages } = await (await again.createSession(b.peer)).messages();
  assert.deepEqual(messages.map((message) => message.content), ["b1", "b2"]);
});

test("who begins to listen later hears what came since the client connected", async (context) => {
  const daemon = await daemonOf(context);
  const session = sessionOf(context, daemon);
  const [a, b] = [await session.createSession(PEER), await session.createSession(`05${B}`)];
  a.onMessage(() => undefined);
  for (const text of ["b1", "b2"]) daemon.receive(B, text);
  await daemon.until(() => daemon.acknowledged === 2);
  const { got, all, take } = collector(2);
  b.onMessage(take);
  await all;
  assert.deepEqual(got, ["b1", "b2"]);
});

test("listeners that begin together hold what waits for them until each is done, over a restart", async (context) => {
  const daemon = await daemonOf(context);
  daemon.receive(B, "b1");
  daemon.receive(A, "a1");
  const first = sessionOf(context, daemon);
  const chats = [await first.createSession(PEER), await first.createSession(`05${B}`)];
  const [ofA, begun] = [collector(1), collector(1)];
  chats[0].onMessage(ofA.take);
  chats[1].onMessage((message) => {
    begun.take(message);
    return new Promise(() => undefined);
  });
  await Promise.all([ofA.all, begun.all]);
  await chats[0].messages();
  await first.close();
  assert.equal(daemon.acknowledged, 0);
  const { all, take } = collector(1);
  (await sessionOf(context, daemon).createSession(`05${B}`)).onMessage(take);
  await all;
});

test("a listener that was taken away holds nothing, but for the message that it has in hand", async (context) => {
  const daemon = await daemonOf(context);
  const session = sessionOf(context, daemon);
  const [a, b] = [await session.createSession(PEER), await session.createSession(`05${B}`)];
  let release;
  const begun = new Promise((resolve) => {
    const end = b.onMessage(() => {
      end();
      resolve();
      return new Promise((done) => {
        release = done;
      });
    });
  });
  const ofA = collector(2);
  a.onMessage(ofA.take);
  daemon.receive(A, "a1");
  daemon.receive(B, "b1");
  daemon.receive(B, "b2");
  daemon.receive(A, "a2");
  await Promise.all([begun, ofA.all]);
  await a.messages();
  assert.equal(daemon.acknowledged, 1);
  release();
  await daemon.until(() => daemon.acknowledged === 4);
});

test("a program that listens to no message acknowledges none", async (context) => {
  const daemon = await daemonOf(context);
  const session = sessionOf(context, daemon);
  const changed = new Promise((resolve) => session.on("sessionChanged", resolve));
  const chat = await session.createSession(PEER);
  await daemon.until(({ calls }) => calls.some((call) => call.method === "event.subscribe"));
  daemon.receive(A, "1");
  daemon.tell({ type: "sessionChanged", data: chat.session });
  await changed;
  await chat.messages();
  assert.ok(!daemon.calls.some((call) => call.method === "event.ack"));
});

test("a listener of the session hears every conversation", async (context) => {
  const daemon = await daemonOf(context);
  const { got, all, take } = collector(2);
  sessionOf(context, daemon).on("message", take);
  await daemon.until(({ calls }) => calls.some((call) => call.method === "event.subscribe"));
  daemon.receive(A, "a");
  daemon.receive(B, "b");
  await all;
  assert.deepEqual(got.sort(), ["a", "b"]);
  await daemon.until(() => daemon.acknowledged === 2);
});

test("a listener that fails is called again with the same message, and no other listener twice", async (context) => {
  const daemon = await daemonOf(context);
  const session = sessionOf(context, daemon);
  const chat = await session.createSession(PEER);
  const [errors, calls] = [[], []];
  session.on("error", (error) => errors.push(error.message));
  const { got, all, take } = collector(2);
  chat.onMessage((message) => {
    calls.push(message.content);
    if (calls.length === 1) throw new Error("not now");
  });
  chat.onMessage(take);
  daemon.receive(A, "1");
  daemon.receive(A, "2");
  await all;
  assert.deepEqual([errors, calls, got], [["not now"], ["1", "1", "2"], ["1", "2"]]);
  await daemon.until(() => daemon.acknowledged === 2);
});

test("who listens before there is an identity hears what comes when there is one", async (context) => {
  const daemon = await daemonOf(context);
  daemon.needsIdentity = true;
  const session = sessionOf(context, daemon);
  const published = new Promise((resolve) => session.on("published", resolve));
  session.on("connected", () => daemon.tell({ type: "published", data: {} }));
  await daemon.until(({ calls }) => calls.filter((call) => call.method === "event.subscribe").length >= 2);
  await session.getOrCreateIdentity();
  await published;
});

test("a daemon that refuses the subscription while it starts again is asked once more", async (context) => {
  const daemon = await daemonOf(context);
  const session = sessionOf(context, daemon);
  const givenUp = new Promise((_, reject) => session.on("error", reject));
  const chat = await session.createSession(PEER);
  const [first, second] = [collector(1), collector(2)];
  chat.onMessage(first.take);
  chat.onMessage(second.take);
  daemon.receive(A, "1");
  await first.all;
  let refusals = 0;
  daemon.answer = (method) => {
    if (method !== "event.subscribe" || refusals > 0) return undefined;
    refusals += 1;
    throw new Refusal(-32603);
  };
  daemon.drop();
  await daemon.until(() => refusals === 1);
  daemon.receive(A, "2");
  await Promise.race([second.all, givenUp]);
  assert.deepEqual(second.got, ["1", "2"]);
  await daemon.until(() => daemon.acknowledged === 2);
});

test("a backlog of many pages is delivered whole", async (context) => {
  const daemon = await daemonOf(context);
  const chat = await sessionOf(context, daemon).createSession(PEER);
  for (let index = 0; index < 300; index++) {
    if (index % 3 === 0) await chat.sendMessage("ours");
    daemon.receive(A, `${index}`);
  }
  const { got, all, take } = collector(300);
  chat.onMessage(take);
  await all;
  assert.deepEqual(got, Array.from({ length: 300 }, (_, index) => `${index}`));
  await daemon.until(() => daemon.acknowledged === daemon.history.at(-1).cursor);
});

test("a listener that was taken away hears nothing more", async (context) => {
  const daemon = await daemonOf(context);
  const session = sessionOf(context, daemon);
  const chat = await session.createSession(PEER);
  const first = collector(1);
  const end = chat.onMessage(first.take);
  daemon.receive(A, "1");
  await first.all;
  end();
  const second = collector(1);
  chat.onMessage(second.take);
  daemon.receive(A, "2");
  await second.all;
  assert.deepEqual([first.got, second.got], [["1"], ["2"]]);
});

test("the other events are passed on, and a loss of the connection is told", async (context) => {
  const daemon = await daemonOf(context);
  const session = sessionOf(context, daemon);
  const chat = await session.createSession(PEER);
  await chat.sendMessage("hi");
  const told = [];
  const once = (event) => new Promise((resolve) => session.on(event, (value) => resolve(told.push([event, value]))));
  const [connected, changed, updated, gap, published] = [
    once("connected"),
    once("sessionChanged"),
    once("messageUpdated"),
    once("gap"),
    once("published"),
  ];
  await connected;
  const further = { ...daemon.history[0], state: "stored", copies: 5 };
  daemon.tell({ type: "sessionChanged", data: chat.session });
  daemon.tell({ type: "messageUpdated", data: further });
  const unread = daemon.gap(A, "unreadable");
  daemon.tell({ type: "published", data: {} });
  await Promise.all([changed, updated, gap, published]);
  assert.deepEqual(told.slice(1), [
    ["sessionChanged", chat.session],
    ["messageUpdated", further],
    ["gap", unread],
    ["published", undefined],
  ]);
  const [lost, again] = [once("disconnected"), once("connected")];
  daemon.drop();
  await Promise.all([lost, again]);
  assert.equal(told.find(([event]) => event === "disconnected")[1].code, "ConnectionLost");
});

test("a gap comes again until it is acknowledged, is listed, and is no message", async (context) => {
  const daemon = await daemonOf(context);
  const one = sessionOf(context, daemon);
  const connected = new Promise((resolve) => one.on("connected", resolve));
  one.on("published", () => undefined);
  await connected;
  const gap = daemon.gap(A, "the key was used");
  await one.status();
  assert.equal(daemon.acknowledged, 0, "this program listens to no gaps and no messages");
  await one.close();
  const two = sessionOf(context, daemon);
  const chat = await two.createSession(PEER);
  const { got, all, take } = collector(1);
  const heard = new Promise((resolve) => two.on("gap", resolve));
  chat.onMessage(take);
  assert.deepEqual(await heard, gap);
  daemon.receive(A, "after it");
  await all;
  await daemon.until(() => daemon.acknowledged === 2);
  assert.deepEqual(got, ["after it"]);
  const { messages } = await chat.messages();
  assert.deepEqual(messages.map(({ kind, content }) => [kind, content]), [["gap", "the key was used"], ["text", "after it"]]);
});

test("an event of another version ends the subscription with an error, and is not asked for again and again", async (context) => {
  const daemon = await daemonOf(context);
  const session = sessionOf(context, daemon);
  const failed = new Promise((resolve) => session.on("error", resolve));
  session.on("connected", () => daemon.tell({ type: "messageReceived", data: { cursor: 1 } }));
  session.on("message", () => assert.fail("it was delivered"));
  assert.equal((await failed).code, "InvalidReply");
  await session.status();
  assert.equal(daemon.calls.filter((call) => call.method === "event.subscribe").length, 1);
});
