import { createHash } from 'node:crypto';
import type { Knex } from 'knex';
import stringify from 'safe-stable-stringify';
import type { RepaymentMethod } from '../schemas/generated/messages';
import type { YeepayDone } from '../schemas/outside/yeepay/divide';
import type { Last } from './transaction';

/**
 * A party's final word on a request. `paidAt` is an RFC 3339 instant, in the party's words; of a message, when it was
 * sent; of a method to pay by, which comes with it, when it was made; of an order at Yeepay, when what was asked was done.
 */
export type OutsideAnswer =
  | ({
      status: 'SUCCEEDED';
      transactionNo: string;
      paidAt: string;
      method?: RepaymentMethod;
      /** The number of the earlier attempt that did it after all; absent where it was done under its own. */
      doneAs?: string;
    } & YeepayDone)
  | { status: 'FAILED'; failure: { code: string; message: string } };

/** What can be asked of an outside party; each has a gateway in activities/gateways/. */
export type OutsideOperation =
  | 'funding-partner-payout'
  | 'payment-channel-payout'
  | 'funding-partner-repayment-method'
  | 'payment-channel-repayment-method'
  | 'payment-channel-refund'
  | 'yeepay-clearing'
  | 'yeepay-divide'
  | 'yeepay-divide-complete'
  | 'yeepay-divide-back'
  | 'send-message';

/** `OPERATOR`: two persons found out what became of it. `GIVEN_UP`: it is not asked for any longer. */
export type SettledBy = 'ANSWER' | 'CALLBACK' | 'QUERY' | 'OPERATOR' | 'GIVEN_UP';

export interface OutsideRequestRow {
  requestNo: string;
  party: string;
  operation: OutsideOperation;
  businessKey: string;
  body: object;
  flowId: string;
  state: 'PREPARED' | 'PROCESSING' | 'UNKNOWN' | 'SUCCEEDED' | 'FAILED';
  /** The final word; null until the request is settled. */
  answer: OutsideAnswer | null;
  askedCount: number;
  /** Why it is UNKNOWN what became of it, when the party was asked last. */
  unsettledWhy: string | null;
}

const columns = `request_no as "requestNo", party, operation, business_key as "businessKey", body, flow_id as "flowId",
  state, answer, asked_count as "askedCount", unsettled_why as "unsettledWhy"`;

/** The row of a request. Throws when there is none. */
export async function requestOf(db: Knex, requestNo: string): Promise<OutsideRequestRow> {
  const { rows } = await db.raw<{ rows: OutsideRequestRow[] }>(
    `select ${columns} from outside.request where request_no = ?`,
    [requestNo],
  );
  if (!rows[0]) throw new Error(`There is no outside request ${requestNo}.`);
  return rows[0];
}

/** Those of several requests that were ever opened, by their numbers. */
export async function requestsOf(db: Knex, requestNos: string[]): Promise<OutsideRequestRow[]> {
  const { rows } = await db.raw<{ rows: OutsideRequestRow[] }>(
    `select ${columns} from outside.request where request_no = any(?) order by opened_at, request_no`,
    [requestNos],
  );
  return rows;
}

/** The number of what a party was asked for a flow and has not refused; undefined where there is none. */
export async function unrefusedRequestNo(
  db: Knex,
  flowId: string,
  operation: OutsideOperation,
): Promise<string | undefined> {
  const row = await db('outside.request')
    .where({ flow_id: flowId, operation })
    .whereNot('state', 'FAILED')
    .first<{ requestNo: string } | undefined>('request_no as requestNo');
  return row?.requestNo;
}

/** A request that may have left; `isNew` is true for exactly one caller. */
export interface OpenedRequest {
  row: OutsideRequestRow;
  isNew: boolean;
}

/** Another transaction has opened the request at the same moment: whoever looks again finds it. */
export class OpenedElsewhere extends Error {}

/**
 * Opens a request, or finds it open: committed before anything leaves, so that whatever happens next, it is known that
 * the party may have been asked.
 *
 * @param last commits with it
 * @throws OpenedElsewhere; Error when the number is taken by a request with other content: a number never changes its meaning.
 */
export async function openRequest(
  db: Knex,
  request: {
    requestNo: string;
    party: string;
    operation: string;
    businessKey: string;
    body: object;
    flowId: string;
    messageId: string;
  },
  last: Last = async (statement) => await statement,
): Promise<OpenedRequest> {
  const { requestNo, party, operation, businessKey, body, flowId, messageId } = request;
  const hash = createHash('sha256').update(stringify({ party, operation, businessKey, body })!).digest();
  const { rows } = await last(
    db.raw<{ rows: (OutsideRequestRow & { same: boolean; isNew: boolean })[] }>(
      `with opened as (
         insert into outside.request (request_no, party, operation, business_key, content_hash, body, flow_id, message_id)
         values (:requestNo, :party, :operation, :businessKey, :hash, :body, :flowId, :messageId)
         on conflict (request_no) do nothing
         returning ${columns}, true as same, true as "isNew"
       )
       table opened
       union all
       select ${columns}, content_hash = :hash, false
         from outside.request where request_no = :requestNo and not exists (select from opened)`,
      { requestNo, party, operation, businessKey, hash, body: JSON.stringify(body), flowId, messageId },
    ),
  );
  // A row that another transaction committed after this statement began is in neither branch.
  if (!rows[0]) throw new OpenedElsewhere(`Outside request ${requestNo} is being opened.`);
  const { same, isNew, ...row } = rows[0];
  if (!same) throw new Error(`Outside request ${requestNo} exists with other content.`);
  return { row, isNew };
}

/**
 * Settles a request with the party's final word; the first word stands, a later one changes nothing.
 * Returns the row when this call settled it, else null.
 */
export async function settleRequest(
  db: Knex,
  requestNo: string,
  answer: OutsideAnswer,
  settledBy: SettledBy,
): Promise<OutsideRequestRow | null> {
  const { rows } = await db.raw<{ rows: OutsideRequestRow[] }>(
    `update outside.request
        set state = :status, answer = :answer, transaction_no = :transactionNo, settled_by = :settledBy,
            settled_at = now(), asked_count = asked_count + (:settledBy in ('ANSWER', 'QUERY'))::integer,
            asked_at = case when :settledBy in ('ANSWER', 'QUERY') then now() else asked_at end
      where request_no = :requestNo and settled_at is null
      returning ${columns}`,
    {
      requestNo,
      settledBy,
      status: answer.status,
      answer: JSON.stringify(answer),
      transactionNo: answer.status === 'SUCCEEDED' ? answer.transactionNo : null,
    },
  );
  return rows[0] ?? null;
}

/** Notes that the party was asked and gave no final word, and why it is not known. Returns the row, or null when it is settled. */
export async function noteUnsettled(
  db: Knex,
  requestNo: string,
  word: { status: 'PROCESSING' } | { status: 'UNKNOWN'; why: string },
): Promise<OutsideRequestRow | null> {
  const { rows } = await db.raw<{ rows: OutsideRequestRow[] }>(
    `update outside.request
        set state = ?, unsettled_why = ?, asked_at = now(), asked_count = asked_count + 1
      where request_no = ? and settled_at is null returning ${columns}`,
    [word.status, word.status === 'UNKNOWN' ? word.why : null, requestNo],
  );
  return rows[0] ?? null;
}
