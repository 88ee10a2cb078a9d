import type { Knex } from 'knex';
import { openQuestion, standingAnswer, standingEvidence } from '../../db/acts';
import { GuardedAccountLimit } from '../../db/books/errors';
import type { Books } from '../../db/books/posting';
import { marketOf } from '../../db/reference';
import { refundRequestNoOf } from '../../domain/identifiers';
import { money } from '../../domain/money';
import { needsApproval } from '../../domain/refund';
import { message, type Message } from '../../schemas/message';
import { service, type Handling } from '../service';
import { chargebackWaits, chargedBack } from './refund-reversal-service/chargebacks';
import { askForApproval, leftOfExtension } from './refund-reversal-service/extensions';
import {
  holdFor,
  insertRefund,
  MoreThanPaid,
  moveRefund,
  partsOf,
  receiptBehind,
  refundOf,
  unappliedMinorOf,
  type Refund,
  type RefundData,
} from './refund-reversal-service/refunds';
import {
  endReversal,
  insertReversal,
  loanInBooks,
  ReversalTaken,
  reversalOf,
  told,
} from './refund-reversal-service/reversals';

/**
 * 退款冲正服务: finds what a refund gives back, has it approved and paid, and tells of it. Money that stands with no loan is
 * held from the moment at which its refund is asked for; what stands with loans is taken back when the refund is out.
 * A disbursement is reversed only on evidence that its money is back, and once nothing that was paid towards the loan stands.
 */
export const refundReversalService = service('refund-reversal-service', {
  /**
   * Comes once from whoever asks for the refund, and again each time that people have answered about it; of a chargeback
   * each time that it is looked at.
   */
  async 'create-repayment-refund'(command, on) {
    const { data, flowId, market } = command;
    const { tx, books } = on;
    if ('chargebackId' in data) return [await chargedBack(tx, { data, flowId, market })];
    const asked = { data, flowId, market };
    const refund = (await refundOf(tx, data.refundId)) ?? (await takeIn(asked, on));
    // Where the money is with its payer already, it is not paid back as well.
    const isPayable = !(await chargebackWaits(tx, refund));
    switch (refund.state) {
      case 'REQUESTED': {
        const approved = await approvalOf(asked, tx);
        if (approved === undefined) return [];
        if (approved && isPayable) return [await payOut(tx, refund)];
        return end(tx, books, refund, 'REJECTED', approved ? 'CHARGED_BACK' : 'REJECTED');
      }
      case 'ACCOUNT_NEEDED': {
        const question = accountQuestionOf(refund.attempt);
        const answer = await standingAnswer(tx, flowId, question);
        if (!answer) return [];
        if (answer.answer === 'GIVE_UP' || !isPayable) {
          const reasonCode = answer.answer === 'GIVE_UP' ? 'GIVEN_UP' : 'CHARGED_BACK';
          return [message('release-fund-reservation', { refundId: refund.refund_id, reasonCode })];
        }
        const account = await standingEvidence<{ accountToken: string }>(tx, flowId, question);
        return [await payOut(tx, { ...refund, account_token: account!.accountToken })];
      }
      default:
        return [];
    }
  },

  /** Comes once from whoever asks for the reversal, and again when people have answered about it. */
  async 'reverse-disbursement'({ data, flowId }, { tx, refuse }) {
    const before = await reversalOf(tx, data.reversalId);
    const inBooks = await loanInBooks(tx, data);
    if (!before) {
      const { loanId } = data;
      if (inBooks === 'UNKNOWN')
        return refuse('UNKNOWN_LOAN', `No disbursement of loan ${loanId} is in the books.`);
      await insertReversal(tx, data).catch((error: unknown) => {
        if (!(error instanceof ReversalTaken)) throw error;
        return refuse(error.code, 'The loan, or the money that came back, has another reversal.');
      });
      if (inBooks === 'PAID_TOWARDS')
        return refuse('REPAYMENTS_STAND', `Refund what was paid towards loan ${loanId} first.`);
      await openQuestion(tx, { flowId, question: 'reversal', answers: ['APPROVE', 'REJECT'] });
      return [];
    }
    const answer = before.state === 'REQUESTED' ? await standingAnswer(tx, flowId, 'reversal') : null;
    if (!answer) return [];
    // Something may have been paid while the reversal waited.
    const problem =
      answer.answer === 'REJECT' ? 'REJECTED' : inBooks === 'WHOLE' ? undefined : 'REPAYMENTS_STAND';
    await endReversal(tx, data.reversalId, problem ? 'REJECTED' : 'REVERSED', problem && [problem]);
    return problem ? [] : [message('disbursement-reversed', told(before))];
  },

  /** Refused: by a partner's position, which ends the refund, or by the channel, which a person finds another account for. */
  async 'initiate-refund'({ data, flowId }, { tx, books, refusal }) {
    const refund = await moveRefund(tx, data.refundId, ['PAYING_OUT'], {
      state: 'ACCOUNT_NEEDED',
      reason_codes: [refusal.code],
    });
    if (refusal.code === 'INSUFFICIENT_FUNDS') return end(tx, books, refund, 'FAILED', refusal.code);
    await openQuestion(tx, {
      flowId,
      question: accountQuestionOf(refund.attempt),
      answers: ['PAY_TO', 'GIVE_UP'],
    });
    return [];
  },

  async 'refund-succeeded'({ data }, { tx }) {
    const { refundId, transactionNo, valueDate } = data;
    const refund = await moveRefund(tx, refundId, ['PAYING_OUT'], {
      state: 'PAID_OUT',
      reason_codes: [],
      refund_transaction_no: transactionNo,
      refunded_on: valueDate,
    });
    return [
      message('repayment-refunded', {
        ...{ refundId, cause: refund.cause, party: refund.party, transactionNo: refund.transaction_no },
        customerId: refund.customer_id,
        ...(refund.collecting_partner_id && { collectingPartnerId: refund.collecting_partner_id }),
        paymentChannelId: refund.payment_channel_id,
        amount: money(refund.currency, refund.amount_minor),
        parts: await partsOf(tx, refund),
        customerAtFault: refund.customer_at_fault,
        ...{ refundTransactionNo: transactionNo, valueDate },
      }),
    ];
  },

  /** What an extension did not take goes back by itself, in a run of its own. */
  async 'accounting-entry-posted'({ data, market }, { tx }) {
    const wanted = await leftOfExtension(tx, data);
    if (!wanted) return [];
    await askForApproval(tx, market, wanted);
    return [message('create-repayment-refund', wanted)];
  },

  async 'fund-reservation-released'({ data }, { tx, books }) {
    if (!('refundId' in data)) throw new Error(`Reservation ${data.reservationId} is for no refund.`);
    const refund = await refundOf(tx, data.refundId);
    const reasonCode = (await chargebackWaits(tx, refund!)) ? 'CHARGED_BACK' : 'GIVEN_UP';
    return end(tx, books, refund!, 'FAILED', reasonCode);
  },
});

