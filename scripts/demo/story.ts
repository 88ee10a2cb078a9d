import type { SettledBy } from '../../db/outside';
import { goodFeatures } from '../../db/seeds';
import type { Currency, Money } from '../../domain/money';
import type { Behaviour } from '../../sandbox/behaviours';
import type { MarketId } from '../../schemas/generated/messages';

/** A customer of one run: each run has its own, so that no run finds a credit line that another has used up. */
export interface StoryCustomer {
  id: string;
  market: MarketId;
  language: 'zh' | 'id' | 'en';
  features: Record<string, number>;
  /** The customer's credit line, in minor units; the market's usual one when left out. */
  limitMinor?: number;
}

/** A payout that an outside party is asked for, and how that must end. */
export interface ExpectedRequest {
  party: string;
  state: 'SUCCEEDED' | 'FAILED';
  /** The ways by which the outcome can have become known; left out where any will do. */
  settledBy?: readonly SettledBy[];
  /** The party pays all the same, after its failure was confirmed: by a flow of its own, people find that money. */
  paysLate?: boolean;
}

/** What people do about an application; the demo does it for them, through the API. */
export interface Deed {
  /** The question with which a flow waits when they do it. */
  when: 'review' | 'exception';
  /** The answer that one operator gives and another one approves; or what the customer does instead. */
  does: 'APPROVE' | 'RETURNED' | 'WITHDRAW';
}

/** How an application must end. Amounts are in the minor unit of its currency. */
export type ExpectedEnd =
  | { state: 'DISBURSED'; decision: 'APPROVE'; partnerId: string; payoutMinor: number }
  | { state: 'REJECTED' | 'WITHDRAWN' | 'FAILED'; decision: 'APPROVE' | 'REJECT'; reasonCode: string };

/** One loan application of the demo. */
export interface StoryCase {
  /** Stands in the idempotency key, the tables and the summary. */
  id: string;
  title: string;
  /** For a special case: what happened, and why that is right. */
  explanation?: string;
  customer: StoryCustomer;
  productId: string;
  principal: Money;
  instalmentCount: number;
  /** How parties behave towards this case's customer; everywhere else they pay at once. */
  behaviours: readonly { party: string; behaviour: Behaviour }[];
  deed?: Deed;
  end: ExpectedEnd;
  /** Payouts, in the order in which they are asked for; each case has one message to the customer besides. */
  requests: readonly ExpectedRequest[];
}

type Draft = Omit<StoryCase, 'customer' | 'productId' | 'principal' | 'behaviours'> & {
  customer: string;
  principalMinor: number;
  features?: Record<string, number>;
  limitMinor?: number;
  behaviours?: StoryCase['behaviours'];
};

const MARKETS: Record<
  MarketId,
  { currency: Currency; productId: string; language: StoryCustomer['language'] }
> = {
  CN: { currency: 'CNY', productId: 'cn-cash-instalment', language: 'zh' },
  ID: { currency: 'IDR', productId: 'id-cash-instalment', language: 'id' },
};

/**
 * The demo's loan applications: two markets, and each way that an application can go.
 *
 * The amounts are small against what the funding partners put in, so that a hundred runs find money.
 *
 * @param run names the run, in upper-case letters and digits; it stands in the customers' ids
 */
export function storyOf(run: string): StoryCase[] {
  return [...chinese.map(caseIn('CN', run)), ...indonesian.map(caseIn('ID', run))];
}

const caseIn =
  (market: MarketId, run: string) =>
  ({ customer, principalMinor, features, limitMinor, behaviours = [], ...rest }: Draft): StoryCase => {
    const { currency, productId, language } = MARKETS[market];
    return {
      ...rest,
      ...{ productId, behaviours },
      principal: { currency, amountMinor: principalMinor },
      customer: {
        ...{ id: `${market}-${run}-${customer}`, market, language },
        features: { ...goodFeatures, ...features },
        ...(limitMinor !== undefined && { limitMinor }),
      },
    };
  };

const paidBy = (partnerId: string, payoutMinor: number): ExpectedEnd => ({
  ...{ state: 'DISBURSED', decision: 'APPROVE', partnerId, payoutMinor },
});

const atOnce = (party: string): ExpectedRequest => ({ party, state: 'SUCCEEDED' });

/** A failure counts only when a query has confirmed it, whatever the party's answer said. */
const refusedBy = (party: string): ExpectedRequest => ({ party, state: 'FAILED', settledBy: ['QUERY'] });

/** Features between good and bad: the strategy leaves the decision to a person. */
const inBetween = { monthsEmployed: 12, debtToIncomePercent: 60 };

