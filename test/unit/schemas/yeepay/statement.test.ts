import { statementIn, statementText, type StatementLine } from '../../../../schemas/outside/yeepay/statement';

const line: StatementLine = {
  ...{
    type: 'BACK',
    orderId: 'MO20260115000017',
    requestNo: 'YB-MO20260115000017-1-1',
    transactionNo: 'TX1',
  },
  ...{ detailNo: 'TX0-1', ledgerNo: 'D-31', amountMinor: 1_505, doneAt: '2026-01-22T09:30:00+08:00' },
};
const day = '2026-01-22';

test('what is written is read', () => {
  const lines = [line, { ...line, type: 'DIVIDE', amountMinor: 1 } as const];
  expect(statementIn(statementText(lines), day)).toEqual(lines);
  expect(statementIn(statementText([]), day)).toEqual([]);
  expect(statementIn(statementText(lines).replaceAll('\n', '\r\n'), day)).toEqual(lines);
});

const good = statementText([line, line]);

test.each([
  ['has no header', good.replace('type,', 'kind,'), 'Line 1'],
  ['is cut off', good.slice(0, -2), 'The last line'],
  ['has a line with a field too many', good.replace(/30:00\n$/, '30:00,\n'), 'Line 3: it has 9 fields'],
  ['has a type of its own', good.replace('BACK', 'FORTH'), 'Line 2: its type'],
  ['has a line without an order', good.replace('BACK,MO20260115000017', 'BACK,'), 'Line 2: its orderId'],
  ['has an amount that is none', good.replace('15.05', '15.055'), 'Line 2: its amount'],
  ['has an amount of nothing', good.replace('15.05', '0.00'), 'Line 2: its amount'],
  ['has a day that is none', good.replace('2026-01-22 09', '2026-02-30 09'), 'Line 2: its time'],
  ['is of another day', good.replace('2026-01-22 09', '2026-01-23 09'), 'Line 2: it is not of 2026-01-22'],
])('a statement that %s is not read, and the line is named', (_what, text, message) => {
  expect(() => statementIn(text, day)).toThrow(message);
});
