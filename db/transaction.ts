import type { Knex } from 'knex';
import { crashPoint } from '../crash/point';

/**
 * Does work in a transaction, which is committed when the work is done and rolled back when it throws.
 *
 * @param what names the transaction's crash points: of a step, `<service-id>.<message-id>`
 */
export async function inTransaction<T>(
  db: Knex,
  what: string,
  work: (tx: Knex.Transaction) => Promise<T>,
): Promise<T> {
  const done = await db.transaction(async (tx) => {
    const result = await work(tx);
    crashPoint('before-commit', what);
    return result;
  });
  crashPoint('after-commit', what);
  return done;
}
