import { apiDocument } from '../../api/app';
import { commandContracts, commonSchemas, eventContracts } from '../../schemas/validate';

type Schema = Readonly<Record<string, unknown>>;

/** Every schema in a document, with its place and, where it is one of a property, the property's name. */
function schemasIn(
  node: unknown,
  place: string,
  name?: string,
): { place: string; name?: string; schema: Schema }[] {
  if (node === null || typeof node !== 'object') return [];
  const inside = Object.entries(node).flatMap(([key, value]: [string, unknown]) => {
    // Data, not schemas.
    if (['example', 'examples', 'const', 'enum', 'default', 'required'].includes(key)) return [];
    const isProperty = place.endsWith('/properties');
    return schemasIn(value, `${place}/${key}`, isProperty ? key : undefined);
  });
  return [{ place, schema: node as Schema, ...(name !== undefined && { name }) }, ...inside];
}

const all = [
  ...Object.entries({ ...commonSchemas, ...commandContracts, ...eventContracts }).flatMap(
    ([name, contract]) => schemasIn(contract, name),
  ),
  ...schemasIn(apiDocument(), 'openapi'),
];

/** A schema with what it refers to put into it; the contracts and the document name the common schemas alike. */
function resolved({ $ref, ...own }: Schema): Schema {
  if (typeof $ref !== 'string') return own;
  const name = $ref.replace(/^.*\/|\.json$/g, '');
  const common = commonSchemas[name] ?? Object.values(commonSchemas).find(({ title }) => title === name);
  return { ...(common as unknown as Schema | undefined), ...own };
}
const named = (pattern: RegExp) =>
  all
    .filter(({ name }) => name !== undefined && pattern.test(name))
    .map(({ place, schema }): [string, Schema] => [place, resolved(schema)]);

test('no schema takes a number that is not whole', () => {
  expect(all.length).toBeGreaterThan(2_000);
  const floats = all.filter(({ schema }) => [schema['type']].flat().includes('number'));
  expect(floats.map(({ place }) => place)).toEqual([]);
});

test('no schema leaves the type of a property open, in which a float could hide', () => {
  const untyped = all.filter(({ name, schema }) => {
    const {
      type,
      $ref,
      const: constant,
      oneOf,
      allOf,
      enum: values,
    } = { ...schema, ...resolved(schema) } as Record<string, unknown>;
    return (
      name !== undefined && [type, $ref, constant, oneOf, allOf, values].every((one) => one === undefined)
    );
  });
  expect(untyped.map(({ place }) => place)).toEqual([]);
});

test('every amount is a whole number of minor units', () => {
  const amounts = named(/Minor$/);
  expect(amounts.length).toBeGreaterThan(20);
  for (const [place, schema] of amounts) expect([place, schema['type']]).toEqual([place, 'integer']);
});

test('every rate is a decimal text', () => {
  const rates = named(/(^r|R)ate$/);
  expect(rates.length).toBeGreaterThan(3);
  for (const [place, schema] of rates) {
    expect([place, schema['type'], schema['pattern']]).toEqual([
      place,
      'string',
      expect.stringContaining('[0-9]'),
    ]);
  }
});
