import type { Knex } from 'knex';
import type { ProductVersion } from '../reference';

/** A published version, with the instant of its publication. */
export interface PublishedVersion extends ProductVersion {
  publishedAt: string;
}

const columns = {
  productId: 'product_id',
  version: 'version',
  market: 'market',
  name: 'name',
  terms: 'terms',
  publishedAt: 'published_at',
};

/** A published version; undefined when there is none of that number. */
export const publishedVersion = (
  db: Knex,
  productId: string,
  version: number,
): Promise<PublishedVersion | undefined> =>
  db('reference.product_version').where({ product_id: productId, version }).first(columns);

/**
 * Published versions, by product and number.
 *
 * @param wanted a market, a product; what is left out does not narrow. `after`: product and number; at most `limit` rows.
 */
export async function publishedVersions(
  db: Knex,
  wanted: { market?: string; productId?: string; after: [string, number] | undefined; limit: number },
): Promise<PublishedVersion[]> {
  const { market, productId, after, limit } = wanted;
  return db('reference.product_version')
    .where({ ...(market && { market }), ...(productId && { product_id: productId }) })
    .modify((query) => {
      if (after) void query.whereRaw('(product_id, version) > (?, ?)', after);
    })
    .orderBy(['product_id', 'version'])
    .limit(limit)
    .select(columns);
}