const chinese: Draft[] = [
  {
    id: 'cn-lost-answer',
    title: 'The answer never comes',
    explanation:
      'bank-huaxin paid, but its answer got lost. Nobody guessed: after the time limit the outcome counted as ' +
      'unknown, the bank was asked what became of the request, and nothing was sent twice.',
    customer: 'HANG',
    ...{ principalMinor: 420_000, instalmentCount: 12 },
    behaviours: [{ party: 'bank-huaxin', behaviour: { kind: 'HANG' } }],
    end: paidBy('bank-huaxin', 420_000),
    requests: [{ party: 'bank-huaxin', state: 'SUCCEEDED', settledBy: ['QUERY'] }],
  },
  {
    id: 'cn-late-success',
    title: 'Paid after its failure was confirmed',
    explanation:
      'bank-huaxin refused and a query confirmed it, so trust-jinhe paid; then bank-huaxin paid as well. That money ' +
      'went to its exception position, in a flow of its own, until two operators had it back.',
    customer: 'LATE',
    ...{ principalMinor: 550_000, instalmentCount: 6 },
    // So late that the failure has been confirmed by then, also on a slow machine.
    behaviours: [
      { party: 'bank-huaxin', behaviour: { kind: 'LATE_SUCCESS', delayMs: 4_000, code: 'NOT_TODAY' } },
    ],
    deed: { when: 'exception', does: 'RETURNED' },
    end: paidBy('trust-jinhe', 550_000),
    requests: [{ ...refusedBy('bank-huaxin'), paysLate: true }, atOnce('cn-payout')],
  },
  {
    id: 'cn-review',
    title: 'Reviewed by people',
    explanation:
      'The score was in between, so the flow waited for people, with NeedsAttention in the Web UI: one operator ' +
      'approved the application, another one approved that, and bank-huaxin paid.',
    customer: 'REVIEW',
    features: inBetween,
    ...{ principalMinor: 480_000, instalmentCount: 12 },
    deed: { when: 'review', does: 'APPROVE' },
    end: paidBy('bank-huaxin', 480_000),
    requests: [atOnce('bank-huaxin')],
  },
  {
    id: 'cn-partner-pays',
    title: 'The partner pays out itself',
    explanation: 'bank-huaxin paid the borrower itself; our books follow its word.',
    customer: 'A',
    ...{ principalMinor: 10_000, instalmentCount: 6 },
    end: paidBy('bank-huaxin', 10_000),
    requests: [atOnce('bank-huaxin')],
  },
  {
    id: 'cn-second-loan',
    title: 'Second loan of one customer',
    customer: 'A',
    ...{ principalMinor: 800_000, instalmentCount: 12 },
    end: paidBy('bank-huaxin', 800_000),
    requests: [atOnce('bank-huaxin')],
  },
  {
    id: 'cn-long-term',
    title: 'Twenty-four instalments',
    customer: 'B',
    ...{ principalMinor: 1_250_000, instalmentCount: 24 },
    end: paidBy('bank-huaxin', 1_250_000),
    requests: [atOnce('bank-huaxin')],
  },
  {
    id: 'cn-score-too-low',
    title: 'Rejected: the score is too low',
    explanation: 'The risk strategy rejected it by its score; nothing was reserved and no partner was asked.',
    customer: 'RISK',
    features: { debtToIncomePercent: 70, latePaymentsLast12Months: 4 },
    ...{ principalMinor: 900_000, instalmentCount: 12 },
    end: { state: 'REJECTED', decision: 'REJECT', reasonCode: 'SCORE_TOO_LOW' },
    requests: [],
  },
  {
    id: 'cn-next-partner',
    title: 'Refused by one partner, paid by the next',
    explanation:
      "bank-huaxin refused, a query confirmed it, and its reservation was released; trust-jinhe's money, in our " +
      'custody, was paid out through the channel cn-payout.',
    customer: 'NEXT',
    ...{ principalMinor: 600_000, instalmentCount: 6 },
    behaviours: [{ party: 'bank-huaxin', behaviour: { kind: 'REFUSE', code: 'BENEFICIARY_REFUSED' } }],
    end: paidBy('trust-jinhe', 600_000),
    requests: [refusedBy('bank-huaxin'), atOnce('cn-payout')],
  },
  {
    id: 'cn-nobody-pays',
    title: 'Refused by every partner',
    explanation:
      'bank-huaxin and the channel cn-payout refused for certain and no partner was left: funds and credit line ' +
      'were given back, and the customer was told.',
    customer: 'NONE',
    ...{ principalMinor: 700_000, instalmentCount: 6 },
    behaviours: [
      { party: 'bank-huaxin', behaviour: { kind: 'REFUSE', code: 'BENEFICIARY_REFUSED' } },
      { party: 'cn-payout', behaviour: { kind: 'REFUSE', code: 'ACCOUNT_CLOSED' } },
    ],
    end: { state: 'FAILED', decision: 'APPROVE', reasonCode: 'NO_FUNDING_PARTNER' },
    requests: [refusedBy('bank-huaxin'), refusedBy('cn-payout')],
  },
  {
    id: 'cn-callback',
    title: 'The outcome comes by callback',
    explanation: 'bank-huaxin only said that it is working on it, and called back, signed, when it had paid.',
    customer: 'CALL',
    ...{ principalMinor: 300_000, instalmentCount: 6 },
    behaviours: [{ party: 'bank-huaxin', behaviour: { kind: 'CALLBACK', delayMs: 300 } }],
    end: paidBy('bank-huaxin', 300_000),
    // A query that overtakes the callback is as good: whichever comes first settles the request.
    requests: [{ party: 'bank-huaxin', state: 'SUCCEEDED', settledBy: ['CALLBACK', 'QUERY'] }],
  },
];

