import type { MarketId } from '../schemas/generated/messages';
import { secondsOfDay } from './moves/clock';
import { defineFlow } from './moves/flow';

/** A payout, or a refund, that a party made after its failure was confirmed. */
export interface LateSuccess {
  market: MarketId;
  requestNo: string;
  transactionNo: string;
  /** RFC 3339, in the party's words. */
  paidAt: string;
}

/**
 * Money in the wrong place. The flow that asked for it has settled on its failure, so the money is recorded as an
 * exception of its partner, or of the channel that paid a refund, and stays one until an operator has found it and another one approves.
 */
export const exception = defineFlow(
  'exception',
  'fund-management-system',
  async (flow, late: LateSuccess): Promise<{ requestNo: string; outcome: 'RETURNED' }> => {
    const { market: _market, ...found } = late;
    const [recorded] = await flow
      .send('record-external-fund-transaction', found)
      .to('fund-management-system')
      .to('accounting-center');

    const { requestNo } = late;
    const of =
      'refundId' in recorded.data
        ? { requestNo, refundId: recorded.data.refundId }
        : { requestNo, reservationId: recorded.data.reservationId };
    for (let day = 1; ; day += 1) {
      // Looked for each day as well: the answer is on record even if nobody could tell the flow of it.
      await flow.untilAnswered(
        'money left after its failure was confirmed: find it',
        ['exception'],
        secondsOfDay,
      );
      const [arrived] = await flow
        .send('confirm-fund-arrival', of, day)
        .to('fund-management-system')
        .to('accounting-center');
      if (arrived) return { requestNo, outcome: 'RETURNED' };
    }
  },
);
