import type { Knex } from 'knex';
import type { ExtensionTerms, ProductTerms } from '../domain/product-terms';
import type { Currency } from '../domain/money';
import type { MarketId, ProductName } from '../schemas/generated/messages';
import { booksOn } from './books/posting';
import { publishProductVersion } from './products';
import { productOf } from './reference';

// The reference data of the demo and of the tests: two markets, their products, partners, customers, credit and funds.

const markets = [
  { id: 'CN', time_zone: 'Asia/Shanghai', currency: 'CNY', refund_unapproved_up_to_minor: 20_000 },
  { id: 'ID', time_zone: 'Asia/Jakarta', currency: 'IDR', refund_unapproved_up_to_minor: 500_000 },
] as const;

/**
 * What is overdue is paid first; within what is due, costs and interest before the principal (PRC Civil Code art. 561).
 */
const oldestFirst: ProductTerms['allocationOrder'] = [
  ...(['PAST_DUE_PENALTY', 'PAST_DUE_FEE', 'PAST_DUE_INTEREST', 'PAST_DUE_PRINCIPAL'] as const),
  ...(['DUE_PENALTY', 'DUE_FEE', 'DUE_INTEREST', 'DUE_PRINCIPAL'] as const),
  ...(['IN_ADVANCE_PENALTY', 'IN_ADVANCE_FEE', 'IN_ADVANCE_INTEREST', 'IN_ADVANCE_PRINCIPAL'] as const),
];

/** The other half again of the contract's rate, as lenders in China may ask for (银发〔2003〕251号, 30–50 %). */
const chinesePenalty = (annualRate: string) => ({ annualRate, dayCount: 'ACT/360' }) as const;
const indonesianPenalty = { annualRate: '0.36', dayCount: 'ACT/ACT-ISDA' } as const;

/** Interest by the time that the loan ran (PRC Civil Code art. 677), and no price on ending it. */
const settledFree = { interest: 'TO_DATE', feeRate: '0', remainingFees: 'WAIVED' } as const;
const settledForAFee = { ...settledFree, feeRate: '0.01' } as const;
const cancelledFree = { windowDays: 2, interest: 'NONE', deductedFees: 'RETURNED' } as const;
const cancelledForInterest = { windowDays: 7, interest: 'TO_DATE', deductedFees: 'KEPT' } as const;
const extendedOnce = (maxTotalPeriods: number): ExtensionTerms => ({
  maxPeriods: 1,
  maxTimes: 1,
  maxTotalPeriods,
  maxOverdueDays: 0,
  feeRate: '0.005',
  arrears: 'PAID',
});

