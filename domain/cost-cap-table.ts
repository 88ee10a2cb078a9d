import type { IsoDate } from './calendar';
import type { Rate } from './product-terms';

/**
 * What the law of a market lets a consumer loan cost, from a day on until the next version. Every limit is
 * all-in: interest, fees (deducted ones included) and penalty together.
 */
export interface CostCap {
  validFrom: IsoDate;
  source: string;
  /** The most per year on what the borrower has of the lender's money, as the internal rate of return counts it. */
  annualRate?: Rate;
  /** The most per calendar day, as a share of the principal lent, by how long the loan is agreed to run. */
  dailyRates?: { upToMonths: number | null; rate: Rate }[];
  /** The most over the loan's whole life, as a share of the principal lent. */
  totalShare?: Rate;
}

/**
 * The caps by market id, oldest first. A version that has been in force is never changed: loans keep theirs.
 *
 * China: courts cut what a licensed lender claims above 24 % a year, interest, penalty and fees together
 * (法发〔2017〕22号 no. 2), and since October 2025 a bank's partners may not pass it either (金规〔2025〕9号 no. 6).
 * The line of 36 % (法释〔2015〕18号 art. 26) was repealed in 2020; four times the LPR, which came in its place,
 * is for lenders without a licence (法释〔2020〕27号).
 *
 * Indonesia: SEOJK 19/SEOJK.06/2023 for consumer funding: 0.3 % a day from 2024, 0.2 % from 2025, 0.1 % from
 * 2026, and 100 % of the funding in all; for 2025 OJK kept 0.3 % up to six months. The circular caps penalty
 * apart from interest and fees, at the same rate on the balance; `costCapProblems` holds a day's penalty against
 * that rate too, and all of them together against the loan's days.
 */
export const costCaps: Record<string, CostCap[]> = {
  CN: [{ validFrom: '2017-08-04', source: '法发〔2017〕22号, 金规〔2025〕9号', annualRate: '0.24' }],
  ID: [
    {
      validFrom: '2024-01-01',
      source: 'SEOJK 19/SEOJK.06/2023',
      dailyRates: [{ upToMonths: null, rate: '0.003' }],
      totalShare: '1',
    },
    {
      validFrom: '2025-01-01',
      source: 'SEOJK 19/SEOJK.06/2023, as OJK adjusted it from 2025',
      dailyRates: [
        { upToMonths: 6, rate: '0.003' },
        { upToMonths: null, rate: '0.002' },
      ],
      totalShare: '1',
    },
    {
      validFrom: '2026-01-01',
      source: 'SEOJK 19/SEOJK.06/2023',
      dailyRates: [{ upToMonths: null, rate: '0.001' }],
      totalShare: '1',
    },
  ],
};
