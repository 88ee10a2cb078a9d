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

/** A divide to a thousand receivers, sealed, is the longest. */
const MAX_NOTICE_BYTES = 524_288;

/** The route by which Yeepay tells us that an order is cleared, or what became of a divide or a return. */
export function yeepayRoutes(needs: Needs): Route[] {
  return [
    {
      method: 'post',
      path: '/callbacks/yeepay',
      operationId: 'receiveYeepayNotification',
      tag: 'Callbacks',
      summary: 'Tell that an order is cleared, or what became of a divide or a return (Yeepay)',
      description:
        "In Yeepay's own protocol: sealed to us and signed by it, in the body. What is anybody else's gets one answer, whatever " +
        'is wrong with it. Send it again until the answer is SUCCESS. An order that we have not asked about yet is answered ' +
        'UNKNOWN_REQUEST, so that it is told of again. What is told of a divide or a return only has us ask what became of it; one ' +
        'that is carried out after its failure was confirmed goes to people.',
      access: { signature: (call) => (openedIn(needs.config.yeepay, call), YEEPAY), isInBody: true },
      body: {
        type: 'application/x-www-form-urlencoded',
        limitBytes: MAX_NOTICE_BYTES,
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
  const notice = Object(parseJson(Buffer.from(json))) as Notice;
  const isOfDivide = notice.divideRequestId !== undefined || notice.divideBackRequestId !== undefined;
  // It has no id, and is sealed anew for each sending: what it says is what it is known by.
  const bodyHash = createHash('sha256').update(json).digest();
  await takeInWord(needs, log, {
    ...{ party: YEEPAY, body: notice, bodyHash, webhookId: `told:${bodyHash.toString('hex')}` },
    ...(isOfDivide ? doneIn(notice) : await clearingIn(needs.db, notice)),
    ...{ isOnlyHeard: isOfDivide, isOfMoney: isOfDivide, paidAtPointer: '/response' },
  });
  return { status: 200, body: 'SUCCESS' };
}

/** What Yeepay tells of: fields of an order's state, or of those that a query about a divide or a return has (an assumption). */
type Notice = Readonly<Partial<Record<keyof OrderState | DivideField, unknown>>>;
type DivideField =
  | `${'divide' | 'divideBack'}${'RequestId' | 'SuccessDate'}`
  | 'uniqueDivideNo'
  | 'uniqueDivideBackNo'
  | 'status';

/** What a notice says of a divide or a return. Throws a Problem when it says nothing final of it. */
function doneIn(notice: Notice): { requestNo: string; answer: OutsideAnswer } {
  const requestNo = notice.divideBackRequestId ?? notice.divideRequestId;
  const transactionNo = notice.uniqueDivideBackNo ?? notice.uniqueDivideNo;
  const paidAt = instantIn(notice.divideBackSuccessDate ?? notice.divideSuccessDate);
  if (isNumber(requestNo) && notice.status === 'FAIL')
    return { requestNo, answer: failed('Yeepay tells that it has failed.') };
  if (!isNumber(requestNo) || notice.status !== 'SUCCESS' || !isNumber(transactionNo) || !paidAt) {
    throw new Problem('INVALID_BODY', 'This is not what Yeepay says when it has divided or returned.');
  }
  return { requestNo, answer: { status: 'SUCCEEDED', transactionNo, paidAt } };
}

/** As in schemas/common/transaction-no.json, and in one line. */
const isNumber = (given: unknown): given is string =>
  typeof given === 'string' && /^[^\p{Cc}\p{Cs}]{1,100}$/u.test(given);

const failed = (message: string): OutsideAnswer => ({ status: 'FAILED', failure: { code: 'FAIL', message } });

type Order = Pick<OrderState, 'orderId' | 'uniqueOrderNo' | 'merchantNo'>;

/** The request that a notice of an order's clearing answers, and its answer. Throws a Problem when it is none, or nobody has asked. */
async function clearingIn(db: Needs['db'], notice: Notice) {
  const { orderId, uniqueOrderNo, merchantNo } = notice;
  const isOrder = [orderId, uniqueOrderNo, merchantNo].every((one) => typeof one === 'string' && one !== '');
  const answer = clearedIn(notice);
  if (!isOrder || !answer) {
    throw new Problem('INVALID_BODY', 'This is not what Yeepay says when an order is cleared.');
  }
  const requestNo = await clearingRequestOf(db, { orderId, uniqueOrderNo, merchantNo } as Order);
  if (requestNo === undefined) {
    throw new Problem('UNKNOWN_REQUEST', 'Nothing is known of the order yet. Tell us of it again.');
  }
  return { requestNo, answer };
}

function clearedIn(notice: Notice): OutsideAnswer | undefined {
  if (notice.clearingStatus === 'FAIL') return failed('Yeepay has not cleared the order.');
  const [settledMinor, paidAt] = [fenIn(notice.ypSettleAmount), instantIn(notice.clearingSuccessDate)];
  if (notice.clearingStatus !== 'SUCCESS' || settledMinor === undefined || !paidAt) return undefined;
  // Nothing is divided before the clearing, so all of it can be.
  const cleared = { settledMinor, undividedMinor: settledMinor };
  return { status: 'SUCCEEDED', transactionNo: notice.uniqueOrderNo as string, paidAt, cleared };
}
