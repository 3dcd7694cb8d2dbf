/**
 * A wallet of the browser, announced as EIP-6963 says, on the built page under its real policy: what it is given, what leaves,
 * and what is said when it does not sign. Its key is a real one; it behaves as common wallets do.
 */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { chromium } from "playwright-core";
import { hashTypedData, recoverTypedDataAddress } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { FakeDaemon, published } from "../support/daemon.mjs";
import { accountOf, roomId } from "../support/rooms.mjs";

const dist = fileURLToPath(new URL("../../dist", import.meta.url));
const { json: typed, digest } = published.typedData;
const CHAIN = typed.domain.chainId;
/** The key of the published statement's account. */
const owner = privateKeyToAccount(`0x${"05".repeat(32)}`);
const NAME = 'Fox"><img src=x onerror=alert(1)> \u202Etellaw';
/** Half the order of secp256k1 (EIP-2). */
const HALF_ORDER = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0n;

let browser;
let daemon;
let page;
let wallet;
let faults;

before(async () => {
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu"],
  });
});
after(() => browser.close());

/** What a wallet answers; `accounts`, `chain`, `refuses` and `opens` are its owner's doing. */
const answer = async ({ method, params }) => {
  wallet.asked.push(method);
  const refuse = (code, message) => ({ error: { code, message } });
  switch (method) {
    case "eth_requestAccounts":
      return wallet.opens ? { result: wallet.accounts } : refuse(4001, "User rejected the request.");
    case "eth_accounts":
      return { result: wallet.accounts };
    case "eth_chainId":
      return { result: `0x${wallet.chain.toString(16)}` };
    case "eth_signTypedData_v4": {
      if (wallet.refuses) return refuse(4001, "User denied message signature.");
      if (params[0].toLowerCase() !== owner.address.toLowerCase()) return refuse(4100, "not authorized");
      wallet.given = JSON.parse(params[1]);
      return { result: await owner.signTypedData(wallet.given) };
    }
    default:
      return refuse(4200, "unsupported");
  }
};

/** Runs in the page before its own code: announces the wallet whenever it is asked for. */
const announce = (name) => {
  const request = async (call) => {
    const { result, error } = await globalThis.walletAnswers(call);
    if (error !== undefined) throw Object.assign(new Error(error.message), { code: error.code });
    return result;
  };
  const icon = "data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>";
  const info = { uuid: "3f1c", name, icon, rdns: "example.fox" };
  const tell = () => dispatchEvent(new CustomEvent("eip6963:announceProvider", { detail: { info, provider: { request } } }));
  addEventListener("eip6963:requestProvider", tell);
  // Others announce rubbish: nothing of it is a wallet.
  const rubbish = [null, {}, { info: {}, provider: {} }, { info: { uuid: 1, name: {} }, provider: { request: 1 } }];
  addEventListener("eip6963:requestProvider", () =>
    rubbish.forEach((detail) => dispatchEvent(new CustomEvent("eip6963:announceProvider", { detail }))),
  );
};

beforeEach(async () => {
  daemon = await FakeDaemon.start(dist);
  daemon.lobby = { known: { allowed: true, reason: null, accounts: [owner.address.toLowerCase(), accountOf("me")] } };
  wallet = { accounts: [owner.address], chain: CHAIN, refuses: false, opens: true, asked: [], given: undefined };
  faults = [];
  const context = await browser.newContext({ locale: "en-GB" });
  page = await context.newPage();
  page.on("pageerror", (error) => faults.push(error.message));
  page.on("console", (message) => /policy|Trusted/u.test(message.text()) && faults.push(message.text()));
  page.on("dialog", (dialog) => (faults.push(`dialog ${dialog.message()}`), dialog.dismiss()));
  page.on("request", (request) => request.url().startsWith(daemon.url) || faults.push(`foreign request ${request.url()}`));
  await page.exposeFunction("walletAnswers", answer);
  await page.addInitScript(announce, NAME);
  await page.goto(daemon.link);
  await page
    .locator(`[data-room="${roomId("Committee")}"]`)
    .getByTestId("enter-room")
    .click();
  await id("prejoin").waitFor();
});
afterEach(async () => {
  await page.context().close();
  await daemon.stop();
  assert.deepEqual(faults, [], "no script error, no violated policy, no foreign request (an icon's neither), no dialog");
});

const id = (name) => page.getByTestId(name);
const chooseWallet = async () => {
  await id("form-known").check();
  await id("wallet-select").selectOption("3f1c");
};
const called = (wanted) => daemon.calls.filter(({ method }) => method === wanted);
/** The screen after a wallet that did not sign: its sentence; nothing was sent to the room. */
const refusedAs = async (reason) => {
  await page.locator(`[data-testid="refused"][data-reason="${reason}"]`).waitFor();
  assert.deepEqual(called("room.join"), []);
  assert.equal(called("room.cancel").length, 1, "the attempt ends");
  return id("refused").innerText();
};

