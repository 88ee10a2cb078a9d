import fc from 'fast-check';

/** Days of this century, month ends and leap days more often than chance would have them. */
export const anyDate = fc.oneof(
  fc
    .date({
      min: new Date('2000-01-01T00:00:00Z'),
      max: new Date('2099-12-31T00:00:00Z'),
      noInvalidDate: true,
    })
    .map((date) => date.toISOString().slice(0, 10)),
  fc.constantFrom(
    '2023-01-29',
    '2023-01-30',
    '2023-01-31',
    '2023-02-28',
    '2024-01-31',
    '2024-02-28',
    '2024-02-29',
  ),
);

/** Rates from 0 to 36 % a year, as the decimal strings of product terms. */
export const anyRate = fc
  .integer({ min: 0, max: 360_000 })
  .map((millionths) => (millionths / 1_000_000).toFixed(6));

/** Principals from one minor unit to 10^12, tiny ones as often as large ones. */
export const anyPrincipalMinor = fc.oneof(
  fc.integer({ min: 1, max: 500 }),
  fc.integer({ min: 1, max: 10 ** 12 }),
);

export const anyInstalmentCount = fc.integer({ min: 1, max: 60 });
