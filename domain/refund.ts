import { sumMinor } from './money';

export const refundCauses = ['DISBURSEMENT_WENT_WRONG', 'PAID_TWICE', 'OVERPAID', 'WRONGLY_CHARGED'] as const;
export type RefundCause = (typeof refundCauses)[number];

/** Money that came in by one transaction, and where it stands; in minor units of its currency. */
export interface RefundableReceipt {
  receivedMinor: number;
  /** What goes or went back by refunds that have not ended otherwise. */
  refundedMinor: number;
  /** What stands with loans and is not about to be taken back, in the order in which it was put there. */
  allocated: readonly { loanId: string; partnerId: string; amountMinor: number }[];
}

/** What goes back in all, and what of it is taken back from loans, in that order; the rest stood with none. */
export interface RefundPlan {
  amountMinor: number;
  parts: { loanId: string; partnerId: string; amountMinor: number }[];
}

/** What was paid twice or too much stands with no loan: giving it back opens nothing again. */
const opensNothing: readonly RefundCause[] = ['PAID_TWICE', 'OVERPAID'];

/**
 * Divides a refund over what stands with no loan, which goes first, and what was put towards loans, the newest first.
 *
 * @param amountMinor all that can go back for the cause if left out
 * @returns the plan; undefined where less can go back than is asked for, or nothing
 */
export function planRefund(
  { receivedMinor, refundedMinor, allocated }: RefundableReceipt,
  cause: RefundCause,
  amountMinor?: number,
): RefundPlan | undefined {
  const allocatedMinor = sumMinor(allocated.map((one) => one.amountMinor));
  const unappliedMinor = Math.max(0, receivedMinor - refundedMinor - allocatedMinor);
  const refundable = opensNothing.includes(cause) ? [] : [...allocated].reverse();
  const mostMinor = sumMinor([unappliedMinor, ...refundable.map((one) => one.amountMinor)]);
  const wantedMinor = amountMinor ?? mostMinor;
  if (wantedMinor <= 0 || wantedMinor > mostMinor) return undefined;

  return { amountMinor: wantedMinor, parts: takenFrom(refundable, wantedMinor - unappliedMinor) };
}

/**
 * Divides a chargeback likewise; what it takes is never refused.
 *
 * @param notRefundedMinor what of the receipt nothing else gives back
 * @returns what is taken back from loans, in that order; the rest stood with none
 */
export function planChargeback(
  { notRefundedMinor, allocated }: { notRefundedMinor: number } & Pick<RefundableReceipt, 'allocated'>,
  amountMinor: number,
): RefundPlan['parts'] {
  const unappliedMinor = notRefundedMinor - sumMinor(allocated.map((one) => one.amountMinor));
  return takenFrom([...allocated].reverse(), amountMinor - Math.max(0, unappliedMinor));
}

/** Takes an amount from what stands with loans, in the order given. */
function takenFrom(stands: RefundPlan['parts'], amountMinor: number): RefundPlan['parts'] {
  let leftMinor = Math.max(0, amountMinor);
  const parts = stands.map((one) => {
    const partMinor = Math.min(leftMinor, one.amountMinor);
    leftMinor -= partMinor;
    return { ...one, amountMinor: partMinor };
  });
  return parts.filter((one) => one.amountMinor > 0);
}

/**
 * Whether another person must approve a refund: unless it was never put towards a loan and is at most what the market lets
 * go back by itself.
 */
export const needsApproval = (
  refund: { amountMinor: number; parts: readonly unknown[] },
  unapprovedUpToMinor: number,
): boolean => refund.parts.length > 0 || refund.amountMinor > unapprovedUpToMinor;
