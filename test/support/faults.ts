import type { Behaviour } from './platform';

/** Every fault of a party that ends by itself; `CONTRADICT` lies about failures only, since a success is believed. */
export const faults = [
  { weight: 20, behaviour: { kind: 'ACCEPT' } },
  { weight: 6, behaviour: { kind: 'REFUSE', code: 'NOT_TODAY' } },
  { weight: 3, behaviour: { kind: 'SLOW', delayMs: 100 } },
  { weight: 4, behaviour: { kind: 'CALLBACK', delayMs: 100 } },
  { weight: 2, behaviour: { kind: 'CALLBACK', delayMs: 100, code: 'ACCOUNT_CLOSED' } },
  { weight: 2, behaviour: { kind: 'SILENT', delayMs: 100 } },
  { weight: 3, behaviour: { kind: 'EARLY_CALLBACK' } },
  { weight: 3, behaviour: { kind: 'DOUBLE_CALLBACK', delayMs: 50, ids: 'SAME' } },
  { weight: 3, behaviour: { kind: 'DOUBLE_CALLBACK', delayMs: 50, ids: 'DIFFERENT' } },
  { weight: 3, behaviour: { kind: 'LATE_CALLBACK', delayMs: 1_500 } },
  { weight: 2, behaviour: { kind: 'HANG' } },
  { weight: 2, behaviour: { kind: 'BREAK' } },
  { weight: 2, behaviour: { kind: 'ERROR' } },
  { weight: 3, behaviour: { kind: 'NOT_TAKEN', by: 'BREAK' } },
  { weight: 2, behaviour: { kind: 'NOT_TAKEN', by: 'ERROR' } },
  { weight: 2, behaviour: { kind: 'CONTRADICT', by: 'ANSWER', truth: 'SUCCEEDED', code: 'OOPS' } },
  { weight: 2, behaviour: { kind: 'CONTRADICT', by: 'CALLBACK', truth: 'SUCCEEDED', code: 'OOPS' } },
  { weight: 2, behaviour: { kind: 'LATE_SUCCESS', delayMs: 2_000, code: 'NOT_TODAY' } },
];

/** What Yeepay does with a divide or a return, each in its own time; all of it succeeds in the end. */
export const faultsOfYeepay = [
  { weight: 3, behaviour: { kind: 'ACCEPT' } },
  { weight: 2, behaviour: { kind: 'SILENT', delayMs: 500 } },
  { weight: 2, behaviour: { kind: 'BREAK' } },
  { weight: 1, behaviour: { kind: 'HANG' } },
  { weight: 1, behaviour: { kind: 'ERROR' } },
  { weight: 1, behaviour: { kind: 'NOT_TAKEN', by: 'ERROR' } },
  { weight: 2, behaviour: { kind: 'REFUSE', code: 'A_MOMENT' } },
];

/** How a party's answer may come of which it has done what it was asked; each is to have the effect of a plain answer, once. */
export const waysToAnswer: [how: string, behaviour: Behaviour['behaviour']][] = [
  ['comes slowly', { kind: 'SLOW', delayMs: 500 }],
  ['comes by callback before its response', { kind: 'EARLY_CALLBACK' }],
  ['comes twice, with one id', { kind: 'DOUBLE_CALLBACK', delayMs: 100, ids: 'SAME' }],
  ['comes twice, with two ids', { kind: 'DOUBLE_CALLBACK', delayMs: 100, ids: 'DIFFERENT' }],
  ['comes late, after it was asked for', { kind: 'LATE_CALLBACK', delayMs: 2_500 }],
  ['is an error, after it has paid', { kind: 'ERROR' }],
  ['breaks off, after it has paid', { kind: 'BREAK' }],
  [
    'says that it failed, and it did not',
    { kind: 'CONTRADICT', by: 'ANSWER', truth: 'SUCCEEDED', code: 'OOPS' },
  ],
  [
    'is a callback that says that it failed, and it did not',
    { kind: 'CONTRADICT', by: 'CALLBACK', truth: 'SUCCEEDED', code: 'OOPS' },
  ],
];
