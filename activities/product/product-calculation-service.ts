import { productOf } from '../../db/reference';
import { repaymentPlan } from '../../domain/amortization';
import { message } from '../../schemas/message';
import { service } from '../service';

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
});
