import { productOf } from '../../db/reference';
import { repaymentPlan } from '../../domain/amortization';
import type { ProductTerms } from '../../domain/product-terms';
import { quoteExtension } from '../../domain/servicing/extension';
import { owedAmounts } from '../../domain/servicing/position';
import { quote } from '../../domain/servicing/quote';
import type { Ending } from '../../domain/servicing/settlement';
import type { MarketId } from '../../schemas/generated/messages';
import { message, type DataOf, type Message } from '../../schemas/message';
import { service, type Handling } from '../service';

/** 产品试算服务: calculates by the rules of a product's version, and keeps nothing. */
export const productCalculationService = service('product-calculation-service', {
  async 'calculate-repayment-plan'({ data, market }, { tx, refuse }) {
    const { productId, productVersion } = data;
    const product = await productOf(tx, productId, productVersion);
    if (!product)
      return refuse('UNKNOWN_PRODUCT', `There is no version ${productVersion} of product ${productId}.`);
    const { terms } = product;
    return [
      message(
        'repayment-plan-calculated',
        'scenario' in data ? extensionPlan(market, terms, data) : newPlan(terms, data),
      ),
    ];
  },

  'calculate-early-settlement': priceOf<'calculate-early-settlement'>('EARLY_SETTLEMENT'),
  'calculate-loan-cancel-repayment': priceOf<'calculate-loan-cancel-repayment'>('CANCELLATION'),
});

type PlanCommand = DataOf<'calculate-repayment-plan'>;
type ExtensionCommand = Extract<PlanCommand, { scenario: 'EXTENSION' }>;

function newPlan(terms: ProductTerms, data: Exclude<PlanCommand, ExtensionCommand>) {
  const { loanId, productId, productVersion, principal, instalmentCount, startDate } = data;
  const plan = repaymentPlan({ principalMinor: principal.amountMinor, terms, instalmentCount, startDate });
  return { loanId, productId, productVersion, principal, ...plan };
}

/** The plan and the price of an extension that asset management has found open. */
function extensionPlan(market: MarketId, terms: ProductTerms, data: ExtensionCommand) {
  const { account, ...asked } = data;
  const quoted = quoteExtension({ market, terms, ...account }, data.quotedFor, data.periods);
  const { feeMinor, arrearsMinor, totalMinor, addedInterestMinor, instalments: newInstalments } = quoted;
  const amounts = { feeMinor, arrears: owedAmounts(arrearsMinor), totalMinor, addedInterestMinor };
  return { ...asked, currency: terms.currency, amounts, newInstalments };
}

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
