import {
  chartAccount,
  type AccountCode,
  type Book,
  type CHART_OF_ACCOUNTS,
  type Side,
} from './chart-of-accounts';

interface RuleLine<B extends Book> {
  readonly side: Side;
  readonly account: AccountCode<B>;
  /** The name of the amount that the line takes from the posting. */
  readonly amount: string;
}

type PostingRule = { [B in Book]: { readonly book: B; readonly lines: readonly RuleLine<B>[] } }[Book];

/**
 * What happens in business (the scenario) and the entries that record it. The names of the amounts state the identity
 * that must hold: the debits' amounts sum to the credits' amounts, as in principal = payout + deductedFees.
 */
export const POSTING_RULES = {
  'general.custody-funds-received': {
    book: 'general',
    lines: [
      { side: 'DEBIT', account: 'custody-cash', amount: 'received' },
      { side: 'CREDIT', account: 'funding-partner-payable', amount: 'received' },
    ],
  },
  'general.loan-disbursed-by-partner': {
    book: 'general',
    lines: [
      { side: 'DEBIT', account: 'loan-principal', amount: 'principal' },
      { side: 'CREDIT', account: 'funding-partner-payable', amount: 'payout' },
      { side: 'CREDIT', account: 'upfront-fee-income', amount: 'deductedFees' },
    ],
  },
  'general.loan-disbursed-from-custody': {
    book: 'general',
    lines: [
      { side: 'DEBIT', account: 'loan-principal', amount: 'principal' },
      { side: 'CREDIT', account: 'custody-cash', amount: 'payout' },
      { side: 'CREDIT', account: 'upfront-fee-income', amount: 'deductedFees' },
    ],
  },
  'general.payout-found-at-partner': {
    book: 'general',
    lines: [
      { side: 'DEBIT', account: 'payout-in-exception', amount: 'payout' },
      { side: 'CREDIT', account: 'funding-partner-payable', amount: 'payout' },
    ],
  },
  'general.payout-found-in-custody': {
    book: 'general',
    lines: [
      { side: 'DEBIT', account: 'payout-in-exception', amount: 'payout' },
      { side: 'CREDIT', account: 'custody-cash', amount: 'payout' },
    ],
  },
  // The channel that collected it pays it back, and settles it with what it collects.
  'general.repayment-refunded-by-channel': {
    book: 'general',
    lines: [
      { side: 'DEBIT', account: 'customer-payable', amount: 'unapplied' },
      { side: 'DEBIT', account: 'refund-clearing', amount: 'allocated' },
      { side: 'CREDIT', account: 'channel-clearing', amount: 'refunded' },
    ],
  },
  'general.repayment-refunded-from-custody': {
    book: 'general',
    lines: [
      { side: 'DEBIT', account: 'customer-payable', amount: 'unapplied' },
      { side: 'DEBIT', account: 'refund-clearing', amount: 'allocated' },
      { side: 'CREDIT', account: 'custody-cash', amount: 'refunded' },
    ],
  },
  'general.refund-owed-by-partner': {
    book: 'general',
    lines: [
      { side: 'DEBIT', account: 'refund-receivable', amount: 'refunded' },
      { side: 'CREDIT', account: 'funding-partner-payable', amount: 'refunded' },
    ],
  },
  'general.refund-cleared': {
    book: 'general',
    lines: [
      { side: 'DEBIT', account: 'customer-payable', amount: 'allocated' },
      { side: 'CREDIT', account: 'refund-clearing', amount: 'allocated' },
    ],
  },
  'general.refund-found': {
    book: 'general',
    lines: [
      { side: 'DEBIT', account: 'refund-in-exception', amount: 'refunded' },
      { side: 'CREDIT', account: 'channel-clearing', amount: 'refunded' },
    ],
  },
  // The mirror of a receipt. Whose it was stands in the second journal, because the money is gone before that is known.
  'general.chargeback-by-channel': {
    book: 'general',
    lines: [
      { side: 'DEBIT', account: 'charged-back', amount: 'takenBack' },
      { side: 'CREDIT', account: 'channel-clearing', amount: 'takenBack' },
    ],
  },
  'general.chargeback-by-partner': {
    book: 'general',
    lines: [
      { side: 'DEBIT', account: 'charged-back', amount: 'takenBack' },
      { side: 'CREDIT', account: 'funding-partner-payable', amount: 'takenBack' },
    ],
  },
  'general.chargeback-charged': {
    book: 'general',
    lines: [
      { side: 'DEBIT', account: 'refund-clearing', amount: 'claimed' },
      { side: 'DEBIT', account: 'chargeback-receivable', amount: 'receivable' },
      { side: 'CREDIT', account: 'charged-back', amount: 'charged' },
    ],
  },
  'general.repayment-received-by-channel': {
    book: 'general',
    lines: [
      { side: 'DEBIT', account: 'channel-clearing', amount: 'received' },
      { side: 'CREDIT', account: 'customer-payable', amount: 'received' },
    ],
  },
  'general.repayment-received-by-partner': {
    book: 'general',
    lines: [
      { side: 'DEBIT', account: 'funding-partner-payable', amount: 'received' },
      { side: 'CREDIT', account: 'customer-payable', amount: 'received' },
    ],
  },
  'general.unidentified-receipt-at-channel': {
    book: 'general',
    lines: [
      { side: 'DEBIT', account: 'channel-clearing', amount: 'received' },
      { side: 'CREDIT', account: 'unidentified-receipts', amount: 'received' },
    ],
  },
  'general.unidentified-receipt-at-partner': {
    book: 'general',
    lines: [
      { side: 'DEBIT', account: 'funding-partner-payable', amount: 'received' },
      { side: 'CREDIT', account: 'unidentified-receipts', amount: 'received' },
    ],
  },
  'general.receipt-identified': {
    book: 'general',
    lines: [
      { side: 'DEBIT', account: 'unidentified-receipts', amount: 'received' },
      { side: 'CREDIT', account: 'customer-payable', amount: 'received' },
    ],
  },
  // Each account on both sides: a payment that is heard late moves along what later ones paid, so that any of them may
  // have less than before. Of an account one side only has an amount.
  'general.repayment-applied': {
    book: 'general',
    lines: [
      { side: 'DEBIT', account: 'customer-payable', amount: 'applied' },
      { side: 'DEBIT', account: 'coupon-expense', amount: 'coupon' },
      { side: 'DEBIT', account: 'upfront-fee-income', amount: 'returnedFee' },
      { side: 'DEBIT', account: 'loan-principal', amount: 'principalTakenBack' },
      { side: 'DEBIT', account: 'interest-income', amount: 'interestTakenBack' },
      { side: 'DEBIT', account: 'fee-income', amount: 'feeTakenBack' },
      { side: 'DEBIT', account: 'penalty-income', amount: 'penaltyTakenBack' },
      { side: 'CREDIT', account: 'loan-principal', amount: 'principal' },
      { side: 'CREDIT', account: 'interest-income', amount: 'interest' },
      { side: 'CREDIT', account: 'fee-income', amount: 'fee' },
      { side: 'CREDIT', account: 'penalty-income', amount: 'penalty' },
      { side: 'CREDIT', account: 'customer-payable', amount: 'appliedTakenBack' },
      { side: 'CREDIT', account: 'coupon-expense', amount: 'couponTakenBack' },
      { side: 'CREDIT', account: 'upfront-fee-income', amount: 'returnedFeeTakenBack' },
    ],
  },
  // What a mall's order is paid with: docs/debt-resolution.md follows it.
  'general.order-cleared': {
    book: 'general',
    lines: [
      { side: 'DEBIT', account: 'yeepay-undivided', amount: 'settled' },
      { side: 'DEBIT', account: 'yeepay-fee', amount: 'fee' },
      { side: 'CREDIT', account: 'order-undivided', amount: 'paid' },
    ],
  },
  'general.divided-to-supplier': {
    book: 'general',
    lines: [
      { side: 'DEBIT', account: 'order-undivided', amount: 'divided' },
      { side: 'CREDIT', account: 'yeepay-undivided', amount: 'divided' },
    ],
  },
  'general.divided-to-debtor': {
    book: 'general',
    lines: [
      { side: 'DEBIT', account: 'order-undivided', amount: 'divided' },
      { side: 'DEBIT', account: 'yeepay-debtor-ledger', amount: 'divided' },
      { side: 'CREDIT', account: 'debtor-share', amount: 'divided' },
      { side: 'CREDIT', account: 'yeepay-undivided', amount: 'divided' },
    ],
  },
  // Yeepay gives what receivers return to the order's merchant, whatever of the order is undivided.
  'general.returned-by-supplier': {
    book: 'general',
    lines: [
      { side: 'DEBIT', account: 'receiving-merchant', amount: 'returned' },
      { side: 'CREDIT', account: 'order-undivided', amount: 'returned' },
    ],
  },
  // The share, or the debt that it has settled, follows from clearing in a step of its own: the money is back first.
  'general.returned-by-debtor': {
    book: 'general',
    lines: [
      { side: 'DEBIT', account: 'receiving-merchant', amount: 'returned' },
      { side: 'DEBIT', account: 'debt-return-clearing', amount: 'returned' },
      { side: 'CREDIT', account: 'yeepay-debtor-ledger', amount: 'returned' },
      { side: 'CREDIT', account: 'order-undivided', amount: 'returned' },
    ],
  },
  'general.share-returned': {
    book: 'general',
    lines: [
      { side: 'DEBIT', account: 'debtor-share', amount: 'returned' },
      { side: 'CREDIT', account: 'debt-return-clearing', amount: 'returned' },
    ],
  },
  'general.order-refunded': {
    book: 'general',
    lines: [
      { side: 'DEBIT', account: 'order-undivided', amount: 'refunded' },
      { side: 'CREDIT', account: 'receiving-merchant', amount: 'refunded' },
    ],
  },
  // The platform's share on both sides, as it may be below zero; of the two one has an amount.
  // What is beyond what was left at Yeepay its merchant lacks: the rest that it was given is less than was believed.
  'general.divide-found': {
    book: 'general',
    lines: [
      { side: 'DEBIT', account: 'divide-in-exception', amount: 'divided' },
      { side: 'CREDIT', account: 'yeepay-undivided', amount: 'withinUndivided' },
      { side: 'CREDIT', account: 'receiving-merchant', amount: 'beyondUndivided' },
    ],
  },
  // Yeepay gives it to the order's merchant, as all that receivers return.
  'general.divide-found-returned': {
    book: 'general',
    lines: [
      { side: 'DEBIT', account: 'receiving-merchant', amount: 'divided' },
      { side: 'CREDIT', account: 'divide-in-exception', amount: 'divided' },
    ],
  },
  'general.return-found': {
    book: 'general',
    lines: [
      { side: 'DEBIT', account: 'receiving-merchant', amount: 'returned' },
      { side: 'CREDIT', account: 'return-in-exception', amount: 'returned' },
    ],
  },
  'general.order-completed': {
    book: 'general',
    lines: [
      { side: 'DEBIT', account: 'receiving-merchant', amount: 'rest' },
      { side: 'DEBIT', account: 'order-undivided', amount: 'platformShare' },
      { side: 'DEBIT', account: 'platform-share-income', amount: 'platformShareLost' },
      { side: 'CREDIT', account: 'yeepay-undivided', amount: 'rest' },
      { side: 'CREDIT', account: 'platform-share-income', amount: 'platformShare' },
      { side: 'CREDIT', account: 'order-undivided', amount: 'platformShareLost' },
    ],
  },
  'general.debt-settled': {
    book: 'general',
    lines: [
      { side: 'DEBIT', account: 'debtor-share', amount: 'settled' },
      { side: 'CREDIT', account: 'debt-collected', amount: 'settled' },
    ],
  },
  'general.debt-exceeded': {
    book: 'general',
    lines: [
      { side: 'DEBIT', account: 'debtor-share', amount: 'excess' },
      { side: 'CREDIT', account: 'debtor-payable', amount: 'excess' },
    ],
  },
  'general.debt-rolled-back': {
    book: 'general',
    lines: [
      { side: 'DEBIT', account: 'debt-collected', amount: 'settled' },
      { side: 'CREDIT', account: 'debt-return-clearing', amount: 'settled' },
    ],
  },
  'general.excess-rolled-back': {
    book: 'general',
    lines: [
      { side: 'DEBIT', account: 'debtor-payable', amount: 'excess' },
      { side: 'CREDIT', account: 'debt-return-clearing', amount: 'excess' },
    ],
  },
  'funds.contributed': {
    book: 'funds',
    lines: [
      { side: 'DEBIT', account: 'available', amount: 'contributed' },
      { side: 'CREDIT', account: 'contributed', amount: 'contributed' },
    ],
  },
  'funds.reserved': {
    book: 'funds',
    lines: [
      { side: 'DEBIT', account: 'frozen', amount: 'payout' },
      { side: 'CREDIT', account: 'available', amount: 'payout' },
    ],
  },
  'funds.reservation-released': {
    book: 'funds',
    lines: [
      { side: 'DEBIT', account: 'available', amount: 'payout' },
      { side: 'CREDIT', account: 'frozen', amount: 'payout' },
    ],
  },
  'funds.payout-started': {
    book: 'funds',
    lines: [
      { side: 'DEBIT', account: 'in-transit', amount: 'payout' },
      { side: 'CREDIT', account: 'frozen', amount: 'payout' },
    ],
  },
  'funds.payout-failed': {
    book: 'funds',
    lines: [
      { side: 'DEBIT', account: 'frozen', amount: 'payout' },
      { side: 'CREDIT', account: 'in-transit', amount: 'payout' },
    ],
  },
  'funds.paid-out': {
    book: 'funds',
    lines: [
      { side: 'DEBIT', account: 'paid-out', amount: 'payout' },
      { side: 'CREDIT', account: 'in-transit', amount: 'payout' },
    ],
  },
  'funds.found-in-exception': {
    book: 'funds',
    lines: [
      { side: 'DEBIT', account: 'exception', amount: 'payout' },
      { side: 'CREDIT', account: 'available', amount: 'payout' },
    ],
  },
  'funds.returned-from-exception': {
    book: 'funds',
    lines: [
      { side: 'DEBIT', account: 'available', amount: 'payout' },
      { side: 'CREDIT', account: 'exception', amount: 'payout' },
    ],
  },
  'funds.payout-returned': {
    book: 'funds',
    lines: [
      { side: 'DEBIT', account: 'available', amount: 'payout' },
      { side: 'CREDIT', account: 'paid-out', amount: 'payout' },
    ],
  },
  'funds.refund-frozen': {
    book: 'funds',
    lines: [
      { side: 'DEBIT', account: 'frozen', amount: 'refund' },
      { side: 'CREDIT', account: 'received', amount: 'refund' },
    ],
  },
  'funds.refund-released': {
    book: 'funds',
    lines: [
      { side: 'DEBIT', account: 'received', amount: 'refund' },
      { side: 'CREDIT', account: 'frozen', amount: 'refund' },
    ],
  },
  'funds.refunded': {
    book: 'funds',
    lines: [
      { side: 'DEBIT', account: 'refunded', amount: 'refund' },
      { side: 'CREDIT', account: 'frozen', amount: 'refund' },
    ],
  },
  // Gone already, so it is not frozen before. What the partner has not received it owes.
  'funds.charged-back': {
    book: 'funds',
    lines: [
      { side: 'DEBIT', account: 'refunded', amount: 'refund' },
      { side: 'CREDIT', account: 'received', amount: 'withinReceived' },
      { side: 'CREDIT', account: 'received-short', amount: 'beyondReceived' },
    ],
  },
  'funds.received': {
    book: 'funds',
    lines: [
      { side: 'DEBIT', account: 'received', amount: 'received' },
      { side: 'CREDIT', account: 'contributed', amount: 'received' },
    ],
  },
  'funds.received-taken-back': {
    book: 'funds',
    lines: [
      { side: 'DEBIT', account: 'contributed', amount: 'received' },
      { side: 'CREDIT', account: 'received', amount: 'received' },
    ],
  },
  // What was paid back stood with its payer by then, and not with the partner's loan.
  'funds.refund-not-of-loan': {
    book: 'funds',
    lines: [
      { side: 'DEBIT', account: 'received', amount: 'refund' },
      { side: 'CREDIT', account: 'refunded', amount: 'refund' },
    ],
  },
  'credit.granted': {
    book: 'credit',
    lines: [
      { side: 'DEBIT', account: 'available', amount: 'limit' },
      { side: 'CREDIT', account: 'granted', amount: 'limit' },
    ],
  },
  'credit.reserved': {
    book: 'credit',
    lines: [
      { side: 'DEBIT', account: 'reserved', amount: 'principal' },
      { side: 'CREDIT', account: 'available', amount: 'principal' },
    ],
  },
  'credit.released': {
    book: 'credit',
    lines: [
      { side: 'DEBIT', account: 'over-limit', amount: 'overLimit' },
      { side: 'DEBIT', account: 'available', amount: 'withinLimit' },
      { side: 'CREDIT', account: 'reserved', amount: 'principal' },
    ],
  },
  'credit.used': {
    book: 'credit',
    lines: [
      { side: 'DEBIT', account: 'used', amount: 'principal' },
      { side: 'CREDIT', account: 'reserved', amount: 'principal' },
    ],
  },
  'credit.restored': {
    book: 'credit',
    lines: [
      { side: 'DEBIT', account: 'over-limit', amount: 'overLimit' },
      { side: 'DEBIT', account: 'available', amount: 'withinLimit' },
      { side: 'CREDIT', account: 'used', amount: 'principal' },
    ],
  },
  'credit.used-again': {
    book: 'credit',
    lines: [
      { side: 'DEBIT', account: 'used', amount: 'principal' },
      { side: 'CREDIT', account: 'available', amount: 'withinLimit' },
      { side: 'CREDIT', account: 'over-limit', amount: 'overLimit' },
    ],
  },
} as const satisfies Record<string, PostingRule>;