const products: {
  product_id: string;
  market: MarketId;
  name: ProductName;
  terms: ProductTerms;
}[] = [
  {
    product_id: 'cn-cash-instalment',
    market: 'CN',
    name: { zh: '现金分期', en: 'Cash instalment loan' },
    terms: {
      currency: 'CNY',
      amount: { minMinor: 10_000, maxMinor: 5_000_000, stepMinor: 100 },
      term: { unit: 'MONTH', length: 1, counts: [3, 6, 12, 24] },
      annualRate: '0.094822',
      dayCount: '30/360',
      method: 'EQUAL_INSTALMENT',
      fees: [],
      graceDays: 3,
      penalty: chinesePenalty('0.142233'),
      allocationOrder: oldestFirst,
      earlySettlement: settledFree,
      cancellation: cancelledForInterest,
      extension: { ...extendedOnce(36), maxPeriods: 3, maxTimes: 2, maxOverdueDays: 30, arrears: 'DUE' },
    },
  },
  {
    product_id: 'cn-equal-principal',
    market: 'CN',
    name: { zh: '等额本金消费贷', en: 'Equal principal loan' },
    terms: {
      currency: 'CNY',
      amount: { minMinor: 500_000, maxMinor: 5_000_000, stepMinor: 10_000 },
      term: { unit: 'MONTH', length: 1, counts: [6, 12, 24, 36] },
      annualRate: '0.108',
      dayCount: 'ACT/360',
      method: 'EQUAL_PRINCIPAL',
      fees: [
        { code: 'GUARANTEE_FEE', timing: 'PER_INSTALMENT', basis: { kind: 'PERCENTAGE', rate: '0.012' } },
      ],
      graceDays: 3,
      penalty: chinesePenalty('0.162'),
      allocationOrder: oldestFirst,
      earlySettlement: settledForAFee,
      cancellation: cancelledForInterest,
    },
  },
  {
    product_id: 'cn-interest-first',
    market: 'CN',
    name: { zh: '先息后本', en: 'Interest-first loan' },
    terms: {
      currency: 'CNY',
      amount: { minMinor: 100_000, maxMinor: 5_000_000, stepMinor: 10_000 },
      term: { unit: 'MONTH', length: 1, counts: [3, 6, 12] },
      annualRate: '0.0875',
      dayCount: 'ACT/ACT-ISDA',
      method: 'INTEREST_FIRST',
      fees: [{ code: 'ACCOUNT_FEE', timing: 'PER_INSTALMENT', basis: { kind: 'FIXED', amountMinor: 200 } }],
      graceDays: 0,
      penalty: chinesePenalty('0.13125'),
      allocationOrder: oldestFirst,
      earlySettlement: { ...settledFree, interest: 'FULL_PERIOD' },
      extension: extendedOnce(24),
    },
  },
  {
    product_id: 'id-cash-instalment',
    market: 'ID',
    name: { id: 'Pinjaman tunai', zh: '印尼现金分期', en: 'Cash instalment loan' },
    terms: {
      currency: 'IDR',
      amount: { minMinor: 500_000, maxMinor: 20_000_000, stepMinor: 100_000 },
      term: { unit: 'MONTH', length: 1, counts: [3, 6, 12] },
      annualRate: '0.24',
      dayCount: '30/360',
      method: 'EQUAL_INSTALMENT',
      fees: [
        { code: 'PROVISION_FEE', timing: 'DEDUCTED', basis: { kind: 'PERCENTAGE', rate: '0.03' } },
        { code: 'SERVICE_FEE', timing: 'PER_INSTALMENT', basis: { kind: 'FIXED', amountMinor: 2_500 } },
      ],
      graceDays: 0,
      penalty: indonesianPenalty,
      allocationOrder: oldestFirst,
      earlySettlement: settledForAFee,
      cancellation: cancelledFree,
      extension: { ...extendedOnce(15), maxPeriods: 3, maxOverdueDays: 15 },
    },
  },
  {
    product_id: 'id-bullet',
    market: 'ID',
    name: { id: 'Pinjaman sekali bayar', zh: '印尼一次性还本付息', en: 'Single-payment loan' },
    terms: {
      currency: 'IDR',
      amount: { minMinor: 500_000, maxMinor: 3_000_000, stepMinor: 50_000 },
      term: { unit: 'DAY', length: 7, counts: [2, 3, 4] },
      annualRate: '0.18',
      dayCount: 'ACT/ACT-ISDA',
      method: 'BULLET',
      fees: [{ code: 'PROVISION_FEE', timing: 'DEDUCTED', basis: { kind: 'FIXED', amountMinor: 2_500 } }],
      graceDays: 1,
      penalty: indonesianPenalty,
      allocationOrder: oldestFirst,
      earlySettlement: settledFree,
      cancellation: cancelledFree,
      extension: extendedOnce(6),
    },
  },
  {
    product_id: 'id-fortnightly',
    market: 'ID',
    name: { id: 'Cicilan dua mingguan', zh: '印尼双周分期', en: 'Fortnightly instalment loan' },
    terms: {
      currency: 'IDR',
      amount: { minMinor: 1_000_000, maxMinor: 10_000_000, stepMinor: 100_000 },
      term: { unit: 'DAY', length: 14, counts: [4, 6, 12] },
      annualRate: '0.216',
      dayCount: 'ACT/360',
      method: 'EQUAL_INSTALMENT',
      fees: [
        { code: 'PROVISION_FEE', timing: 'DEDUCTED', basis: { kind: 'PERCENTAGE', rate: '0.01' } },
        { code: 'SERVICE_FEE', timing: 'PER_INSTALMENT', basis: { kind: 'PERCENTAGE', rate: '0.012' } },
      ],
      graceDays: 1,
      penalty: indonesianPenalty,
      allocationOrder: oldestFirst,
      earlySettlement: { ...settledFree, remainingFees: 'DUE' },
      cancellation: cancelledFree,
    },
  },
];

