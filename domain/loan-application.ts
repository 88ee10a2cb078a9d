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
    | 'TERM_NOT_OFFERED';
  message: string;
}

/**
 * Holds an application against what is known without asking anybody: its customer and its product's terms.
 * In: the customer and the product version as found (undefined where there is none), the principal and the number of
 * instalments applied for. Out: the first problem, or undefined when there is none.
 */
export function applicationProblem(application: {
  customer: { market: string } | undefined;
  product: { market: string; terms: ProductTerms } | undefined;
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
