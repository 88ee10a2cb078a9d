import { sealNotification } from '../../schemas/outside/yeepay/notification';
import type { CallBack, Tell } from '../callbacks';
import type { OrderLog } from '../order-log';
import { orderNotice, yeepayAnswer } from './answers';
import { holdingsOf } from './holdings';
import type { YeepaySide } from './side';

/**
 * Makes the function by which Yeepay calls back: it notifies of clearings, and of what became of divides and returns in the words
 * of a query, sealed, until the answer is SUCCESS.
 */
export const createNotices =
  (tell: Tell, log: OrderLog, { merchantKey: publicKey, platformPrivateKey, appKey }: YeepaySide): CallBack =>
  async ({ order, truth }) => {
    const { party, wanted } = order;
    const holding = holdingsOf(log.all()).get(wanted.reference)!;
    const isClearing = wanted.operation === 'yeepay-order';
    const notice = JSON.stringify(
      isClearing ? orderNotice(holding, truth) : yeepayAnswer({ order, truth }, holding, true),
    );
    return tell({
      ...{ party, about: wanted.reference },
      request: () => ({
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams({
          response: sealNotification(notice, { publicKey, platformPrivateKey }),
          customerIdentification: appKey,
        }).toString(),
      }),
      isTaken: ({ status, text }) => status === 200 && text === 'SUCCESS',
    });
  };
