import knex, { type Knex } from 'knex';

/** Works as the user of the address itself: for what the application's role may not do, such as writing reference data. */
export async function asOwner<T>(databaseUrl: string, work: (owner: Knex) => PromiseLike<T>): Promise<T> {
  const owner = knex({ client: 'pg', connection: databaseUrl, pool: { min: 0, max: 1 } });
  try {
    return await work(owner);
  } finally {
    await owner.destroy();
  }
}
