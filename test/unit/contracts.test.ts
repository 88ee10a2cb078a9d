import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import Ajv2020 from 'ajv/dist/2020';
import addFormats from 'ajv-formats';
import { allArrows, arrow, catalog } from '../../schemas/arrows';

interface Schema {
  $id?: string;
  $ref?: string;
  title?: string;
  description?: string;
  type?: string | string[];
  additionalProperties?: boolean;
  properties?: Record<string, Schema>;
  items?: Schema;
  oneOf?: Schema[];
  examples?: unknown[];
}

interface CommandRules {
  callers: string[];
  handler: string;
  idempotencyKey: string;
  errors: Record<string, string>;
  undoneBy: string | null;
  undoneByWhy?: string;
}

interface Contract extends Schema {
  $id: string;
  properties: Record<string, Schema & { const?: string }>;
  $defs: { data: Schema };
  'x-version': string;
  'x-command'?: CommandRules;
}

type Folder = 'common' | 'commands' | 'events';

const schemas = path.join(__dirname, '..', '..', 'schemas');
const base = 'https://reference-credit-platform.example';

/** The schemas of one folder; the file's name is the id that all else is held against. */
function filesOf<T extends Schema>(folder: Folder): { folder: Folder; id: string; schema: T }[] {
  return readdirSync(path.join(schemas, folder)).map((file) => ({
    folder,
    id: path.basename(file, '.json'),
    schema: JSON.parse(readFileSync(path.join(schemas, folder, file), 'utf8')) as T,
  }));
}

const common = filesOf('common');
const commands = filesOf<Contract>('commands');
const events = filesOf<Contract>('events');
const messages = [...commands, ...events];
const everything = [...common, ...messages];
const envelopes = ['envelope', 'command', 'event'];
const idOf = ({ folder, id }: { folder: Folder; id: string }): string => `${base}/${folder}/${id}.json`;

const uuid = '5f0c7d2e-8a41-5b6f-9c3d-2e1a0b9c8d7e';
const moment = '2024-01-31T03:15:30.000Z';

/**
 * A validator that knows every schema. Strict, but for two rules that the envelopes break on purpose: a contract
 * gets its type from the envelope that it extends, and the cause of a message may be null.
 */
function validator(): Ajv2020 {
  const ajv = new Ajv2020({ strict: true, strictTypes: false, allErrors: true });
  addFormats(ajv);
  ajv.addVocabulary(['x-version', 'x-command', 'x-errors', 'x-personal']);
  for (const { schema } of everything) ajv.addSchema(schema);
  return ajv;
}

const ajv = validator();

/** What a schema refuses in a value, each with its JSON pointer; empty where the value is valid. */
function problemsOf(schemaId: string, value: unknown): string[] {
  const validate = ajv.getSchema(schemaId);
  if (!validate) throw new Error(`There is no schema ${schemaId}.`);
  void validate(value);
  return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
}

/** A whole message around data, from a sender and to a target that its contract or the catalog names. */
function enveloped(id: string, schema: Contract, data: unknown): Record<string, unknown> {
  const command = schema['x-command'];
  return {
    schemaVersion: schema['x-version'],
    source: command?.callers[0] ?? catalog.events[id]?.producers[0],
    market: 'ID',
    flowId: 'loan-application-disbursement:LA01JD8X3M7Q2V',
    causationId: null,
    ...(command
      ? {
          commandId: uuid,
          commandType: id,
          requestedAt: moment,
          target: command.handler,
          idempotencyKey: 'LA01JD8X3M7Q2V',
        }
      : { eventId: uuid, eventType: id, occurredAt: moment }),
    data,
  };
}

/** The schema that a `$ref` of another schema points at; only files of common/ are pointed at from within data. */
function referred(ref: string): Schema {
  const found = common.find(({ id }) => id === path.basename(ref, '.json'));
  if (!found) throw new Error(`${ref} points at no schema in common/.`);
  return found.schema;
}

/** Every schema that stands in another one, itself included, with the path to it; `$ref`s are followed. */
function schemasWithin(schema: Schema, at = 'data'): { at: string; name: string; schema: Schema }[] {
  const children: [string, Schema][] = [
    ...Object.entries(schema.properties ?? {}),
    ...(schema.items ? [['[]', schema.items] as [string, Schema]] : []),
    ...(schema.oneOf ?? []).map((branch, index) => [`oneOf ${index}`, branch] as [string, Schema]),
    ...(schema.$ref
      ? [[path.basename(schema.$ref, '.json'), referred(schema.$ref)] as [string, Schema]]
      : []),
  ];
  const own = { at, name: at.slice(at.lastIndexOf('/') + 1), schema };
  return [own, ...children.flatMap(([name, child]) => schemasWithin(child, `${at}/${name}`))];
}

/** The paths of the objects within a schema that would let a field through that nobody declared. */
function openObjects(schema: Schema): string[] {
  return schemasWithin(schema)
    .filter(({ schema: within }) => within.type === 'object' || within.properties)
    .filter(({ schema: within }) => within.additionalProperties !== false)
    .map(({ at }) => at);
}

