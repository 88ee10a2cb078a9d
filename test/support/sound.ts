import { allTraces } from '../../db/reads/trace';
import { checkTrace } from '../../scripts/check-trace';
import { booksDisagree } from './books-agree';
import type { World } from './world';

/** After every case the books agree with what the services keep, and every handling follows the catalog. */
export async function expectSound({ db }: Pick<World, 'db'>): Promise<void> {
  expect(await booksDisagree(db)).toEqual([]);
  expect(checkTrace(await allTraces(db)).problems).toEqual([]);
}
