import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import type { Knex } from 'knex';
import { Problem } from '../problem';
import type { Route } from '../route';
import { object, oneOf } from '../schema';
import { checkTemporal } from '../temporal';

const status = (value: string) => ({ schema: object({ status: oneOf(value) }), example: { status: value } });

/** A server that is frozen says nothing for as long as a statement may take; whoever asks whether we serve waits less. */
const READY_WITHIN_MS = 3_000;

async function inTime(check: PromiseLike<unknown>): Promise<void> {
  const giveUp = new AbortController();
  const late = delay(READY_WITHIN_MS, true, { signal: giveUp.signal }).catch(() => false);
  const isLate = await Promise.race([check.then(() => false), late]).finally(() => giveUp.abort());
  if (isLate) throw new Problem('TEMPORARILY_UNAVAILABLE', 'The database does not answer in time.');
}

/** The routes of the process itself. `openApi` gives the document of all routes, these included. */
export function systemRoutes({
  db,
  temporal,
  openApi,
}: {
  db: Knex;
  temporal: Client;
  openApi: () => object;
}): Route[] {
  return [
    {
      method: 'get',
      path: '/healthz',
      operationId: 'getHealth',
      tag: 'System',
      summary: 'Whether the process answers',
      access: 'OPEN',
      answers: { 200: { description: 'It does.', ...status('ok') } },
      problems: [],
      handle: () => Promise.resolve({ status: 200, body: { status: 'ok' } }),
    },
    {
      method: 'get',
      path: '/readyz',
      operationId: 'getReadiness',
      tag: 'System',
      summary: 'Whether the process can serve: it reaches the database and Temporal',
      access: 'OPEN',
      answers: { 200: { description: 'It can.', ...status('ready') } },
      problems: ['TEMPORARILY_UNAVAILABLE'],
      async handle() {
        await Promise.all([inTime(db.raw('select 1')), checkTemporal(temporal, READY_WITHIN_MS)]);
        return { status: 200, body: { status: 'ready' } };
      },
    },
    {
      method: 'get',
      path: '/openapi.json',
      operationId: 'getOpenApi',
      tag: 'System',
      summary: 'This document',
      access: 'OPEN',
      answers: {
        200: {
          description: 'An OpenAPI 3.1 document.',
          schema: { type: 'object' },
          example: { openapi: '3.1.0' },
        },
      },
      problems: [],
      handle: () => Promise.resolve({ status: 200, body: openApi() }),
    },
  ];
}
