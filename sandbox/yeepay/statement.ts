import { yeepayTime, yuan } from '../../schemas/outside/yeepay/divide';
import { transactionNoOf } from '../answers';
import type { OrderState } from '../order-log';
import { detailNoOf, type Holding } from './holdings';

const COLUMNS = 'type,orderId,requestId,uniqueNo,detailNo,ledgerNo,amount,successDate';

/**
 * Yeepay's statement of a day in China: a line for each receiver of what was divided, given to the order's merchant, or taken back.
 * The form is the sandbox's own. Amounts in yuan.
 *
 * @param day yyyy-MM-dd
 */
export function statementOf(
  day: string,
  log: readonly OrderState[],
  holdings: ReadonlyMap<string, Holding>,
): string {
  const lines = log.flatMap((order) => {
    const { wanted, truth, requestNo } = order;
    const holding = holdings.get(wanted.reference);
    if (!holding || truth.status !== 'SUCCEEDED' || wanted.operation === 'yeepay-order') return [];
    const at = yeepayTime(truth.at);
    if (!at.startsWith(day)) return [];
    return linesOf(order, holding).map(([type, detailNo, ledgerNo, amountMinor]) =>
      [
        type,
        holding.orderId,
        requestNo,
        transactionNoOf(order),
        detailNo,
        ledgerNo,
        yuan(amountMinor),
        at,
      ].join(),
    );
  });
  return [COLUMNS, ...lines, ''].join('\n');
}

type Line = [type: 'DIVIDE' | 'COMPLETE' | 'BACK', detailNo: string, ledgerNo: string, amountMinor: number];

function linesOf(order: OrderState, { merchantNo, completedMinor, details }: Holding): Line[] {
  const { wanted } = order;
  switch (wanted.operation) {
    case 'divide':
      return wanted.parts.map(({ ledgerNo, amountMinor }, place) => [
        ...(['DIVIDE', detailNoOf(order, place), ledgerNo, amountMinor] as Line),
      ]);
    case 'divide-complete':
      return [['COMPLETE', detailNoOf(order, 0), merchantNo, completedMinor]];
    case 'divide-back':
      return wanted.parts.map(({ detailNo, amountMinor }) => {
        const { ledgerNo } = details.find((one) => one.detailNo === detailNo)!;
        return ['BACK', detailNo, ledgerNo, amountMinor];
      });
    default:
      return [];
  }
}
