import { commonSchemas } from '../schemas/validate';
import type { Schema } from './schema';

/**
 * A message's data without what its contract marks as personal (x-personal), and without what the contract does not
 * declare: of that nobody knows what it is.
 *
 * @param schema the contract's `$defs.data`
 * @param value the data
 */
export const withoutPersonal = (schema: Schema, value: unknown): unknown => cleaned(formsOf(schema), value);

/** A value in any of several forms. What one of them marks as personal is left out, whichever form it comes in. */
function cleaned(forms: readonly Schema[], value: unknown): unknown {
  if (Array.isArray(value)) {
    const items = forms.flatMap((form) => formsOf((form['items'] ?? {}) as Schema));
    return value.map((one) => cleaned(items, one));
  }
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, one]: [string, unknown]) => {
      const declared = forms.flatMap(({ properties }) => {
        const property = (properties as Record<string, Schema> | undefined)?.[name];
        return property ? formsOf(property) : [];
      });
      const isKept = declared.length > 0 && !declared.some((form) => 'x-personal' in form);
      return isKept ? [[name, cleaned(declared, one)]] : [];
    }),
  );
}

/** The forms that a schema's values come in; what it says of all of them is the first. */
function formsOf(schema: Schema): Schema[] {
  const { oneOf = [], ...own } = resolved(schema) as Schema & { oneOf?: readonly Schema[] };
  return [own, ...oneOf.flatMap(formsOf)];
}

/** A schema with what it refers to put into it. */
function resolved({ $ref, ...own }: Schema): Schema {
  return typeof $ref === 'string' ? { ...commonSchemas[$ref.replace(/^.*\/|\.json$/g, '')], ...own } : own;
}
