import type { Client } from '@temporalio/client';
import type { Knex } from 'knex';

/** What routes that start flows work with. */
export interface FlowNeeds {
  db: Knex;
  temporal: Client;
  config: { taskQueue: string };
}
