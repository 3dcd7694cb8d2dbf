// Reaching a daemon: options, network, identity, refusals, replies that are none.
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { ParsError, ParsSession } from "../dist/index.js";
import { check } from "../dist/options.js";
import { expand } from "../dist/platform/node.js";
import { openrpc } from "../scripts/generate.mjs";
import { FakeDaemon, PEER, Refusal, daemonOf } from "./support/daemon.mjs";

const fails = (code, promise) =>
  assert.rejects(promise, (error) => error instanceof ParsError && (assert.equal(error.code, code), true));

const sessionOf = (context, options) => {
  const session = new ParsSession({ network: "dev", ...options });
  context.after(() => session.close());
  return session;
};

const refused = (made, options) =>
  assert.throws(made, (error) => error instanceof ParsError && error.code === "InvalidOptions", JSON.stringify(options));

test("options that contradict themselves are refused, and a port under Node", () => {
  for (const options of [
    {},
    { network: "dev" },
    { network: "prod", dataDir: "x" },
    { network: "dev", dataDir: "x", url: "http://127.0.0.1:1", token: "ab" },
    { network: "dev", dataDir: "x", patience: -1 },
    { network: "dev", dataDir: "x", patience: Number.NaN },
    { network: "dev", dataDir: "x", patience: "30" },
    undefined,
    null,
    "x",
    { network: "dev", url: "http://127.0.0.1:1", token: "ab" },
    { network: "dev", url: "https://example.org", token: "ab" },
  ]) {
    refused(() => new ParsSession(options), options);
  }
  new ParsSession({ network: "dev", dataDir: "x" });
});

test("an address that would show the token is refused, and a directory in a browser", () => {
  for (const options of [
    { dataDir: "x" },
    { url: "nonsense", token: "ab" },
    { url: "http://127.0.0.1:1" },
    { url: "http://127.0.0.1:1", token: "a b" },
    { url: "http://127.0.0.1.example.org", token: "ab" },
    { url: "http://example.org", token: "ab" },
    { url: "ftp://127.0.0.1", token: "ab" },
  ]) {
    refused(() => check({ network: "dev", ...options }, "url"), options);
  }
  for (const url of ["https://example.org", "http://localhost:1", "http://[::1]:1", "http://127.0.0.1:1"]) {
    check({ network: "dev", url, token: "ab" }, "url");
  }
});

test("a tilde is the home directory and nothing else is changed", () => {
  assert.equal(expand("~"), homedir());
  assert.equal(expand("~/.pars/session"), join(homedir(), ".pars/session"));
  for (const path of ["/a/~", "a", "~user/x", "./~"]) assert.equal(expand(path), path);
});

test("a daemon is reached by the socket that its file names, whatever the socket is called", async (context) => {
  const daemon = await daemonOf(context);
  for (const name of ["sessiond.sock", "a:b %2F ?#ü.sock"]) {
    await daemon.stop();
    await daemon.listen({ name });
    assert.equal((await sessionOf(context, { dataDir: daemon.dataDir }).status()).network, "dev");
  }
});

test("after a kill nothing is sent to whoever has taken the daemon's port", async (context) => {
  const daemon = await daemonOf(context);
  const before = sessionOf(context, { dataDir: daemon.dataDir, patience: 20 });
  await before.status();
  await daemon.kill();
  const heard = [];
  const stranger = createServer((socket) => {
    heard.push("a connection");
    socket.on("data", (bytes) => heard.push(String(bytes)));
  });
  context.after(() => stranger.close());
  await once(stranger.listen(daemon.port, "127.0.0.1"), "listening");
  const session = sessionOf(context, { dataDir: daemon.dataDir });
  await fails("NoDaemon", session.status());
  await fails("NoDaemon", session.createSession(PEER));
  await fails("NoDaemon", session.getOrCreateIdentity());
  before.on("message", () => assert.fail("from whom?"));
  await assert.rejects(before.status(), ({ code }) => ["NoDaemon", "ConnectionLost"].includes(code));
  // What was sent before this connection has arrived when it has.
  const own = connect(daemon.port, "127.0.0.1").end("the test");
  await once(own, "close");
  assert.deepEqual(heard, ["a connection", "the test"]);
});

test("another network than the option's is refused by file and by the daemon's own word", async (context) => {
  const daemon = await daemonOf(context);
  await fails("WrongNetwork", sessionOf(context, { network: "mainnet", dataDir: daemon.dataDir }).status());
  assert.deepEqual(daemon.calls, [], "the file alone was enough");
  await daemon.stop();
  daemon.announced = "mainnet";
  await daemon.listen();
  await fails("WrongNetwork", sessionOf(context, { network: "mainnet", dataDir: daemon.dataDir }).createSession(PEER));
  assert.deepEqual(daemon.calls.map((call) => call.method), ["status.get"]);
});

