import type { Client, WorkflowHandle } from '@temporalio/client';
import type { Knex } from 'knex';
import type { MarketId } from '../../schemas/generated/messages';
import type { Application, Behaviour } from './platform';

/** Who calls the API: the app, or one of two operators. */
export type Role = 'app' | 'ops' | 'otherOps';

/**
 * What borrowers, operators and parties need to act in: a platform that runs in this process (`startPlatform`), or one
 * whose processes may be killed meanwhile (`openStage`).
 */
export interface World {
  db: Knex;
  /** As the owner of the tables. */
  owner: Knex;
  client: Client;
  sandbox: { url: string };
  newCustomer(market: MarketId, options?: { features?: object; limitMinor?: number }): Promise<string>;
  /** Starts the flow of a loan application. */
  startFlow(
    application: Application & { customerId: string },
    applicationId: string,
  ): Promise<WorkflowHandle>;
  post(
    path: string,
    body: object,
    as?: Role,
    headers?: Record<string, string>,
  ): Promise<{ status: number; body: Record<string, unknown> }>;
  get(path: string, as?: Role): Promise<{ status: number; body: Record<string, unknown> }>;
  /** Puts something, as an operator. */
  put(path: string, body: object): Promise<{ status: number; body: Record<string, unknown> }>;
  /** Sends a call as a mall signs it. */
  tell(
    path: string,
    body: object,
    options?: { mallId?: string | undefined; prefer?: string | undefined },
  ): Promise<{ status: number; body: Record<string, unknown> }>;
  behave(...behaviours: Behaviour[]): Promise<void>;
}
