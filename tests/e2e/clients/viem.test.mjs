// viem, unmodified, against the development chain: deploy, write, wait, watch, query, time, snapshots, reorganisations.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import {
  createPublicClient, createTestClient, createWalletClient, defineChain, http, parseAbi, parseEther, webSocket,
} from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { counterCode, firstKey, startDevnet } from "./devnet.mjs";

const abi = parseAbi([
  "function value() view returns (uint256)",
  "function time() view returns (uint256)",
  "function add(uint256 n)",
  "function fail() pure",
  "event Counted(address indexed by, uint256 value)",
  "error TooLarge(uint256 asked, uint256 limit)",
]);
const account = privateKeyToAccount(firstKey);

let devnet, reader, watcher, wallet, tester, address;

before(async () => {
  devnet = await startDevnet("--no-empty-blocks");
  const chain = defineChain({
    id: devnet.chainId,
    name: "Pars development",
    nativeCurrency: { name: "Ether", symbol: "ETH", decimals: 18 },
    rpcUrls: { default: { http: [devnet.rpc], webSocket: [devnet.ws] } },
  });
  reader = createPublicClient({ chain, transport: http(), pollingInterval: 50, cacheTime: 0 });
  watcher = createPublicClient({ chain, transport: webSocket(devnet.ws, { reconnect: false }) });
  wallet = createWalletClient({ chain, account, transport: http() });
  tester = createTestClient({ chain, mode: "anvil", transport: http() });
  const hash = await wallet.deployContract({ abi, bytecode: counterCode });
  address = (await reader.waitForTransactionReceipt({ hash })).contractAddress;
});

after(async () => {
  (await watcher.transport.getRpcClient()).close();
  assert.equal(await devnet.stop(), 0, "SIGTERM ends the program with status 0");
});

const read = (functionName) => reader.readContract({ address, abi, functionName });
const add = async (n) => {
  const hash = await wallet.writeContract({ address, abi, functionName: "add", args: [n] });
  return reader.waitForTransactionReceipt({ hash });
};

test("the chain names itself and its accounts are funded", async () => {
  assert.equal(await reader.getChainId(), 7072);
  const fresh = "0xa0Ee7A142d267C1f36714E4a8F75612F20a79720";
  assert.equal(await reader.getBalance({ address: fresh }), parseEther("10000"));
  const fees = await reader.estimateFeesPerGas();
  assert.ok(fees.maxFeePerGas > fees.maxPriorityFeePerGas);
});

test("a written value is read back and its log is found with its block's timestamp", async () => {
  const value = await read("value");
  const receipt = await add(5n);
  assert.equal(receipt.status, "success");
  assert.equal(await read("value"), value + 5n);
  const [log] = await reader.getContractEvents({ address, abi, fromBlock: receipt.blockNumber });
  assert.deepEqual(log.args, { by: account.address, value: value + 5n });
  const block = await reader.getBlock({ blockHash: receipt.blockHash, includeTransactions: true });
  assert.equal(block.transactions[0].hash, receipt.transactionHash);
  assert.equal(BigInt(log.blockTimestamp), block.timestamp);
  const transaction = await reader.getTransaction({ hash: receipt.transactionHash });
  assert.equal(transaction.typeHex, "0x2");
});

test("legacy and EIP-2930 transactions are taken", async () => {
  for (const type of ["legacy", "eip2930"]) {
    const hash = await wallet.sendTransaction({ to: account.address, value: 1n, type });
    assert.equal((await reader.waitForTransactionReceipt({ hash })).type, type);
  }
});

test("a custom error comes back decoded from a call and from an estimate", async () => {
  const decoded = (error) => error.walk((e) => e.data?.errorName === "TooLarge")?.data.args;
  const calls = [
    reader.simulateContract({ account, address, abi, functionName: "add", args: [101n] }),
    reader.estimateContractGas({ account, address, abi, functionName: "add", args: [101n] }),
  ];
  for (const call of calls) await assert.rejects(call, (error) => (assert.deepEqual(decoded(error), [101n, 100n]), true));
  await assert.rejects(read("fail"), /no/);
});

test("a subscriber hears of a log, and of its removal when a reorganisation drops it", async () => {
  const heard = [];
  let wake = () => {};
  const next = async (count) => {
    while (heard.length < count) await new Promise((resolve) => (wake = resolve));
    return heard[count - 1];
  };
  const subscription = await watcher.transport.subscribe({
    params: ["logs", { address }],
    onData: ({ result }) => (heard.push(result), wake()),
    onError: (error) => assert.fail(error),
  });
  const receipt = await add(3n);
  const seen = await next(1);
  assert.deepEqual([seen.removed, seen.blockHash], [false, receipt.blockHash]);
  await tester.request({ method: "anvil_reorg", params: [1, []] });
  const removed = await next(2);
  assert.deepEqual([removed.removed, removed.blockHash], [true, receipt.blockHash]);
  assert.equal(await reader.getTransactionReceipt({ hash: receipt.transactionHash }).catch((e) => e.name), "TransactionReceiptNotFoundError");
  await subscription.unsubscribe();
});

test("watchContractEvent delivers over WebSocket", async () => {
  let unwatch;
  const logs = new Promise((resolve, reject) => {
    unwatch = watcher.watchContractEvent({ address, abi, onLogs: resolve, onError: reject });
  });
  // The subscription is on its way; a block request behind it on the same connection returns after it.
  await watcher.getBlockNumber({ cacheTime: 0 });
  await add(2n);
  assert.equal((await logs)[0].eventName, "Counted");
  unwatch();
});

test("watchBlockNumber delivers over WebSocket", async () => {
  let unwatch;
  const number = new Promise((resolve, reject) => {
    unwatch = watcher.watchBlockNumber({ onBlockNumber: resolve, onError: reject });
  });
  await watcher.getBlockNumber({ cacheTime: 0 });
  await tester.mine({ blocks: 1 });
  assert.equal(await number, await reader.getBlockNumber());
  unwatch();
});

test("time moves ahead by what was asked", async () => {
  const start = await read("time");
  await tester.increaseTime({ seconds: 86_400 });
  await tester.mine({ blocks: 1 });
  assert.ok((await read("time")) >= start + 86_400n);
  const target = (await read("time")) + 5_000n;
  await tester.setNextBlockTimestamp({ timestamp: target });
  await tester.mine({ blocks: 1 });
  assert.equal(await read("time"), target);
});

test("a snapshot brings the value back", async () => {
  const value = await read("value");
  const id = await tester.snapshot();
  await add(1n);
  assert.equal(await read("value"), value + 1n);
  await tester.revert({ id });
  assert.equal(await read("value"), value);
});

test("an impersonated account with a set balance sends", async () => {
  const stranger = "0x00000000000000000000000000000000000A11cE";
  await tester.impersonateAccount({ address: stranger });
  await tester.setBalance({ address: stranger, value: parseEther("1") });
  const hash = await wallet.sendTransaction({ account: stranger, to: account.address, value: 1n });
  assert.equal((await reader.waitForTransactionReceipt({ hash })).from, stranger.toLowerCase());
});

test("safe and finalized follow two blocks behind", async () => {
  await tester.mine({ blocks: 3 });
  const number = async (blockTag) => (await reader.getBlock({ blockTag })).number;
  const latest = await number("latest");
  assert.deepEqual([await number("safe"), await number("finalized")], [latest - 2n, latest - 2n]);
});
