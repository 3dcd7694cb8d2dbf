// Starts the program named by DEVNET_BIN on a directory of its own, waits for its ready line, ends it afterwards.
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));

/** Creation code of node/chain/tests/fixtures/Counter.sol. */
export const counterCode = readFileSync(join(here, "../../../node/chain/tests/fixtures/counter.hex"), "utf8").trim();

/** Key of the first of the well-known development accounts. */
export const firstKey = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";

/**
 * @param {string[]} flags
 * @returns {Promise<{rpc: string, ws: string, chainId: number, stop: () => Promise<number | null>}>}
 */
export async function startDevnet(...flags) {
  const program = process.env.DEVNET_BIN;
  if (!program) throw new Error("DEVNET_BIN names the devnet program to test");
  const directory = mkdtempSync(join(tmpdir(), "pars-devnet-"));
  const child = spawn(program, ["--datadir", directory, ...flags], { stdio: ["ignore", "pipe", "inherit"] });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  const line = await new Promise((resolve, reject) => {
    createInterface({ input: child.stdout }).once("line", resolve);
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`devnet ended with ${code} before it was ready`)));
  });
  const stop = async () => {
    child.kill("SIGTERM");
    const code = await ended;
    rmSync(directory, { recursive: true, force: true });
    return code;
  };
  return { ...JSON.parse(line), stop };
}
