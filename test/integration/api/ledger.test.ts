import { booksOn } from '../../../db/books/posting';
import { startApi, type ApiUnderTest } from './api-under-test';

interface Statement {
  account: { accountId: string; normalSide: string };
  openingMinor: number;
  closingMinor: number;
  entries: { journalId: number; amountMinor: number; balanceMinor: number; links: { journal: string } }[];
  links: { self: string; next?: string };
}

const account = 'funds:available:bank-huaxin:CNY';
const contributedMinor = 300_000_000;

let api: ApiUnderTest;
/** A partner with its opening contribution (worth from 2024-01-01) and three more, worth from 1 to 3 January 2026. */
beforeAll(async () => {
  api = await startApi();
  for (const [index, contributed] of [100, 200, 300].entries()) await contribute(index + 1, contributed);
});
afterAll(() => api.stop());

const contribute = (day: number, contributed: number, fundingPartner = 'bank-huaxin') =>
  api.db.transaction((tx) =>
    booksOn(tx, { market: 'CN' }).post({
      ...{ scenario: 'funds.contributed', businessKey: `${fundingPartner} ${day}`, currency: 'CNY' },
      ...{
        valueDate: `2026-01-0${day}`,
        owners: { fundingPartner },
        amounts: { contributed },
      },
      description: `Contribution ${day}`,
    }),
  );
async function read(query: string, of = account): Promise<Statement> {
  const address = query.startsWith('/') ? query : `/v1/ledger/accounts/${of}/statement?${query}`;
  const { status, body } = await api.call<Statement>('GET', address, { as: 'finance' });
  expect([address, status]).toEqual([address, 200]);
  return body;
}

test('a statement by value date opens and closes with the balance as of those days', async () => {
  const {
    openingMinor,
    closingMinor,
    entries,
    account: read_,
  } = await read('by=value&from=2026-01-02&to=2026-01-03');
  expect([openingMinor, closingMinor]).toEqual([contributedMinor + 100, contributedMinor + 600]);
  expect(entries.map(({ amountMinor, balanceMinor }) => [amountMinor, balanceMinor])).toEqual([
    [200, contributedMinor + 300],
    [300, contributedMinor + 600],
  ]);
  expect(read_).toMatchObject({ accountId: account, normalSide: 'DEBIT' });
});

test('a statement by posting date has what was posted on those days, whenever it counts', async () => {
  const { openingMinor, closingMinor } = await read('from=2026-01-15&to=2026-01-15');
  expect([openingMinor, closingMinor]).toEqual([0, contributedMinor + 600]);
});

test('the pages of a statement are one statement, though something is posted in between', async () => {
  const partner = 'trust-jinhe';
  for (const day of [5, 6, 7]) await contribute(day, 100, partner);
  const range = 'by=value&from=2024-01-01&to=2026-12-31&limit=3';
  const first = await read(range, `funds:available:${partner}:CNY`);
  const { closingMinor } = first;
  await contribute(9, 1, partner);
  const last = await read(first.links.next!);
  expect([first.entries.length, last.entries.length, last.links.next]).toEqual([3, 1, undefined]);
  expect([last.closingMinor, last.entries[0]!.balanceMinor]).toEqual([closingMinor, closingMinor]);
});

test('an entry of a statement leads to its journal, which leads back', async () => {
  const { entries } = await read('by=value&from=2026-01-02&to=2026-01-02');
  const { body } = await api.call<{ entries: { accountId: string; links: { statement: string } }[] }>(
    'GET',
    entries[0]!.links.journal,
    { as: 'finance' },
  );
  expect(body).toMatchObject({ scenario: 'funds.contributed', valueDate: '2026-01-02' });
  const line = body.entries.find(({ accountId }) => accountId === account)!;
  const back = await read(line.links.statement);
  expect(back.entries.map(({ journalId }) => journalId)).toContain(entries[0]!.journalId);
});

test('the movements of a day balance, and the totals through it hold all before', async () => {
  const totals = async (query: string) => {
    const { body } = await api.call<{ totals: { debitMinor: number; balanced: boolean }[] }>(
      'GET',
      `/v1/ledger/trial-balance?book=funds&market=CN&${query}`,
      { as: 'finance' },
    );
    return body.totals.map(({ debitMinor, balanced }) => [debitMinor, balanced]);
  };
  expect(await totals('by=value&from=2026-01-02&through=2026-01-02')).toEqual([[200, true]]);
  expect(await totals('by=value&through=2026-01-01')).toEqual([[2 * contributedMinor + 100, true]]);
});

test.each([
  [
    'UNKNOWN_ACCOUNT',
    `/v1/ledger/accounts/funds:frozen:bank-huaxin:CNY/statement?from=2026-01-01&to=2026-01-31`,
  ],
  [
    'UNKNOWN_ACCOUNT',
    `/v1/ledger/accounts/funds:no-code:bank-huaxin:CNY/statement?from=2026-01-01&to=2026-01-31`,
  ],
  [
    'INVALID_PARAMETER',
    `/v1/ledger/accounts/no-book:available:bank-huaxin:CNY/statement?from=2026-01-01&to=2026-01-31`,
  ],
  ['INVALID_PARAMETER', `/v1/ledger/accounts/7/statement?from=2026-01-01&to=2026-01-31`],
  ['INVALID_PARAMETER', `/v1/ledger/accounts/${account}/statement?to=2026-01-31`],
  ['INVALID_PARAMETER', `/v1/ledger/accounts/${account}/statement?from=2026-02-01&to=2026-01-31`],
  ['INVALID_PARAMETER', `/v1/ledger/accounts/${account}/statement?from=2026-01-01&to=2026-02-30`],
  ['INVALID_PARAMETER', `/v1/ledger/accounts/${account}/statement?from=0000-01-01&to=2026-01-31`],
  ['INVALID_PARAMETER', `/v1/ledger/accounts/${account}/statement?from=2026-01-01&to=2026-01-31&by=day`],
  ['INVALID_PARAMETER', `/v1/ledger/accounts/${account}/statement?from=2026-01-01&to=2026-01-31&cursor=x`],
  ['UNKNOWN_JOURNAL', '/v1/ledger/journals/999999999'],
  ['INVALID_PARAMETER', '/v1/ledger/journals/0'],
])('%s answers %s', async (code, address) => {
  expect((await api.call('GET', address, { as: 'finance' })).body.code).toBe(code);
});

test('a cursor of another statement is refused', async () => {
  const { links } = await read('by=value&from=2024-01-01&to=2026-12-31&limit=1');
  const { body } = await api.call('GET', links.next!.replace('by=value', 'by=posting'), { as: 'finance' });
  expect(body.code).toBe('INVALID_PARAMETER');
});

test.each(['app', 'bff', 'partner'] as const)('a key of role %s reads no accounts', async (role) => {
  const address = `/v1/ledger/accounts/${account}/statement?from=2026-01-01&to=2026-01-31`;
  expect((await api.call('GET', address, { as: role })).status).toBe(403);
});
