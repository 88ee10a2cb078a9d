import { readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Client } from '@temporalio/client';
import type { Knex } from 'knex';
import type { TrialBalance } from '../../db/books/trial-balance';
import { allTraces } from '../../db/reads/trace';
import packageJson from '../../package.json';
import { projectFolder } from '../local/project-folder';
import type { Check } from './checks';
import type { ApplicationFinding, Findings } from './findings';
import { demoFolder, type Platform } from './platform';

/** Writes every handling that the database knows, one row a line, to var/demo/trace.ndjson. */
export async function writeTrace(db: Knex): Promise<void> {
  const rows = await allTraces(db);
  writeFileSync(
    path.join(demoFolder, 'trace.ndjson'),
    rows.map((row) => `${JSON.stringify(row)}\n`).join(''),
  );
}

/** Writes what a run did and found, for machines, to var/demo/summary.json. Amounts are in minor units. */
export async function writeSummary({
  run,
  findings,
  trialBalance,
  checks,
  platform,
  db,
  temporal,
}: {
  run: string;
  findings: Findings;
  trialBalance: TrialBalance;
  checks: readonly Check[];
  platform: Platform;
  db: Knex;
  temporal: Client;
}): Promise<void> {
  const { temporalAddress, temporalNamespace, webUiUrl, apiUrl, sandboxUrl } = platform;
  const summary = {
    run,
    at: new Date().toISOString(),
    ok: checks.every(({ ok }) => ok),
    checks,
    applications: findings.applications.map(inSummary),
    movements: findings.movements,
    trialBalance,
    addresses: {
      ...{ api: apiUrl, apiDocs: `${apiUrl}/docs`, webUi: webUiUrl ?? null, sandbox: sandboxUrl },
      ...{ temporal: temporalAddress, temporalNamespace },
    },
    versions: await versionsOf(db, temporal),
  };
  writeFileSync(path.join(demoFolder, 'summary.json'), `${JSON.stringify(summary, null, 2)}\n`);
}

function inSummary({ story, applicationId, flowId, application, decision, ...rest }: ApplicationFinding) {
  const { loan, flow, requests, effects, latePayouts, exceptions, answers, messages } = rest;
  const { state, reasonCodes = [], partnerId, principal, payout } = application;
  return {
    ...{ case: story.id, title: story.title, expected: story.end },
    ...{ applicationId, flowId, decision, state, reasonCodes, principal },
    partnerId: partnerId ?? null,
    payout: payout ?? null,
    loanId: loan?.loanId ?? null,
    ...{ flow, requests, effects, latePayouts, exceptions, answers, messages },
  };
}

async function versionsOf(db: Knex, temporal: Client): Promise<Record<string, string>> {
  const { rows } = await db.raw<{ rows: { server_version: string }[] }>('show server_version');
  const { serverVersion } = await temporal.workflowService.getSystemInfo({});
  return {
    project: packageJson.version,
    node: process.version,
    postgres: rows[0]?.server_version ?? '',
    temporal: serverVersion,
    schema:
      readdirSync(path.join(projectFolder, 'db', 'migrations'))
        .sort()
        .at(-1) ?? '',
  };
}
