// Sending over a connection that is lost at any moment.
import assert from "node:assert/strict";
import { test } from "node:test";
import { ParsError, ParsSession, SendError } from "../dist/index.js";
import { errorNumbers } from "../dist/generated/schemas.js";
import { FakeDaemon, PEER, Refusal, daemonOf } from "./support/daemon.mjs";
import { seeded } from "./support/random.mjs";

const chatOf = async (context, daemon, options) => {
  const session = new ParsSession({ network: "dev", dataDir: daemon.dataDir, ...options });
  context.after(() => session.close());
  return session.createSession(PEER);
};

/** Answers `Timeout` although the message is kept, as a daemon does that still looks the contact's records up. */
const late = (daemon, isLate) => {
  daemon.answer = (method, params) => {
    if (method !== "message.send" || !isLate()) return undefined;
    daemon.keep(params);
    throw new Refusal(errorNumbers.Timeout);
  };
};

/** True so many times. */
const times = (count) => {
  let left = count;
  return () => left-- > 0;
};

const contents = (daemon) => daemon.history.map((message) => message.content);

test("a message is sent once, whatever is lost on the way", async (context) => {
  const [daemon, random] = [await daemonOf(context), seeded(context)];
  const chat = await chatOf(context, daemon, { patience: 1e9 });
  daemon.drops = () => random() < 0.05;
  late(daemon, () => random() < 0.05);
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

test("a daemon that starts again elsewhere is found", async (context) => {
  const daemon = await daemonOf(context);
  const chat = await chatOf(context, daemon, { patience: 1e9 });
  await daemon.stop();
  const sending = chat.sendMessage("after the restart");
  await daemon.listen({ name: "other.sock" });
  await sending;
  assert.deepEqual(contents(daemon), ["after the restart"]);
});

const ids = (daemon) => daemon.calls.filter((call) => call.method === "message.send").map((call) => call.params.clientId);

test("when the answer comes too late it is asked for again under the same id, and the message is one", async (context) => {
  const daemon = await daemonOf(context);
  const chat = await chatOf(context, daemon, { patience: 1e9 });
  late(daemon, times(3));
  const sent = await chat.sendMessage("hi");
  assert.deepEqual(ids(daemon), Array(4).fill(sent.clientId));
  assert.deepEqual(contents(daemon), ["hi"]);
});

test("when the patience is over the error names the id under which the message stays one", async (context) => {
  const daemon = await daemonOf(context);
  const chat = await chatOf(context, daemon, { patience: 0 });
  const failures = {
    Timeout: () => late(daemon, times(1)),
    ConnectionLost: () => {
      const once = times(1);
      daemon.drops = (method, when) => method === "message.send" && when === "after" && once();
    },
  };
  for (const [code, prepare] of Object.entries(failures)) {
    prepare();
    const error = await chat.sendMessage(code).catch((thrown) => thrown);
    assert.ok(error instanceof SendError && error instanceof ParsError);
    assert.deepEqual([error.name, error.code, error.clientId], ["SendError", code, ids(daemon).at(-1)]);
    const { clientId } = await chat.sendMessage(code, { clientId: error.clientId });
    assert.equal(clientId, error.clientId);
  }
  assert.deepEqual(contents(daemon), ["Timeout", "ConnectionLost"]);
});

test("who gives up is told so; nothing is repeated from then on, and under the same id the message stays one", async (context) => {
  const daemon = await daemonOf(context);
  const chat = await chatOf(context, daemon, { patience: 1e9 });
  const given = (signal, options) => chat.sendMessage("hi", { signal, ...options }).catch((thrown) => thrown);
  const before = await given(AbortSignal.abort("no time"));
  assert.deepEqual([before.name, before.code, before.cause.cause], ["SendError", "Aborted", "no time"]);
  assert.deepEqual(ids(daemon), [], "it was not begun");
  const whileRepeated = new AbortController();
  late(daemon, () => true);
  const sending = given(whileRepeated.signal);
  await daemon.until(() => ids(daemon).length === 3);
  whileRepeated.abort();
  const { code, clientId } = await sending;
  assert.deepEqual([code, ids(daemon)], ["Aborted", Array(3).fill(clientId)]);
  const unanswered = new AbortController();
  daemon.answer = (method) => (method === "message.send" ? FakeDaemon.SILENCE : undefined);
  const waiting = given(unanswered.signal, { clientId });
  await daemon.until(() => ids(daemon).length === 4);
  unanswered.abort();
  assert.equal((await waiting).code, "Aborted");
  daemon.answer = () => undefined;
  await chat.sendMessage("hi", { clientId });
  assert.deepEqual([contents(daemon), ids(daemon)], [["hi"], Array(5).fill(clientId)]);
});

test("an id that names another message is refused with a typed error, and is not repeated", async (context) => {
  const daemon = await daemonOf(context);
  const chat = await chatOf(context, daemon, { patience: 1e9 });
  const { clientId } = await chat.sendMessage("one");
  await assert.rejects(chat.sendMessage("other", { clientId }), { name: "SendError", code: "ClientIdReused", clientId });
  assert.deepEqual([contents(daemon), ids(daemon).length], [["one"], 2]);
});

test("a request that is no message is not repeated when its answer comes too late", async (context) => {
  const daemon = await daemonOf(context);
  const chat = await chatOf(context, daemon, { patience: 1e9 });
  daemon.answer = () => {
    throw new Refusal(errorNumbers.Timeout);
  };
  await assert.rejects(chat.markRead(1), { name: "ParsError", code: "Timeout" });
  assert.equal(daemon.calls.filter((call) => call.method === "message.markRead").length, 1);
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
