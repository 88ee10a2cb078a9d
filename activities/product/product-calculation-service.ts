import { productOf } from '../../db/reference';
import { repaymentPlan } from '../../domain/amortization';
import { quote } from '../../domain/servicing/quote';
import type { Ending } from '../../domain/servicing/settlement';
import { message, type Message } from '../../schemas/message';
import { service, type Handling } from '../service';

/** 产品试算服务: calculates by the rules of a product's version, and keeps nothing. */
export const productCalculationService = service('product-calculation-service', {
  async 'calculate-repayment-plan'({ data }, { tx, refuse }) {
    const { loanId, productId, productVersion, principal, instalmentCount, startDate } = data;
    const product = await productOf(tx, productId, productVersion);
    if (!product)
      return refuse('UNKNOWN_PRODUCT', `There is no version ${productVersion} of product ${productId}.`);
    const { instalments, totals } = repaymentPlan({
      principalMinor: principal.amountMinor,
      terms: product.terms,
      instalmentCount,
      startDate,
    });
    return [
      message('repayment-plan-calculated', {
        loanId,
        productId,
        productVersion,
        principal,
        instalments: instalments,
        totals,
      }),
    ];
  },

  'calculate-early-settlement': priceOf<'calculate-early-settlement'>('EARLY_SETTLEMENT'),
  'calculate-loan-cancel-repayment': priceOf<'calculate-loan-cancel-repayment'>('CANCELLATION'),
});

/** Prices an ending that asset management has found open: what it cannot be is an error, not a refusal. */
function priceOf<T extends 'calculate-early-settlement' | 'calculate-loan-cancel-repayment'>(
  scenario: Ending,
) {
  return async ({ data, market }: Message<T>, { tx }: Handling<T>) => {
    const { quoteId, loanId, productId, productVersion, quotedFor, account } = data;
    const product = await productOf(tx, productId, productVersion);
    if (!product) throw new Error(`There is no version ${productVersion} of product ${productId}.`);
    const { terms } = product;
    const { intent, validThrough, ...amounts } = quote({ market, terms, ...account }, quotedFor, {
      kind: scenario,
    });
    return [
      message('repayment-plan-calculated', {
        ...{ scenario, quoteId, loanId, productId, productVersion, quotedFor, amounts },
        currency: terms.currency,
      }),
    ] as const;
  };
}
