import { stripVTControlCharacters } from 'node:util';
import { mallOrderCheck, mallOrderTable, type MallOrderFinding } from '../../../scripts/demo/mall-order';

const cny = (amountMinor: number) => ({ currency: 'CNY' as const, amountMinor });
const noDebt = { settled: cny(0), rolledBack: cny(0) };
const detail = { divideRequestId: 'YD-MO1-1', detailNo: '1' };

/** What is found when all sides agree. */
const found: MallOrderFinding = {
  order: {
    ...{ orderId: 'MO1', state: 'PARTIALLY_ROLLED_BACK' },
    lines: [
      { ledgerId: 'S-1', merType: 'SUPPLIER', divided: cny(5_000), returned: cny(3_000), ...noDebt },
      {
        ...{ ledgerId: 'D-1', merType: 'DEBTOR', divided: cny(3_000), returned: cny(1_800) },
        ...{ settled: cny(1_500), rolledBack: cny(300) },
      },
    ],
  },
  contract: {
    ...{ contractId: 'HZ-1', settled: cny(1_200), remaining: cny(3_800) },
    plan: [
      { period: '2026-01', planned: cny(1_000), actual: cny(1_000) },
      { period: '2026-02', planned: cny(4_000), actual: cny(200) },
    ],
  },
  atYeepay: {
    details: [
      { ...detail, ledgerNo: 'S-1', amountMinor: 5_000, returnedMinor: 3_000 },
      { ...detail, ledgerNo: 'D-1', amountMinor: 3_000, returnedMinor: 1_800 },
    ],
  },
  books: { withDebtorMinor: 1_200, collectedMinor: 1_200 },
};

test("a mall's order is right when Yeepay, the order, the books and the contract tell the same", () => {
  expect(mallOrderCheck(found)).toMatchObject({ ok: true, found: 'CNY 12.00' });
});

const [supplier, debtor] = found.order.lines;
const [atSupplier, atDebtor] = found.atYeepay.details;
const withDebtor = (wrong: object): MallOrderFinding => ({
  ...found,
  order: { ...found.order, lines: [supplier!, { ...debtor!, ...wrong }] },
});

test.each<[string, MallOrderFinding, string]>([
  [
    'Yeepay has not returned all',
    { ...found, atYeepay: { details: [atSupplier!, { ...atDebtor!, returnedMinor: 1_500 }] } },
    'Yeepay, divided − returned: CNY 15.00, not CNY 12.00',
  ],
  [
    'the order was divided twice',
    withDebtor({ divided: cny(6_000) }),
    'order, divided − returned: CNY 42.00, not CNY 12.00',
  ],
  [
    'nothing was rolled back',
    withDebtor({ rolledBack: cny(0) }),
    'order, settled − rolled back: CNY 15.00, not CNY 12.00',
  ],
  [
    'the books have lost what the debtor has',
    { ...found, books: { ...found.books, withDebtorMinor: 0 } },
    'general book, yeepay-debtor-ledger: CNY 0.00, not CNY 12.00',
  ],
  [
    'the books have collected more than was settled',
    { ...found, books: { ...found.books, collectedMinor: 1_500 } },
    'general book, debt-collected: CNY 15.00, not CNY 12.00',
  ],
  [
    'the contract was moved by nothing',
    { ...found, contract: { ...found.contract, settled: cny(0) } },
    'contract: CNY 0.00, not CNY 12.00',
  ],
  [
    'the plan lacks what its contract has',
    { ...found, contract: { ...found.contract, plan: found.contract.plan.slice(0, 1) } },
    "contract's plan: CNY 10.00, not CNY 12.00",
  ],
])('where %s, the check says who tells another sum', (_, wrong, words) => {
  expect(mallOrderCheck(wrong)).toMatchObject({ ok: false, found: words });
});

test("the report has each line of the order, the contract's plan, and where its flow is", () => {
  const report = stripVTControlCharacters(mallOrderTable(found, (flowId) => `at/${flowId}`));
  expect(report.split('\n').map((line) => line.trimEnd().replace(/ {2,}/g, ' | '))).toEqual([
    'Order MO1 of cn-mall: PARTIALLY_ROLLED_BACK',
    'line | whose | divided | returned | settled | rolled back',
    'S-1 | SUPPLIER | CNY 50.00 | CNY 30.00 | CNY 0.00 | CNY 0.00',
    'D-1 | DEBTOR | CNY 30.00 | CNY 18.00 | CNY 15.00 | CNY 3.00',
    'Contract HZ-1: CNY 38.00 remain; settled by its plan: 2026-01 CNY 10.00 of CNY 10.00, 2026-02 CNY 2.00 of CNY 40.00.',
    'at/debt-order:MO1',
  ]);
});
