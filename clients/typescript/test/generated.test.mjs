// The types come from the daemon's own document, and what the daemon's types look like in JSON is what is let through.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { definitions, errorNumbers, results } from "../dist/generated/schemas.js";
import { fits } from "../dist/schema.js";
import { openrpc, schemas, types } from "../scripts/generate.mjs";

const text = (path) => readFileSync(new URL(path, import.meta.url), "utf8");
/** Written by the Rust types. */
const shapes = JSON.parse(text("../../../node/rpc/tests/golden/shapes.json"));

/** Keywords that `fits` looks at. One more in the document, and values would pass unchecked. */
const KEYWORDS = new Set(
  ["$ref", "additionalProperties", "allOf", "anyOf", "const", "items", "maximum", "minimum", "oneOf", "pattern", "properties",
    "required", "type"],
);

test("the generated modules are fresh", () => {
  const document = openrpc();
  assert.equal(text("../src/generated/types.ts"), types(document), "npm run generate");
  assert.equal(text("../src/generated/schemas.ts"), schemas(document), "npm run generate");
});

test("every keyword of the schemas is looked at", () => {
  const walk = (schema) => {
    if (typeof schema !== "object") return;
    for (const [keyword, value] of Object.entries(schema)) {
      assert.ok(KEYWORDS.has(keyword), keyword);
      if (keyword === "properties") Object.values(value).forEach(walk);
      else if (keyword === "items") walk(value);
      else if (keyword.endsWith("Of")) value.forEach(walk);
    }
  };
  [...Object.values(definitions), ...Object.values(results)].forEach(walk);
});

test("what the daemon writes fits, and with any field missing it does not", () => {
  let count = 0;
  for (const [name, shape] of Object.entries(shapes)) {
    const value = name.startsWith("event: ") ? shape.params : shape;
    const schema = { $ref: name.startsWith("event: ") ? "Event" : name };
    if (!Object.hasOwn(definitions, schema.$ref)) continue;
    assert.ok(fits(schema, value, definitions), name);
    for (const field of Object.keys(value)) {
      const { [field]: _, ...rest } = value;
      assert.ok(!fits(schema, rest, definitions), `${name} without ${field}`);
    }
    count += 1;
  }
  assert.ok(count >= 16, `${count} shapes`);
});

test("an error has the number that the daemon gives it", () => {
  assert.equal(errorNumbers.WrongNetwork, shapes.Response.error.code);
});

test("a schema that is not there fits nothing", () => {
  for (const name of ["Nothing", "toString", "__proto__"]) assert.ok(!fits({ $ref: name }, {}, definitions));
  assert.ok(!fits(false, {}, definitions));
});
