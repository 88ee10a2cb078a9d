import { checkTrace } from '../../scripts/check-trace';
import { booksDisagree } from './books-agree';
import type { Platform } from './platform';

/** After every case the books agree with what the services keep, and every handling follows the catalog. */
export async function expectSound(platform: Platform): Promise<void> {
  expect(await booksDisagree(platform.db)).toEqual([]);
  expect(checkTrace(await platform.trace()).problems).toEqual([]);
}