test("an EIP-6963 wallet signs the seat statement as typed data, and the verifier of the daemon takes what leaves", async () => {
  await chooseWallet();
  assert.equal((await id("wallet-select").locator("option").allInnerTexts()).length, 2, "the built-in wallet and this one");
  await id("account-select").waitFor();
  await id("enter").click();
  // This daemon has no media server behind it: the seat was given, and that is all that is wanted here.
  await page.locator('[data-testid="refused"][data-reason="token"]').waitFor({ timeout: 60_000 });
  assert.deepEqual(wallet.given, typed, "domain, types and message are those that Rust published, to the letter");
  assert.deepEqual(wallet.given.domain, {
    name: "ParsTownHall",
    version: "1",
    chainId: 7072,
    verifyingContract: typed.domain.verifyingContract,
  });
  assert.equal(hashTypedData(wallet.given), `0x${digest}`, "what the wallet hashes is what Rust hashes");
  const [{ params }] = called("room.join");
  assert.equal(await recoverTypedDataAddress({ ...typed, signature: params.walletSignature }), owner.address);
  assert.equal(owner.address.toLowerCase(), `0x${published.account}`, "and that is the statement's account");
  assert.match(params.walletSignature, /^0x[0-9a-f]{128}(?:1b|1c)$/u, "v is 27 or 28");
  assert.ok(BigInt(`0x${params.walletSignature.slice(66, 130)}`) <= HALF_ORDER, "the lower s");
  assert.deepEqual(called("dev.sign"), [], "the built-in wallet was not asked");
  assert.equal(wallet.asked.filter((method) => method === "eth_signTypedData_v4").length, 1, "one signature");
});

test("the built-in wallet is still there, comes first, and signs", async () => {
  await id("form-known").check();
  assert.equal(await id("wallet-select").inputValue(), "dev");
  await id("account-select").waitFor();
  await id("enter").click();
  await page.locator('[data-testid="refused"][data-reason="token"]').waitFor({ timeout: 60_000 });
  assert.equal(called("dev.sign").length, 1);
  assert.deepEqual(wallet.asked, [], "the other one was not asked for anything");
});

test("a wallet whose owner says no, one on another account and one on another chain: each its own message, nothing sent", async () => {
  const told = new Set();
  for (const [reason, change, says] of [
    ["walletRefused", { refuses: true }, /You said no in the wallet/u],
    ["walletAccount", { accounts: [accountOf("stranger")] }, /does not hold the chosen account/u],
    ["walletChain", { chain: 1 }, /another chain.*chain .?7072/su],
  ]) {
    wallet.asked = [];
    await chooseWallet();
    // The accounts of the wallet that was chosen before stand there until this one has answered.
    while (!wallet.asked.includes("eth_requestAccounts")) await page.waitForTimeout(20);
    await id("account-select").waitFor();
    daemon.calls = [];
    Object.assign(wallet, change);
    await id("enter").click();
    const sentence = await refusedAs(reason);
    assert.match(sentence, says);
    told.add(sentence);
    Object.assign(wallet, { refuses: false, accounts: [owner.address], chain: CHAIN });
    await id("try-again").click();
    await id("prejoin").waitFor();
  }
  assert.equal(told.size, 3);
});

test("before entering: a wallet with other accounts, and one that shows none, say so; asked again they are taken", async () => {
  const said = (answer) => page.locator(`[data-testid="wallet-answer"][data-answer="${answer}"]`);
  Object.assign(wallet, { accounts: [accountOf("stranger")] });
  await chooseWallet();
  await said("other").waitFor();
  assert.match(await id("wallet-answer").innerText(), /0xd09a/iu, "it names the account to choose");
  assert.equal(await id("enter").isDisabled(), true);
  Object.assign(wallet, { opens: false });
  await id("wallet-again").click();
  await said("refused").waitFor();
  Object.assign(wallet, { opens: true, accounts: [owner.address] });
  await id("wallet-again").click();
  await id("account-select").waitFor();
  assert.equal(await id("enter").isDisabled(), false);
});

test("a wallet's name is text and its icon is not drawn", async () => {
  await chooseWallet();
  const shown = await id("wallet-select").locator('option[value="3f1c"]').textContent();
  assert.equal(shown, NAME.replace("\u202E", "⟨U+202E⟩"));
  assert.equal(await page.locator("img, iframe, object, embed, script:not([src])").count(), 0);
});