/** The name of a posting rule. */
export type Scenario = keyof typeof POSTING_RULES;

type Rules = typeof POSTING_RULES;
type Chart = typeof CHART_OF_ACCOUNTS;
type OwnerOf<B extends Book, Code> = Code extends keyof Chart[B]
  ? Chart[B][Code] extends { readonly ownerKind: infer Kind extends string }
    ? Kind
    : never
  : never;

/** The amounts that a scenario needs, in minor units of the posting's currency. */
export type AmountsOf<S extends Scenario> = Readonly<Record<Rules[S]['lines'][number]['amount'], number>>;

/** The owners of the accounts that a scenario moves, by their kind: `{ loan: 'LN1', fundingPartner: 'FP1' }`. */
export type OwnersOf<S extends Scenario> = Readonly<
  Record<OwnerOf<Rules[S]['book'], Rules[S]['lines'][number]['account']>, string>
>;

/** One line of a journal that is to be posted. */
export interface NewEntry {
  readonly code: string;
  readonly owner: string;
  readonly currency: string;
  readonly side: Side;
  /** A positive safe integer. */
  readonly amountMinor: number;
}

/** A posting that its rule cannot turn into a balanced journal: a mistake of the caller, never a business refusal. */
export class PostingRuleError extends Error {
  override readonly name = 'PostingRuleError';
}

