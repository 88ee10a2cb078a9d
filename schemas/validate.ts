import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import Ajv2020, { type ErrorObject, type ValidateFunction } from 'ajv/dist/2020';
import addFormats from 'ajv-formats';
import type { MessageType } from './message';

const origin = 'https://reference-credit-platform.example';

/** A message contract as its file has it. */
export interface ContractFile {
  $id: string;
  title: string;
  description: string;
  'x-version': string;
  'x-command'?: {
    callers: string[];
    handler: string;
    idempotencyKey: string;
    errors: Record<string, string>;
    undoneBy: string | null;
    undoneByWhy?: string;
  };
  $defs: { data: { examples?: unknown[] } & Record<string, unknown> };
}

/** A place in a document that breaks its schema: a JSON pointer and what is wrong there. */
export interface Violation {
  pointer: string;
  detail: string;
}

const load = (folder: string): Record<string, ContractFile> =>
  Object.fromEntries(
    readdirSync(path.join(__dirname, folder))
      .filter((file) => file.endsWith('.json'))
      .map((file) => [
        file.slice(0, -'.json'.length),
        JSON.parse(readFileSync(path.join(__dirname, folder, file), 'utf8')) as ContractFile,
      ]),
  );

export const commonSchemas = load('common');
export const commandContracts = load('commands');
export const eventContracts = load('events');

/** The contract of a message. Throws when the message has none: that is a bug of the caller. */
export function contractOf(type: MessageType): ContractFile {
  const contract = commandContracts[type] ?? eventContracts[type];
  if (!contract)
    throw new Error(`The message "${type}" has no contract in schemas/commands or schemas/events.`);
  return contract;
}

/** The same schema, except that objects may have properties that it does not know. */
function opened(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(opened);
  if (schema === null || typeof schema !== 'object') return schema;
  return Object.fromEntries(
    Object.entries(schema)
      .filter(
        ([key, value]) =>
          !((key === 'additionalProperties' || key === 'unevaluatedProperties') && value === false),
      )
      .map(([key, value]) => [key, opened(value)]),
  );
}

function validator(form: (schema: unknown) => unknown): Ajv2020 {
  // allowUnionTypes: causationId is a string or null. "x-…" are the contract's own notes, not rules of JSON Schema.
  const ajv = new Ajv2020({
    ...{ allErrors: true, strict: true, strictRequired: false, strictTypes: false },
    // That each contract is a schema is held by a test, and not by every process anew when it starts.
    validateSchema: false,
  });
  for (const note of ['x-version', 'x-command', 'x-errors', 'x-personal']) ajv.addKeyword(note);
  addFormats(ajv);
  for (const schemas of [commonSchemas, commandContracts, eventContracts]) {
    for (const schema of Object.values(schemas)) ajv.addSchema(form(schema) as object);
  }
  return ajv;
}

const asSent = validator((schema) => schema);
const asReceived = validator(opened);

/** Turns ajv's errors into pointers and sentences. */
export const violationsOf = (errors: ErrorObject[] | null | undefined): Violation[] =>
  (errors ?? []).map(({ instancePath, message, params }) => ({
    pointer: instancePath,
    detail: `${message ?? 'is not valid'}${Object.values(params).length > 0 ? ` (${Object.values(params).flat().join(', ')})` : ''}`,
  }));

function check(ajv: Ajv2020, type: MessageType, document: unknown): Violation[] {
  const folder = commandContracts[type] ? 'commands' : 'events';
  const validate = ajv.getSchema(`${origin}/${folder}/${type}.json`) as ValidateFunction | undefined;
  if (!validate)
    throw new Error(`The message "${type}" has no contract in schemas/commands or schemas/events.`);
  return validate(document) ? [] : violationsOf(validate.errors);
}

/** What breaks a message's contract at the moment it is sent: its data is closed. */
export const violationsWhenSent = (type: MessageType, sent: unknown): Violation[] =>
  check(asSent, type, sent);

/** What breaks a message's contract when it is read: properties of an older or newer sender are let through. */
export const violationsWhenReceived = (type: MessageType, received: unknown): Violation[] =>
  check(asReceived, type, received);

/** The validator that the API uses for parts of contracts (a request's body is a command's data). */
export const compileSchema = (schema: object): ValidateFunction => asSent.compile(schema);
