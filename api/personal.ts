import { commonSchemas } from '../schemas/validate';
import type { Schema } from './schema';

/**
 * A message's data without what its contract marks as personal (x-personal), and without what the contract does not
 * declare: of that nobody knows what it is.
 *
 * @param schema the contract's `$defs.data`
 * @param value the data
 */
export function withoutPersonal(schema: Schema, value: unknown): unknown {
  if (Array.isArray(value)) {
    const items = resolved((schema['items'] ?? {}) as Schema);
    return value.map((one) => withoutPersonal(items, one));
  }
  if (value === null || typeof value !== 'object') return value;
  const properties = propertiesOf(schema);
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, one]: [string, unknown]) => {
      const property = properties[name];
      return property && !('x-personal' in property) ? [[name, withoutPersonal(property, one)]] : [];
    }),
  );
}

/** The properties of an object, in whichever of its forms it comes. */
function propertiesOf({ properties, oneOf = [] }: Schema): Record<string, Schema> {
  const own = Object.entries((properties ?? {}) as Record<string, Schema>);
  return Object.assign(
    Object.fromEntries(own.map(([name, property]) => [name, resolved(property)])),
    ...(oneOf as Schema[]).map(propertiesOf),
  ) as Record<string, Schema>;
}

/** A schema with what it refers to put into it. */
function resolved({ $ref, ...own }: Schema): Schema {
  return typeof $ref === 'string' ? { ...commonSchemas[$ref.replace(/^.*\/|\.json$/g, '')], ...own } : own;
}
