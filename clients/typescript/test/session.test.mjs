// Reaching a daemon: options, network, identity, refusals, replies that are none.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { ParsError, ParsSession } from "../dist/index.js";
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

test("options that contradict themselves or would show the token are refused", () => {
  const token = "ab";
  for (const options of [
    {},
    { network: "dev" },
    { network: "prod", dataDir: "x" },
    { network: "dev", dataDir: "x", url: "http://127.0.0.1:1", token },
    { network: "dev", dataDir: "x", patience: -1 },
    { network: "dev", url: "nonsense", token },
    { network: "dev", url: "http://127.0.0.1:1" },
    { network: "dev", url: "http://127.0.0.1:1", token: "a b" },
    { network: "dev", url: "http://127.0.0.1.example.org", token },
    { network: "dev", url: "http://example.org", token },
    { network: "dev", url: "ftp://127.0.0.1", token },
  ]) {
    const made = () => new ParsSession(options);
    assert.throws(made, (error) => error instanceof ParsError && error.code === "InvalidOptions", JSON.stringify(options));
  }
  for (const url of ["https://example.org", "http://localhost:1", "http://[::1]:1", "http://127.0.0.1:1"]) {
    new ParsSession({ network: "dev", url, token });
  }
});

test("a tilde is the home directory and nothing else is changed", () => {
  assert.equal(expand("~"), homedir());
  assert.equal(expand("~/.pars/session"), join(homedir(), ".pars/session"));
  for (const path of ["/a/~", "a", "~user/x", "./~"]) assert.equal(expand(path), path);
});

test("a daemon is reached by its directory and by address and token", async (context) => {
  const daemon = await daemonOf(context);
  for (const options of [{ dataDir: daemon.dataDir }, { url: daemon.url, token: daemon.token }]) {
    assert.equal((await sessionOf(context, options).status()).network, "dev");
  }
});

test("a wrong token reaches nothing", async (context) => {
  const { url } = await daemonOf(context);
  await fails("NoDaemon", sessionOf(context, { url, token: "00".repeat(32) }).status());
});

test("another network than the option's is refused by file and by the daemon's own word", async (context) => {
  const daemon = await daemonOf(context);
  await fails("WrongNetwork", sessionOf(context, { network: "mainnet", dataDir: daemon.dataDir }).status());
  assert.deepEqual(daemon.calls, [], "the file alone was enough");
  const { url, token } = daemon;
  await fails("WrongNetwork", sessionOf(context, { network: "mainnet", url, token }).createSession(PEER));
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
  for (const content of ["canary", "null", "{}", '{"http":"http://127.0.0.1:1","token":5,"network":"dev"}']) {
    writeFileSync(join(dataDir, "rpc.json"), content);
    const error = await sessionOf(context, { dataDir }).status().catch((thrown) => thrown);
    assert.equal(error.code, "InvalidReply");
    assert.ok(!error.message.includes("canary"));
    assert.equal(error.cause, undefined);
  }
});

test("an identity is made once and its revocation secret comes once", async (context) => {
  const daemon = await daemonOf(context);
  const session = sessionOf(context, { dataDir: daemon.dataDir });
  const created = await session.getOrCreateIdentity();
  assert.equal(created.revocation.length, 64);
  assert.deepEqual(await session.getOrCreateIdentity(), daemon.identity);
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
  const mute = createServer((socket) => context.after(() => socket.destroy())).listen(0, "127.0.0.1");
  context.after(() => mute.close());
  await new Promise((resolve) => mute.once("listening", resolve));
  const session = new ParsSession({ network: "dev", url: `http://127.0.0.1:${mute.address().port}`, token: "ab" });
  const waiting = fails("Closed", session.status());
  mute.once("connection", () => session.close());
  await waiting;
  await fails("Closed", session.status());
});
