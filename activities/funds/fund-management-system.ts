import type { Knex } from 'knex';
import { openQuestion, standingAnswer } from '../../db/acts';
import { GuardedAccountLimit } from '../../db/books/errors';
import type { Books, PostedJournal } from '../../db/books/posting';
import { requestOf } from '../../db/outside';
import { heldBusinessDate, marketOf } from '../../db/reference';
import { dayInZone } from '../../domain/calendar';
import { refundOfRequest, reservationIdOf, reservationOfRequest } from '../../domain/identifiers';
import { money, type Currency } from '../../domain/money';
import type { Scenario } from '../../domain/books/posting-rules';
import type { MarketId } from '../../schemas/generated/messages';
import { message } from '../../schemas/message';
import { YEEPAY } from '../../schemas/outside/yeepay/divide';
import { service } from '../service';
import { doneLate, isInWrongPlace } from './fund-management-system/divides';
import {
  chargedBack,
  correctRefunded,
  freezeForRefund,
  refunded,
  refundPaidLate,
  releaseOfRefund,
} from './fund-management-system/refunds';

type State = 'FROZEN' | 'IN_TRANSIT' | 'PAID_OUT' | 'RELEASED' | 'IN_EXCEPTION' | 'RETURNED';
interface Reservation {
  reservation_id: string;
  application_id: string;
  partner_id: string;
  currency: Currency;
  amount_minor: number;
  state: State;
}
interface Funds {
  tx: Knex.Transaction;
  books: Books;
}

/**
 * 资金账户管理: keeps each funding partner's position: available, frozen, in transit, paid out.
 * Which message moves which position stands in docs/ledger.md. Every movement is keyed by its economic fact, so that
 * several messages may tell of one fact and one of them moves the money.
 */