test("without a daemon the first request fails at once and says how to start one", async (context) => {
  const dataDir = mkdtempSync(join(tmpdir(), "pars-session-"));
  context.after(() => rmSync(dataDir, { recursive: true }));
  await assert.rejects(sessionOf(context, { dataDir }).status(), { code: "NoDaemon", message: /start sessiond/ });
  const daemon = await daemonOf(context);
  await daemon.stop();
  await fails("NoDaemon", sessionOf(context, { dataDir: daemon.dataDir }).status());
  await daemon.listen();
});

test("a file of the daemon that is none is refused without being repeated", async (context) => {
  const dataDir = mkdtempSync(join(tmpdir(), "pars-session-"));
  context.after(() => rmSync(dataDir, { recursive: true }));
  for (const content of ["canary", "null", "{}", '{"socket":5,"network":"dev"}']) {
    writeFileSync(join(dataDir, "rpc.json"), content);
    const error = await sessionOf(context, { dataDir }).status().catch((thrown) => thrown);
    assert.equal(error.code, "InvalidReply");
    assert.ok(!error.message.includes("canary"));
    assert.equal(error.cause, undefined);
  }
});

test("an identity is made once, and its revocation secret can be had later", async (context) => {
  const daemon = await daemonOf(context);
  const session = sessionOf(context, { dataDir: daemon.dataDir });
  const created = await session.getOrCreateIdentity();
  assert.equal(created.revocation.length, 64);
  assert.deepEqual(await session.getOrCreateIdentity(), daemon.identity);
  assert.equal(await session.revocation(), created.revocation);
});

test("the status names the sessions whose reading pauses", async (context) => {
  const daemon = await daemonOf(context);
  daemon.paused = [{ session: PEER.slice(2), open: 1_024 }];
  assert.deepEqual((await sessionOf(context, { dataDir: daemon.dataDir }).status()).paused, daemon.paused);
});

test("an identity that somebody else makes at the same moment is taken", async (context) => {
  const daemon = await daemonOf(context);
  const two = [1, 2].map(() => sessionOf(context, { dataDir: daemon.dataDir }));
  const identities = await Promise.all(two.map((session) => session.getOrCreateIdentity()));
  assert.equal(identities.filter((identity) => "revocation" in identity).length, 1);
  assert.equal(identities[0].id, identities[1].id);
});

test("making an identity is not repeated when its answer is lost", async (context) => {
  const daemon = await daemonOf(context);
  daemon.drops = (method, when) => method === "identity.create" && when === "after";
  await fails("ConnectionLost", sessionOf(context, { dataDir: daemon.dataDir }).getOrCreateIdentity());
  assert.equal(daemon.calls.filter((call) => call.method === "identity.create").length, 1);
});

test("every error of the daemon has its name, and an unknown number is a refusal", async (context) => {
  const daemon = await daemonOf(context);
  const session = sessionOf(context, { dataDir: daemon.dataDir });
  const named = Object.entries(openrpc().components.errors).map(([name, { code }]) => [name, code]);
  for (const [name, code] of [...named, ["Refused", -32099]]) {
    daemon.answer = (method) => {
      if (method === "peers.list") throw new Refusal(code, "because of that");
    };
    await assert.rejects(session.peers(), { name: "ParsError", code: name, message: "because of that" });
  }
});

test("an answer that does not look like the daemon's types is refused, and no prototype is changed", async (context) => {
  const daemon = await daemonOf(context);
  const session = sessionOf(context, { dataDir: daemon.dataDir });
  const status = await session.status();
  const pollute = JSON.parse('{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}');
  for (const wrong of [
    5,
    [],
    "",
    {},
    { ...status, network: null },
    { ...status, cursor: 2 ** 53 },
    { ...status, cursor: -1 },
    { ...status, cursor: 1.5 },
    { ...status, chain: [] },
    { ...status, state: "unheard of" },
    { ...status, paused: [{ session: "" }] },
    pollute,
  ]) {
    daemon.answer = (method) => (method === "status.get" ? wrong : undefined);
    await fails("InvalidReply", session.status());
  }
  assert.equal({}.polluted, undefined);
  daemon.answer = () => undefined;
  assert.deepEqual(await session.status(), status);
});

test("what is no JSON-RPC ends the connection, and the next request makes a new one", async (context) => {
  const daemon = await daemonOf(context);
  const session = sessionOf(context, { dataDir: daemon.dataDir });
  await session.status();
  const failed = fails("InvalidReply", session.sessions());
  daemon.answer = (method) => {
    if (method !== "session.list") return undefined;
    daemon.answer = () => undefined;
    daemon.garble();
    return FakeDaemon.SILENCE;
  };
  await failed;
  assert.deepEqual(await session.sessions(), []);
});

test("close ends a connection that never came to stand, and what waits", async (context) => {
  const daemon = await daemonOf(context);
  await daemon.stop();
  const mute = createServer((socket) => context.after(() => socket.destroy())).listen(daemon.socket);
  context.after(() => mute.close());
  await once(mute, "listening");
  const session = new ParsSession({ network: "dev", dataDir: daemon.dataDir });
  const waiting = fails("Closed", session.status());
  mute.once("connection", () => session.close());
  await waiting;
  await fails("Closed", session.status());
});
