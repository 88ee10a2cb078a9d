import type { Knex } from 'knex';
import { balanceMinorOf, type Books } from '../../../db/books/posting';
import type { Move, Scenario } from '../../../domain/books/posting-rules';
import { sumMinor } from '../../../domain/money';
import type {
  DebtShare,
  ExternalFundTransactionRecordedData,
  FundArrivalConfirmedData,
  MarketId,
  PostLedgerEventData,
} from '../../../schemas/generated/messages';
import { message } from '../../../schemas/message';
import { post, type LedgerPosting } from './ledger-events';

/** What a ledger event tells of a mall's order. */
export type MallOrder = Extract<PostLedgerEventData, { orderId: string; scenario: MallScenario }>;
type MallScenario =
  | 'order-cleared'
  | 'order-divided'
  | 'order-refunded'
  | 'order-completed'
  | 'debt-settled'
  | 'debt-rolled-back'
  | 'share-returned';
type Told<S extends MallScenario> = Extract<MallOrder, { scenario: S }>;

/** What a ledger event moves by one rule, of one receiver, contract or debtor. */
type AnyPart = { [S in Scenario]: { scenario: S } & Move<S> }[Scenario];

/**
 * Posts what became of the money of a mall's order: one journal for each posting rule, whatever the number of receivers, contracts
 * and debtors that it moves.
 */
export async function ofMallOrder(books: Books, market: MarketId, data: MallOrder) {
  const { ledgerEventId, scenario, orderId, valueDate } = data;
  const journals = [];
  let postingDate = valueDate;
  const parts = partsOf(data);
  for (const rule of new Set(parts.map((part) => part.scenario))) {
    const ofRule = parts.filter((part) => part.scenario === rule);
    const posted = await post(books, {
      ...{ scenario: rule, businessKey: `${ledgerEventId}: ${rule}` },
      moves: ofRule.map(({ owners, amounts }) => ({ owners: { ...owners, market }, amounts })),
      ...{ valueDate, currency: 'CNY', description: `Order ${orderId}: ${ledgerEventId}` },
    } as LedgerPosting<Scenario>);
    journals.push({ journalId: posted.journalId, entries: posted.entries });
    postingDate = posted.postingDate;
  }
  const fact = { ledgerEventId, scenario, orderId };
  return [
    message('ledger-event-accepted', fact),
    message('accounting-entry-posted', { ...fact, valueDate, postingDate, journals }),
  ] as const;
}

function partsOf(data: MallOrder): AnyPart[] {
  switch (data.scenario) {
    case 'order-cleared':
      return [cleared(data)];
    case 'order-divided':
      return divided(data);
    case 'order-refunded':
      return refunded(data);
    case 'order-completed':
      return completed(data, data.rest.amountMinor, data.platformShare.amountMinor);
    case 'share-returned':
      return [
        {
          scenario: 'general.share-returned',
          owners: { order: data.orderId },
          amounts: { returned: data.amount.amountMinor },
        },
      ];
    default:
      return data.shares.flatMap((share) => ofShare(data, share));
  }
}

function cleared({ orderId, paid, settled }: Told<'order-cleared'>): AnyPart {
  const [paidMinor, settledMinor] = [paid.amountMinor, settled.amountMinor];
  return {
    scenario: 'general.order-cleared',
    owners: { order: orderId, market: '' },
    amounts: { settled: settledMinor, fee: paidMinor - settledMinor, paid: paidMinor },
  };
}

const divided = ({ orderId, lines }: Told<'order-divided'>): AnyPart[] =>
  lines.map(({ ledgerId, merType, amount }): AnyPart => {
    const amounts = { divided: amount.amountMinor };
    return merType === 'DEBTOR'
      ? { scenario: 'general.divided-to-debtor', owners: { order: orderId, ledger: ledgerId }, amounts }
      : { scenario: 'general.divided-to-supplier', owners: { order: orderId }, amounts };
  });