const parties = [
  // Collects what its borrowers repay by itself.
  {
    ...{
      id: 'bank-huaxin',
      kind: 'FUNDING_PARTNER',
      market: 'CN',
      name: '华信银行',
      collected_by: 'PARTNER',
    },
    ...{ collects_from: 'BORROWER', max_requests_per_second: 50 },
  },
  // Funds no loan that runs for more than three years, extensions included.
  {
    ...{ id: 'trust-jinhe', kind: 'FUNDING_PARTNER', market: 'CN', name: '金禾信托' },
    ...{ longest_term_days: 1_096, max_requests_per_second: 50 },
  },
  {
    ...{
      id: 'cn-payout',
      kind: 'PAYMENT_CHANNEL',
      market: 'CN',
      name: '银联代付',
      is_default_collector: true,
    },
    max_requests_per_second: 100,
  },
  {
    id: 'bank-nusantara',
    kind: 'FUNDING_PARTNER',
    market: 'ID',
    name: 'Bank Nusantara',
    max_requests_per_second: 50,
  },
  {
    id: 'dana-sejahtera',
    kind: 'FUNDING_PARTNER',
    market: 'ID',
    name: 'Dana Sejahtera',
    max_requests_per_second: 50,
  },
  {
    ...{
      id: 'id-payout',
      kind: 'PAYMENT_CHANNEL',
      market: 'ID',
      name: 'Payout ID',
      is_default_collector: true,
    },
    max_requests_per_second: 100,
  },
  { id: 'cn-messaging', kind: 'MESSAGING', market: 'CN', name: '短信通道', max_requests_per_second: 200 },
  { id: 'id-messaging', kind: 'MESSAGING', market: 'ID', name: 'Pesan ID', max_requests_per_second: 200 },
  { id: 'yeepay', kind: 'DIVIDING', market: 'CN', name: '易宝支付', max_requests_per_second: 50 },
];

const malls = [
  {
    ...{ id: 'cn-mall', market: 'CN', name: '化债商城', settles_by_itself: false },
    // Yeepay clears within a day, and receipts are confirmed after seven days; twice that is late.
    ...{ clearing_within_seconds: 86_400, confirm_within_seconds: 1_209_600 },
  },
];

/** As the sandbox's Yeepay has them: the real one's codes of interfaces are not public. */
const yeepayCodes = [
  { code: 'SYSTEM_BUSY', meaning: 'RETRY', retry_after_seconds: 60 },
  { code: 'BALANCE_NOT_ENOUGH', meaning: 'ASK', retry_after_seconds: null },
  { code: 'BACK_PERIOD_OVER', meaning: 'REFUSE', retry_after_seconds: null },
];

const agreement = { min_payout_minor: 1, weight: 1, valid_from: '2024-01-01', valid_to: null };
const firstAgreements = [
  {
    ...{
      id: 'FA-CN-1',
      partner_id: 'bank-huaxin',
      product_id: 'cn-cash-instalment',
      payout_by: 'PARTNER',
      payment_channel_id: null,
    },
    ...{ annual_cost_rate: '0.042', max_payout_minor: 5_000_000, quota_minor: 800_000_000, priority: 1 },
  },
  {
    ...{
      id: 'FA-CN-2',
      partner_id: 'trust-jinhe',
      product_id: 'cn-cash-instalment',
      payout_by: 'CUSTODY',
      payment_channel_id: 'cn-payout',
    },
    ...{ annual_cost_rate: '0.055', max_payout_minor: 5_000_000, quota_minor: 500_000_000, priority: 2 },
  },
  {
    ...{
      id: 'FA-ID-1',
      partner_id: 'dana-sejahtera',
      product_id: 'id-cash-instalment',
      payout_by: 'CUSTODY',
      payment_channel_id: 'id-payout',
    },
    ...{ annual_cost_rate: '0.07', max_payout_minor: 20_000_000, quota_minor: 9_000_000_000, priority: 1 },
  },
  {
    ...{
      id: 'FA-ID-2',
      partner_id: 'bank-nusantara',
      product_id: 'id-cash-instalment',
      payout_by: 'PARTNER',
      payment_channel_id: null,
    },
    ...{ annual_cost_rate: '0.08', max_payout_minor: 20_000_000, quota_minor: 9_000_000_000, priority: 2 },
  },
];

/** A partner takes the other products of its market on the terms on which it took the first. */
const agreements = firstAgreements.flatMap((first) => {
  const { market } = products.find(({ product_id }) => product_id === first.product_id)!;
  return products
    .filter((product) => product.market === market)
    .map(({ product_id }) => ({
      ...first,
      product_id,
      id: product_id === first.product_id ? first.id : `${first.id}:${product_id}`,
    }));
});

/** Features that the strategy in force approves. */
export const goodFeatures = {
  age: 34,
  blocklisted: 0,
  monthsEmployed: 40,
  debtToIncomePercent: 15,
  latePaymentsLast12Months: 0,
};

/** Features that are neither good nor bad: the strategy asks for a person. */
export const inBetweenFeatures = { ...goodFeatures, debtToIncomePercent: 60, monthsEmployed: 12 };

