import type { Knex } from 'knex';
import { findAccount, type Account, type DayKind } from '../../db/books/accounts';
import { BooksQueryError, type AccountRef } from '../../db/books/errors';
import { journalOf, type Journal } from '../../db/books/journals';
import { statementOf, type Statement, type StatementQuery } from '../../db/books/statement';
import { CHART_OF_ACCOUNTS } from '../../domain/books/chart-of-accounts';
import { flowAddress, journalAddress, messageAddress, statementAddress } from '../addresses';
import { addressWith, limitIn, pageParameters } from '../pages';
import { MAY } from '../permissions';
import { Problem } from '../problem';
import type { Answer, Call, Route } from '../route';
import { common, day, links, list, object, oneOf, text, type Schema } from '../schema';

const book = oneOf(...Object.keys(CHART_OF_ACCOUNTS));
const side = oneOf('DEBIT', 'CREDIT');
const accountId: Schema = {
  description:
    'An account: book, code in the chart of accounts, owner and currency, with colons between them.',
  type: 'string',
  pattern: `^(${Object.keys(CHART_OF_ACCOUNTS).join('|')}):[a-z0-9-]{1,60}:[A-Za-z0-9._-]{1,200}:[A-Z]{3}$`,
};
/** An account keeps its name for ever, unlike a number that means nothing outside the database. */
const idOf = ({ book: of, code, owner, currency }: AccountRef): string =>
  [of, code, owner, currency].join(':');
const balance: Schema = {
  description:
    "In minor units, in the direction of the account's normal side; negative where it is on the other.",
  type: 'integer',
};

const statement: Schema = object({
  account: object({
    accountId,
    book,
    code: text,
    owner: text,
    currency: common('currency'),
    normalSide: side,
  }),
  by: oneOf('posting', 'value'),
  from: common('iso-date'),
  to: common('iso-date'),
  openingMinor: { ...balance, description: 'Balance before the first day.' },
  closingMinor: { ...balance, description: 'Balance at the end of the last day.' },
  entries: list(
    object({
      journalId: common('journal-id'),
      line: { type: 'integer', minimum: 1 },
      postingDate: common('iso-date'),
      valueDate: common('iso-date'),
      scenario: text,
      businessKey: { description: 'Names the economic fact.', ...text },
      description: text,
      side,
      amountMinor: common('minor-units'),
      balanceMinor: { ...balance, description: 'Balance after this entry.' },
      links: links(['journal']),
    }),
  ),
  links: links(['self'], ['next']),
});

const journal: Schema = object(
  {
    journalId: common('journal-id'),
    book,
    market: common('market-id'),
    businessKey: { description: 'Names the economic fact; unique in its book.', ...text },
    scenario: { description: 'The posting rule.', ...text },
    description: text,
    postingDate: common('iso-date'),
    valueDate: common('iso-date'),
    postedAt: common('instant'),
    commitsHold: { description: 'Business key of the hold that it takes from.', ...text },
    causedBy: {
      description: 'The message whose handling posted it; none for what was there at the start.',
      ...object({ messageId: { type: 'string', format: 'uuid' }, type: text, source: text }, [
        'type',
        'source',
      ]),
    },
    entries: list(
      object({
        line: { type: 'integer', minimum: 1 },
        accountId,
        side,
        amountMinor: common('minor-units'),
        currency: common('currency'),
        links: links(['statement']),
      }),
    ),
    links: links(['self'], ['message', 'flow', 'reverses', 'reversedBy']),
  },
  ['commitsHold', 'causedBy'],
);

const rangeDay = (name: 'from' | 'to', description: string, example: string) =>
  ({ in: 'query', name, description, schema: day, required: true, example }) as const;

/** The routes of single accounts and journals. */
export function ledgerRoutes({ db }: { db: Knex }): Route[] {
  return [
    {
      method: 'get',
      path: '/v1/ledger/accounts/{accountId}/statement',
      operationId: 'getAccountStatement',
      tag: 'Books',
      summary: "Read an account's entries with the balance after each",
      description:
        'All pages together are one statement, as of the moment of the first: what is posted meanwhile is on none of ' +
        'them.',
      access: { roles: MAY.readBooks },
      parameters: [
        {
          in: 'path',
          name: 'accountId',
          description: 'Book, code, owner and currency, with colons between them.',
          schema: accountId,
          required: true,
          example: 'funds:available:partner-nusantara:IDR',
        },
        {
          in: 'query',
          name: 'by',
          description:
            'Which day of an entry counts: the one on which it was posted (posting, if left out), or the one on which the ' +
            'fact counts (value).',
          schema: oneOf('posting', 'value'),
          required: false,
          example: 'value',
        },
        rangeDay('from', 'The first day, as YYYY-MM-DD.', '2026-01-01'),
        rangeDay('to', 'The last day, as YYYY-MM-DD; at most ten years after the first.', '2026-01-31'),
        ...pageParameters,
      ],
      answers: {
        200: {
          description: 'One page; the opening and the closing balance are those of the whole range.',
          schema: statement,
          example: statementBody(exampleStatement, { from: '2026-01-01', to: '2026-01-31' }),
        },
      },
      problems: ['UNKNOWN_ACCOUNT'],
      handle: (call) => readStatement(db, call),
    },
    {
      method: 'get',
      path: '/v1/ledger/journals/{journalId}',
      operationId: 'getJournal',
      tag: 'Books',
      summary: 'Read a journal: one economic fact, its entries, and what caused it',
      access: { roles: MAY.readBooks },
      parameters: [
        {
          in: 'path',
          name: 'journalId',
          description: 'Id of a journal.',
          schema: { type: 'string', pattern: '^[1-9][0-9]{0,14}$' },
          required: true,
          example: '42',
        },
      ],
      answers: {
        200: { description: 'The journal.', schema: journal, example: journalBody(exampleJournal) },
      },
      problems: ['UNKNOWN_JOURNAL'],
      async handle({ parameters }) {
        const found = await journalOf(db, Number(parameters['journalId']));
        if (!found) throw new Problem('UNKNOWN_JOURNAL', `No journal ${parameters['journalId']} is posted.`);
        return { status: 200, body: journalBody(found) };
      },
    },
  ];
}

