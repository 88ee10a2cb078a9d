import type { Knex } from 'knex';
import { GuardedAccountLimit } from '../../../db/books/errors';
import { balanceMinorOf, type Books } from '../../../db/books/posting';
import { requestOf } from '../../../db/outside';
import { heldBusinessDate } from '../../../db/reference';
import { money, type Currency } from '../../../domain/money';
import type {
  AssetPostingAppliedData,
  MarketId,
  Money,
  RefundPart,
} from '../../../schemas/generated/messages';

/** What a funding partner has received for a loan, set aside for a refund. */
interface RefundReservation {
  refund_id: string;
  loan_id: string;
  partner_id: string;
  currency: Currency;
  amount_minor: number;
  state: 'FROZEN' | 'REFUNDED' | 'RELEASED';
}

type ChargedBack = Extract<AssetPostingAppliedData, { chargebackId: string }>;

interface Funds {
  tx: Knex.Transaction;
  books: Books;
}

/**
 * Freezes what the partners have received, before a refund is sent. A further attempt finds it frozen.
 *
 * @returns the partner that has received less than that; undefined when all is frozen
 */
export async function freezeForRefund(
  { tx, books }: Funds,
  market: MarketId,
  { refundId, parts }: { refundId: string; parts: readonly RefundPart[] },
): Promise<string | undefined> {
  const frozen = await tx('fund_management_system.refund_reservation')
    .where({ refund_id: refundId })
    .first<object | undefined>('loan_id');
  if (frozen) return undefined;
  const today = await heldBusinessDate(tx, market);
  for (const { loanId, partnerId, amount } of inPartnerOrder(parts)) {
    const reservation: RefundReservation = {
      ...{ refund_id: refundId, loan_id: loanId, partner_id: partnerId, state: 'FROZEN' },
      ...{ currency: amount.currency, amount_minor: amount.amountMinor },
    };
    try {
      await post(books, 'funds.refund-frozen', 'freeze', reservation, today);
    } catch (error) {
      if (error instanceof GuardedAccountLimit) return partnerId;
      throw error;
    }
    await tx('fund_management_system.refund_reservation').insert(reservation);
  }
  return undefined;
}

/** The refund is paid: what was frozen is gone. */
export async function refunded({ tx, books }: Funds, refundId: string, valueDate: string): Promise<void> {
  for (const reservation of await moveFrozen(tx, refundId, 'REFUNDED')) {
    await post(books, 'funds.refunded', 'payment', reservation, valueDate);
  }
}

/**
 * Makes what the partners have received what stands with their loans. A payment that was heard of while the refund was under
 * way may have moved the money along: then less of it stood with a loan than was frozen, or more of others' leaves it too.
 */
export async function correctRefunded(
  { tx, books }: Funds,
  { refundId, takenBackFrom, valueDate }: Extract<AssetPostingAppliedData, { refundId: string }>,
): Promise<void> {
  const paid = await tx('fund_management_system.refund_reservation')
    .where({ refund_id: refundId, state: 'REFUNDED' })
    .select<RefundReservation[]>('*');
  for (const reservation of inOrder(paid)) {
    const of = takenBackFrom.find(({ loanId }) => loanId === reservation.loan_id);
    const surplusMinor = reservation.amount_minor + (of?.changes.appliedMinor ?? 0);
    if (surplusMinor > 0) {
      const rest = { ...reservation, amount_minor: surplusMinor };
      await post(books, 'funds.refund-not-of-loan', 'correction', rest, valueDate);
    }
    if (surplusMinor < 0) {
      await books.post({
        scenario: 'funds.received-taken-back',
        businessKey: `correction of refund ${refundId} of loan ${reservation.loan_id}`,
        ...{ valueDate, currency: reservation.currency },
        owners: { fundingPartner: reservation.partner_id },
        amounts: { received: -surplusMinor },
        description: `Refund ${refundId} of loan ${reservation.loan_id}: correction`,
      });
    }
  }
}