export const fundManagementSystem = service('fund-management-system', {
  async 'reserve-funds'({ data, market }, { tx, books, refuse }) {
    const { applicationId, attempt, partnerId, amount } = data;
    const reservation: Reservation = {
      reservation_id: reservationIdOf(applicationId, attempt),
      application_id: applicationId,
      partner_id: partnerId,
      currency: amount.currency,
      amount_minor: amount.amountMinor,
      state: 'FROZEN',
    };
    // Before the posting, which locks the partner's funds until the step ends: all its payouts wait for one another there.
    await tx('fund_management_system.fund_reservation').insert(reservation);
    try {
      await post(
        { tx, books },
        'funds.reserved',
        'fund reservation',
        reservation,
        await heldBusinessDate(tx, market),
      );
    } catch (error) {
      if (error instanceof GuardedAccountLimit)
        return refuse('INSUFFICIENT_FUNDS', `${partnerId} has less available than the payout.`);
      throw error;
    }
    return [
      message('fund-reserved', {
        applicationId,
        attempt,
        reservationId: reservation.reservation_id,
        partnerId,
        amount,
      }),
    ];
  },

  async 'disbursement-requested'({ data, market }, { tx, books }) {
    const { reservation } = await move(tx, data.reservationId, ['FROZEN'], 'IN_TRANSIT');
    const journal = await post(
      { tx, books },
      'funds.payout-started',
      'payout start',
      reservation,
      await heldBusinessDate(tx, market),
    );
    return [recorded('PAYOUT_STARTED', reservation, journal)];
  },

  async 'payment-succeeded'({ data }, { tx, books }) {
    if (data.purpose !== 'DISBURSEMENT')
      throw new Error(`Payment ${data.paymentId} is of no partner's funds.`);
    const { reservation } = await move(tx, data.reservationId, ['IN_TRANSIT'], 'PAID_OUT');
    const journal = await post({ tx, books }, 'funds.paid-out', 'payout', reservation, data.valueDate);
    return [recorded('PAID_OUT', reservation, journal)];
  },

  async 'payment-failed'({ data, market }, { tx, books }) {
    const { reservation } = await move(tx, data.reservationId, ['IN_TRANSIT'], 'FROZEN');
    const journal = await post(
      { tx, books },
      'funds.payout-failed',
      'payout failure',
      reservation,
      await heldBusinessDate(tx, market),
    );
    return [recorded('PAYOUT_FAILED', reservation, journal)];
  },

  async 'disbursement-succeeded'({ data }, { tx, books }) {
    // A partner in our custody: payment-succeeded has told of this payout, and it moves nothing a second time.
    const { reservation, before } = await move(
      tx,
      data.reservationId,
      ['IN_TRANSIT', 'PAID_OUT'],
      'PAID_OUT',
    );
    if (before === 'PAID_OUT') return [];
    const journal = await post({ tx, books }, 'funds.paid-out', 'payout', reservation, data.disbursedOn);
    return [recorded('PAID_OUT', reservation, journal)];
  },

  async 'disbursement-failed'({ data, market }, { tx, books }) {
    const open = await tx<Reservation>('fund_management_system.fund_reservation')
      .where('application_id', data.applicationId)
      .whereIn('state', ['FROZEN', 'IN_TRANSIT']);
    // Each attempt's reservation is released before the next is tried; what is left would be money nobody looks for.
    for (const { reservation_id } of open) await release({ tx, books }, market, reservation_id);
    return [];
  },

  async 'release-fund-reservation'({ data, market }, { tx, books, refuse }) {
    if ('refundId' in data) {
      const { refundId } = data;
      const parts = await releaseOfRefund({ tx, books }, market, refundId);
      return [message('fund-reservation-released', { refundId, parts })];
    }
    const { applicationId, reservationId } = data;
    const released = await release({ tx, books }, market, reservationId);
    if (released === 'PAID_OUT')
      return refuse('RESERVATION_PAID_OUT', 'The payout is confirmed: its money cannot be released.');
    if (released === 'NOTHING') {
      const { currency } = await marketOf(tx, market);
      return [
        message('fund-reservation-released', {
          applicationId,
          reservationId,
          partnerId: null,
          amount: money(currency, 0),
          releasedFrom: 'NOTHING',
        }),
      ];
    }
    const { reservation, before } = released;
    return [
      message('fund-reservation-released', {
        applicationId,
        reservationId,
        partnerId: reservation.partner_id,
        amount: money(reservation.currency, reservation.amount_minor),
        releasedFrom: before,
      }),
    ];
  },

  async 'initiate-refund'({ data, market }, { tx, books, refuse }) {
    const short = await freezeForRefund({ tx, books }, market, data);
    if (short !== undefined)
      return refuse('INSUFFICIENT_FUNDS', `${short} has received less than what is to go back of it.`);
    return [];
  },

  async 'refund-succeeded'({ data }, { tx, books }) {
    await refunded({ tx, books }, data.refundId, data.valueDate);
    return [];
  },

  /** A payout that was made after its failure was confirmed: money in the wrong place, until a person has found it. */
  async 'record-external-fund-transaction'({ data, flowId, market }, { tx, books }) {
    const { requestNo, transactionNo, paidAt } = data;
    const request = await requestOf(tx, requestNo);
    if (request.party === YEEPAY) {
      if (!(await isInWrongPlace(tx, request, transactionNo))) return [];
      await openQuestion(tx, { flowId, question: 'exception', answers: ['RETURNED'] });
      const { timeZone } = await marketOf(tx, market);
      const found = doneLate(request, dayInZone(paidAt, timeZone));
      return [message('external-fund-transaction-recorded', found)];
    }
    const refundId = refundOfRequest(requestNo);
    if (refundId !== undefined) {
      await openQuestion(tx, { flowId, question: 'exception', answers: ['RETURNED'] });
      const { timeZone } = await marketOf(tx, market);
      const found = await refundPaidLate(tx, requestNo, refundId, dayInZone(paidAt, timeZone));
      return [message('external-fund-transaction-recorded', found)];
    }
    // The flow that gave the payout up may still be releasing its funds: until then the step is tried again.
    const { reservation } = await move(tx, reservationOfRequest(requestNo), ['RELEASED'], 'IN_EXCEPTION');
    const { timeZone } = await marketOf(tx, market);
    const valueDate = dayInZone(paidAt, timeZone);
    const journal = await post(
      { tx, books },
      'funds.found-in-exception',
      'late payout',
      reservation,
      valueDate,
    );
    await openQuestion(tx, { flowId, question: 'exception', answers: ['RETURNED'] });
    const found = await externalTransaction(tx, requestNo, reservation, journal, valueDate);
    return [message('external-fund-transaction-recorded', found)];
  },

  async 'confirm-fund-arrival'({ data, flowId, market }, { tx, books }) {
    const { requestNo } = data;
    // Asked each day: until somebody has found the money, there is nothing to confirm.
    if (!(await standingAnswer(tx, flowId, 'exception'))) return [];
    const today = await heldBusinessDate(tx, market);
    if ('orderId' in data) {
      const found = doneLate(await requestOf(tx, requestNo), today);
      return [message('fund-arrival-confirmed', found)] as const;
    }
    if ('refundId' in data) {
      return [
        message('fund-arrival-confirmed', await refundPaidLate(tx, requestNo, data.refundId, today)),
      ] as const;
    }
    const { reservation } = await move(tx, data.reservationId, ['IN_EXCEPTION'], 'RETURNED');
    const journal = await post({ tx, books }, 'funds.returned-from-exception', 'return', reservation, today);
    return [
      message(
        'fund-arrival-confirmed',
        await externalTransaction(tx, requestNo, reservation, journal, today),
      ),
    ];
  },

  async 'asset-posting-applied'({ data }, { tx, books }) {
    // What a payment has brought each loan's repayment-succeeded tells.
    if ('refundId' in data) await correctRefunded({ tx, books }, data);
    if ('chargebackId' in data) await chargedBack({ tx, books }, data);
    return [];
  },

  async 'disbursement-reversed'({ data }, { tx, books }) {
    const { applicationId, valueDate } = data;
    const paidOut = await tx<Reservation>('fund_management_system.fund_reservation')
      .where({ application_id: applicationId, state: 'PAID_OUT' })
      .first();
    if (!paidOut) throw new Error(`Nothing of loan application ${applicationId} is paid out.`);
    const { reservation } = await move(tx, paidOut.reservation_id, ['PAID_OUT'], 'RETURNED');
    await post({ tx, books }, 'funds.payout-returned', 'return of the payout', reservation, valueDate);
    return [];
  },

  async 'repayment-succeeded'({ data }, { books }) {
    const { loanId, paymentNumber, partnerId, amount, valueDate, changes } = data;
    const { appliedMinor } = changes;
    if (appliedMinor === 0) return [];
    await books.post({
      // Taken back where a payment that was heard late leaves more of others to their payers than it brings.
      scenario: appliedMinor > 0 ? 'funds.received' : 'funds.received-taken-back',
      businessKey: `payment ${paymentNumber} of loan ${loanId}`,
      valueDate,
      owners: { fundingPartner: partnerId },
      amounts: { received: Math.abs(appliedMinor) },
      currency: amount.currency,
      description: `Repayment of loan ${loanId}`,
    });
    return [];
  },
});