const indonesian: Draft[] = [
  {
    id: 'id-custody',
    title: "Our custody pays the partner's money",
    explanation:
      "dana-sejahtera's money is in our custody; our payment system paid it out through id-payout.",
    customer: 'A',
    ...{ principalMinor: 5_000_000, instalmentCount: 6 },
    end: paidBy('dana-sejahtera', 4_850_000),
    requests: [atOnce('id-payout')],
  },
  {
    id: 'id-second-loan',
    title: 'Second loan of one customer',
    customer: 'A',
    ...{ principalMinor: 2_500_000, instalmentCount: 3 },
    end: paidBy('dana-sejahtera', 2_425_000),
    requests: [atOnce('id-payout')],
  },
  {
    id: 'id-long-term',
    title: 'Twelve instalments',
    customer: 'B',
    ...{ principalMinor: 10_000_000, instalmentCount: 12 },
    end: paidBy('dana-sejahtera', 9_700_000),
    requests: [atOnce('id-payout')],
  },
  {
    id: 'id-blocklisted',
    title: 'Rejected: on the blocklist',
    explanation: 'A rule of the risk strategy rejects whoever is on the blocklist.',
    customer: 'RISK',
    features: { blocklisted: 1 },
    ...{ principalMinor: 3_000_000, instalmentCount: 6 },
    end: { state: 'REJECTED', decision: 'REJECT', reasonCode: 'CUSTOMER_BLOCKLISTED' },
    requests: [],
  },
  {
    id: 'id-withdrawn',
    title: 'Withdrawn while in review',
    explanation:
      'The customer withdrew while the application waited for people: nothing was reserved, no partner was asked.',
    customer: 'WITHDRAW',
    features: inBetween,
    ...{ principalMinor: 2_000_000, instalmentCount: 6 },
    deed: { when: 'review', does: 'WITHDRAW' },
    end: { state: 'WITHDRAWN', decision: 'REJECT', reasonCode: 'WITHDRAWN_BY_CUSTOMER' },
    requests: [],
  },
  {
    id: 'id-over-the-line',
    title: 'Rejected: more than the credit line',
    explanation:
      'The strategy approved, but the customer has a line of IDR 1,000,000: the books refused to reserve more.',
    customer: 'LINE',
    limitMinor: 1_000_000,
    ...{ principalMinor: 1_500_000, instalmentCount: 6 },
    end: { state: 'REJECTED', decision: 'APPROVE', reasonCode: 'CREDIT_LIMIT_EXCEEDED' },
    requests: [],
  },
  {
    id: 'id-next-partner',
    title: 'Refused by the channel, paid by a partner',
    explanation:
      "The channel id-payout refused for certain, so dana-sejahtera's money went back to available; " +
      'bank-nusantara paid out itself.',
    customer: 'NEXT',
    ...{ principalMinor: 4_000_000, instalmentCount: 6 },
    behaviours: [{ party: 'id-payout', behaviour: { kind: 'REFUSE', code: 'ACCOUNT_CLOSED' } }],
    end: paidBy('bank-nusantara', 3_880_000),
    requests: [refusedBy('id-payout'), atOnce('bank-nusantara')],
  },
  {
    id: 'id-callback',
    title: 'The outcome comes by callback',
    explanation: 'The channel id-payout called back, signed, when it had paid.',
    customer: 'CALL',
    ...{ principalMinor: 3_000_000, instalmentCount: 6 },
    behaviours: [{ party: 'id-payout', behaviour: { kind: 'CALLBACK', delayMs: 300 } }],
    end: paidBy('dana-sejahtera', 2_910_000),
    requests: [{ party: 'id-payout', state: 'SUCCEEDED', settledBy: ['CALLBACK', 'QUERY'] }],
  },
  {
    id: 'id-no-callback',
    title: 'No callback: found by asking',
    explanation:
      'The channel id-payout said that it is working on it and never called back; we asked, and found it paid.',
    customer: 'SILENT',
    ...{ principalMinor: 1_500_000, instalmentCount: 3 },
    behaviours: [{ party: 'id-payout', behaviour: { kind: 'SILENT', delayMs: 500 } }],
    end: paidBy('dana-sejahtera', 1_455_000),
    requests: [{ party: 'id-payout', state: 'SUCCEEDED', settledBy: ['QUERY'] }],
  },
];
