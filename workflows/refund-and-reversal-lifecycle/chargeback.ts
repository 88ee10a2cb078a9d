import type { MarketId } from '../../schemas/generated/messages';
import { among, type DataOf } from '../../schemas/message';
import { secondsOfDay } from '../moves/clock';
import type { Flow } from '../moves/flow';

/** Money that a party tells us it has taken back. */
export interface TakenBack {
  market: MarketId;
  chargeback: Extract<DataOf<'create-repayment-refund'>, { chargebackId: string }>;
}

/** How a chargeback ended: undone with whoever had paid, or claimed from the party, to which nobody had. */
export interface ChargebackOutcome {
  outcome: 'CHARGED' | 'CLAIMED_FROM_PARTY';
  chargebackId: string;
}

type RefundFlow = Flow<'refund-reversal-service'>;

/**
 * A party has taken money back. It is gone, so there is only forward: the journal, the loans, the credit line and the
 * partners' funds, then the customer is told. While nobody knows whose it was, or a refund of it is under way, people are
 * asked, and it is looked at again after ever longer waits: the receipt, or the end of the refund, is told to other runs only.
 */
export async function chargeBack(
  flow: RefundFlow,
  chargeback: TakenBack['chargeback'],
): Promise<ChargebackOutcome> {
  flow.onlyForward();
  const { chargebackId } = chargeback;
  for (let look = 1, waitSeconds = 1; ; look += 1, waitSeconds = Math.min(2 * waitSeconds, secondsOfDay)) {
    const sent = await flow
      .send('create-repayment-refund', chargeback, look)
      .to('refund-reversal-service')
      .to('accounting-center')
      .to('asset-center')
      .to('accounting-center', 'credit-limit-center', 'fund-management-system');
    const refunded = among(sent, 'repayment-refunded')!;
    const { standing, payer } = refunded.data as Told;
    if (standing === 'CLAIMED_FROM_PARTY') return { outcome: standing, chargebackId };
    if (payer) {
      await flow.pass(refunded).to('app');
      await flow.pass(refunded, flow.messaging).to('outreach-system');
      if (payer.claimedMinor + payer.receivableMinor < chargeback.amount.amountMinor) {
        await flow.untilAnswered('more was taken back than had come in', ['chargeback']);
      }
      return { outcome: 'CHARGED', chargebackId };
    }
    await flow.untilAnsweredOrRetry(
      'money was taken back of which nobody knows whose it was, or a refund of it is under way',
      ['chargeback'],
      waitSeconds,
    );
  }
}

type Told = Extract<DataOf<'repayment-refunded'>, { chargebackId: string }>;