/** What accounting needs to know of money that moved outside of what was arranged. */
async function externalTransaction(
  tx: Knex,
  requestNo: string,
  { reservation_id, application_id, partner_id, currency, amount_minor }: Reservation,
  { journalId }: PostedJournal,
  valueDate: string,
) {
  const { party } = await requestOf(tx, requestNo);
  const inCustody = party !== partner_id;
  return {
    requestNo,
    applicationId: application_id,
    reservationId: reservation_id,
    partnerId: partner_id,
    payoutBy: inCustody ? ('CUSTODY' as const) : ('PARTNER' as const),
    ...(inCustody ? { paymentChannelId: party } : {}),
    amount: money(currency, amount_minor),
    valueDate,
    journalId,
  };
}

/** Moves a reservation on, and says where it was. Another state than those allowed is a bug: the step stops there. */
async function move(
  tx: Knex,
  reservationId: string,
  from: readonly State[],
  to: State,
): Promise<{ reservation: Reservation; before: State }> {
  const { rows } = await tx.raw<{ rows: Reservation[] }>(
    `with before as (
       select reservation_id, application_id, partner_id, currency, amount_minor, state
         from fund_management_system.fund_reservation
        where reservation_id = :reservationId and state = any(:from) for update
     )
     update fund_management_system.fund_reservation reservation set state = :to, updated_at = now()
       from before where reservation.reservation_id = before.reservation_id
     returning before.reservation_id, before.application_id, before.partner_id, before.currency, before.amount_minor, before.state`,
    { reservationId, from, to },
  );
  const [reservation] = rows;
  if (!reservation) throw new Error(`Fund reservation ${reservationId} is not ${from.join(' or ')}.`);
  return { reservation, before: reservation.state };
}

/** Gives a reservation's money back to what is available, from wherever it is; tolerates that it never was. */
async function release(
  { tx, books }: Funds,
  market: MarketId,
  reservationId: string,
): Promise<{ reservation: Reservation; before: 'FROZEN' | 'IN_TRANSIT' } | 'PAID_OUT' | 'NOTHING'> {
  const found = await tx<Reservation>('fund_management_system.fund_reservation')
    .where('reservation_id', reservationId)
    .first();
  if (!found || ['RELEASED', 'IN_EXCEPTION', 'RETURNED'].includes(found.state)) return 'NOTHING';
  if (found.state === 'PAID_OUT') return 'PAID_OUT';
  const { reservation, before } = await move(tx, reservationId, ['FROZEN', 'IN_TRANSIT'], 'RELEASED');
  const today = await heldBusinessDate(tx, market);
  if (before === 'IN_TRANSIT')
    await post({ tx, books }, 'funds.payout-failed', 'payout failure', reservation, today);
  await post({ tx, books }, 'funds.reservation-released', 'fund release', reservation, today);
  return { reservation, before: before as 'FROZEN' | 'IN_TRANSIT' };
}

type FundMovement =
  | 'reserved'
  | 'payout-started'
  | 'paid-out'
  | 'payout-failed'
  | 'reservation-released'
  | 'found-in-exception'
  | 'payout-returned'
  | 'returned-from-exception';

const post = (
  { books }: Funds,
  scenario: Extract<Scenario, `funds.${FundMovement}`>,
  fact: string,
  { reservation_id, partner_id, currency, amount_minor }: Reservation,
  valueDate: string,
): Promise<PostedJournal> =>
  books.post({
    scenario,
    businessKey: `${fact} of ${reservation_id}`,
    valueDate,
    owners: { fundingPartner: partner_id },
    amounts: { payout: amount_minor },
    currency,
    description: `${fact} of ${reservation_id}`,
  });

const recorded = (
  movement: 'PAYOUT_STARTED' | 'PAID_OUT' | 'PAYOUT_FAILED',
  reservation: Reservation,
  { journalId }: PostedJournal,
) =>
  message('fund-transaction-recorded', {
    transactionId: `${movement}:${reservation.reservation_id}`,
    partnerId: reservation.partner_id,
    applicationId: reservation.application_id,
    reservationId: reservation.reservation_id,
    movement,
    amount: money(reservation.currency, reservation.amount_minor),
    journalId,
  });
