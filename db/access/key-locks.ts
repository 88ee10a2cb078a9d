import { setTimeout as delay } from 'node:timers/promises';
import type { Knex } from 'knex';

/** A client's key, and the route that it is sent to, by its operation id. */
export interface KeyUse {
  clientId: string;
  key: string;
  route: string;
}

/** A statement to be read with another one: what gives one row, in SQL with named values. */
export interface Reading {
  sql: string;
  values: Record<string, Knex.Value>;
}

/** Why nothing was done under a key: a request with it is being handled, or it was used at another route. */
export type KeyTaken = 'IN_USE' | 'USED_ELSEWHERE';

/** Lets at most one request at a time be handled under a key, in all processes together, and only at one route. */
export interface KeyLocks {
  /**
   * Does the work unless a request of the same client is being handled under the key right now, or one was at another route. Work
   * that throws has not used the key.
   *
   * @param reading is read by the statement that takes the lock, as a row in JSON that `work` gets
   * @returns what the work returns, or why it was not done
   */
  alone<T extends object>(
    use: KeyUse,
    reading: Reading | undefined,
    work: (read: unknown) => Promise<T>,
  ): Promise<T | KeyTaken>;
}

// Our own half of the lock's number, so that another use of advisory locks does not meet these.
const SEED = 7_310_002;

const nothing: Reading = { sql: 'select', values: {} };

/**
 * A key that another process has is asked for again a few times: it may have answered, and be giving the key back. Who has had an answer is
 * not to be told that it is still being made.
 */
const TRIES = 5;
const TRY_AGAIN_AFTER_MS = 40;

/**
 * Key locks as advisory locks of one database session: when the process dies its session ends, and with it every lock, so a
 * key is never blocked by a request that nobody handles any more.
 *
 * @param session a pool of exactly one connection that is used for nothing else, because the locks belong to it
 * @param onError is told when a lock could not be given back; its session is ended then, which gives back all
 */
export function keyLocks(session: Knex, onError: (error: unknown) => void): KeyLocks {
  // A session may take its own lock again, so what this process holds is known here.
  const held = new Set<string>();

  async function take(
    { clientId, key }: KeyUse,
    name: string,
    { sql, values }: Reading,
  ): Promise<{ isTaken: boolean; usedAt: string | null; read: unknown }> {
    for (let tries = 1; ; tries += 1) {
      const { rows } = await session.raw<{
        rows: [{ isTaken: boolean; usedAt: string | null; read: unknown }];
      }>(
        `select is_taken as "isTaken", used_at as "usedAt", (select to_jsonb(reading) from (${sql}) reading) as read
           from access.take_key(:lockClientId, :lockKey, :lockName, :lockSeed)`,
        { ...values, lockClientId: clientId, lockKey: key, lockName: name, lockSeed: SEED },
      );
      if (rows[0].isTaken || tries === TRIES) return rows[0];
      await delay(TRY_AGAIN_AFTER_MS);
    }
  }

  async function giveBack(name: string, used?: KeyUse): Promise<void> {
    try {
      if (used) {
        await session.raw('insert into access.idempotency_key values (?, ?, ?) on conflict do nothing', [
          ...[used.clientId, used.key, used.route],
        ]);
      }
      await session.raw('select pg_advisory_unlock(hashtextextended(?, ?))', [name, SEED]);
    } catch (error) {
      onError(error);
      await session.destroy();
      session.initialize();
    }
  }

  return {
    async alone(use, reading = nothing, work) {
      const { clientId, key, route } = use;
      const name = JSON.stringify([clientId, key]);
      if (held.has(name)) return 'IN_USE';
      held.add(name);
      let isTaken = false;
      let used: KeyUse | undefined;
      try {
        const { usedAt, read, ...lock } = await take(use, name, reading);
        isTaken = lock.isTaken;
        if (!isTaken) return 'IN_USE';
        if (usedAt !== null && usedAt !== route) return 'USED_ELSEWHERE';
        const done = await work(read);
        if (usedAt === null) used = use;
        return done;
      } finally {
        // Once the answer is on its way, and before a next request is read: that one's statements queue behind these.
        setImmediate(() => {
          held.delete(name);
          if (isTaken) void giveBack(name, used);
        });
      }
    },
  };
}
