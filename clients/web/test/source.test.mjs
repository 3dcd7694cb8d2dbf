import assert from "node:assert/strict";
import { readFile, readdir } from "node:fs/promises";
import { test } from "node:test";

const root = new URL("../src/", import.meta.url);
const files = await Promise.all(
  (await readdir(root, { recursive: true }))
    .filter((name) => /\.tsx?$/u.test(name))
    .map(async (name) => [name, await readFile(new URL(name, root), "utf8")]),
);
const headers = JSON.parse(await readFile(new URL("../headers.json", import.meta.url), "utf8"));

test("text becomes nothing but text: no way to markup or code is used", () => {
  for (const [name, code] of files) {
    assert.doesNotMatch(
      code,
      /dangerouslySetInnerHTML|innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|srcdoc|DOMParser|createContextualFragment/u,
      name,
    );
  }
});

test("links and addresses are never made of what others wrote", () => {
  for (const [name, code] of files) {
    for (const [, value] of code.matchAll(/\b(?:href|src|action|formAction)=(\{[^}]*\}|"[^"]*")/gu))
      assert.match(value, /^"#\w+"$/u, `${name}: ${value}`);
  }
});

test("no style attribute: the policy would refuse it", () => {
  for (const [name, code] of files) assert.doesNotMatch(code, /\bstyle=/u, name);
});

test("frames have one way out of the worker, and it is sealed or opened", async () => {
  const [, worker] = files.find(([name]) => name === "media/worker.ts");
  assert.equal(worker.match(/enqueue/gu).length, 1);
  const [, cryptor] = files.find(([name]) => name === "media/cryptor.ts");
  assert.doesNotMatch(cryptor, /isEnabled|encryptionEnabled|sif/iu);
});

test("livekit-client's own ways to data are not used: packets come from the manager alone", () => {
  for (const [name, code] of files)
    assert.doesNotMatch(
      code,
      /DataReceived|ChatMessage|registerTextStreamHandler|registerByteStreamHandler|registerRpcMethod|TranscriptionReceived/u,
      name,
    );
});

test("whether a room is recorded is never livekit's word", () => {
  for (const [name, code] of files)
    assert.doesNotMatch(code, /isRecording|activeRecording|RecordingStatusChanged|RoomMetadataChanged/u, name);
});

test("a file that is played comes from this tab alone", () => {
  const [, sources] = /media-src ([^;]*);/u.exec(headers["Content-Security-Policy"]);
  assert.deepEqual(sources.split(" "), ["'self'", "mediastream:", "blob:"]);
});

test("no file has more than 500 lines", () => {
  for (const [name, code] of files) if (!name.startsWith("i18n/")) assert.ok(code.split("\n").length <= 500, name);
});

/** Functions of a file and methods of its classes, with their lines; what closes one stands below its beginning. */
const functionsOf = (code) => {
  const lines = code.split("\n");
  const begins = [
    [/^(?:export )?const (\w+) = (?:async )?(?:<[^>]*>)?\(.*[^;]$/u, /^[)}\]]+[;,]?$/u],
    [/^ {2}(?:override |async |static |get |set )*(#?\w+)(?:<[^>]*>)?\((?:.*\)(?:: [^=]*)? \{)?$/u, /^ {2}[)}\]]+[;,]?$/u],
  ];
  return lines.flatMap((line, from) =>
    begins.flatMap(([begin, end]) => {
      const name = begin.exec(line)?.[1];
      if (name === undefined) return [];
      const isBlock = /[{(]$/u.test(line);
      const to = lines.findIndex((other, at) => at > from && (isBlock ? end : /;$/u).test(other));
      return [{ name, length: to - from + 1 }];
    }),
  );
};

test("no function has more than 60 lines", () => {
  const all = files.flatMap(([file, code]) => functionsOf(code).map((each) => ({ file, ...each })));
  assert.ok(all.length > 300, `${all.length} functions were found`);
  assert.deepEqual(
    all.filter(({ length }) => length < 1 || length > 60),
    [],
  );
});

test("the policy has no inline code, no foreign origin, no frame, and one script address", () => {
  const policy = Object.fromEntries(
    headers["Content-Security-Policy"].split("; ").map((part) => [part.split(" ")[0], part.split(" ").slice(1)]),
  );
  assert.doesNotMatch(headers["Content-Security-Policy"], /unsafe|\*|https?:|data:/u);
  assert.deepEqual(policy["default-src"], ["'none'"]);
  for (const name of ["frame-ancestors", "base-uri", "form-action"]) assert.deepEqual(policy[name], ["'none'"], name);
  for (const name of ["script-src", "worker-src", "style-src", "img-src"]) assert.deepEqual(policy[name], ["'self'"], name);
  assert.deepEqual(policy["require-trusted-types-for"], ["'script'"]);
  assert.deepEqual(policy["connect-src"], ["'self'", "ws://{self}"]);
  assert.equal(headers["Referrer-Policy"], "no-referrer");
  assert.equal(headers["X-Content-Type-Options"], "nosniff");
});
