import fc from 'fast-check';
import {
  entitledMinor,
  refundProblem,
  type DividedOrder,
  type OrderRefund,
} from '../../../../domain/debt-resolution/refund-share';
import { actualsMinor, settle, undo, type Settlement } from '../../../../domain/debt-resolution/settlement';
import * as model from '../../../support/reference-mall-order';

// The rules, held against the model that malls' orders on the whole platform are held against too: many more of them, without
// anybody who fails.

const paidMinor = 10_000;
const anyItem = fc.constantFrom(undefined, undefined, 'A', 'B');
const anyAmount = fc.oneof(fc.integer({ min: 1, max: 4_000 }), fc.integer({ min: 1, max: paidMinor }));
const anyOrder = fc.record({
  lines: fc.array(fc.record({ item: anyItem, amountMinor: fc.integer({ min: 1, max: 2_500 }) }), {
    ...{ minLength: 1, maxLength: 4 },
  }),
  priceMinor: fc.constantFrom<Record<string, number>>({}, { A: 4_000 }, { A: 3_333, B: 6_667 }),
});
const which = fc.nat();
const anyStep = fc.oneof(
  fc.record({ kind: fc.constant('REFUND' as const), which, item: anyItem, amountMinor: anyAmount }),
  fc.record({ kind: fc.constantFrom('DIVIDE' as const, 'SETTLE' as const), which }),
);
const anyLife = fc.record({
  orders: fc.array(anyOrder, { minLength: 1, maxLength: 3 }),
  debts: fc.array(fc.integer({ min: 1, max: 4_000 }), { minLength: 1, maxLength: 3 }),
  steps: fc.array(anyStep, { minLength: 4, maxLength: 30 }),
});
type Life = typeof anyLife extends fc.Arbitrary<infer T> ? T : never;

/** An order as the rules see it, and as the model does. */
interface Both {
  ofRules: DividedOrder;
  refunds: OrderRefund[];
  /** By line: what it settled, and what of that is undone. */
  settled: { settlement: Settlement; undoneMinor: number }[];
  ofModel: model.ReferenceOrder;
}
/** The debtor, likewise. */
interface Debtor {
  contracts: { contractId: string; remainingMinor: number }[];
  payableMinor: number;
  ofModel: model.ReferenceDebtor;
}

function bothOf({ lines, priceMinor }: Life['orders'][number]): Both {
  const ofRules = {
    ...{ amountMinor: paidMinor, priceMinor },
    lines: lines.map(({ item, amountMinor }) => ({ orderDetailId: item ?? null, amountMinor })),
  };
  const ofDebtor = lines.map((line) => ({ receiver: 'D', debtor: 'M', ...line }));
  return {
    ...{ ofRules, refunds: [], settled: [] },
    ofModel: model.referenceOrder(paidMinor, ofDebtor, priceMinor),
  };
}

const debtorOf = (debts: readonly number[]): Debtor => ({
  contracts: debts.map((remainingMinor, index) => ({ contractId: `C${index}`, remainingMinor })),
  payableMinor: 0,
  ofModel: {
    contracts: debts.map((totalMinor, index) => ({ contractId: `C${index}`, totalMinor, settledMinor: 0 })),
    payableMinor: 0,
  },
});

function move({ contracts }: Debtor, moved: Settlement['contracts'], sign: 1 | -1): void {
  for (const { contractId, amountMinor } of moved) {
    contracts.find((one) => one.contractId === contractId)!.remainingMinor -= sign * amountMinor;
  }
}

function refundBoth(both: Both, debtor: Debtor, item: string | undefined, amountMinor: number): void {
  const { ofRules, refunds, settled, ofModel } = both;
  const wanted = { orderDetailId: item ?? null, amountMinor };
  const problem = refundProblem(ofRules, refunds, wanted);
  expect(problem).toBe(model.refusalOf(ofModel, { item, amountMinor }));
  if (problem) return;
  const before = entitledMinor(ofRules, refunds);
  refunds.push(wanted);
  const takes = entitledMinor(ofRules, refunds).map((minor, index) => minor - before[index]!);
  const refundId = `R${refunds.length}`;
  model.refund(ofModel, refundId, { item, amountMinor });
  for (const [index, one] of settled.entries()) {
    if (takes[index]! === 0) continue;
    const undone = undo(one.settlement, one.undoneMinor, takes[index]!);
    one.undoneMinor += takes[index]!;
    move(debtor, undone.contracts, -1);
    debtor.payableMinor -= undone.excessMinor;
  }
  if (ofModel.toRollBack.has(refundId)) model.rollBack(ofModel, refundId, new Map([['M', debtor.ofModel]]));
}

function settleBoth(both: Both, debtor: Debtor): void {
  const { ofRules, refunds, ofModel } = both;
  const refunded = entitledMinor(ofRules, refunds);
  both.settled = ofRules.lines.map(({ amountMinor }, index) => {
    const open = debtor.contracts.filter(({ remainingMinor }) => remainingMinor > 0);
    const settlement = settle(open, amountMinor - refunded[index]!);
    move(debtor, settlement.contracts, 1);
    debtor.payableMinor += settlement.excessMinor;
    return { settlement, undoneMinor: 0 };
  });
  model.settle(ofModel, new Map([['M', debtor.ofModel]]));
}

function live({ orders, debts, steps }: Life): void {
  const all = orders.map(bothOf);
  const debtor = debtorOf(debts);
  for (const step of steps) {
    const both = all[step.which % all.length]!;
    if (step.kind === 'REFUND') refundBoth(both, debtor, step.item, step.amountMinor);
    else if (!both.ofModel.isDivided) both.ofModel.isDivided = true;
    else if (!both.ofModel.isSettled) settleBoth(both, debtor);
  }
  expectSame(all, debtor, debts);
}

function expectSame(all: readonly Both[], debtor: Debtor, debts: readonly number[]): void {
  for (const { ofRules, refunds, ofModel } of all) {
    const entitled = entitledMinor(ofRules, refunds);
    expect(ofModel.lines.map((line) => line.amountMinor - model.leftOf(line))).toEqual(entitled);
  }
  expect(debtor.ofModel.contracts.map((one) => one.totalMinor - one.settledMinor)).toEqual(
    debtor.contracts.map(({ remainingMinor }) => remainingMinor),
  );
  expect(debtor.ofModel.payableMinor).toBe(debtor.payableMinor);
  for (const [index, { settledMinor }] of debtor.ofModel.contracts.entries()) {
    const plan = [1_000, debts[index]!].map((planMinor, month) => ({
      period: `2026-0${month + 1}`,
      planMinor,
    }));
    const months = model.plannedMonths([1_000, debts[index]!], settledMinor);
    expect(actualsMinor(plan, settledMinor)).toEqual(months);
  }
}

test('whatever happens to the orders of a debtor, they and the debts stand as the model says', () => {
  fc.assert(fc.property(anyLife, live), { numRuns: Number(process.env.DEBT_RUNS ?? 3_000) });
});
