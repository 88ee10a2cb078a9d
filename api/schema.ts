import { commonSchemas } from '../schemas/validate';

/** A JSON Schema (2020-12), which is also an OpenAPI 3.1 schema. */
export type Schema = Readonly<Record<string, unknown>>;

/** A reference to `schemas/common/<name>.json`. Throws when there is no such schema. */
export function common(name: string): Schema {
  const schema = commonSchemas[name];
  if (!schema) throw new Error(`There is no schema schemas/common/${name}.json.`);
  return { $ref: schema.$id };
}

/** A closed object; the properties named in `optional` may be absent, all others are always there. */
export const object = (properties: Readonly<Record<string, Schema>>, optional: string[] = []): Schema => ({
  type: 'object',
  additionalProperties: false,
  required: Object.keys(properties).filter((name) => !optional.includes(name)),
  properties,
});

export const list = (items: Schema): Schema => ({ type: 'array', items });

export const oneOf = (...values: readonly string[]): Schema => ({ type: 'string', enum: values });

export const text: Schema = { type: 'string' };

/** A calendar day to ask for. The database knows no year 0. */
export const day: Schema = { ...common('iso-date'), pattern: '^[12]' };

/** An instant to ask for: in UTC, because a "+" of another time zone would have to be escaped in an address. */
export const utcInstant: Schema = { ...common('instant'), pattern: '^[12].*Z$' };

/** A UUID to ask for. By its format alone it could begin with "urn:uuid:", which the database refuses. */
export const uuid: Schema = { type: 'string', format: 'uuid', pattern: '^[0-9A-Fa-f]{8}-' };

/** A count, zero or more. */
export const count: Schema = { type: 'integer', minimum: 0 };

/** Addresses of what belongs to the answer, relative to the API. */
export const links = (names: string[], optional: string[] = []): Schema =>
  object(
    Object.fromEntries(
      [...names, ...optional].map((name) => [name, { type: 'string', format: 'uri-reference' }]),
    ),
    optional,
  );

/** The properties of an object's schema out of `schemas/`, as they can stand anywhere else. */
export const propertiesOf = ({ properties }: Schema): Record<string, Schema> =>
  mapRefs(properties, (file) => String(common(file.replace(/^.*\/|\.json$/g, ''))['$ref'])) as Record<
    string,
    Schema
  >;

/** Replaces every `$ref` of a schema. */
export function mapRefs(schema: unknown, replace: (ref: string) => string): unknown {
  if (Array.isArray(schema)) return schema.map((one) => mapRefs(one, replace));
  if (schema === null || typeof schema !== 'object') return schema;
  return Object.fromEntries(
    Object.entries(schema).map(([key, value]) => [
      key,
      key === '$ref' && typeof value === 'string' ? replace(value) : mapRefs(value, replace),
    ]),
  );
}
