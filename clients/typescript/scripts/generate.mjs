// Writes src/generated from node/rpc/openrpc.json: types for the compiler, schemas for replies at run time.
// `npm run generate`; a test holds the result fresh.
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const HEAD = "// Made from node/rpc/openrpc.json by scripts/generate.mjs. Not edited by hand.\n";

/** The document that the daemon's types give. */
export const openrpc = () =>
  JSON.parse(readFileSync(new URL("../../../node/rpc/openrpc.json", import.meta.url), "utf8"));

const comment = (text, indent = "") => (text === undefined ? "" : `${indent}/** ${text.replaceAll("*/", "* /")} */\n`);
const reference = (ref) => ref.split("/").at(-1);

/** A schema as a TypeScript type. */
const type = (schema, indent) => {
  if (schema.$ref !== undefined) return reference(schema.$ref);
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.allOf !== undefined) return schema.allOf.map((part) => type(part, indent)).join(" & ");
  const choice = schema.oneOf ?? schema.anyOf;
  if (choice !== undefined) {
    const union = choice.map((part) => type(part, indent)).join(" | ");
    return schema.properties === undefined ? union : `${object(schema, indent)} & (${union})`;
  }
  const names = [schema.type].flat().map((name) => primitive(name, schema, indent));
  return names.join(" | ");
};

const primitive = (name, schema, indent) => {
  switch (name) {
    case "integer":
      return "number";
    case "string":
    case "boolean":
    case "null":
      return name;
    case "array":
      return `readonly (${type(schema.items, indent)})[]`;
    case "object":
      return object(schema, indent);
    default:
      throw new Error(`no TypeScript for ${JSON.stringify(schema)}`);
  }
};

const object = (schema, indent) => {
  const properties = Object.entries(schema.properties ?? {});
  if (properties.length === 0) return "Record<string, never>";
  const fields = properties.map(([name, inner]) => {
    const optional = (schema.required ?? []).includes(name) ? "" : "?";
    return `${comment(inner.description, `${indent}  `)}${indent}  readonly ${name}${optional}: ${type(inner, `${indent}  `)};\n`;
  });
  return `{\n${fields.join("")}${indent}}`;
};

const supported = (document) => document.methods.filter((method) => method.result.schema !== false);

/** Parameters as the type of one object. */
const parameters = (method) => {
  const properties = Object.fromEntries(method.params.map((param) => [param.name, param.schema]));
  const required = method.params.filter((param) => param.required).map((param) => param.name);
  return type({ type: "object", properties, required }, "    ");
};

/** The module of types. */
export const types = (document) => {
  const schemas = Object.entries(document.components.schemas).map(
    ([name, schema]) => `${comment(schema.description)}export type ${name} = ${type(schema, "")};\n`,
  );
  const methods = supported(document).map(
    (method) =>
      `${comment(method.summary, "  ")}  readonly "${method.name}": {\n    readonly params: ${parameters(method)};\n` +
      `    readonly result: ${type(method.result.schema, "    ")};\n  };\n`,
  );
  return `${HEAD}\n${schemas.join("\n")}\n/** Every method of the daemon. */\nexport interface Methods {\n${methods.join("")}}\n`;
};

/** Without what only people read. */
const bare = (schema) => {
  if (Array.isArray(schema)) return schema.map(bare);
  if (typeof schema !== "object" || schema === null) return schema;
  const kept = Object.entries(schema).filter(([name]) => !["description", "format", "default"].includes(name));
  return Object.fromEntries(kept.map(([name, inner]) => [name, bare(inner)]));
};

/** The module of schemas and error numbers. */
export const schemas = (document) => {
  const lines = (entries) => entries.map(([name, value]) => `  ${JSON.stringify(name)}: ${JSON.stringify(value)},\n`).join("");
  const definitions = Object.entries(document.components.schemas).map(([name, schema]) => [name, bare(schema)]);
  const results = supported(document).map((method) => [method.name, bare(method.result.schema)]);
  const errors = Object.entries(document.components.errors).map(([name, error]) => [name, error.code]);
  return (
    `${HEAD}import type { Schema } from "../schema.js";\nimport type { Methods } from "./types.js";\n\n` +
    `/** What the types look like at run time. */\nexport const definitions: Readonly<Record<string, Schema>> = {\n${lines(definitions)}};\n\n` +
    `/** What each method answers. */\nexport const results: Readonly<Record<keyof Methods, Schema>> = {\n${lines(results)}};\n\n` +
    `/** The daemon's errors: their stable names and numbers. */\nexport const errorNumbers = {\n${lines(errors)}} as const;\n`
  );
};

const folder = new URL("../src/generated/", import.meta.url);

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const document = openrpc();
  writeFileSync(new URL("types.ts", folder), types(document));
  writeFileSync(new URL("schemas.ts", folder), schemas(document));
}
