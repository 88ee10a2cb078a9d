import type { Knex } from 'knex';
import { openQuestion } from '../acts';
import { settleRequest, type OutsideAnswer } from '../outside';

/** The party had told by another request that this transaction is its; one transaction settles one request. */
export class TransactionTaken extends Error {}

/**
 * Opens the question what became of a request, if the flow has one of this number that was sent and has no final word.
 * Returns whether the question is open.
 */
export async function openRequestQuestion(tx: Knex, flowId: string, requestNo: string): Promise<boolean> {
  const unsettled = await tx('outside.request')
    .where({ request_no: requestNo, flow_id: flowId, settled_at: null })
    .where('asked_count', '>', 0)
    .first<object | undefined>('party');
  if (!unsettled) return false;
  await openQuestion(tx, {
    ...{ flowId, question: `request:${requestNo}` },
    answers: ['SUCCEEDED', 'FAILED'],
  });
  return true;
}

/**
 * Settles a request with what two persons found out, unless its party's word came first. Returns whether it did.
 * Throws TransactionTaken.
 */
export async function settleByOperators(
  tx: Knex,
  requestNo: string,
  answer: OutsideAnswer,
): Promise<boolean> {
  try {
    return (await settleRequest(tx, requestNo, answer, 'OPERATOR')) !== null;
  } catch (error) {
    if (isTakenTransaction(error)) throw new TransactionTaken();
    throw error;
  }
}

/** Whether a statement failed because its transaction number has settled another request of the party. */
export const isTakenTransaction = (error: unknown): boolean => {
  const { code, constraint } = error as { code?: string; constraint?: string };
  return code === '23505' && constraint === 'request_party_transaction_no_key';
};