/** What receivers have returned is the merchant's, and the buyer has the refund from there; what the two differ by is the platform's. */
function refunded(data: Told<'order-refunded'>): AnyPart[] {
  const { orderId, merchantNo, amount, lines, isCompleted } = data;
  const owners = { order: orderId, merchant: merchantNo };
  const returned = lines.map(({ ledgerId, merType, amount: { amountMinor } }): AnyPart => {
    const amounts = { returned: amountMinor };
    return merType === 'DEBTOR'
      ? { scenario: 'general.returned-by-debtor', owners: { ...owners, ledger: ledgerId }, amounts }
      : { scenario: 'general.returned-by-supplier', owners, amounts };
  });
  const toBuyer: AnyPart = {
    ...{ scenario: 'general.order-refunded', owners },
    amounts: { refunded: amount.amountMinor },
  };
  const returnedMinor = sumMinor(lines.map((line) => line.amount.amountMinor));
  const rest = isCompleted ? completed(data, 0, returnedMinor - amount.amountMinor) : [];
  return [...returned, toBuyer, ...rest];
}

/** The rest goes to the merchant; nothing is posted where nothing is left. */
function completed(
  { orderId, merchantNo }: { orderId: string; merchantNo: string },
  restMinor: number,
  platformShareMinor: number,
): AnyPart[] {
  if (restMinor === 0 && platformShareMinor === 0) return [];
  return [
    {
      scenario: 'general.order-completed',
      owners: { order: orderId, merchant: merchantNo, market: '' },
      amounts: {
        rest: restMinor,
        platformShare: Math.max(platformShareMinor, 0),
        platformShareLost: Math.max(-platformShareMinor, 0),
      },
    },
  ];
}

/** By which rules a share settles debts, or stands for them no more: what settled a debt, and what exceeded it. */
const debtRules = {
  'debt-settled': ['general.debt-settled', 'general.debt-exceeded'],
  'debt-rolled-back': ['general.debt-rolled-back', 'general.excess-rolled-back'],
} as const;

const ofShare = (
  { scenario, orderId }: Told<'debt-settled' | 'debt-rolled-back'>,
  { debtorId, contracts, excess }: DebtShare,
): AnyPart[] => [
  ...contracts.map(({ contractId, amount }): AnyPart => ({
    scenario: debtRules[scenario][0],
    owners: { order: orderId, debtContract: contractId },
    amounts: { settled: amount.amountMinor },
  })),
  ...(excess.amountMinor === 0
    ? []
    : [
        {
          scenario: debtRules[scenario][1],
          owners: { order: orderId, debtor: debtorId },
          amounts: { excess: excess.amountMinor },
        },
      ]),
];

type LateFact = Pick<LedgerPosting<Scenario>, 'businessKey' | 'valueDate' | 'currency' | 'description'>;
type FoundAtYeepay = Extract<ExternalFundTransactionRecordedData, { orderId: string }>;

/** What Yeepay has divided, or returned, after its failure was confirmed. */
export async function foundAtYeepay(
  tx: Knex.Transaction,
  books: Books,
  { operation, orderId, merchantNo, amount: { amountMinor, currency } }: FoundAtYeepay,
  fact: LateFact,
): Promise<void> {
  const owners = { order: orderId, merchant: merchantNo };
  if (operation === 'RETURN') {
    await books.post({
      ...fact,
      scenario: 'general.return-found',
      owners,
      amounts: { returned: amountMinor },
    });
    return;
  }
  const undivided = await balanceMinorOf(tx, 'general', orderId, { code: 'yeepay-undivided', currency });
  const withinUndivided = Math.min(amountMinor, undivided);
  await books.post({
    ...{ ...fact, scenario: 'general.divide-found', owners },
    amounts: { divided: amountMinor, withinUndivided, beyondUndivided: amountMinor - withinUndivided },
  });
}

/** Receivers have given back what Yeepay divided late: the order's merchant has it, and it is no more at Yeepay. */
export const divideGivenBack = (
  books: Books,
  {
    requestNo,
    orderId,
    merchantNo,
    amount,
    valueDate,
  }: Extract<FundArrivalConfirmedData, { orderId: string }>,
  businessKey: string,
) =>
  books.post({
    ...{ scenario: 'general.divide-found-returned', businessKey, valueDate, currency: amount.currency },
    owners: { order: orderId, merchant: merchantNo },
    amounts: { divided: amount.amountMinor },
    description: `What request ${requestNo} divided was given back`,
  });