describe('all schemas', () => {
  test.each(everything)('$folder/$id compiles', (file) => {
    expect(() => ajv.getSchema(idOf(file))).not.toThrow();
  });

  test.each(everything)('$folder/$id is named by its file', (file) => {
    expect(file.schema.$id).toBe(idOf(file));
  });

  test('every id is used once', () => {
    const ids = messages.map(({ id }) => id);
    expect(ids).toEqual([...new Set(ids)]);
  });

  test.each(common)('the title of common/$id is the name of its type', ({ id, schema }) => {
    const pascal = id.replace(/(^|-)([a-z0-9])/g, (_match, _dash, letter: string) => letter.toUpperCase());
    expect(schema.title).toBe(pascal);
  });

  test.each(common.filter(({ schema }) => schema.examples))('the examples of common/$id hold', (file) => {
    expect(file.schema.examples?.flatMap((example) => problemsOf(idOf(file), example))).toEqual([]);
  });

  test.each(common)('common/$id says what it is', ({ schema }) => {
    expect(schema.description).toBeTruthy();
  });

  test.each(common.filter(({ id }) => !envelopes.includes(id)))('common/$id is closed', ({ schema }) => {
    expect(openObjects(schema)).toEqual([]);
  });
});

describe.each(messages)('$folder/$id', (file) => {
  const { id, schema } = file;
  const { data } = schema.$defs;

  test('has the title of its catalog entry, and says what it is', () => {
    const entry = file.folder === 'commands' ? catalog.commands[id] : catalog.events[id];
    expect(schema.title).toBe(entry?.name);
    expect(schema.description).toBeTruthy();
  });

  test('carries its id as its type', () => {
    expect(schema.properties[file.folder === 'commands' ? 'commandType' : 'eventType']?.const).toBe(id);
  });

  test('has at least one example', () => {
    expect(data.examples?.length).toBeGreaterThan(0);
  });

  test('accepts its examples in their envelope', () => {
    const problems = data.examples?.flatMap((example) =>
      problemsOf(idOf(file), enveloped(id, schema, example)),
    );
    expect(problems).toEqual([]);
  });

  test('refuses data with a field that it does not know', () => {
    const example = data.examples?.[0] as object;
    const message = enveloped(id, schema, { ...example, unknownField: 1 });
    expect(problemsOf(idOf(file), message)).toContain('/data must NOT have additional properties');
  });

  test('refuses an envelope with a field that it does not know', () => {
    const message = { ...enveloped(id, schema, data.examples?.[0]), unknownField: 1 };
    expect(problemsOf(idOf(file), message)).toEqual([' must NOT have unevaluated properties']);
  });

  test('is closed all the way down', () => {
    expect(openObjects(data)).toEqual([]);
  });

  test('describes every field, itself or by the schema that the field refers to', () => {
    const undescribed = schemasWithin(data)
      .flatMap(({ at, schema: within }) =>
        Object.entries(within.properties ?? {}).map(([name, property]) => ({
          at: `${at}/${name}`,
          property,
        })),
      )
      .filter(
        ({ property }) => !property.description && !(property.$ref && referred(property.$ref).description),
      );
    expect(undescribed.map(({ at }) => at)).toEqual([]);
  });

  test('has its amounts of money in the common form', () => {
    const moneyForms = ['money.json', 'positive-money.json', 'non-negative-money.json'];
    const otherForms = schemasWithin(data)
      .filter(({ name }) => /(amount|principal|payout|fees)$/i.test(name))
      // A product's terms say which amounts it lends and how fees are counted; they are no amounts.
      .filter(({ at }) => !at.includes('/product-terms/'))
      .filter(({ schema: { $ref } }) => !$ref || !moneyForms.includes(path.basename($ref)));
    expect(otherForms.map(({ at }) => at)).toEqual([]);
  });

  test('has nothing that the generator of types cannot express', () => {
    const banned = ['allOf', 'anyOf', 'unevaluatedProperties', 'prefixItems', 'if'];
    const found = schemasWithin(data).flatMap(({ at, schema: within }) =>
      banned.filter((keyword) => keyword in within).map((keyword) => `${at}: ${keyword}`),
    );
    expect(found).toEqual([]);
  });
});

describe.each(commands)('the rules of $folder/$id', ({ id, schema }) => {
  const rules = schema['x-command'] as CommandRules;

  test('name callers and a handler that the catalog and its decisions join to it', () => {
    const arrows = allArrows();
    const missing = [...rules.callers.map((caller) => arrow(caller, id)), arrow(id, rules.handler)].filter(
      (wanted) => !arrows.has(wanted),
    );
    expect(rules.callers.length).toBeGreaterThan(0);
    expect(missing).toEqual([]);
  });

  test('say what makes two commands the same request', () => {
    expect(rules.idempotencyKey).toBeTruthy();
  });

  test('explain every error code', () => {
    const bad = Object.entries(rules.errors).filter(
      ([code, text]) => !/^[A-Z][A-Z0-9_]*$/.test(code) || !text,
    );
    expect(bad).toEqual([]);
  });

  test('say how it is undone, or why nothing is to be undone', () => {
    const undo = rules.undoneBy;
    const answered =
      undo === null ? Boolean(rules.undoneByWhy) : undo in catalog.commands || undo in catalog.events;
    expect(answered).toBe(true);
  });
});
