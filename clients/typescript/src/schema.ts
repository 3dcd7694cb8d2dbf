/** Whether a value is what its schema says: the part of JSON Schema that the daemon's types use. */

/** A schema; `false` fits nothing. */
export type Schema =
  | false
  | {
      readonly $ref?: string;
      readonly additionalProperties?: boolean;
      readonly allOf?: readonly Schema[];
      readonly anyOf?: readonly Schema[];
      readonly const?: string;
      readonly items?: Schema;
      readonly maximum?: number;
      readonly minimum?: number;
      readonly oneOf?: readonly Schema[];
      readonly pattern?: string;
      readonly properties?: Readonly<Record<string, Schema>>;
      readonly required?: readonly string[];
      readonly type?: string | readonly string[];
    };

/** Schemas by the last part of their reference. */
export type Definitions = Readonly<Record<string, Schema>>;

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const isOf = (type: string, value: unknown): boolean => {
  switch (type) {
    case "null":
      return value === null;
    case "array":
      return Array.isArray(value);
    case "object":
      return isObject(value);
    // A number beyond 2^53 has lost digits when it is read: it is refused, not rounded.
    case "integer":
      return Number.isSafeInteger(value);
    default:
      return typeof value === type;
  }
};

/** Whether the value fits. */
export const fits = (schema: Schema, value: unknown, definitions: Definitions): boolean => {
  if (schema === false) return false;
  const inner = (part: Schema): boolean => fits(part, value, definitions);
  if (schema.$ref !== undefined) {
    const name = schema.$ref.slice(schema.$ref.lastIndexOf("/") + 1);
    return Object.hasOwn(definitions, name) && inner(definitions[name] ?? false);
  }
  if (schema.type !== undefined && ![schema.type].flat().some((type) => isOf(type, value))) return false;
  if (schema.const !== undefined && schema.const !== value) return false;
  if (schema.minimum !== undefined && typeof value === "number" && value < schema.minimum) return false;
  if (schema.maximum !== undefined && typeof value === "number" && value > schema.maximum) return false;
  if (schema.pattern !== undefined && !(typeof value === "string" && new RegExp(schema.pattern, "u").test(value))) return false;
  if (schema.allOf !== undefined && !schema.allOf.every(inner)) return false;
  if (schema.anyOf !== undefined && !schema.anyOf.some(inner)) return false;
  if (schema.oneOf !== undefined && schema.oneOf.filter(inner).length !== 1) return false;
  return fitsInside(schema, value, definitions);
};

/** Whether the parts of a list or an object fit. */
const fitsInside = (schema: Exclude<Schema, false>, value: unknown, definitions: Definitions): boolean => {
  const { items, properties = {}, required = [] } = schema;
  if (Array.isArray(value)) return items === undefined || value.every((item) => fits(items, item, definitions));
  if (!isObject(value)) return true;
  if (!required.every((name) => Object.hasOwn(value, name))) return false;
  if (schema.additionalProperties === false && !Object.keys(value).every((name) => Object.hasOwn(properties, name))) return false;
  return Object.entries(properties).every(([name, part]) => !Object.hasOwn(value, name) || fits(part, value[name], definitions));
};