type Asked = Pick<Message<'create-repayment-refund'>, 'flowId' | 'market'> & { data: RefundData };
type On = Handling<'create-repayment-refund'>;

const accountQuestionOf = (attempt: number) => `refund-account:${attempt}` as const;

/** Finds what came in, claims what is to go back of it, and holds what stands with no loan. */
async function takeIn({ data, market }: Asked, { tx, books, refuse }: On): Promise<Refund> {
  const { party, transactionNo, customerId, amount, accountToken } = data;
  const receipt = await receiptBehind(tx, { party, transactionNo });
  if (receipt?.customerId !== customerId)
    return refuse('UNKNOWN_RECEIPT', `Nothing of ${customerId} came in at ${party} by this transaction.`);
  if (receipt.currency !== amount.currency)
    return refuse(
      'WRONG_CURRENCY',
      `It came in in ${receipt.currency}, the amount is in ${amount.currency}.`,
    );
  if (receipt.collectingPartnerId && !accountToken)
    return refuse('ACCOUNT_NEEDED', `${party} collected it: name the account to which it is to go.`);
  try {
    const refund = await insertRefund(tx, market, data, receipt);
    if (unappliedMinorOf(data) > 0) await books.hold(holdFor(refund, unappliedMinorOf(data)));
    return refund;
  } catch (error) {
    if (error instanceof MoreThanPaid) {
      const { amountMinor } = receipt;
      return refuse('MORE_THAN_PAID', `${amountMinor} (minor units) came in, and more would go back.`);
    }
    if (error instanceof GuardedAccountLimit)
      return refuse('NOT_REFUNDABLE', 'Less than that stands with no loan (any more).');
    throw error;
  }
}

/** Whether a refund may go out; undefined while it waits for a person, who is asked here. */
async function approvalOf(
  { data, flowId, market }: Asked,
  tx: Knex.Transaction,
): Promise<boolean | undefined> {
  const { refundUnapprovedUpToMinor } = await marketOf(tx, market);
  const refund = { amountMinor: data.amount.amountMinor, parts: data.parts };
  if (!needsApproval(refund, refundUnapprovedUpToMinor)) return true;
  await openQuestion(tx, { flowId, question: 'refund', answers: ['APPROVE', 'REJECT'] });
  const answer = await standingAnswer(tx, flowId, 'refund');
  return answer ? answer.answer === 'APPROVE' : undefined;
}

/** Asks for the next attempt to pay it back. */
async function payOut(tx: Knex.Transaction, wanted: Refund) {
  const { refund_id: refundId, attempt: before, account_token } = wanted;
  const attempt = before + 1;
  const refund = await moveRefund(tx, refundId, ['REQUESTED', 'ACCOUNT_NEEDED'], {
    ...{ state: 'PAYING_OUT', attempt, account_token },
  });
  return message('initiate-refund', {
    ...{ refundId, attempt, requestNo: refundRequestNoOf(refundId, attempt) },
    paymentChannelId: refund.payment_channel_id,
    amount: money(refund.currency, refund.amount_minor),
    parts: await partsOf(tx, refund),
    customerId: refund.customer_id,
    originalTransactionNo: refund.transaction_no,
    ...(account_token !== null && { accountToken: account_token }),
  });
}

/** Nothing has left, and nothing will: what was held is free again, and so is what was claimed of the receipt. */
async function end(
  tx: Knex.Transaction,
  books: Books,
  refund: Refund,
  state: 'REJECTED' | 'FAILED',
  reasonCode: string,
): Promise<[]> {
  const { refund_id, amount_minor } = refund;
  await moveRefund(tx, refund_id, ['REQUESTED', 'ACCOUNT_NEEDED'], { state, reason_codes: [reasonCode] });
  const parts = await partsOf(tx, refund);
  const heldMinor = unappliedMinorOf({ amount: money(refund.currency, amount_minor), parts });
  if (heldMinor > 0) {
    const { account, businessKey } = holdFor(refund, heldMinor);
    await books.release({ book: account.book, hold: businessKey, businessKey: 'refund not made' });
  }
  return [];
}
