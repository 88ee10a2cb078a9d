import stringify from 'safe-stable-stringify';

export type Schema = Readonly<Record<string, unknown>>;

/**
 * Who writes what a schema describes, and so what may change in it:
 * - `CLIENT` (a request): it must take all that it took, so it may not narrow.
 * - `PLATFORM` (an answer): readers must meet nothing that they could not meet before, so it may not widen; objects may
 *   gain properties, and lists of names may gain names, as clients are told.
 * - `BOTH` (a message): neither; it may only gain optional properties, and further forms beside the one that it had.
 */
export type Writer = 'CLIENT' | 'PLATFORM' | 'BOTH';

/** A schema, and the document in which its local references lead somewhere. */
export interface Placed {
  schema: Schema;
  root: Schema;
}

/** Finds what a reference leads to; undefined for one within the document itself. */
export type Files = (ref: string) => Schema | undefined;

const LOWER_BOUNDS = ['minimum', 'exclusiveMinimum', 'minLength', 'minItems', 'minProperties'];
const UPPER_BOUNDS = ['maximum', 'exclusiveMaximum', 'maxLength', 'maxItems', 'maxProperties'];
/** What cannot be told to narrow or to widen when it changes: the meaning may have changed. */
const AS_IT_IS = [
  ...['format', 'pattern', 'multipleOf', 'uniqueItems', 'unevaluatedProperties', 'prefixItems', 'contains'],
  ...['patternProperties', 'propertyNames', 'dependentRequired', 'if', 'not', 'x-personal'],
];
const LISTS_OF_SCHEMAS = ['oneOf', 'anyOf', 'allOf'];
const SCHEMAS = ['items', 'then', 'else', 'additionalProperties'];

/**
 * What breaks those who keep to a schema as it was released.
 *
 * @param files find the schemas of other files, each in its own time
 * @returns one sentence for each breaking change, that begins with the place
 */
export function schemaBreaks(
  released: Placed,
  current: Placed,
  writer: Writer,
  files: { released: Files; current: Files },
): string[] {
  const followed = new Map<Schema, Schema>();

  function compare(before: Placed, now: Placed, at: string): string[] {
    const [was, is] = [resolve(before, files.released), resolve(now, files.current)];
    // A schema may contain itself.
    if (followed.get(before.schema) === now.schema) return [];
    followed.set(before.schema, now.schema);
    if (writer !== 'PLATFORM' && is.schema['oneOf'] && !was.schema['oneOf']) return formBreaks(was, is, at);
    return [
      ...limitBreaks(was.schema, is.schema, writer),
      ...objectBreaks(was, is, at),
      ...partBreaks(was, is, at),
    ].map((text) => (text.startsWith('/') ? text : `${at || '/'} ${text}`));
  }

  /**
   * What had one form has several now, told apart by a constant: one of them must be that one. A new form goes only to
   * readers that are as new as its sender; those who keep to the old one go on with it.
   */
  function formBreaks(was: Placed, is: Placed, at: string): string[] {
    const { oneOf, ...rest } = is.schema as Schema & { oneOf: Schema[] };
    const isKept = oneOf.some(
      (form) => compare(was, { ...is, schema: { ...rest, ...form } }, at).length === 0,
    );
    return isKept ? [] : [`${at || '/'} has no form that is the one it had`];
  }

  function objectBreaks(was: Placed, is: Placed, at: string): string[] {
    const [before, now] = [propertiesOf(was.schema), propertiesOf(is.schema)];
    const [required, requires] = [namesIn(was.schema, 'required'), namesIn(is.schema, 'required')];
    return [
      ...Object.keys(before)
        .filter((name) => !(name in now))
        .map((name) => `${at}/${name} is gone`),
      ...Object.keys(before)
        .filter((name) => name in now)
        .flatMap((name) =>
          compare({ ...was, schema: before[name]! }, { ...is, schema: now[name]! }, `${at}/${name}`),
        ),
      ...(writer === 'PLATFORM' ? [] : requires.filter((name) => !required.includes(name))).map(
        (name) => `${at}/${name} is required now`,
      ),
      ...(writer === 'CLIENT' ? [] : required.filter((name) => !requires.includes(name))).map(
        (name) => `${at}/${name} may be absent now`,
      ),
    ];
  }

  function partBreaks(was: Placed, is: Placed, at: string): string[] {
    const parts = SCHEMAS.flatMap((keyword) => {
      const [before, now] = [was.schema[keyword], is.schema[keyword]];
      if (isSchema(before) && isSchema(now)) {
        return compare({ ...was, schema: before }, { ...is, schema: now }, `${at}/${keyword}`);
      }
      // The properties that are free: closing an object narrows it, opening it widens it.
      const change = changeOf(before ?? true, now ?? true, now === undefined || now === true);
      return breaks(change, writer) ? [`has another ${keyword}`] : [];
    });
    const alternatives = LISTS_OF_SCHEMAS.flatMap((keyword) => {
      const [before, now] = [was.schema[keyword] ?? [], is.schema[keyword] ?? []] as Schema[][];
      const mayGrow = keyword === 'oneOf' && before!.length > 0 && writer !== 'PLATFORM';
      if (before!.length !== now!.length && !(mayGrow && now!.length > before!.length))
        return [`has ${now!.length} of ${keyword}, not ${before!.length}`];
      return before!.flatMap((schema, index) =>
        compare({ ...was, schema }, { ...is, schema: now![index]! }, `${at}/${keyword}/${index}`),
      );
    });
    return [...parts, ...alternatives];
  }

  return compare(released, current, '');
}

