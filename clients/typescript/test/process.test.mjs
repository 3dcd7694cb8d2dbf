// The specification's example as a program of its own; a program that ends by itself.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { basename, dirname } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { PEER, daemonOf } from "./support/daemon.mjs";

const here = fileURLToPath(new URL(".", import.meta.url));
const EXAMPLE = `${here}daemon.example.mjs`;

/** Runs a program to its end; `watch` sees its output grow. */
const run = async (words, { watch = () => undefined, env = process.env } = {}) => {
  const child = spawn(process.execPath, ["--unhandled-rejections=strict", ...words], { cwd: here, env });
  const output = { out: "", err: "" };
  for (const [name, stream] of [["out", child.stdout], ["err", child.stderr]]) {
    stream.setEncoding("utf8").on("data", (text) => {
      output[name] += text;
      watch(output, child);
    });
  }
  const [status] = await once(child, "close");
  return { status, ...output };
};

test("the example of the specification sends and receives", async (context) => {
  const daemon = await daemonOf(context);
  let answered = false;
  const watch = ({ out, err }, child) => {
    if (err.includes("waiting as") && !answered) {
      answered = true;
      daemon.receive(PEER.slice(2), "Hello from a friend!");
    }
    if (out.endsWith("friend!\n")) child.kill("SIGTERM");
  };
  const { status, out, err } = await run([EXAMPLE, daemon.dataDir, PEER], { watch });
  assert.deepEqual([status, out], [0, `${PEER}: Hello from a friend!\n`], err);
  assert.equal(daemon.history[0].content, "Hello from Pars!");
  assert.equal(daemon.identity.id, PEER);
});

test("the example is the specification's, but for directory and network", () => {
  const [, example] = readFileSync(EXAMPLE, "utf8").split(/^\/\/ -{20,}\n/m);
  // As it stands in the specification, from the first line to the last.
  const seed = readFileSync(`${here}seed.example.ts`, "utf8").split("\n");
  const replaced = new Map([
    ["  dataDir: '~/.pars/session',", "  dataDir: dataDir,"],
    ["  network: 'mainnet'", "  network: 'dev'"],
  ]);
  assert.deepEqual(seed.filter((line) => replaced.has(line)), [...replaced.keys()]);
  assert.deepEqual(example.split("\n"), seed.map((line) => replaced.get(line) ?? line));
});

test("a tilde in dataDir is the home of whoever runs it", async (context) => {
  const daemon = await daemonOf(context);
  const home = dirname(daemon.dataDir);
  const code = `import { ParsSession } from "@pars/session";
    const session = new ParsSession({ dataDir: "~/${basename(daemon.dataDir)}", network: "dev" });
    console.log((await session.status()).network);
    await session.close();`;
  const { status, out, err } = await run(["--input-type=module", "-e", code], { env: { ...process.env, HOME: home } });
  assert.deepEqual([status, out], [0, "dev\n"], err);
});

test("a program ends by itself after close, with requests and a lost connection under way", async (context) => {
  const daemon = await daemonOf(context);
  const code = `import { ParsSession } from "@pars/session";
    const session = new ParsSession({ dataDir: ${JSON.stringify(daemon.dataDir)}, network: "dev", patience: 1e9 });
    const chat = await session.createSession("${PEER}");
    chat.onMessage(() => { throw new Error("never done"); });
    session.on("error", () => undefined);
    session.on("disconnected", async () => {
      const sending = chat.sendMessage("x").catch((error) => console.log(error.code));
      await session.close();
      await sending;
    });
    session.on("connected", () => console.log("connected"));`;
  const watch = ({ out }) => {
    if (out === "connected\n") void daemon.stop();
  };
  daemon.receive(PEER.slice(2), "1");
  const { status, out, err } = await run(["--input-type=module", "-e", code], { watch });
  assert.deepEqual([status, out, err], [0, "connected\nClosed\n", ""]);
  await daemon.listen();
});