/** What a scenario moves: the owners of its accounts by owner kind, and amounts in minor units by the rule's names. */
export interface Move<S extends Scenario> {
  readonly owners: OwnersOf<S>;
  readonly amounts: AmountsOf<S>;
}

/** One move; or several by the same rule, which are one journal. */
export type Moves<S extends Scenario> = Move<S> | { readonly moves: readonly Move<S>[] };

/**
 * Makes the entries of a scenario, in the order of its rule. Lines with amount 0 are left out; what several moves do to one side of
 * an account is one entry.
 *
 * @param scenario the posting rule.
 * @param posting what it moves, and the currency.
 * @returns at least two entries whose debits and credits are equal.
 * @throws PostingRuleError when an owner or amount is missing, unknown or no amount, when debits and credits differ, when all
 *   amounts of a move are 0, or when there is no move.
 */
export function entriesFor<S extends Scenario>(
  scenario: S,
  posting: Moves<S> & { currency: string },
): NewEntry[] {
  const sums = new Map<string, NewEntry>();
  for (const move of 'moves' in posting ? posting.moves : [posting]) {
    for (const entry of entriesOfMove(scenario, move, posting.currency)) {
      const account = `${entry.side} ${entry.code} ${entry.owner}`;
      const amountMinor = (sums.get(account)?.amountMinor ?? 0) + entry.amountMinor;
      if (!Number.isSafeInteger(amountMinor)) {
        throw new PostingRuleError(`${scenario} moves more of ${entry.code} than a number can hold.`);
      }
      sums.set(account, { ...entry, amountMinor });
    }
  }
  if (sums.size === 0) throw new PostingRuleError(`${scenario} has nothing to post: it has no move.`);
  return [...sums.values()];
}

