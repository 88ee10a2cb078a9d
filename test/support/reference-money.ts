import {
  appliedOf,
  canExtend,
  extend,
  extensionOn,
  hear,
  takeBack,
  takenOf,
  type ReferenceLoan,
  type ReferencePayment,
} from './reference-loan';

// What becomes of money, beside the loans: what an order means it to do, and what of it can go back. Written from
// docs/repayment.md, docs/extension.md and docs/refund-and-reversal.md; it shares no code with the services.

/** Up to which amount the market lets go back by itself what stands with no loan, in minor units. */
const unapprovedUpToMinor = 20_000;

/** What an order means money to do with one loan, and what the loan took of it so far. */
export interface ReferenceLine extends Pick<ReferencePayment, 'only' | 'ends'> {
  loanId: string;
  amountMinor: number;
  takenMinor: number;
}
/** An extension that is ordered, as it was quoted. */
export interface ReferenceExtension {
  loanId: string;
  periods: number;
  quotedFor: string;
  priceMinor: number;
  /** How often the loan had changed. */
  changes: number;
  /** It is extended, or cancelled: nothing extends it any more. */
  isDone: boolean;
}
export interface ReferenceReceipt {
  id: string;
  day: string;
  amountMinor: number;
  /** What has gone back, or is about to. */
  claimedMinor: number;
  /** Whether its party has taken some of it back. */
  isTakenBack?: boolean;
}
export interface ReferenceRefund {
  receipt: ReferenceReceipt;
  amountMinor: number;
  parts: { loanId: string; amountMinor: number }[];
  atFault: boolean;
}
/** The money of one customer. */
export interface ReferencePurse {
  /** By the loan's id. */
  loans: Map<string, ReferenceLoan>;
  receipts: ReferenceReceipt[];
  /** Asked for, and not decided yet. */
  pending: ReferenceRefund[];
  goneMinor: number;
}

export const referencePurse = (): ReferencePurse => ({
  ...{ loans: new Map(), receipts: [], pending: [], goneMinor: 0 },
});

const sum = (ones: readonly number[]): number => ones.reduce((total, one) => total + one, 0);

/** Takes money in, and puts it towards what its order still wants, line by line. */
export function receive(
  purse: ReferencePurse,
  lines: readonly ReferenceLine[],
  receipt: ReferenceReceipt,
): void {
  const { id, day, amountMinor } = receipt;
  purse.receipts.push(receipt);
  let left = amountMinor;
  for (const line of lines) {
    const { loanId, only, ends } = line;
    const most = Math.min(left, line.amountMinor - line.takenMinor);
    if (most <= 0) continue;
    const meant = { ...(only && { only }), ...(ends && { ends }) };
    const taken = hear(purse.loans.get(loanId)!, { id, day, amountMinor: most, ...meant });
    line.takenMinor += taken;
    left -= taken;
  }
}

/** Takes money in that is for an extension: the loan is extended if it is paid in full and in time, and stands as quoted. */
export function receiveForExtension(
  purse: ReferencePurse,
  extension: ReferenceExtension,
  receipt: ReferenceReceipt,
): void {
  const { id, day, amountMinor } = receipt;
  purse.receipts.push(receipt);
  const { loanId, periods, quotedFor, priceMinor, changes, isDone } = extension;
  const loan = purse.loans.get(loanId)!;
  const isAsQuoted = loan.changes === changes && loan.takings.every((one) => one.day <= day);
  if (isDone || amountMinor < priceMinor || day > quotedFor || !isAsQuoted) return;
  if (!canExtend(loan, day, periods)) return;
  // On an earlier day it is priced anew.
  const feeMinor = day === quotedFor ? priceMinor : extensionOn(loan, day, periods).feeMinor;
  if (feeMinor > amountMinor) return;
  extend(loan, { id, day, periods, feeMinor });
  extension.isDone = true;
}

/** What stands with each loan of a receipt and is not about to be taken back, the newest loan first. */
const withLoans = ({ loans, pending }: ReferencePurse, receipt: ReferenceReceipt) =>
  [...loans]
    .sort(([one], [other]) => (one < other ? 1 : -1))
    .map(([loanId, loan]) => {
      const parts = pending.filter((one) => one.receipt === receipt).flatMap((one) => one.parts);
      const goingMinor = sum(parts.filter((one) => one.loanId === loanId).map((one) => one.amountMinor));
      return { loanId, amountMinor: Math.max(0, takenOf(loan, receipt.id) - goingMinor) };
    });

/** What of a receipt stands with no loan. */
export const withNoLoan = (purse: ReferencePurse, receipt: ReferenceReceipt): number =>
  Math.max(
    0,
    receipt.amountMinor -
      receipt.claimedMinor -
      sum(withLoans(purse, receipt).map(({ amountMinor }) => amountMinor)),
  );

/** The most that can go back of a receipt; `fromLoans` by a cause for which it is taken back from loans. */
export const refundable = (purse: ReferencePurse, receipt: ReferenceReceipt, fromLoans: boolean): number =>
  withNoLoan(purse, receipt) +
  (fromLoans ? sum(withLoans(purse, receipt).map(({ amountMinor }) => amountMinor)) : 0);

/** Asks for a refund of at most what is refundable: what stands with no loan first, then the newest loan. */
export function claim(
  purse: ReferencePurse,
  receipt: ReferenceReceipt,
  amountMinor: number,
  atFault: boolean,
): ReferenceRefund {
  let left = Math.max(0, amountMinor - withNoLoan(purse, receipt));
  const parts = withLoans(purse, receipt).map(({ loanId, ...of }) => {
    const minor = Math.min(left, of.amountMinor);
    left -= minor;
    return { loanId, amountMinor: minor };
  });
  const refund = { receipt, amountMinor, parts: parts.filter((one) => one.amountMinor > 0), atFault };
  receipt.claimedMinor += amountMinor;
  purse.pending.push(refund);
  return refund;
}

export const needsApproval = ({ parts, amountMinor }: ReferenceRefund): boolean =>
  parts.length > 0 || amountMinor > unapprovedUpToMinor;

/** A refund is paid on a day: what still stands of it with its loans is taken back from them. */
export function payBack(purse: ReferencePurse, refund: ReferenceRefund, day: string): void {
  const { receipt, amountMinor, parts, atFault } = refund;
  purse.pending.splice(purse.pending.indexOf(refund), 1);
  purse.goneMinor += amountMinor;
  for (const part of parts) {
    const loan = purse.loans.get(part.loanId)!;
    const takenMinor = Math.min(part.amountMinor, takenOf(loan, receipt.id));
    if (takenMinor > 0) takeBack(loan, receipt.id, { amountMinor: takenMinor, day, atFault });
  }
}

/** A refund is not made. */
export function reject(purse: ReferencePurse, refund: ReferenceRefund): void {
  purse.pending.splice(purse.pending.indexOf(refund), 1);
  refund.receipt.claimedMinor -= refund.amountMinor;
}

/** What the customer has paid and no loan has: it is owed back. */
export const payableOf = ({ receipts, loans, goneMinor }: ReferencePurse): number =>
  sum(receipts.map(({ amountMinor }) => amountMinor)) - goneMinor - sum([...loans.values()].map(appliedOf));
