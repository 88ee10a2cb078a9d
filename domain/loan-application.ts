import type { IsoDate } from './calendar';
import { costCapOn, costCapProblems } from './cost-caps';
import type { Money } from './money';
import { amountProblem, termProblem, type ProductTerms } from './product-terms';

/** Why a loan cannot be applied for: a code that stays the same, and a sentence for people. */
export interface ApplicationProblem {
  code:
    | 'UNKNOWN_PRODUCT'
    | 'UNKNOWN_CUSTOMER'
    | 'CUSTOMER_NOT_IN_MARKET'
    | 'WRONG_CURRENCY'
    | 'AMOUNT_OUT_OF_RANGE'
    | 'TERM_NOT_OFFERED'
    | 'PRODUCT_NOT_SELLABLE';
  message: string;
}

/**
 * Holds an application against what is known without asking anybody: its customer and its product's terms.
 * In: the customer and the product version as found (undefined where there is none), the principal and the number of
 * instalments applied for. Out: the first problem, or undefined when there is none.
 */
export function applicationProblem(application: {
  customer: { market: string } | null | undefined;
  product: { market: string; terms: ProductTerms } | null | undefined;
  principal: Money;
  instalmentCount: number;
}): ApplicationProblem | undefined {
  const { customer, product, principal, instalmentCount } = application;
  if (!product)
    return { code: 'UNKNOWN_PRODUCT', message: 'There is no such product, or not in this version.' };
  if (!customer) return { code: 'UNKNOWN_CUSTOMER', message: 'There is no such customer.' };
  if (customer.market !== product.market) {
    return {
      code: 'CUSTOMER_NOT_IN_MARKET',
      message: `The product is offered in ${product.market}, the customer is in ${customer.market}.`,
    };
  }
  return amountProblem(product.terms, principal) ?? termProblem(product.terms, instalmentCount);
}

/**
 * Running through a product's plans takes tens of milliseconds, and its answer can only change with the cap: terms are
 * never changed, and a cap that is in force neither. By market and the day on which its cap came into force.
 */
const capProblems = new WeakMap<ProductTerms, Map<string, string[]>>();

/**
 * Says why a product version must not be sold on a day, though it was sound when it was published: the law of its market
 * may allow less by now. Loans that were made before keep their terms.
 *
 * @param product a published version: sound terms, and the market that they are for
 * @param onDate the market's business date
 * @returns the problem PRODUCT_NOT_SELLABLE, or undefined when new loans may be made on the terms
 */
export function saleProblem(
  product: { market: string; terms: ProductTerms },
  onDate: IsoDate,
): ApplicationProblem | undefined {
  const { market, terms } = product;
  const known = capProblems.get(terms) ?? new Map<string, string[]>();
  capProblems.set(terms, known);
  const cap = `${market} ${costCapOn(market, onDate)?.validFrom}`;
  const problems = known.get(cap) ?? costCapProblems(market, terms, onDate);
  known.set(cap, problems);
  if (problems.length === 0) return undefined;
  const message = `The product may not be sold any more: ${problems.join('; ')}. Choose another version or product.`;
  return { code: 'PRODUCT_NOT_SELLABLE', message };
}