async function readStatement(db: Knex, { parameters }: Call): Promise<Answer> {
  const [of = '', code = '', owner = '', currency = ''] = parameters['accountId']!.split(':');
  const account = await findAccount(db, { book: of, code, owner, currency });
  if (!account) {
    throw new Problem('UNKNOWN_ACCOUNT', `No posting has opened the account ${parameters['accountId']}.`);
  }
  const query: StatementQuery = {
    by: (parameters['by'] ?? 'posting') as DayKind,
    from: parameters['from']!,
    to: parameters['to']!,
    limit: limitIn(parameters),
    ...(parameters['cursor'] !== undefined && { after: parameters['cursor'] }),
  };
  try {
    return { status: 200, body: statementBody(await statementOf(db, account.accountId, query), parameters) };
  } catch (error) {
    if (error instanceof BooksQueryError) throw new Problem('INVALID_PARAMETER', error.message);
    throw error;
  }
}

function statementBody(
  { account, openingMinor, closingMinor, lines, next }: Statement,
  parameters: Call['parameters'],
) {
  const { by = 'posting', from, to } = parameters;
  const linkWith = (own: Call['parameters']): string =>
    addressWith(statementAddress(idOf(account)), ['by', 'from', 'to', 'limit', 'cursor'], own);
  return {
    account: { ...account, accountId: idOf(account) },
    ...{ by, from, to, openingMinor, closingMinor },
    entries: lines.map((line) => ({ ...line, links: { journal: journalAddress(line.journalId) } })),
    links: {
      self: linkWith(parameters),
      ...(next !== undefined && { next: linkWith({ ...parameters, cursor: next }) }),
    },
  };
}

function journalBody(found: Journal) {
  const { flowId, causedBy, reversesJournalId, reversedByJournalId, commitsHold, entries, ...facts } = found;
  const { messageType: type, source } = causedBy ?? {};
  return {
    ...facts,
    ...(commitsHold !== null && { commitsHold }),
    ...(causedBy && {
      causedBy: { messageId: causedBy.messageId, ...(type && { type }), ...(source && { source }) },
    }),
    entries: entries.map(({ line, side: of, amountMinor, ...account }) => ({
      ...{ line, accountId: idOf(account), side: of, amountMinor, currency: account.currency },
      links: { statement: statementOfDay(account, facts.postingDate) },
    })),
    links: {
      self: journalAddress(facts.journalId),
      ...(causedBy && { message: messageAddress(causedBy.messageId) }),
      ...(flowId !== null && { flow: flowAddress(flowId) }),
      ...(reversesJournalId !== null && { reverses: journalAddress(reversesJournalId) }),
      ...(reversedByJournalId !== null && { reversedBy: journalAddress(reversedByJournalId) }),
    },
  };
}

const statementOfDay = (account: AccountRef, date: string): string =>
  addressWith(statementAddress(idOf(account)), ['from', 'to'], { from: date, to: date });

const exampleAccount: Account = {
  ...{ accountId: 7, book: 'funds', code: 'available', owner: 'partner-nusantara', currency: 'IDR' },
  normalSide: 'DEBIT',
};
const exampleFact = {
  ...{ journalId: 42, scenario: 'funds.reserved', businessKey: 'reservation FR-LA01JD8X3M7Q2V-1' },
  ...{ description: 'Reserved for LA01JD8X3M7Q2V', postingDate: '2026-01-31', valueDate: '2026-01-31' },
};
const exampleStatement: Statement = {
  account: exampleAccount,
  ...{ openingMinor: 500_000_000, closingMinor: 495_000_000 },
  lines: [{ ...exampleFact, line: 2, side: 'CREDIT', amountMinor: 5_000_000, balanceMinor: 495_000_000 }],
};
const exampleJournal: Journal = {
  ...exampleFact,
  ...{ book: 'funds', market: 'ID', postedAt: '2026-01-31T08:00:00.000Z' },
  flowId: 'loan-application-disbursement:LA01JD8X3M7Q2V',
  causedBy: {
    ...{ messageId: '5b2f0c1e-8a53-8f0e-9d57-0d2f3a6f9b11', messageType: 'reserve-funds' },
    source: 'loan-engine',
  },
  ...{ reversesJournalId: null, reversedByJournalId: null, commitsHold: null },
  entries: [
    { ...exampleAccount, accountId: 8, code: 'frozen', line: 1, side: 'DEBIT', amountMinor: 5_000_000 },
    { ...exampleAccount, line: 2, side: 'CREDIT', amountMinor: 5_000_000 },
  ],
};
