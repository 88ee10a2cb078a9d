/** The side of an entry; an account grows on its normal side. */
export type Side = 'DEBIT' | 'CREDIT';

/**
 * Who an account can belong to; the names are also the keys of a posting's `owners`. A `party` is a funding partner or a
 * payment channel, where it does not matter which. A `merchant` and a `ledger` have accounts at Yeepay: the one receives what a
 * mall's `order` is paid with, the other is whom it is divided to.
 */
export type OwnerKind =
  | 'loan'
  | 'fundingPartner'
  | 'paymentChannel'
  | 'party'
  | 'customer'
  | 'market'
  | 'order'
  | 'merchant'
  | 'ledger'
  | 'debtor'
  | 'debtContract';

/**
 * One code of the chart. A `GUARDED` account has a running balance that the database never lets below zero; postings
 * on it wait for each other. A `HOT` account takes entries without a running balance, so nobody waits.
 */
export interface ChartAccount {
  readonly normalSide: Side;
  readonly kind: 'GUARDED' | 'HOT';
  readonly ownerKind: OwnerKind;
  readonly description: string;
}

/**
 * The chart of accounts, by book and code. A code that has been migrated is never removed and never changes its
 * normal side, kind or owner kind, because history stands on them; `migrate` refuses it.
 */
export const CHART_OF_ACCOUNTS = {
  general: {
    'loan-principal': {
      normalSide: 'DEBIT',
      kind: 'GUARDED',
      ownerKind: 'loan',
      description: 'Principal that the borrower still owes',
    },
    // A channel's cash takes part in every payout of the channel, so it must not be a row that all wait for. What may
    // be paid out is guarded by the funding partner's position in the funds book, which is taken before.
    'custody-cash': {
      normalSide: 'DEBIT',
      kind: 'HOT',
      ownerKind: 'paymentChannel',
      description: "Funding partners' money in our custody, at the payment channel that holds it",
    },
    'funding-partner-payable': {
      normalSide: 'CREDIT',
      kind: 'HOT',
      ownerKind: 'fundingPartner',
      description: 'Money that a funding partner has put in and is owed back',
    },
    'payout-in-exception': {
      normalSide: 'DEBIT',
      kind: 'GUARDED',
      ownerKind: 'fundingPartner',
      description: 'Paid out after a confirmed failure, until a person has found where the money is',
    },
    // Hot for the reason for which custody-cash is.
    'channel-clearing': {
      normalSide: 'DEBIT',
      kind: 'HOT',
      ownerKind: 'paymentChannel',
      description: 'Repayments that a payment channel has received for us and not yet settled',
    },
    'customer-payable': {
      normalSide: 'CREDIT',
      kind: 'GUARDED',
      ownerKind: 'customer',
      description: 'Paid by a customer and not put towards a loan: overpaid, paid twice, for a closed loan',
    },
    'unidentified-receipts': {
      normalSide: 'CREDIT',
      kind: 'GUARDED',
      ownerKind: 'party',
      description: 'Received by a party, until a person has found out whose it is',
    },
    'interest-income': {
      normalSide: 'CREDIT',
      kind: 'HOT',
      ownerKind: 'market',
      description: 'Interest that customers have paid',
    },
    'fee-income': {
      normalSide: 'CREDIT',
      kind: 'HOT',
      ownerKind: 'market',
      description: 'Fees that customers have paid, after the payout',
    },
    'penalty-income': {
      normalSide: 'CREDIT',
      kind: 'HOT',
      ownerKind: 'market',
      description: 'Penalty that customers have paid',
    },
    'coupon-expense': {
      normalSide: 'DEBIT',
      kind: 'HOT',
      ownerKind: 'market',
      description: "What was paid in customers' place, by coupon",
    },
    'upfront-fee-income': {
      normalSide: 'CREDIT',
      kind: 'HOT',
      ownerKind: 'market',
      description: 'Fees deducted from payouts',
    },
    'refund-clearing': {
      normalSide: 'DEBIT',
      kind: 'GUARDED',
      ownerKind: 'customer',
      description: 'Paid back to a customer and not yet taken back from the loans; within one step only',
    },
    'refund-receivable': {
      normalSide: 'DEBIT',
      kind: 'HOT',
      ownerKind: 'fundingPartner',
      description:
        'Paid back out of custody for a funding partner that collected the money itself, and so owes it',
    },
    // Hot, because each chargeback of a party would else wait here before it locks what its payer owns.
    'charged-back': {
      normalSide: 'DEBIT',
      kind: 'HOT',
      ownerKind: 'party',
      description: 'Taken back by a party, as long as it is not known whose it was, and what never came in',
    },
    'chargeback-receivable': {
      normalSide: 'DEBIT',
      kind: 'GUARDED',
      ownerKind: 'customer',
      description: 'Taken back for a customer to whom it had been refunded: paid back twice, and owed to us',
    },
    'refund-in-exception': {
      normalSide: 'DEBIT',
      kind: 'GUARDED',
      ownerKind: 'paymentChannel',
      description: 'Paid back after a confirmed failure, until a person has found where the money is',
    },
    'divide-in-exception': {
      normalSide: 'DEBIT',
      kind: 'GUARDED',
      ownerKind: 'order',
      description: 'Divided to receivers after a confirmed failure, until they have given it back',
    },
    'return-in-exception': {
      normalSide: 'CREDIT',
      kind: 'GUARDED',
      ownerKind: 'order',
      description: 'Returned by receivers after a confirmed failure, until they have it back',
    },
    'yeepay-undivided': {
      normalSide: 'DEBIT',
      kind: 'GUARDED',
      ownerKind: 'order',
      description: "What is left of an order's payment at Yeepay, and has gone to nobody",
    },
    'yeepay-debtor-ledger': {
      normalSide: 'DEBIT',
      kind: 'GUARDED',
      ownerKind: 'ledger',
      description: "What was divided to a debtor's ledger at Yeepay, and not returned",
    },
    // Hot: all of a merchant's orders are on it.
    'receiving-merchant': {
      normalSide: 'DEBIT',
      kind: 'HOT',
      ownerKind: 'merchant',
      description:
        'What orders have left or brought back to their merchant at Yeepay, less what buyers got back',
    },
    'yeepay-fee': {
      normalSide: 'DEBIT',
      kind: 'HOT',
      ownerKind: 'market',
      description: 'What Yeepay has kept of payments',
    },
    // Not guarded: below zero, the platform's share of the order is. The money itself is guarded above.
    'order-undivided': {
      normalSide: 'CREDIT',
      kind: 'HOT',
      ownerKind: 'order',
      description: "What a buyer has paid, and is neither divided nor refunded nor the platform's yet",
    },
    'debtor-share': {
      normalSide: 'CREDIT',
      kind: 'GUARDED',
      ownerKind: 'order',
      description: 'Divided to debtors, until it settles their debts or is returned',
    },
    'debt-return-clearing': {
      normalSide: 'DEBIT',
      kind: 'GUARDED',
      ownerKind: 'order',
      description: "Returned by debtors' ledgers, until the share or the debt has followed",
    },
    'debt-collected': {
      normalSide: 'CREDIT',
      kind: 'GUARDED',
      ownerKind: 'debtContract',
      description: "What debtors' shares have settled of a debt: owed to its creditor",
    },
    'debtor-payable': {
      normalSide: 'CREDIT',
      kind: 'GUARDED',
      ownerKind: 'debtor',
      description: "What exceeded a debtor's debts: owed to the debtor",
    },
    'platform-share-income': {
      normalSide: 'CREDIT',
      kind: 'HOT',
      ownerKind: 'market',
      description: "The platform's share of orders: what of them is owed to nobody else",
    },
  },
  funds: {
    contributed: {
      normalSide: 'CREDIT',
      kind: 'HOT',
      ownerKind: 'fundingPartner',
      description: 'All that the partner has put at our disposal; the contra account of the positions',
    },
    available: {
      normalSide: 'DEBIT',
      kind: 'GUARDED',
      ownerKind: 'fundingPartner',
      description: 'Free for new loans',
    },
    frozen: {
      normalSide: 'DEBIT',
      kind: 'GUARDED',
      ownerKind: 'fundingPartner',
      description: 'Reserved for loans that are not yet being paid out',
    },
    'in-transit': {
      normalSide: 'DEBIT',
      kind: 'GUARDED',
      ownerKind: 'fundingPartner',
      description: 'Payout asked for, result not yet known for certain',
    },
    // Guarded although it mostly grows: a payout already holds the in-transit row of the same partner, so guarding
    // this one makes nobody wait longer, and the position is read without a sum over history.
    'paid-out': {
      normalSide: 'DEBIT',
      kind: 'GUARDED',
      ownerKind: 'fundingPartner',
      description: 'With borrowers, by confirmed payouts',
    },
    received: {
      normalSide: 'DEBIT',
      kind: 'GUARDED',
      ownerKind: 'fundingPartner',
      description: 'Come back from borrowers',
    },
    refunded: {
      normalSide: 'DEBIT',
      kind: 'GUARDED',
      ownerKind: 'fundingPartner',
      description: 'Given back to borrowers or to the partner',
    },
    'received-short': {
      normalSide: 'CREDIT',
      kind: 'GUARDED',
      ownerKind: 'fundingPartner',
      description:
        'Taken back from its loans beyond what it has received, by chargebacks: owed by the partner',
    },
    exception: {
      normalSide: 'DEBIT',
      kind: 'GUARDED',
      ownerKind: 'fundingPartner',
      description: 'Money in the wrong place, until an operator has decided about it',
    },
  },
  credit: {
    granted: {
      normalSide: 'CREDIT',
      kind: 'HOT',
      ownerKind: 'customer',
      description: "The customer's credit limit; the contra account of the positions",
    },
    available: {
      normalSide: 'DEBIT',
      kind: 'GUARDED',
      ownerKind: 'customer',
      description: 'Free for new loans',
    },
    frozen: {
      normalSide: 'DEBIT',
      kind: 'GUARDED',
      ownerKind: 'customer',
      description: 'Blocked by risk management',
    },
    reserved: {
      normalSide: 'DEBIT',
      kind: 'GUARDED',
      ownerKind: 'customer',
      description: 'Held for applications that are not yet paid out',
    },
    used: {
      normalSide: 'DEBIT',
      kind: 'GUARDED',
      ownerKind: 'customer',
      description: 'Taken by loans that are paid out',
    },
    'over-limit': {
      normalSide: 'CREDIT',
      kind: 'GUARDED',
      ownerKind: 'customer',
      description:
        'Used beyond the limit, because a refund has opened a loan again; nothing is available meanwhile',
    },
  },
} as const satisfies Record<string, Record<string, ChartAccount>>;

/** A book: one set of accounts in which every journal balances by itself. */
export type Book = keyof typeof CHART_OF_ACCOUNTS;

/** The codes of one book. */
export type AccountCode<B extends Book> = keyof (typeof CHART_OF_ACCOUNTS)[B] & string;

/**
 * Looks up a code of the chart.
 *
 * @throws Error when the book has no such code.
 */
export function chartAccount(book: Book, code: string): ChartAccount {
  const accounts: Readonly<Record<string, ChartAccount>> = CHART_OF_ACCOUNTS[book];
  const account = accounts[code];
  if (account === undefined)
    throw new Error(`The chart of accounts has no code "${code}" in book "${book}".`);
  return account;
}