const customers = [
  { id: 'CN-C001', market: 'CN', language: 'zh', features: goodFeatures },
  { id: 'CN-C002', market: 'CN', language: 'zh', features: { ...goodFeatures, monthsEmployed: 12 } },
  {
    id: 'CN-C003',
    market: 'CN',
    language: 'en',
    features: { ...goodFeatures, debtToIncomePercent: 70, latePaymentsLast12Months: 4 },
  },
  { id: 'ID-C001', market: 'ID', language: 'id', features: goodFeatures },
  { id: 'ID-C002', market: 'ID', language: 'id', features: { ...goodFeatures, debtToIncomePercent: 30 } },
  { id: 'ID-C003', market: 'ID', language: 'en', features: { ...goodFeatures, blocklisted: 1 } },
] as const;

/** The value date of what is there at the start; fixed, so that seeding again names the same facts. */
const openingValueDate = '2024-01-01';

/** What each customer may owe, by currency, in minor units. */
const creditLimitMinor: Record<Currency, number> = { CNY: 10_000_000, IDR: 60_000_000 };
/** What each funding partner has put in, by currency, in minor units. */
const contributedMinor: Record<Currency, number> = { CNY: 300_000_000, IDR: 3_000_000_000 };

/**
 * Fills the reference data, grants the credit lines and books the partners' contributions. What is there already stays
 * as it is, so that a second run changes nothing.
 * In: a connection of the owner; the day on which the markets open, when they are new. Throws
 * ProductRefused when a product cannot be published.
 */
export async function seed(owner: Knex, openingDate: string): Promise<void> {
  await owner.transaction(async (tx) => {
    const insert = (table: string, rows: readonly object[]) =>
      tx(table).insert(rows.map(jsonAsText)).onConflict().ignore();
    await insert('reference.currency', [
      { code: 'CNY', minor_unit: 2 },
      { code: 'IDR', minor_unit: 0 },
    ]);
    await insert('reference.market', markets);
    await insert(
      'reference.business_date',
      markets.map(({ id }) => ({ market: id, business_date: openingDate })),
    );
    for (const { product_id: productId, ...product } of products) {
      if (!(await productOf(tx, productId))) await publishProductVersion(tx, { productId, ...product });
    }
    await insert('reference.party', parties);
    await insert('reference.mall', malls);
    await insert('reference.yeepay_code', yeepayCodes);
    await insert(
      'reference.funding_agreement',
      agreements.map((one) => ({ ...agreement, ...one })),
    );
    await seedCustomers(tx, customers);
    for (const one of firstAgreements) await contribute(tx, one);
  });
}

/** Adds customers and grants each of them the market's usual credit line, once. */
export async function seedCustomers(
  tx: Knex.Transaction,
  added: readonly { id: string; market: MarketId; language: string; features: object; limitMinor?: number }[],
): Promise<void> {
  await tx('reference.customer')
    .insert(added.map(({ limitMinor: _limit, ...customer }) => jsonAsText(customer)))
    .onConflict()
    .ignore();
  for (const { id, market, limitMinor } of added) {
    const { currency } = markets.find((one) => one.id === market)!;
    await booksOn(tx, { market }).post({
      scenario: 'credit.granted',
      businessKey: `opening credit line of customer ${id}`,
      valueDate: openingValueDate,
      owners: { customer: id },
      amounts: { limit: limitMinor ?? creditLimitMinor[currency] },
      currency,
      description: `Credit line of customer ${id}`,
    });
  }
}

/** Books what a partner puts in; for a partner in our custody, the money that arrives at the payment channel too. */
async function contribute(
  tx: Knex.Transaction,
  { partner_id, payment_channel_id }: (typeof firstAgreements)[number],
): Promise<void> {
  const { market } = parties.find(({ id }) => id === partner_id)! as { market: MarketId };
  const { currency } = markets.find((one) => one.id === market)!;
  const fact = {
    valueDate: openingValueDate,
    currency,
    description: `Opening contribution of ${partner_id}`,
  };
  const books = booksOn(tx, { market });
  await books.post({
    ...fact,
    scenario: 'funds.contributed',
    businessKey: `opening contribution of ${partner_id}`,
    owners: { fundingPartner: partner_id },
    amounts: { contributed: contributedMinor[currency] },
  });
  if (!payment_channel_id) return;
  await books.post({
    ...fact,
    scenario: 'general.custody-funds-received',
    businessKey: `opening contribution of ${partner_id} received at ${payment_channel_id}`,
    owners: { fundingPartner: partner_id, paymentChannel: payment_channel_id },
    amounts: { received: contributedMinor[currency] },
  });
}

/** jsonb columns take text; node-postgres would make a PostgreSQL array or record of anything else. */
const jsonAsText = (row: object): object =>
  Object.fromEntries(
    Object.entries(row).map(([key, value]) => [
      key,
      value !== null && typeof value === 'object' ? JSON.stringify(value) : (value as unknown),
    ]),
  );
