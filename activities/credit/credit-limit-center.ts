import type { Knex } from 'knex';
import { GuardedAccountLimit } from '../../db/books/errors';
import { positionOf } from '../../db/books/posting';
import { heldBusinessDate } from '../../db/reference';
import { undoingOf } from '../../domain/identifiers';
import { money, type Currency } from '../../domain/money';
import type { MarketId } from '../../schemas/generated/messages';
import { message } from '../../schemas/message';
import { service } from '../service';

interface Reservation {
  application_id: string;
  customer_id: string;
  currency: Currency;
  amount_minor: number;
  state: 'RESERVED' | 'USED' | 'RELEASED';
}

/** 额度管理: keeps each customer's credit line: granted, reserved, used. The books' guard keeps applications within it. */
export const creditLimitCenter = service('credit-limit-center', {
  async 'reserve-credit-line'({ data, market }, { tx, books, refuse }) {
    const { applicationId, customerId, amount } = data;
    const reservation: Reservation = {
      application_id: applicationId,
      customer_id: customerId,
      currency: amount.currency,
      amount_minor: amount.amountMinor,
      state: 'RESERVED',
    };
    try {
      const { journalId } = await books.post({
        ...(await factOf(tx, market, 'credit reservation', reservation)),
        ...{ scenario: 'credit.reserved', amounts: { principal: amount.amountMinor } },
      });
      await tx('credit_limit_center.credit_reservation').insert(reservation);
      return [message('credit-reserved', { applicationId, customerId, amount, journalId })];
    } catch (error) {
      if (!(error instanceof GuardedAccountLimit)) throw error;
      // Asked only now: the books know of no line as of one that is used up, and nearly all customers have one.
      const line = await positionOf(tx, 'credit', customerId);
      return line.some(({ currency }) => currency === amount.currency)
        ? refuse('CREDIT_LIMIT_EXCEEDED', 'The amount is more than what is left of the credit line.')
        : refuse('NO_CREDIT_LINE', `The customer has no credit line in ${amount.currency}.`);
    }
  },

  async 'disbursement-succeeded'({ data, market }, { tx, books }) {
    const reservation = await settle(tx, data.applicationId, 'USED');
    if (!reservation) throw new Error(`No credit is reserved for loan application ${data.applicationId}.`);
    await books.post({
      ...(await factOf(tx, market, 'credit use', reservation)),
      ...{ scenario: 'credit.used', amounts: { principal: reservation.amount_minor } },
    });
    return [];
  },

  async 'disbursement-failed'({ data, market }, { tx, books }) {
    const { applicationId, customerId, principal } = data;
    const reservation = await settle(tx, applicationId, 'RELEASED');
    if (!reservation) {
      return [
        message('credit-released', {
          applicationId,
          customerId,
          amount: money(principal.currency, 0),
          journalId: null,
        }),
      ];
    }
    const { journalId } = await books.post({
      ...(await factOf(tx, market, 'credit release', reservation)),
      scenario: 'credit.released',
      // A refund may have used the line past its limit meanwhile: that is made good first.
      amounts: restoredBy(await lineOf(tx, customerId, reservation.currency), reservation.amount_minor),
    });
    return [
      message('credit-released', {
        applicationId,
        customerId,
        amount: money(reservation.currency, reservation.amount_minor),
        journalId,
      }),
    ];
  },

  async 'repayment-succeeded'({ data }, { tx, books }) {
    const { loanId, paymentNumber, customerId, amount, valueDate, changes } = data;
    const { principalMinor } = changes;
    // By principal only: interest, fees and penalty never were of the line. Only a refund opens principal again.
    if (principalMinor < 0) throw new Error(`A repayment of loan ${loanId} has opened principal.`);
    if (principalMinor === 0) return [];
    await books.post({
      scenario: 'credit.restored',
      businessKey: `credit restored by payment ${paymentNumber} of loan ${loanId}`,
      valueDate,
      owners: { customer: customerId },
      // What was used beyond the limit is made good first.
      amounts: restoredBy(await lineOf(tx, customerId, amount.currency), principalMinor),
      currency: amount.currency,
      description: `Principal of loan ${loanId} repaid`,
    });
    return [];
  },

  /** What a refund or chargeback takes back of principal is used again, even past the limit: only new reservations are refused. */
  async 'asset-posting-applied'({ data }, { tx, books }) {
    if ('reversalId' in data) {
      const { reversalId, customerId, reversedPrincipal, valueDate } = data;
      const { currency, amountMinor } = reversedPrincipal;
      await books.post({
        scenario: 'credit.restored',
        ...{ businessKey: `reversal ${reversalId}`, valueDate, currency, owners: { customer: customerId } },
        amounts: restoredBy(await lineOf(tx, customerId, currency), amountMinor),
        description: `The payout of a loan came back: reversal ${reversalId}`,
      });
    }
    if (!('takenBackFrom' in data)) return [];
    const { customerId, amount, valueDate, takenBackFrom } = data;
    const fact = undoingOf(data);
    for (const { loanId, changes } of takenBackFrom) {
      const principalMinor = -changes.principalMinor;
      if (principalMinor === 0) continue;
      const line = await lineOf(tx, customerId, amount.currency);
      const posting = {
        ...{ businessKey: `${fact} of loan ${loanId}`, valueDate, currency: amount.currency },
        owners: { customer: customerId },
        description: `Taken back from loan ${loanId}: ${fact}`,
      };
      await (principalMinor > 0
        ? books.post({ ...posting, scenario: 'credit.used-again', amounts: usedBy(line, principalMinor) })
        : books.post({
            ...posting,
            scenario: 'credit.restored',
            amounts: restoredBy(line, -principalMinor),
          }));
    }
    return [];
  },
});

