import type { Knex } from 'knex';
import { crashPoint } from '../crash/point';

/** Sends a transaction's last statement, and COMMIT with it. What it throws has rolled everything back. */
export type Last = <Result>(statement: PromiseLike<Result> & Pick<Knex.Raw, 'options'>) => Promise<Result>;

/**
 * Does work in a transaction, which is committed when the work is done and rolled back when it throws.
 *
 * @param what names the transaction's crash points: of a step, `<service-id>.<message-id>`
 * @param work may end with `last(statement)`, which saves a round trip; nothing can be done in the transaction after it
 */
export async function inTransaction<T>(
  db: Knex,
  what: string,
  work: (tx: Knex.Transaction, last: Last) => Promise<T>,
): Promise<T> {
  const done = await db.transaction(async (tx) => {
    let isCommitted = false;
    const result = await work(tx, async (statement) => {
      crashPoint('before-commit', what);
      isCommitted = true;
      statement.options({ commits: true });
      return await statement;
    });
    if (!isCommitted) crashPoint('before-commit', what);
    return result;
  });
  crashPoint('after-commit', what);
  return done;
}
