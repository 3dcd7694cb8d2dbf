// Foundry's cast, unmodified, against the development chain.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { counterCode, firstKey, startDevnet } from "./devnet.mjs";

const program = join(dirname(fileURLToPath(import.meta.url)), "../../../node_modules/.bin/cast");
const run = promisify(execFile);
const sender = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266";

let devnet, address;

const cast = async (...args) => {
  const env = { ...process.env, ETH_RPC_URL: devnet.rpc };
  return (await run(program, args, { env })).stdout.trim();
};
// npm's launcher of cast ends with status 0 whatever cast says, so errors are read from standard error.
const failing = async (...args) => {
  const env = { ...process.env, ETH_RPC_URL: devnet.rpc };
  const { stdout, stderr } = await run(program, args, { env }).catch((error) => error);
  assert.equal(stdout, "");
  return stderr;
};
const send = async (...args) => JSON.parse(await cast("send", "--private-key", firstKey, "--json", ...args));

before(async () => {
  devnet = await startDevnet("--no-empty-blocks");
  address = (await send("--create", counterCode)).contractAddress;
});

after(async () => assert.equal(await devnet.stop(), 0, "SIGTERM ends the program with status 0"));

test("chain-id, block-number, balance and nonce", async () => {
  assert.equal(await cast("chain-id"), "7072");
  assert.equal(await cast("block-number"), "1");
  assert.equal(await cast("nonce", sender), "1");
  assert.equal(await cast("balance", "--ether", "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"), "10000.000000000000000000");
});

test("send, call, receipt and logs", async () => {
  const sent = await send(address, "add(uint256)", "5");
  assert.equal(sent.status, "0x1");
  assert.equal(await cast("call", address, "value()(uint256)"), "5");
  const receipt = JSON.parse(await cast("receipt", sent.transactionHash, "--json"));
  assert.equal(receipt.blockHash, sent.blockHash);
  const logs = JSON.parse(await cast("logs", "--json", "--from-block", "0", "--address", address, "Counted(address indexed, uint256)"));
  assert.deepEqual(logs.map((log) => log.transactionHash), [sent.transactionHash]);
  assert.equal(JSON.parse(await cast("tx", sent.transactionHash, "--json")).from.toLowerCase(), sender.toLowerCase());
});

test("a revert is told with its reason", async () => {
  assert.match(await failing("call", address, "fail()"), /execution reverted: no\b/);
});

test("estimate names gas that suffices", async () => {
  const gas = await cast("estimate", address, "add(uint256)", "1", "--from", sender);
  assert.equal((await send(address, "add(uint256)", "1", "--gas-limit", gas)).status, "0x1");
});

test("a development account sends unlocked", async () => {
  const sent = JSON.parse(await cast("send", "--unlocked", "--from", sender, "--json", address, "add(uint256)", "2"));
  assert.equal(sent.status, "0x1");
});

test("rpc evm_increaseTime moves the clock", async () => {
  const time = async () => BigInt((await cast("call", address, "time()(uint256)")).split(" ")[0]);
  const start = await time();
  assert.equal(await cast("rpc", "evm_increaseTime", "3600"), "3600");
  await cast("rpc", "evm_mine");
  assert.ok((await time()) >= start + 3600n);
});

test("rpc anvil_reorg drops the last block's transaction", async () => {
  const value = await cast("call", address, "value()(uint256)");
  const sent = await send(address, "add(uint256)", "9");
  await cast("rpc", "anvil_reorg", "1", "[]");
  assert.equal(await cast("call", address, "value()(uint256)"), value);
  assert.equal(await cast("rpc", "eth_getTransactionReceipt", sent.transactionHash), "null");
  assert.equal(await cast("block", "latest", "--field", "number"), String(Number(sent.blockNumber)));
});

test("an unknown method is named as such", async () => {
  assert.match(await failing("rpc", "eth_mystery"), /-32601/);
});
