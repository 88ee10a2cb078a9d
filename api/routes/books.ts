import type { Knex } from 'knex';
import type { DayKind } from '../../db/books/accounts';
import { positionOf } from '../../db/books/posting';
import { trialBalance, type TrialBalance } from '../../db/books/trial-balance';
import { currencyOfFundingPartner } from '../../db/reads/funding-partners';
import { CHART_OF_ACCOUNTS, type AccountCode, type Book } from '../../domain/books/chart-of-accounts';
import { positionAddress } from '../addresses';
import { addressWith } from '../pages';
import { MAY } from '../permissions';
import { Problem } from '../problem';
import type { Call, Route } from '../route';
import { common, count, day, links, list, object, oneOf, text, type Schema } from '../schema';

const book = oneOf(...Object.keys(CHART_OF_ACCOUNTS));

const balance: Schema = object({
  rows: list(
    object({
      book,
      code: { description: 'Code in the chart of accounts.', ...text },
      currency: common('currency'),
      normalSide: oneOf('DEBIT', 'CREDIT'),
      debitMinor: { description: 'Sum of all debits, in minor units.', ...count },
      creditMinor: { description: 'Sum of all credits, in minor units.', ...count },
    }),
  ),
  totals: list(
    object({
      book,
      currency: common('currency'),
      debitMinor: count,
      creditMinor: count,
      balanced: { type: 'boolean' },
    }),
  ),
  links: links(['self']),
});

type FundsCode = AccountCode<'funds'>;
const fundsCodes = Object.keys(CHART_OF_ACCOUNTS.funds) as FundsCode[];
const inMinor = (code: string): string =>
  `${code.replace(/-(.)/g, (_match, letter: string) => letter.toUpperCase())}Minor`;

const position: Schema = object({
  partnerId: common('party-id'),
  positions: list(
    object({
      currency: common('currency'),
      ...Object.fromEntries(
        fundsCodes.map((code): [string, Schema] => [
          inMinor(code),
          { description: `${CHART_OF_ACCOUNTS.funds[code].description}, in minor units.`, ...count },
        ]),
      ),
    }),
  ),
  links: links(['self']),
});

/** The routes of the books: trial balance and funding partners' positions. */
export function booksRoutes({ db }: { db: Knex }): Route[] {
  return [
    {
      method: 'get',
      path: '/v1/ledger/trial-balance',
      operationId: 'getTrialBalance',
      tag: 'Books',
      summary: 'Read the trial balance, summed from all entries',
      access: { roles: MAY.readBooks },
      parameters: [
        {
          ...{ in: 'query', name: 'book', required: false, example: 'general', schema: book },
          description: `One book: ${Object.keys(CHART_OF_ACCOUNTS).join(', ')}.`,
        },
        {
          ...{ in: 'query', name: 'market', required: false, example: 'ID', schema: common('market-id') },
          description: 'One market, by its two letters.',
        },
        {
          ...{
            in: 'query',
            name: 'through',
            required: false,
            example: '2026-01-31',
            schema: day,
          },
          description: 'The last day that counts, as YYYY-MM-DD.',
        },
        {
          ...{ in: 'query', name: 'from', required: false, example: '2026-01-31', schema: day },
          description:
            'The first day that counts, as YYYY-MM-DD: with it the rows are what moved, and with the same last day what ' +
            'moved on that day.',
        },
        {
          ...{
            in: 'query',
            name: 'by',
            required: false,
            example: 'value',
            schema: oneOf('posting', 'value'),
          },
          description:
            'Which day of an entry counts: the one on which it was posted (posting, if left out), or the one on which the ' +
            'fact counts (value).',
        },
      ],
      answers: {
        200: {
          description: 'One row for each account code, and the totals.',
          schema: balance,
          example: balanceBody(example, {}),
        },
      },
      problems: [],
      async handle({ parameters }) {
        const { market, from, through } = parameters;
        const by = parameters['by'] as DayKind | undefined;
        const filter = { book: parameters['book'] as Book | undefined, market, by, from, through };
        return { status: 200, body: balanceBody(await trialBalance(db, filter), parameters) };
      },
    },
    {
      method: 'get',
      path: '/v1/funds/{partnerId}/position',
      operationId: 'getFundsPosition',
      tag: 'Books',
      summary: "Read a funding partner's position",
      description: 'A partner reads its own; of others it learns nothing, not even whether they exist.',
      access: { roles: MAY.readPositions },
      parameters: [
        {
          in: 'path',
          name: 'partnerId',
          description: 'Id of a funding partner.',
          schema: common('party-id'),
          required: true,
          example: 'partner-nusantara',
        },
      ],
      answers: {
        200: { description: 'The position in each currency.', schema: position, example: examplePosition },
      },
      problems: ['UNKNOWN_PARTNER'],
      async handle({ parameters, client }) {
        const partnerId = parameters['partnerId']!;
        const { role, clientId } = client();
        const isHidden = role === 'partner' && clientId !== partnerId;
        const currency = isHidden ? undefined : await currencyOfFundingPartner(db, partnerId);
        if (currency === undefined) {
          throw new Problem('UNKNOWN_PARTNER', `There is no funding partner ${partnerId} that you may see.`);
        }
        const accounts = await positionOf(db, 'funds', partnerId);
        return { status: 200, body: positionBody(partnerId, currency, accounts) };
      },
    },
  ];
}

const balanceBody = (found: TrialBalance, parameters: Call['parameters']) => ({
  ...found,
  links: {
    self: addressWith('/v1/ledger/trial-balance', ['book', 'market', 'from', 'through', 'by'], parameters),
  },
});

/** Every position of the partner, zero where no account was opened yet, in its market's currency at least. */
function positionBody(
  partnerId: string,
  currency: string,
  accounts: readonly { code: FundsCode; currency: string; balanceMinor: number }[],
) {
  const currencies = [...new Set([currency, ...accounts.map((account) => account.currency)])];
  const minorOf = (code: FundsCode, of: string): number =>
    accounts.find((account) => account.code === code && account.currency === of)?.balanceMinor ?? 0;
  return {
    partnerId,
    positions: currencies.map((of) => ({
      currency: of,
      ...Object.fromEntries(fundsCodes.map((code) => [inMinor(code), minorOf(code, of)])),
    })),
    links: { self: positionAddress(partnerId) },
  };
}

const example: TrialBalance = {
  rows: [
    {
      ...{ book: 'general', code: 'loan-principal', currency: 'CNY', normalSide: 'DEBIT' },
      ...{ debitMinor: 10_000, creditMinor: 0 },
    },
    {
      ...{ book: 'general', code: 'funding-partner-payable', currency: 'CNY', normalSide: 'CREDIT' },
      ...{ debitMinor: 0, creditMinor: 10_000 },
    },
  ],
  totals: [{ book: 'general', currency: 'CNY', debitMinor: 10_000, creditMinor: 10_000, balanced: true }],
};

const examplePosition = positionBody('partner-nusantara', 'IDR', [
  { code: 'contributed', currency: 'IDR', balanceMinor: 500_000_000 },
  { code: 'available', currency: 'IDR', balanceMinor: 495_000_000 },
  { code: 'paid-out', currency: 'IDR', balanceMinor: 5_000_000 },
]);
