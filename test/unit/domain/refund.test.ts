import { needsApproval, planChargeback, planRefund, type RefundableReceipt } from '../../../domain/refund';

const receipt: RefundableReceipt = {
  receivedMinor: 1_000,
  refundedMinor: 100,
  allocated: [
    { loanId: 'LN1', partnerId: 'P1', amountMinor: 400 },
    { loanId: 'LN2', partnerId: 'P2', amountMinor: 300 },
  ],
};

describe('a refund', () => {
  test('of what was paid twice or too much is what stands with no loan, and not a unit more', () => {
    expect(planRefund(receipt, 'PAID_TWICE')).toEqual({ amountMinor: 200, parts: [] });
    expect(planRefund(receipt, 'OVERPAID', 150)).toEqual({ amountMinor: 150, parts: [] });
    expect(planRefund(receipt, 'OVERPAID', 201)).toBeUndefined();
  });

  test('of what was wrongly charged takes what stands with no loan first, then what was allocated last', () => {
    expect(planRefund(receipt, 'WRONGLY_CHARGED', 550)).toEqual({
      amountMinor: 550,
      parts: [
        { loanId: 'LN2', partnerId: 'P2', amountMinor: 300 },
        { loanId: 'LN1', partnerId: 'P1', amountMinor: 50 },
      ],
    });
  });

  test('takes all that is left where no amount is named', () => {
    expect(planRefund(receipt, 'WRONGLY_CHARGED')?.amountMinor).toBe(900);
    expect(planRefund(receipt, 'WRONGLY_CHARGED', 901)).toBeUndefined();
  });

  test('of nothing is none', () => {
    expect(planRefund({ ...receipt, refundedMinor: 300 }, 'PAID_TWICE')).toBeUndefined();
    expect(planRefund(receipt, 'PAID_TWICE', 0)).toBeUndefined();
  });

  test('needs no approval where it was never put towards a loan and is within the limit', () => {
    expect(needsApproval({ amountMinor: 200, parts: [] }, 200)).toBe(false);
    expect(needsApproval({ amountMinor: 201, parts: [] }, 200)).toBe(true);
    expect(needsApproval({ amountMinor: 1, parts: [{}] }, 200)).toBe(true);
  });
});

describe('a chargeback', () => {
  const stands = { notRefundedMinor: 900, allocated: receipt.allocated };

  test('takes what stands with no loan first, then what was allocated last, and is never too much', () => {
    expect(planChargeback(stands, 200)).toEqual([]);
    expect(planChargeback(stands, 550)).toEqual([
      { loanId: 'LN2', partnerId: 'P2', amountMinor: 300 },
      { loanId: 'LN1', partnerId: 'P1', amountMinor: 50 },
    ]);
    expect(planChargeback(stands, 5_000).map(({ amountMinor }) => amountMinor)).toEqual([300, 400]);
  });

  test('finds nothing without a loan where more stands with loans than was not refunded', () => {
    expect(planChargeback({ ...stands, notRefundedMinor: 600 }, 100)).toEqual([
      { loanId: 'LN2', partnerId: 'P2', amountMinor: 100 },
    ]);
  });
});
