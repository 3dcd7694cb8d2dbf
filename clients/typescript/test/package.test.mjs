// What is published, and that a browser gets nothing of Node.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { WebSocket } from "ws";
import { daemonOf } from "./support/daemon.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const manifest = JSON.parse(readFileSync(`${root}package.json`, "utf8"));

test("the package holds compiled modules with their types, the licence and nothing else", () => {
  const [{ files }] = JSON.parse(
    execFileSync("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"], { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }),
  );
  const paths = files.map((file) => file.path);
  for (const path of paths) assert.match(path, /^(package\.json|LICENSE|README\.md|dist\/[a-z/]+\.(js|d\.ts))$/);
  const named = [manifest.exports["."], manifest.imports["#platform"]].flatMap(Object.values);
  for (const path of named) assert.ok(paths.includes(path.slice(2)), `${path} is named and not published`);
  for (const path of paths.filter((name) => name.endsWith(".js"))) {
    assert.ok(paths.includes(path.replace(/\.js$/, ".d.ts")), `${path} has no types`);
    assert.ok(existsSync(`${root}${path.replace("dist/", "src/").replace(/\.js$/, ".ts")}`), `${path} has no source: remove dist`);
  }
});

/** Every module that an import of the package loads, where `#platform` is this file. */
const reachable = (platform) => {
  const seen = new Map();
  const visit = (file) => {
    if (seen.has(file)) return;
    const source = readFileSync(file, "utf8");
    const imports = [...source.matchAll(/^(?:import|export)[^;]*?from\s+"([^"]+)"/gm)].map((match) => match[1]);
    seen.set(file, imports);
    for (const target of imports) {
      if (target === "#platform") visit(resolve(root, platform));
      else if (target.startsWith(".")) visit(resolve(dirname(file), target));
    }
  };
  visit(resolve(root, manifest.exports["."].default));
  return seen;
};

test("a browser loads no module of Node and no package that is not declared", () => {
  const { node, default: browser } = manifest.imports["#platform"];
  const foreign = (platform) =>
    new Set([...reachable(platform).values()].flat().filter((target) => !target.startsWith(".") && target !== "#platform"));
  for (const target of foreign(browser)) {
    assert.ok(!target.startsWith("node:") && target !== "ws", `${target} in a browser`);
  }
  for (const target of [...foreign(node)].filter((name) => !name.startsWith("node:"))) {
    assert.ok(Object.hasOwn(manifest.dependencies, target.split("/")[0]), `${target} is not declared`);
  }
});

test("a browser reaches the daemon's port with the token, and with another one nothing", async (context) => {
  const daemon = await daemonOf(context);
  const own = Object.getOwnPropertyDescriptor(globalThis, "WebSocket") ?? { configurable: true, value: undefined };
  context.after(() => Object.defineProperty(globalThis, "WebSocket", own));
  class Browsers extends WebSocket {
    constructor(...words) {
      super(...words);
      // A browser's socket does not throw what nobody listens to.
      this.on("error", () => undefined);
    }
  }
  Object.defineProperty(globalThis, "WebSocket", { configurable: true, value: Browsers });
  const { platform } = await import("../dist/platform/browser.js");
  assert.equal(platform.takes, "url");
  const answer = async (token) => {
    const route = await platform.route({ network: "dev", url: daemon.url, token });
    return new Promise((resolve) => {
      const socket = route.connect({
        opened: () => socket.send('{"jsonrpc":"2.0","id":1,"method":"session.list","params":{}}'),
        received: (text) => {
          resolve(JSON.parse(text));
          socket.close();
        },
        closed: () => resolve("closed"),
      });
    });
  };
  assert.deepEqual(await answer(daemon.token), { jsonrpc: "2.0", id: 1, result: [] });
  assert.equal(await answer("00".repeat(32)), "closed");
});

test("where a browser does not even try to connect there is no daemon, and no other kind of error", async (context) => {
  const own = Object.getOwnPropertyDescriptor(globalThis, "WebSocket") ?? { configurable: true, value: undefined };
  context.after(() => Object.defineProperty(globalThis, "WebSocket", own));
  class Mixed {
    constructor() {
      throw new DOMException("mixed content", "SecurityError");
    }
  }
  Object.defineProperty(globalThis, "WebSocket", { configurable: true, value: Mixed });
  const { platform } = await import("../dist/platform/browser.js");
  const { ParsError } = await import("../dist/index.js");
  const route = await platform.route({ network: "dev", url: "http://127.0.0.1:1", token: "ab" });
  const tried = () => route.connect({});
  assert.throws(tried, (error) => error instanceof ParsError && error.code === "NoDaemon" && error.cause.name === "SecurityError");
});
