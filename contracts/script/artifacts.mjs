#!/usr/bin/env node
// Trims forge's output into contracts/artifacts, so that cargo needs neither Node nor a Solidity compiler.
//   node contracts/script/artifacts.mjs           writes the artifacts
//   node contracts/script/artifacts.mjs --check   fails and names every artifact that is stale, missing or unknown
//   node contracts/script/artifacts.mjs --check <folder>   the same for a copy of them
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "../..");
const check = process.argv.indexOf("--check");
const folder = (check >= 0 && process.argv[check + 1]) || join(root, "contracts/artifacts");

// Every name is also its source file's. Interfaces are here when nothing of ours implements them.
const names = [
  "EligibilityRegistry",
  "Groth16Verifier",
  "ICommittee",
  "IModuleAccount",
  "ISafe",
  "MinimalAccount",
  "MldsaEip8355",
  "MldsaErc7913",
  "ParsToken",
  "PoseidonT2",
  "PoseidonT3",
  "PoseidonT5",
  "RecordingConsent",
  "ServiceNodeRegistry",
  "SessionTrigger",
  "TownHall",
  "VotingEscrow",
];

// Declared by OpenZeppelin's EIP712, which never emits it: our domains cannot change.
const neverEmitted = new Set(["EIP712DomainChanged"]);
// What the deployment must know of a verifier before it is on a chain.
const verifierConstants = { KEY_HASH: /bytes32 public constant KEY_HASH = (0x[0-9a-f]{64});/, DEV_KEY: /bool public constant DEV_KEY = (true|false);/ };

function build() {
  const forge = join(root, "node_modules/.bin/forge");
  execFileSync(forge, ["build", "--skip", "test", "--skip", "script", "--quiet"], { cwd: root, stdio: "inherit" });
}

function trimmed(name) {
  const { abi, bytecode, deployedBytecode } = JSON.parse(readFileSync(join(root, `out/${name}.sol/${name}.json`), "utf8"));
  const artifact = {
    contractName: name,
    abi: abi.filter((item) => item.type !== "event" || !neverEmitted.has(item.name)),
    bytecode: bytecode.object,
    deployedBytecode: deployedBytecode.object,
  };
  if (Object.keys(bytecode.linkReferences ?? {}).length > 0) artifact.linkReferences = bytecode.linkReferences;
  if (name === "Groth16Verifier") artifact.constants = constantsOf(name);
  return `${JSON.stringify(artifact, null, 1)}\n`;
}

function constantsOf(name) {
  const source = readFileSync(join(root, `contracts/src/${name}.sol`), "utf8");
  const entries = Object.entries(verifierConstants).map(([constant, pattern]) => {
    const found = pattern.exec(source);
    if (!found) throw new Error(`contracts/src/${name}.sol does not declare ${constant}`);
    return [constant, constant === "DEV_KEY" ? found[1] === "true" : found[1]];
  });
  return Object.fromEntries(entries);
}

function present() {
  return readdirSync(folder).filter((file) => file.endsWith(".json"));
}

build();
const wanted = new Map(names.map((name) => [`${name}.json`, trimmed(name)]));
if (check >= 0) {
  const wrong = [];
  for (const [file, text] of wanted) {
    const path = join(folder, file);
    if (!existsSync(path)) wrong.push(`${file} is missing`);
    else if (readFileSync(path, "utf8") !== text) wrong.push(`${file} is stale`);
  }
  for (const file of present()) if (!wanted.has(file)) wrong.push(`${file} belongs to no contract`);
  if (wrong.length > 0) {
    for (const line of wrong) console.error(`contracts/artifacts: ${line}`);
    console.error("run: node contracts/script/artifacts.mjs");
    process.exit(1);
  }
  console.log(`${wanted.size} artifacts are fresh`);
} else {
  for (const file of present()) if (!wanted.has(file)) rmSync(join(folder, file));
  for (const [file, text] of wanted) writeFileSync(join(folder, file), text);
  console.log(`${wanted.size} artifacts written`);
}
