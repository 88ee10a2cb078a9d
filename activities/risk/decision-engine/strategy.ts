import type { RuleProperties } from 'json-rules-engine';
import type { Scorecard } from '../../../domain/scorecard';

/** A risk strategy as data: the model that scores, and the rules that decide. */
export interface Strategy {
  version: string;
  scorecard: Scorecard;
  /** Each rule that holds gives its event's type as outcome, with a reason code; REJECT beats REVIEW beats APPROVE. */
  rules: readonly RuleProperties[];
}

/** The strategy in force. */
export const strategy: Strategy = {
  version: 'consumer-loan-2026-1',
  scorecard: {
    version: 'application-score-3',
    basePoints: 500,
    characteristics: [
      {
        feature: 'monthsEmployed',
        unknownPoints: -40,
        bands: [
          { below: 6, points: -60 },
          { below: 24, points: 0 },
          { below: null, points: 60 },
        ],
      },
      {
        feature: 'debtToIncomePercent',
        unknownPoints: -50,
        bands: [
          { below: 20, points: 80 },
          { below: 45, points: 10 },
          { below: null, points: -120 },
        ],
      },
      {
        feature: 'latePaymentsLast12Months',
        unknownPoints: 0,
        bands: [
          { below: 1, points: 60 },
          { below: 3, points: -40 },
          { below: null, points: -150 },
        ],
      },
    ],
  },
  rules: [
    {
      name: 'on the blocklist',
      conditions: { all: [{ fact: 'blocklisted', operator: 'equal', value: 1 }] },
      event: { type: 'REJECT', params: { reasonCode: 'CUSTOMER_BLOCKLISTED' } },
    },
    {
      name: 'younger than the law allows',
      conditions: { all: [{ fact: 'age', operator: 'lessThan', value: 18 }] },
      event: { type: 'REJECT', params: { reasonCode: 'UNDER_AGE' } },
    },
    {
      name: 'the model sees too much risk',
      conditions: { all: [{ fact: 'modelScore', operator: 'lessThan', value: 420 }] },
      event: { type: 'REJECT', params: { reasonCode: 'SCORE_TOO_LOW' } },
    },
    {
      name: 'a person looks at a score that is neither good nor bad',
      conditions: {
        all: [
          { fact: 'modelScore', operator: 'greaterThanInclusive', value: 420 },
          { fact: 'modelScore', operator: 'lessThan', value: 480 },
        ],
      },
      event: { type: 'REVIEW', params: { reasonCode: 'SCORE_IN_BETWEEN' } },
    },
    {
      name: 'long terms ask for a better score',
      conditions: {
        all: [
          { fact: 'instalmentCount', operator: 'greaterThan', value: 12 },
          { fact: 'modelScore', operator: 'lessThan', value: 520 },
        ],
      },
      event: { type: 'REJECT', params: { reasonCode: 'SCORE_TOO_LOW_FOR_TERM' } },
    },
  ],
};
