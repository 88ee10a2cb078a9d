import fc from 'fast-check';
import { actualsMinor, settle, undo, type Settlement } from '../../../../domain/debt-resolution/settlement';

const contracts = [
  { contractId: 'C1', remainingMinor: 1_000 },
  { contractId: 'C2', remainingMinor: 0 },
  { contractId: 'C3', remainingMinor: 500 },
];

describe('a debtor’s contracts', () => {
  test('are settled one after the other, and what exceeds the debt is owed to the debtor', () => {
    expect(settle(contracts, 400)).toEqual({
      contracts: [{ contractId: 'C1', amountMinor: 400 }],
      excessMinor: 0,
    });
    expect(settle(contracts, 1_800)).toEqual({
      contracts: [
        { contractId: 'C1', amountMinor: 1_000 },
        { contractId: 'C3', amountMinor: 500 },
      ],
      excessMinor: 300,
    });
    expect(settle([], 5)).toEqual({ contracts: [], excessMinor: 5 });
  });
});

describe('a settlement', () => {
  const settled = settle(contracts, 2_000);

  test('is undone from the contract that was settled last, with the excess in proportion', () => {
    expect(undo(settled, 0, 400)).toEqual({
      contracts: [{ contractId: 'C3', amountMinor: 300 }],
      excessMinor: 100,
    });
    expect(undo(settled, 400, 800)).toEqual({
      contracts: [
        { contractId: 'C3', amountMinor: 200 },
        { contractId: 'C1', amountMinor: 400 },
      ],
      excessMinor: 200,
    });
  });

  test('cannot be undone by more than is left of it', () => {
    expect(() => undo(settled, 1_500, 501)).toThrow(RangeError);
  });

  test('is undone whole by whatever parts, and each part is as asked for', () => {
    const anySettlement: fc.Arbitrary<Settlement> = fc.record({
      contracts: fc
        .array(fc.integer({ min: 1, max: 5_000 }), { maxLength: 4 })
        .map((amounts) => amounts.map((amountMinor, index) => ({ contractId: `C${index}`, amountMinor }))),
      excessMinor: fc.integer({ min: 1, max: 5_000 }),
    });
    fc.assert(
      fc.property(
        anySettlement,
        fc.array(fc.integer({ min: 1, max: 3_000 }), { maxLength: 20 }),
        (one, wanted) => {
          const total = one.contracts.reduce((all, part) => all + part.amountMinor, one.excessMinor);
          const undone = new Map<string, number>();
          let undoneMinor = 0;
          for (const want of [...wanted, total]) {
            const amountMinor = Math.min(want, total - undoneMinor);
            if (amountMinor === 0) continue;
            const part = undo(one, undoneMinor, amountMinor);
            const parts = [...part.contracts, { contractId: 'excess', amountMinor: part.excessMinor }];
            expect(parts.reduce((all, { amountMinor: each }) => all + each, 0)).toBe(amountMinor);
            for (const { contractId, amountMinor: each } of parts) {
              expect(each).toBeGreaterThanOrEqual(0);
              undone.set(contractId, (undone.get(contractId) ?? 0) + each);
            }
            undoneMinor += amountMinor;
          }
          for (const { contractId, amountMinor } of one.contracts)
            expect(undone.get(contractId)).toBe(amountMinor);
          expect(undone.get('excess')).toBe(one.excessMinor);
        },
      ),
    );
  });
});

describe('a contract’s plan', () => {
  const plan = [
    { period: '2026-01', planMinor: 300 },
    { period: '2026-02', planMinor: 300 },
    { period: '2026-03', planMinor: 400 },
  ];

  test('is filled month by month, and emptied in reverse', () => {
    expect(actualsMinor(plan, 0)).toEqual([0, 0, 0]);
    expect(actualsMinor(plan, 450)).toEqual([300, 150, 0]);
    expect(actualsMinor(plan, 1_000)).toEqual([300, 300, 400]);
  });
});
