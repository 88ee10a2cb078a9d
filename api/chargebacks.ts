import { crashPoint } from '../crash/point';
import { recordChargeback } from '../db/access/chargebacks';
import { derivedId } from '../schemas/identity';
import type { RepaymentTakenBack } from '../schemas/outside/repayment';
import { checkInstant } from './instants';
import type { FlowNeeds } from './needs';
import { checkTold, notificationOf } from './receipts';
import type { Answer, Call } from './route';
import { common, oneOf, type Schema } from './schema';
import { startChargeback } from './temporal';

/** Money that was taken back. Not closed: the party may be a version ahead of us. */
export const repaymentTakenBack: Schema = {
  type: 'object',
  required: ['type', 'chargebackNo', 'transactionNo', 'amount', 'takenBackAt', 'reasonCode'],
  properties: {
    type: oneOf('repayment.taken-back'),
    chargebackNo: common('chargeback-no'),
    transactionNo: common('receipt-transaction-no'),
    amount: {
      description: 'What was taken back: all that had come in, or a part.',
      ...common('positive-money'),
    },
    takenBackAt: { description: 'When it was taken back.', ...common('instant') },
    reasonCode: common('chargeback-reason'),
  },
};

export const repaymentTakenBackExample: RepaymentTakenBack = {
  ...{ type: 'repayment.taken-back', chargebackNo: 'RB20260203000003', transactionNo: 'TX20260201000042' },
  ...{ amount: { currency: 'IDR', amountMinor: 895_129 }, takenBackAt: '2026-02-03T11:40:00+07:00' },
  reasonCode: 'UNAUTHORISED',
};

/** The id of a chargeback: the party's number may be any, and ids stand in addresses and messages. */
const chargebackIdOf = (party: string, chargebackNo: string): string =>
  `CB${derivedId('chargeback', party, chargebackNo).replaceAll('-', '').toUpperCase()}`;

/**
 * Takes in that a party has taken money back: recorded once, and a flow of its own undoes what the money did. Whether anybody
 * knows the money or not, it is not refused: it is gone.
 */
export async function takeInChargeback(
  { db, temporal, config }: FlowNeeds,
  call: Call,
  body: RepaymentTakenBack,
): Promise<Answer> {
  const party = call.parameters['party']!;
  await checkInstant(db, call.log, { party, instant: body.takenBackAt, pointer: '/takenBackAt' });
  crashPoint('after-receive', 'chargeback');
  const taken = checkTold(call, await recordChargeback(db, notificationOf(call, body)));
  // Also when it was here before: the process may have died the first time between recording it and starting the flow.
  const { chargebackNo, transactionNo, amount, takenBackAt, reasonCode } = body;
  await startChargeback(temporal, {
    taskQueue: config.taskQueue,
    market: taken.market,
    chargeback: {
      ...{ cause: 'CHARGEBACK', chargebackId: chargebackIdOf(party, chargebackNo), party, chargebackNo },
      ...{ transactionNo, amount, takenBackAt, reasonCode },
    },
  });
  crashPoint('before-answer', 'chargeback');
  return { status: 200, body: { status: taken.fate === 'RECEIVED' ? 'accepted' : 'already-received' } };
}
