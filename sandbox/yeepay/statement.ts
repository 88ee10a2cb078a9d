import { yeepayTime } from '../../schemas/outside/yeepay/divide';
import { statementText, type StatementLine } from '../../schemas/outside/yeepay/statement';
import { transactionNoOf } from '../answers';
import type { OrderState } from '../order-log';
import { detailNoOf, type Holding } from './holdings';

/** What a statement says otherwise than it was: lines of a request are left out, or have another amount (in fen). */
export interface Misprint {
  requestNo: string;
  amountMinor?: number;
}

/**
 * Yeepay's statement of a day in China: a line for each receiver of what was divided, given to the order's merchant, or taken back.
 *
 * @param day yyyy-MM-dd
 */
export function statementOf(
  day: string,
  log: readonly OrderState[],
  holdings: ReadonlyMap<string, Holding>,
  misprints: ReadonlyMap<string, Misprint>,
): string {
  const lines = log.flatMap((order) => {
    const { wanted, truth } = order;
    const holding = holdings.get(wanted.reference);
    if (!holding || truth.status !== 'SUCCEEDED' || wanted.operation === 'yeepay-order') return [];
    return yeepayTime(truth.at).startsWith(day) ? linesOf(order, truth.at, holding) : [];
  });
  return statementText(lines.flatMap((line) => printed(line, misprints.get(line.requestNo))));
}

function printed(line: StatementLine, misprint: Misprint | undefined): StatementLine[] {
  if (!misprint) return [line];
  const { amountMinor } = misprint;
  return amountMinor === undefined ? [] : [{ ...line, amountMinor }];
}

function linesOf(
  order: OrderState,
  doneAt: string,
  { orderId, merchantNo, completedMinor, details }: Holding,
): StatementLine[] {
  const { wanted, requestNo } = order;
  const common = { orderId, requestNo, transactionNo: transactionNoOf(order), doneAt };
  const line = (type: StatementLine['type'], detailNo: string, ledgerNo: string, amountMinor: number) => ({
    ...{ ...common, type, detailNo, ledgerNo, amountMinor },
  });
  switch (wanted.operation) {
    case 'divide':
      return wanted.parts.map(({ ledgerNo, amountMinor }, place) =>
        line('DIVIDE', detailNoOf(order, place), ledgerNo, amountMinor),
      );
    case 'divide-complete':
      return [line('COMPLETE', detailNoOf(order, 0), merchantNo, completedMinor)];
    case 'divide-back':
      return wanted.parts.map(({ detailNo, amountMinor }) => {
        const { ledgerNo } = details.find((one) => one.detailNo === detailNo)!;
        return line('BACK', detailNo, ledgerNo, amountMinor);
      });
    default:
      return [];
  }
}
