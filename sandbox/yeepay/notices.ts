import { sealNotification } from '../../schemas/outside/yeepay/notification';
import type { CallBack, Tell } from '../callbacks';
import type { OrderLog } from '../order-log';
import { orderNotice } from './answers';
import { holdingsOf } from './holdings';
import type { YeepaySide } from './side';

/**
 * Makes the function by which Yeepay calls back: it notifies of clearings, sealed, until the answer is SUCCESS. Of all else it says
 * nothing, so that only a query tells.
 */
export const createNotices =
  (tell: Tell, log: OrderLog, { merchantKey: publicKey, platformPrivateKey, appKey }: YeepaySide): CallBack =>
  async ({ order, truth }) => {
    const { party, wanted } = order;
    if (wanted.operation !== 'yeepay-order') return true;
    const notice = JSON.stringify(orderNotice(holdingsOf(log.all()).get(wanted.reference)!, truth));
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
