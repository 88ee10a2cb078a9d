import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

// What each room may know (eslint.rooms.mjs), by small files that ESLint judges with the project's own configuration.

interface Result {
  filePath: string;
  messages: { ruleId: string | null; line: number }[];
}

const project = path.join(__dirname, '..', '..');

const refused: [file: string, line: string][] = [
  ['domain/a.ts', "import '../db/pool';"],
  ['domain/a.ts', "import type { Message } from '../schemas/message';"],
  ['domain/a.ts', "import { readFileSync } from 'node:fs';"],
  ['domain/a.ts', "import { readFileSync } from 'fs';"],
  ['domain/a.ts', "import type { Knex } from 'knex';"],
  ['schemas/a.ts', "import { money } from '../domain/money';"],
  ['schemas/a.ts', "import { connect } from '../db/pool';"],
  ['workflows/a.ts', "import { wrapper } from '../activities/handling';"],
  ['workflows/a.ts', "import { connect } from '../db/pool';"],
  ['workflows/a.ts', "import { checkReceived } from '../schemas/compose';"],
  ['workflows/moves/a.ts', "import { randomUUID } from 'node:crypto';"],
  ['workflows/moves/a.ts', "import { Client } from '@temporalio/client';"],
  ['workflows/moves/a.ts', "import type { Route } from '../../api/route';"],
  ['workflows/a.ts', "export * from '../activities/handling';"],
  ['workflows/a.ts', "export const later = () => import('../activities/handling');"],
  ['workflows/a.ts', 'export const later = (name: string) => import(`../db/${name}`);'],
  ['workflows/a.ts', "export type Pool = import('../db/pool').Pool;"],
  ['activities/a.ts', "import { partyQueue } from '../workflows/moves/party-queue';"],
  ['activities/a.ts', "import { startApi } from '../api/serve';"],
  ['activities/a.ts', "import express from 'express';"],
  ['activities/funds/payment-system.ts', "import { pick } from './fund-routing-system';"],
  ['activities/funds/payment-system.ts', "import { pick } from './fund-routing-system/weights';"],
  ['activities/funds/payment-system.ts', "import type { Pick } from './fund-routing-system';"],
  ['activities/funds/payment-system.ts', "import { loanEngine } from '../transaction/loan-engine';"],
  ['activities/funds/payment-system.ts', "import { wrapper } from '../handling';"],
  ['activities/funds/payment-system.ts', "import { pursue } from '../outside';"],
  ['activities/funds/payment-system.ts', "import { connect } from '../../db/pool';"],
  ['activities/funds/payment-system/a.ts', "import { pick } from '../fund-routing-system';"],
  ['activities/gateways/a.ts', "import { openRequest } from '../../db/outside';"],
  ['activities/gateways/a.ts', "import { wrapper } from '../handling';"],
  ['db/a.ts', "import { wrapper } from '../activities/handling';"],
  ['db/a.ts', "import { Client } from '@temporalio/client';"],
  ['db/books/a.ts', "import { Problem } from '../../api/problem';"],
  ['api/a.ts', "import type { Delivery } from '../activities/handling';"],
  ['api/a.ts', "import { assetCenter } from '../activities/asset/asset-center';"],
  ['api/a.ts', "import { partyQueue } from '../workflows/moves/party-queue';"],
  ['api/a.ts', "import { startWorkers } from '../workers/worker';"],
  ['api/routes/a.ts', "import { startSandbox } from '../../sandbox/app';"],
  ['workers/a.ts', "import { startApi } from '../api/serve';"],
  ['sandbox/a.ts', "import { connect } from '../db/pool';"],
  ['sandbox/a.ts', "import { money } from '../domain/money';"],
  ['sandbox/a.ts', "import type { Message } from '../schemas/message';"],
  ['sandbox/a.ts', "import { pickFrom } from '../tools/pick';"],
];

