import type { Knex } from 'knex';
import type { OutsideRequestRow } from '../../../db/outside';
import { yeepayAttemptsOf } from '../../../domain/identifiers';
import { money, sumMinor } from '../../../domain/money';
import type { DivideBackRequest, DivideRequest } from '../../../schemas/outside/yeepay/divide';

/** How what was asked for stands: done by an attempt or by people, and whether by the transaction that is heard of late. */
interface Standing {
  isSettled: boolean;
  isTaken: boolean;
}

/**
 * Whether what Yeepay has done after its confirmed failure is in the wrong place. It is not where a later attempt, or what two
 * persons have found out, has taken this very transaction for what was wanted. While it is not settled how it was done, that may
 * come yet: the step fails, and is tried again.
 */
export async function isInWrongPlace(
  tx: Knex.Transaction,
  { requestNo, flowId }: OutsideRequestRow,
  transactionNo: string,
): Promise<boolean> {
  const { rows } = await tx.raw<{ rows: [Standing] }>(
    `select coalesce(bool_or(is_settled), false) as "isSettled", coalesce(bool_or(taken = :transactionNo), false) as "isTaken"
       from (select state = 'SUCCEEDED' as is_settled, transaction_no as taken from outside.request
              where flow_id = :flowId and starts_with(request_no, :attempts)
             union all
             select a.answer <> 'RETRY', answered.evidence ->> 'transactionNo'
               from operations.answer a
               join operations.act act on act.id = a.act_id
               join operations.act answered on answered.id = coalesce(act.approves, act.id)
              where a.flow_id = :flowId and starts_with(a.question, 'refused:' || :attempts)) standing`,
    { flowId, transactionNo, attempts: yeepayAttemptsOf(requestNo) },
  );
  const [{ isSettled, isTaken }] = rows;
  if (isTaken) return false;
  if (!isSettled)
    throw new Error(`${flowId} may yet take what ${requestNo} has done: it waits to try again.`);
  return true;
}

/** What is known of a divide, or of a return, that Yeepay has made late. */
export function doneLate({ requestNo, operation, body }: OutsideRequestRow, valueDate: string) {
  const { orderId, merchantNo, parts } = body as DivideRequest | DivideBackRequest;
  const amountMinor = sumMinor(parts.map((part) => part.amountMinor));
  return {
    ...{ requestNo, orderId, merchantNo, amount: money('CNY', amountMinor), valueDate },
    operation: operation === 'yeepay-divide' ? ('DIVIDE' as const) : ('RETURN' as const),
  };
}
