import type { Knex } from 'knex';
import { prepared } from '../prepared';

/** Lets at most one request at a time be handled under a key, in all processes together. */
export interface KeyLocks {
  /**
   * Does the work unless a request of the same client is being handled under the key right now.
   *
   * @returns what the work returns, or undefined when it was not done
   */
  alone<T extends object>(clientId: string, key: string, work: () => Promise<T>): Promise<T | undefined>;
}

// Our own half of the lock's number, so that another use of advisory locks does not meet these.
const SEED = 7_310_002;

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

  async function giveBack(name: string): Promise<void> {
    try {
      await session.raw('select pg_advisory_unlock(hashtextextended(?, ?))', [name, SEED]);
    } catch (error) {
      onError(error);
      await session.destroy();
      session.initialize();
    }
  }

  return {
    async alone(clientId, key, work) {
      const name = JSON.stringify([clientId, key]);
      if (held.has(name)) return undefined;
      held.add(name);
      try {
        const { rows } = await prepared<{ rows: { isTaken: boolean }[] }>(
          session,
          'lock a key',
          'select pg_try_advisory_lock(hashtextextended(?, ?)) as "isTaken"',
          [name, SEED],
        );
        if (!rows[0]!.isTaken) return undefined;
        // Not waited for, so that it costs the answer no time: whoever comes next in this process queues behind it.
        return await work().finally(() => void giveBack(name));
      } finally {
        held.delete(name);
      }
    },
  };
}
