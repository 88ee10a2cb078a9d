import type { Logger } from 'pino';
import { crashPoint } from '../crash/point';
import { recordNotification, type Notification } from '../db/access/notifications';
import { checkInstant } from './instants';
import type { FlowNeeds } from './needs';
import { Problem } from './problem';
import { startException, tellAnswered } from './temporal';

/**
 * A party's final word on a request of ours; `isOfMoney` where money may have left after its failure was confirmed, `paidAtPointer` where
 * the body has the time at which it took effect.
 */
type Word = Notification & { isOfMoney: boolean; paidAtPointer: string };

/**
 * Takes in a party's final word on a request: recorded once, and told to the flow that waits for it.
 *
 * @returns whether it was here before
 * @throws Problem where it cannot be taken in; it is then on record nowhere, and the party sends it again
 */
export async function takeInWord(
  { db, temporal, config }: FlowNeeds,
  log: Logger,
  { isOfMoney, paidAtPointer, ...notification }: Word,
): Promise<'accepted' | 'already-received'> {
  const { party, requestNo, answer } = notification;
  if (answer.status === 'SUCCEEDED') {
    await checkInstant(db, log, { party, instant: answer.paidAt, pointer: paidAtPointer });
  }
  crashPoint('after-receive', 'callback');
  const noted = await recordNotification(db, notification);
  switch (noted.fate) {
    case 'UNKNOWN_REQUEST':
      throw new Problem('UNKNOWN_REQUEST', `${party} was never sent a request ${requestNo}.`);
    case 'REPLAYED':
      throw new Problem('NOTIFICATION_REPLAYED', 'Give a notification with another body an id of its own.');
    case 'TRANSACTION_TAKEN':
      log.warn({ party, requestNo }, 'a notification names a transaction that settled another request');
      throw new Problem(
        'TRANSACTION_TAKEN',
        'Name the transaction that moved the money of this very request.',
      );
    case 'CONTRADICTED':
      log.warn({ party, requestNo, status: answer.status }, 'a notification contradicts a settled request');
  }
  // Also when it was here before: the process may have died the first time between recording it and telling the flow.
  if (noted.lateIn && isOfMoney && answer.status === 'SUCCEEDED') {
    const { transactionNo, paidAt } = answer;
    const late = { market: noted.lateIn, requestNo, transactionNo, paidAt };
    await startException(temporal, { taskQueue: config.taskQueue, late });
  }
  await tellAnswered(temporal, noted.flowId, requestNo);
  crashPoint('before-answer', 'callback');
  return noted.fate === 'KNOWN' ? 'already-received' : 'accepted';
}
