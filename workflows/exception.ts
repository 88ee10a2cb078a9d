import type { MarketId } from '../schemas/generated/messages';
import type { DataOf } from '../schemas/message';
import { secondsOfDay } from './moves/clock';
import { defineFlow } from './moves/flow';

/** A payout or a refund that a party made, or a divide or a return of Yeepay's, after its failure was confirmed. */
export interface LateSuccess {
  market: MarketId;
  requestNo: string;
  transactionNo: string;
  /** RFC 3339, in the party's words. */
  paidAt: string;
}

/**
 * Money in the wrong place. The flow that asked for it has settled on its failure, so the money is recorded as an
 * exception of its partner, of the channel that paid a refund, or of the mall's order, and stays one until an operator has found it
 * and another one approves. What Yeepay has done late may yet have been taken for what was wanted: then it is in no wrong place.
 */
export const exception = defineFlow(
  'exception',
  'fund-management-system',
  async (flow, late: LateSuccess): Promise<{ requestNo: string; outcome: 'RETURNED' | 'AS_WANTED' }> => {
    const { market: _market, ...found } = late;
    const [recorded] = await flow
      .send('record-external-fund-transaction', found)
      .to('fund-management-system')
      .to('accounting-center');

    const { requestNo } = late;
    if (!recorded) return { requestNo, outcome: 'AS_WANTED' };
    const of = whatIsFound(recorded.data);
    for (let day = 1; ; day += 1) {
      // Looked for each day as well: the answer is on record even if nobody could tell the flow of it.
      await flow.untilAnsweredOrRetry(
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

/** Whose money it is, as the command asks for it that confirms its return. */
function whatIsFound(found: DataOf<'external-fund-transaction-recorded'>): DataOf<'confirm-fund-arrival'> {
  const { requestNo } = found;
  if ('orderId' in found) return { requestNo, orderId: found.orderId };
  if ('refundId' in found) return { requestNo, refundId: found.refundId };
  return { requestNo, reservationId: found.reservationId };
}