type Change = 'SAME' | 'NARROWER' | 'WIDER' | 'OTHER';

const breaks = (change: Change, writer: Writer): boolean =>
  change === 'OTHER' ||
  (change === 'NARROWER' && writer !== 'PLATFORM') ||
  (change === 'WIDER' && writer !== 'CLIENT');

const isSame = (one: unknown, other: unknown): boolean =>
  one === other || stringify(one) === stringify(other);

const changeOf = (before: unknown, now: unknown, isWider: boolean): Change => {
  if (isSame(before, now)) return 'SAME';
  return isWider ? 'WIDER' : 'NARROWER';
};

/** What breaks in the values that a schema takes. */
function limitBreaks(was: Schema, is: Schema, writer: Writer): string[] {
  const changes: [string, Change][] = [
    ...LOWER_BOUNDS.map((keyword): [string, Change] => [
      keyword,
      changeOf(
        was[keyword],
        is[keyword],
        Number(is[keyword] ?? -Infinity) < Number(was[keyword] ?? -Infinity),
      ),
    ]),
    ...UPPER_BOUNDS.map((keyword): [string, Change] => [
      keyword,
      changeOf(was[keyword], is[keyword], Number(is[keyword] ?? Infinity) > Number(was[keyword] ?? Infinity)),
    ]),
    ...AS_IT_IS.map((keyword): [string, Change] => [keyword, otherwise(was[keyword], is[keyword])]),
  ];
  return [
    ...typeBreaks(was, is, writer),
    ...valueBreaks(was, is, writer),
    ...changes
      .filter(([, change]) => breaks(change, writer))
      .map(([keyword]) => `has another ${keyword}: ${shown(was[keyword])}, now ${shown(is[keyword])}`),
  ];
}

function otherwise(before: unknown, now: unknown): Change {
  if (before !== undefined && now !== undefined) return isSame(before, now) ? 'SAME' : 'OTHER';
  return changeOf(before, now, now === undefined);
}

function typeBreaks(was: Schema, is: Schema, writer: Writer): string[] {
  const [before, now] = [typesOf(was), typesOf(is)];
  if (before.length === 0 && now.length === 0) return [];
  const isNarrower = now.length > 0 && (before.length === 0 || before.some((type) => !now.includes(type)));
  const isWider = before.length > 0 && (now.length === 0 || now.some((type) => !before.includes(type)));
  return (isNarrower && breaks('NARROWER', writer)) || (isWider && breaks('WIDER', writer))
    ? [`has another type: ${shown(was['type'])}, now ${shown(is['type'])}`]
    : [];
}

/** A value that is gone breaks everybody: those who send it, and those who wait for it. */
function valueBreaks(was: Schema, is: Schema, writer: Writer): string[] {
  const [before, now] = [valuesOf(was), valuesOf(is)];
  if (!before || !now) return breaks(changeOf(before, now, !now), writer) ? ['has other values'] : [];
  return [
    ...before
      .filter((value) => !now.includes(value))
      .map((value) => `does not have the value ${value} any more`),
    ...(writer === 'BOTH' ? now.filter((value) => !before.includes(value)) : []).map(
      (value) => `has the new value ${value}, which readers of today refuse`,
    ),
  ];
}

function valuesOf(schema: Schema): string[] | undefined {
  if ('const' in schema) return [shown(schema['const'])];
  return (schema['enum'] as unknown[] | undefined)?.map(shown);
}

const typesOf = ({ type }: Schema): string[] => (type === undefined ? [] : ([type].flat() as string[]));
const propertiesOf = (schema: Schema) => (schema['properties'] ?? {}) as Record<string, Schema>;
const namesIn = (schema: Schema, keyword: string): string[] => (schema[keyword] ?? []) as string[];
const isSchema = (value: unknown): value is Schema => typeof value === 'object' && value !== null;
const shown = (value: unknown): string => stringify(value) ?? 'none';

/** A schema with what it refers to put into it. */
function resolve({ schema, root }: Placed, files: Files): Placed {
  const { $ref, ...own } = schema as Schema & { $ref?: string };
  if ($ref === undefined) return { schema, root };
  const file = files($ref);
  const [, pointer = ''] = $ref.split('#');
  const inside = pointer
    .split('/')
    .slice(1)
    .reduce<unknown>((node, name) => (node as Schema)[name], file ?? root) as Schema;
  const referred = resolve({ schema: inside, root: file ?? root }, files);
  return { schema: { ...referred.schema, ...own }, root: referred.root };
}