/**
 * Takes what was charged back off what the partners have received. The money is gone, so that it cannot be refused: what a
 * partner has not received it owes. Where another transaction changes the position at the same moment, the guard refuses
 * what is posted by it: it is tried again.
 */
export async function chargedBack(
  { tx, books }: Funds,
  { chargebackId, amount, valueDate, takenBackFrom }: ChargedBack,
): Promise<void> {
  const { currency } = amount;
  const parts = takenBackFrom.filter(({ changes }) => changes.appliedMinor !== 0);
  for (const { loanId, partnerId, changes } of inPartnerOrder(parts)) {
    const fact = {
      ...{ businessKey: `chargeback ${chargebackId} of loan ${loanId}`, valueDate, currency },
      owners: { fundingPartner: partnerId },
      description: `Chargeback ${chargebackId} of loan ${loanId}`,
    };
    const refund = -changes.appliedMinor;
    if (refund < 0) {
      await books.post({ ...fact, scenario: 'funds.received', amounts: { received: -refund } });
      continue;
    }
    const received = await balanceMinorOf(tx, 'funds', partnerId, { code: 'received', currency });
    const withinReceived = Math.min(refund, received);
    await books.post({
      ...fact,
      scenario: 'funds.charged-back',
      amounts: { refund, withinReceived, beyondReceived: refund - withinReceived },
    });
  }
}

/** Gives back what was frozen for a refund that is not made; tolerates that nothing was. */
export async function releaseOfRefund(
  { tx, books }: Funds,
  market: MarketId,
  refundId: string,
): Promise<RefundPart[]> {
  const released = await moveFrozen(tx, refundId, 'RELEASED');
  const today = await heldBusinessDate(tx, market);
  for (const reservation of released)
    await post(books, 'funds.refund-released', 'release', reservation, today);
  return released.map(({ loan_id, partner_id, currency, amount_minor }) => ({
    ...{ loanId: loan_id, partnerId: partner_id, amount: money(currency, amount_minor) },
  }));
}

/**
 * What is known of a refund that was paid after its failure was confirmed. No partner's position has it: another attempt may
 * have paid it, or nobody has.
 */
export async function refundPaidLate(
  tx: Knex.Transaction,
  requestNo: string,
  refundId: string,
  valueDate: string,
) {
  const { party, body } = await requestOf(tx, requestNo);
  const { amount } = body as { amount: Money };
  return { requestNo, refundId, paymentChannelId: party, amount, valueDate };
}

/** In one order, so that two refunds at once do not wait for each other in a ring. */
const inPartnerOrder = <T extends { partnerId: string; loanId: string }>(parts: readonly T[]): T[] =>
  [...parts].sort((one, other) => (one.partnerId + one.loanId < other.partnerId + other.loanId ? -1 : 1));

async function moveFrozen(
  tx: Knex.Transaction,
  refundId: string,
  state: 'REFUNDED' | 'RELEASED',
): Promise<RefundReservation[]> {
  const moved = await tx('fund_management_system.refund_reservation')
    .where({ refund_id: refundId, state: 'FROZEN' })
    .update({ state })
    .returning<RefundReservation[]>('*');
  return inOrder(moved);
}

const inOrder = (reservations: readonly RefundReservation[]): RefundReservation[] =>
  [...reservations].sort((one, other) =>
    one.partner_id + one.loan_id < other.partner_id + other.loan_id ? -1 : 1,
  );

const post = (
  books: Books,
  scenario: `funds.${'refund-frozen' | 'refund-released' | 'refunded' | 'refund-not-of-loan'}`,
  fact: string,
  { refund_id, loan_id, partner_id, currency, amount_minor }: RefundReservation,
  valueDate: string,
) =>
  books.post({
    ...{ scenario, businessKey: `${fact} of refund ${refund_id} of loan ${loan_id}`, valueDate, currency },
    owners: { fundingPartner: partner_id },
    amounts: { refund: amount_minor },
    description: `Refund ${refund_id} of loan ${loan_id}: ${fact}`,
  });
