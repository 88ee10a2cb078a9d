import { readFileSync } from 'node:fs';
import path from 'node:path';
import { apiDocument } from '../../api/app';
import type { OpenApiDocument } from '../../api/openapi';
import { commandContracts, commonSchemas, eventContracts, type ContractFile } from '../../schemas/validate';
import { projectFolder } from '../local/project-folder';

/** The contracts of messages, and the schemas that they share, by name. */
export interface Contracts {
  common: Readonly<Record<string, ContractFile>>;
  commands: Readonly<Record<string, ContractFile>>;
  events: Readonly<Record<string, ContractFile>>;
}

/** What others rely on. */
export interface Promises {
  contracts: Contracts;
  openApi: OpenApiDocument;
}

/** Where each part of what was released last is kept, as JSON. */
export const releasedFile = (part: keyof Promises): string =>
  path.join(projectFolder, 'schemas', 'released', `${part === 'openApi' ? 'openapi' : part}.json`);

const read = (part: keyof Promises): unknown => JSON.parse(readFileSync(releasedFile(part), 'utf8'));

/** What was released last. Throws when a file of schemas/released is missing or is no JSON. */
export const released = (): Promises => ({
  contracts: read('contracts') as Contracts,
  openApi: read('openApi') as OpenApiDocument,
});

/** What the sources promise now. */
export const current = (): Promises => ({
  contracts: { common: commonSchemas, commands: commandContracts, events: eventContracts },
  openApi: apiDocument(),
});