const allowed: [file: string, line: string][] = [
  ['domain/books/a.ts', "import { money } from '../money';"],
  ['domain/a.ts', "import Decimal from 'decimal.js';"],
  ['schemas/a.ts', "import Ajv from 'ajv/dist/2020';"],
  ['workflows/moves/a.ts', "import { main } from '../main';"],
  ['workflows/a.ts', "import type { Delivery } from '../activities/handling';"],
  ['workflows/a.ts', "import { type Delivery } from '../activities/handling';"],
  ['workflows/a.ts', "import { typeOf } from '../schemas/message';"],
  ['workflows/a.ts', "import { sleep } from '@temporalio/workflow';"],
  ['activities/a.ts', "import type { RefusalDetails } from '../workflows/moves/refusal';"],
  ['activities/funds/payment-system.ts', "import { rules } from './payment-system/rules';"],
  ['activities/funds/payment-system.ts', "import { service } from '../service';"],
  ['activities/funds/payment-system.ts', "import type { OutsideAnswer } from '../outside';"],
  ['activities/funds/payment-system/a.ts', "import { rules } from './rules';"],
  ['api/routes/a.ts', "import { flowProgress } from '../../db/reads/flows';"],
  ['api/routes/a.ts', "import { askService } from '../../activities/ask';"],
  ['workers/a.ts', "import { activities } from '../activities/activities';"],
  ['sandbox/a.ts', "import { sign } from '../schemas/outside/signature';"],
  ['scripts/a.ts', "import { startSandbox } from '../sandbox/app';"],
  ['test/a.ts', "import { startSandbox } from '../sandbox/app';"],
];

const impure: [file: string, line: string, ruleId: string][] = [
  ['domain/a.ts', 'export const now = Date.now();', 'no-restricted-properties'],
  ['domain/a.ts', 'export const now = new Date();', 'no-restricted-syntax'],
  ['domain/a.ts', 'export const now = Date();', 'no-restricted-syntax'],
  ['domain/a.ts', 'export const random = Math.random();', 'no-restricted-properties'],
  ['domain/a.ts', 'export const place = process.env;', 'no-restricted-globals'],
  ['domain/a.ts', "export const told = fetch('https://partner.example');", 'no-restricted-globals'],
  ['workflows/a.ts', "export const then = new Date('2026-01-05');", 'no-restricted-globals'],
  ['workflows/a.ts', 'export const random = Math.random();', 'no-restricted-properties'],
  ['workflows/a.ts', 'export const place = process.env;', 'no-restricted-globals'],
  ['workflows/a.ts', 'Promise.resolve();', '@typescript-eslint/no-floating-promises'],
];

const pure: [file: string, line: string][] = [
  ['domain/a.ts', "export const then = new Date('2026-01-05');"],
  ['domain/a.ts', 'export const then = Date.UTC(2026, 0, 5);'],
  ['workflows/a.ts', 'setTimeout(() => undefined, 1000);'],
];

type Case = readonly [file: string, line: string, ruleId?: string];

/**
 * Writes each line into its file, in a folder that stands in for the project, and lints all of them in one run.
 * Out: tells which rules refuse the line of a case.
 */
function lint(cases: readonly Case[]): (theCase: Case) => (string | null)[] {
  const files = new Map<string, string[]>();
  for (const [file, line] of cases) files.set(file, [...(files.get(file) ?? []), line]);
  const folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'rooms-')));
  try {
    writeFileSync(
      path.join(folder, 'tsconfig.json'),
      '{ "compilerOptions": { "strict": true, "types": [] } }',
    );
    for (const [file, lines] of files) {
      mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
      writeFileSync(path.join(folder, file), lines.join('\n'));
    }
    const eslint = path.join(project, 'node_modules', 'eslint', 'bin', 'eslint.js');
    const config = path.join(project, 'eslint.config.mjs');
    const run = spawnSync(process.execPath, [eslint, '--config', config, '--format', 'json', '.'], {
      cwd: folder,
      encoding: 'utf8',
    });
    // ESLint ends with 1 where it has findings; anything else means that it could not do its work.
    if (run.status !== 1) throw new Error(`ESLint ended with ${run.status}: ${run.stderr}`);
    const results = JSON.parse(run.stdout) as Result[];
    return ([file, line]) => {
      const lineNo = files.get(file)!.indexOf(line) + 1;
      const result = results.find(({ filePath }) => filePath === path.join(folder, file));
      return result!.messages.filter((one) => one.line === lineNo).map(({ ruleId }) => ruleId);
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

let rulesAgainst: (theCase: Case) => (string | null)[];
beforeAll(() => {
  rulesAgainst = lint([...refused, ...allowed, ...impure, ...pure]);
});

test.each(refused)('%s may not say %s', (...theCase) => {
  expect(rulesAgainst(theCase)).toContain('rooms/imports');
});

test.each(allowed)('%s may say %s', (...theCase) => {
  expect(rulesAgainst(theCase)).not.toContain('rooms/imports');
});

test.each(impure)('%s may not say %s (%s)', (file, line, ruleId) => {
  expect(rulesAgainst([file, line])).toContain(ruleId);
});

test.each(pure)('%s may say %s, which is pure', (...theCase) => {
  expect(rulesAgainst(theCase)).toEqual([]);
});
