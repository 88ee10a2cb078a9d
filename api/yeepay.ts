import { createHash } from 'node:crypto';
import { clearingRequestOf } from '../db/access/notifications';
import type { OutsideAnswer } from '../db/outside';
import { fenIn, instantIn, YEEPAY, type OrderState } from '../schemas/outside/yeepay/divide';
import type { YeepayKeys } from '../schemas/outside/yeepay/access';
import { NotificationRefused, openNotification } from '../schemas/outside/yeepay/notification';
import { formIn } from './form';
import { parseJson } from './json';
import type { FlowNeeds } from './needs';
import { Problem } from './problem';
import type { Answer, RawCall, Route } from './route';
import { oneOf, text, type Schema } from './schema';
import { takeInWord } from './words';

type Needs = FlowNeeds & { config: { yeepay?: YeepayKeys | undefined } };

/** Not closed: Yeepay may add to it. */
const notification: Schema = {
  type: 'object',
  required: ['response', 'customerIdentification'],
  properties: {
    response: {
      description:
        'encryptedKey$encryptedData$AES$SHA256: sealed with a key of its own, and signed by the platform.',
      ...text,
    },
    customerIdentification: { description: 'The key of the app that it is for.', ...text },
  },
};

/** The route by which Yeepay tells us that an order is cleared. */
export function yeepayRoutes(needs: Needs): Route[] {
  return [
    {
      method: 'post',
      path: '/callbacks/yeepay',
      operationId: 'receiveYeepayNotification',
      tag: 'Callbacks',
      summary: 'Tell that an order is cleared (Yeepay)',
      description:
        "In Yeepay's own protocol: sealed to us and signed by it, in the body. What is anybody else's gets one answer, whatever " +
        'is wrong with it. Send it again until the answer is SUCCESS. An order that we have not asked about yet is answered ' +
        'UNKNOWN_REQUEST, so that it is told of again.',
      access: { signature: (call) => (openedIn(needs.config.yeepay, call), YEEPAY), isInBody: true },
      body: {
        type: 'application/x-www-form-urlencoded',
        schema: notification,
        examples: { cleared: { response: 'bXk…$ZGF0…$AES$SHA256', customerIdentification: 'app_1' } },
      },
      answers: {
        200: {
          description: 'It is recorded, now or already before.',
          type: 'text/plain',
          schema: oneOf('SUCCESS'),
          example: 'SUCCESS',
        },
      },
      problems: [
        ...(['NOTIFICATION_REFUSED', 'INVALID_JSON', 'UNKNOWN_REQUEST', 'TRANSACTION_TAKEN'] as const),
        'TEMPORARILY_UNAVAILABLE',
      ],
      handle: (call) => receive(needs, call),
    },
  ];
}

/** What Yeepay has sealed to us. Throws the same whatever is wrong with it, or with us. */
function openedIn(keys: YeepayKeys | undefined, { rawBody }: Pick<RawCall, 'rawBody'>): string {
  try {
    if (!keys) throw new NotificationRefused();
    return openNotification(formIn(rawBody).response ?? '', keys);
  } catch (error) {
    if (!(error instanceof NotificationRefused)) throw error;
    throw new Problem('NOTIFICATION_REFUSED', 'Seal it to our key, and sign it with that of the platform.');
  }
}

async function receive(needs: Needs, { rawBody, log }: RawCall): Promise<Answer> {
  const json = openedIn(needs.config.yeepay, { rawBody });
  const notice = noticeIn(parseJson(Buffer.from(json)));
  const requestNo = await clearingRequestOf(needs.db, notice.order);
  if (requestNo === undefined) {
    throw new Problem('UNKNOWN_REQUEST', 'Nothing is known of the order yet. Tell us of it again.');
  }
  // It has no id, and is sealed anew for each sending: what it says is what it is known by.
  const bodyHash = createHash('sha256').update(json).digest();
  await takeInWord(needs, log, {
    ...{ party: YEEPAY, requestNo, body: notice.body, answer: notice.answer, isOfMoney: false },
    ...{ bodyHash, webhookId: `cleared:${bodyHash.toString('hex')}` },
  });
  return { status: 200, body: 'SUCCESS' };
}

type Order = Pick<OrderState, 'orderId' | 'uniqueOrderNo' | 'merchantNo'>;

/** What a notice says. Throws a Problem when it is not that an order was cleared, or could not be. */
function noticeIn(body: unknown): { order: Order; answer: OutsideAnswer; body: object } {
  const { orderId, uniqueOrderNo, merchantNo, ...notice } = Object(body) as Partial<OrderState>;
  const [settledMinor, paidAt] = [fenIn(notice.ypSettleAmount), instantIn(notice.clearingSuccessDate)];
  const isOrder = [orderId, uniqueOrderNo, merchantNo].every((one) => typeof one === 'string' && one !== '');
  const order = { orderId, uniqueOrderNo, merchantNo } as Order;
  if (isOrder && notice.clearingStatus === 'FAIL') {
    const failure = { code: 'FAIL', message: 'Yeepay has not cleared the order.' };
    return { order, answer: { status: 'FAILED', failure }, body: body as object };
  }
  if (!isOrder || notice.clearingStatus !== 'SUCCESS' || settledMinor === undefined || !paidAt) {
    throw new Problem('INVALID_BODY', 'This is not what Yeepay says when an order is cleared.');
  }
  // Nothing is divided before the clearing, so all of it can be.
  const cleared = { settledMinor, undividedMinor: settledMinor };
  const answer: OutsideAnswer = { status: 'SUCCEEDED', transactionNo: order.uniqueOrderNo, paidAt, cleared };
  return { order, answer, body: body as object };
}
