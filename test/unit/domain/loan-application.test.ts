import { costCaps } from '../../../domain/cost-cap-table';
import { saleProblem } from '../../../domain/loan-application';
import { exampleTerms } from './product-example';

/** 0.2 % a day: within the cap of Indonesia up to the end of 2025, and twice that of 2026. */
const dear = {
  market: 'ID',
  terms: exampleTerms({
    ...{
      currency: 'IDR',
      method: 'BULLET',
      annualRate: '0.72',
      term: { unit: 'MONTH', length: 1, counts: [1] },
    },
    penalty: { annualRate: '0.36', dayCount: 'ACT/ACT-ISDA' },
  }),
};

test('a product version is sold while the cap of the day allows what it costs', () => {
  expect(saleProblem(dear, '2025-12-31')).toBeUndefined();
});

test('from the day on which the cap falls it is not sold any more, and the reason is said', () => {
  expect(saleProblem(dear, '2026-01-01')).toMatchObject({
    code: 'PRODUCT_NOT_SELLABLE',
    message: expect.stringContaining('more than 0.1 % a day'),
  });
});

test('asked again, the answer of each day stays', () => {
  const days = ['2026-01-01', '2025-12-31', '2026-01-01', '2025-12-31'];
  expect(days.map((day) => saleProblem(dear, day)?.code)).toEqual([
    ...['PRODUCT_NOT_SELLABLE', undefined, 'PRODUCT_NOT_SELLABLE', undefined],
  ]);
});

test('in a market without a cap nothing is sold', () => {
  expect(costCaps['XX']).toBeUndefined();
  expect(saleProblem({ ...dear, market: 'XX' }, '2026-01-01')?.code).toBe('PRODUCT_NOT_SELLABLE');
});