function entriesOfMove<S extends Scenario>(
  scenario: S,
  { owners: given, amounts: givenAmounts }: Move<S>,
  currency: string,
): NewEntry[] {
  const rule: PostingRule = POSTING_RULES[scenario];
  const amounts = checkedAmounts(scenario, rule, givenAmounts);
  const owners: Readonly<Record<string, string>> = given;
  const entries = rule.lines.map((line) => {
    const { ownerKind } = chartAccount(rule.book, line.account);
    const owner = owners[ownerKind];
    if (!owner) throw new PostingRuleError(`${scenario} needs an owner "${ownerKind}" for ${line.account}.`);
    const amountMinor = amounts.get(line.amount) ?? 0;
    return { code: line.account, owner, currency, side: line.side, amountMinor };
  });
  const debits = totalMinor(entries, 'DEBIT');
  const credits = totalMinor(entries, 'CREDIT');
  if (debits !== credits) {
    throw new PostingRuleError(`${scenario} must hold ${identityOf(rule)}, but ${debits} is not ${credits}.`);
  }
  if (debits === 0n) throw new PostingRuleError(`${scenario} has nothing to post: all amounts are 0.`);
  return entries.filter((entry) => entry.amountMinor !== 0);
}

function checkedAmounts(
  scenario: string,
  rule: PostingRule,
  given: Readonly<Record<string, number>>,
): ReadonlyMap<string, number> {
  const names = new Set<string>(rule.lines.map((line) => line.amount));
  for (const name of Object.keys(given)) {
    if (!names.has(name)) throw new PostingRuleError(`${scenario} knows no amount "${name}".`);
  }
  const amounts = new Map<string, number>();
  for (const name of names) {
    const amountMinor = given[name];
    if (amountMinor === undefined) throw new PostingRuleError(`${scenario} needs the amount "${name}".`);
    if (!Number.isSafeInteger(amountMinor) || amountMinor < 0) {
      throw new PostingRuleError(
        `${scenario}: "${name}" must be a whole, non-negative number of minor units.`,
      );
    }
    amounts.set(name, amountMinor);
  }
  return amounts;
}

/** Sums as bigint, because two safe integers may have an unsafe sum. */
function totalMinor(entries: readonly NewEntry[], side: Side): bigint {
  return entries
    .filter((entry) => entry.side === side)
    .reduce((total, entry) => total + BigInt(entry.amountMinor), 0n);
}

function identityOf(rule: PostingRule): string {
  const names = (side: Side) =>
    rule.lines
      .filter((line) => line.side === side)
      .map((line) => line.amount)
      .join(' + ');
  return `${names('DEBIT')} = ${names('CREDIT')}`;
}