/** What is left of a customer's line, and what was used beyond it, in minor units. */
interface Line {
  availableMinor: number;
  overLimitMinor: number;
}

/** Where another transaction changes the line at the same moment, the guard refuses what is posted by it: it is tried again. */
async function lineOf(tx: Knex.Transaction, customerId: string, currency: Currency): Promise<Line> {
  const line = await positionOf(tx, 'credit', customerId);
  const balanceOf = (code: string): number =>
    line.find((one) => one.code === code && one.currency === currency)?.balanceMinor ?? 0;
  return { availableMinor: balanceOf('available'), overLimitMinor: balanceOf('over-limit') };
}

const restoredBy = ({ overLimitMinor }: Line, principal: number) => {
  const overLimit = Math.min(overLimitMinor, principal);
  return { principal, overLimit, withinLimit: principal - overLimit };
};

const usedBy = ({ availableMinor }: Line, principal: number) => {
  const withinLimit = Math.min(availableMinor, principal);
  return { principal, withinLimit, overLimit: principal - withinLimit };
};

/** Ends a reservation; undefined when nothing is reserved (any more). */
async function settle(
  tx: Knex,
  applicationId: string,
  state: 'USED' | 'RELEASED',
): Promise<Reservation | undefined> {
  const [reservation] = await tx<Reservation>('credit_limit_center.credit_reservation')
    .where({ application_id: applicationId, state: 'RESERVED' })
    .update({ state, updated_at: tx.fn.now() } as never)
    .returning(['application_id', 'customer_id', 'currency', 'amount_minor', 'state']);
  return reservation;
}

/** What a posting of an application says beside its amounts; the key names the fact, so that it is posted once. */
async function factOf(
  tx: Knex.Transaction,
  market: MarketId,
  fact: string,
  { application_id, customer_id, currency }: Reservation,
) {
  const description = `${fact} of loan application ${application_id}`;
  const valueDate = await heldBusinessDate(tx, market);
  return { businessKey: description, valueDate, owners: { customer: customer_id }, currency, description };
}
