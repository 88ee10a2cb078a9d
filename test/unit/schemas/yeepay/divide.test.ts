import fc from 'fast-check';
import { fenIn, instantIn, yeepayTime, yuan } from '../../../../schemas/outside/yeepay/divide';

test.each([
  [0, '0.00'],
  [5, '0.05'],
  [100, '1.00'],
  [123_456_789, '1234567.89'],
])('%i fen are %s yuan', (fen, written) => {
  expect(yuan(fen)).toBe(written);
});

test('what is written as yuan is read as the same fen', () => {
  fc.assert(
    fc.property(fc.nat({ max: 99_999_999_999_999 }), (fen) => {
      expect(fenIn(yuan(fen))).toBe(fen);
    }),
  );
});

test.each([
  ['1', 100],
  ['1.5', 150],
  [0.29, 29],
  [1, 100],
])('the amount %j is read by its digits', (written, fen) => {
  expect(fenIn(written)).toBe(fen);
});

test.each([
  ['1.005'],
  ['-1.00'],
  ['1,000.00'],
  [' 1.00'],
  ['1e3'],
  [''],
  [-1],
  [1e21],
  [0.001],
  [null],
  [undefined],
  [{}],
])('the amount %j is none', (written) => {
  expect(fenIn(written)).toBeUndefined();
});

test('a time of Yeepay’s is one of China', () => {
  expect(instantIn('2026-01-15 18:00:00')).toBe('2026-01-15T18:00:00+08:00');
  expect(yeepayTime('2026-01-15T20:00:00.123Z')).toBe('2026-01-16 04:00:00');
});

test.each([
  ['2026-02-30 18:00:00'],
  ['2026-01-15T18:00:00Z'],
  ['2026-01-15'],
  ['2026-01-15 24:30:00'],
  [''],
  [0],
  [undefined],
])('the time %j is none', (written) => {
  expect(instantIn(written)).toBeUndefined();
});
