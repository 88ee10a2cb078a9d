import { Ajv2020 } from 'ajv/dist/2020';

const ajv = new Ajv2020({ discriminator: true });

/**
 * Makes the function that reads a body that came in.
 * @param name what the body is called in the words about it.
 * @returns a function that gives the body, or in words what is wrong with it.
 */
export function reader<T>(name: string, schema: object): (body: unknown) => T | { problem: string } {
  const fits = ajv.compile<T>(schema);
  return (body) => (fits(body) ? body : { problem: ajv.errorsText(fits.errors, { dataVar: name }) });
}

/** The schema of an object that has these properties, may have the optional ones, and no others. */
export function closed(required: Record<string, object>, optional: Record<string, object> = {}): object {
  return {
    type: 'object',
    properties: { ...required, ...optional },
    required: Object.keys(required),
    additionalProperties: false,
  };
}

/** The schema of a text of one to `maxLength` characters. */
export const textUpTo = (maxLength: number): object => ({ type: 'string', minLength: 1, maxLength });

/** The schema of one of some texts. */
export const oneOf = (...values: readonly string[]): object => ({ enum: values });

/** A day at most, which is far below the longest delay that a timer of Node can hold. */
export const delay = { type: 'integer', minimum: 0, maximum: 86_400_000 };
