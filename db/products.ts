import type { Knex } from 'knex';
import stringify from 'safe-stable-stringify';
import { costCapProblems } from '../domain/cost-caps';
import { checkProductTerms } from '../domain/product-terms';
import { composeEvent } from '../schemas/compose';
import { message } from '../schemas/message';
import { commonSchemas, compileSchema, violationsOf } from '../schemas/validate';
import { recordEvent } from './messages';
import { heldBusinessDate, marketOf, productOf, type ProductVersion } from './reference';

/** A version of a product before it has a number. */
export type ProductDraft = Omit<ProductVersion, 'version'>;

/** A product version cannot be published; nothing has changed. `problems` has a sentence for each reason. */
export class ProductRefused extends Error {
  override readonly name = 'ProductRefused';
  constructor(readonly problems: readonly string[]) {
    super(`The product version is refused: ${problems.join('; ')}`);
  }
}

const referTo = (name: string): { $ref: string } => ({ $ref: commonSchemas[name]!.$id });

const isDraft = compileSchema({
  type: 'object',
  additionalProperties: false,
  required: ['productId', 'market', 'name', 'terms'],
  properties: {
    productId: referTo('product-id'),
    market: referTo('market-id'),
    name: referTo('product-name'),
    terms: referTo('product-terms'),
  },
});

/**
 * Publishes a product's next version, and records the event product-version-published in the same transaction. A version
 * that says the same as the newest one is that one: nothing is published again.
 *
 * @param draft a ProductDraft, as it comes out of a file
 * @returns the version that stands, and whether it is new
 * @throws ProductRefused with all that is wrong: the draft's form, else its terms, else what the law lets a loan cost on
 *   the market's business date; and when the product belongs to another market.
 */
export async function publishProductVersion(
  db: Knex,
  draft: unknown,
): Promise<{ version: number; isNew: boolean }> {
  const { productId, market, name, terms } = checkedForm(draft);
  return db.transaction(async (tx) => {
    const publishedOn = await heldBusinessDate(tx, market);
    const { currency } = await marketOf(tx, market);
    const unsound = checkProductTerms({ id: market, currency }, terms);
    const problems = unsound.length > 0 ? unsound : costCapProblems(market, terms, publishedOn);
    if (problems.length > 0) throw new ProductRefused(problems);

    // Two who publish at once take two numbers, one after the other.
    await tx.raw('select pg_advisory_xact_lock(hashtextextended(?, 0))', [`product:${productId}`]);
    const newest = await productOf(tx, productId);
    if (newest && newest.market !== market) {
      throw new ProductRefused([`${productId} is a product of market ${newest.market}, not of ${market}`]);
    }
    if (newest && stringify([newest.name, newest.terms]) === stringify([name, terms])) {
      return { version: newest.version, isNew: false };
    }
    const version = (newest?.version ?? 0) + 1;
    await tx('reference.product_version').insert({
      ...{ product_id: productId, version, market },
      ...{ name: JSON.stringify(name), terms: JSON.stringify(terms) },
    });
    const event = composeEvent(
      { source: 'financial-product-center', market, subjectId: `${productId}.${version}` },
      message('product-version-published', { productId, version, name, terms, publishedOn }),
    );
    await recordEvent(tx, event);
    return { version, isNew: true };
  });
}

/** The draft, when its form is right. Throws ProductRefused with each place that is wrong. */
function checkedForm(draft: unknown): ProductDraft {
  if (!isDraft(draft)) {
    throw new ProductRefused(
      violationsOf(isDraft.errors).map(({ pointer, detail }) => `${pointer || 'the product'} ${detail}`),
    );
  }
  return draft as ProductDraft;
}
