// That artifacts which are not what the sources give do not pass for fresh.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { appendFileSync, cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const check = (folder) => spawnSync(process.execPath, [join(here, "artifacts.mjs"), "--check", folder], { encoding: "utf8" });

test("an artifact that is stale, missing or of no contract is named, and untouched ones are fresh", () => {
  const folder = mkdtempSync(join(tmpdir(), "pars-artifacts-"));
  try {
    cpSync(join(here, "../artifacts"), folder, { recursive: true });
    assert.equal(check(folder).status, 0);
    appendFileSync(join(folder, "TownHall.json"), " ");
    rmSync(join(folder, "ParsToken.json"));
    writeFileSync(join(folder, "Nobody.json"), "{}");
    const refused = check(folder);
    assert.equal(refused.status, 1);
    for (const said of ["TownHall.json is stale", "ParsToken.json is missing", "Nobody.json belongs to no contract"]) {
      assert.ok(refused.stderr.includes(said), refused.stderr);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});
