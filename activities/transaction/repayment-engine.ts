import type { Knex } from 'knex';
import { openQuestion, standingEvidence } from '../../db/acts';
import { collectorsFor, customerOf, heldBusinessDate, marketOf } from '../../db/reference';
import { methodNoOf, receiptOf } from '../../domain/identifiers';
import { money, type Currency } from '../../domain/money';
import { termsProblem, type Payer } from '../../domain/repayment-order';
import { chooseCollector } from '../../domain/repayment-route';
import type { MarketId } from '../../schemas/generated/messages';
import { message } from '../../schemas/message';
import { service } from '../service';
import {
  identify,
  keepRepayment,
  keepResult,
  orderPaid,
  towardsOrder,
  type Identification,
} from './repayment-engine/money-in';

interface RepaymentOrder {
  order_id: string;
  customer_id: string;
  market: MarketId;
  currency: Currency;
  amount_minor: number;
  payer: Payer;
  attempt: number;
  refused_by: string[];
  party: string;
}

/** 还款系统: keeps repayment orders, chooses who collects them, and sees to it that what comes in is posted. */
export const repaymentEngine = service('repayment-engine', {
  async 'create-repayment-order'({ data, market }, { tx, refuse }) {
    const { orderId, customerId, payer, amount, lines } = data;
    const customer = await customerOf(tx, customerId);
    if (!customer) return refuse('UNKNOWN_CUSTOMER', `There is no customer ${customerId}.`);
    const problem = termsProblem(lines, await heldBusinessDate(tx, market));
    if (problem) return refuse(problem.code, problem.message);
    await tx('repayment_engine.repayment_order').insert({
      ...{ order_id: orderId, customer_id: customerId, market, payer, state: 'CREATED' },
      ...{ currency: amount.currency, amount_minor: amount.amountMinor },
    });
    await tx('repayment_engine.repayment_order_line').insert(
      lines.map((line, index) => ({
        ...{ order_id: orderId, number: index + 1, loan_id: line.loanId, partner_id: line.partnerId },
        ...{ quote_id: line.quoteId ?? null, scenario: line.scenario, instalments: line.instalments ?? null },
        ...{ quoted_for: line.quotedFor ?? null, amount_minor: line.amount.amountMinor },
      })),
    );
    return [message('repayment-order-created', { orderId, customerId, payer, amount, lines })];
  },

  async 'repayment-order-created'({ data: { orderId } }, { tx }) {
    return route(tx, orderId, 'NO_COLLECTOR');
  },

  async 'repayment-route-selected'({ data }, { tx }) {
    const { orderId, attempt, party, collectedBy, amount, expiresInSeconds } = data;
    const methodNo = methodNoOf(orderId, attempt);
    await move(tx, orderId, ['CREATED', 'ROUTED'], {
      ...{ state: 'ROUTED', attempt, party, collected_by: collectedBy, method_no: methodNo },
    });
    return [
      message('request-partner-repayment', {
        ...{ orderId, attempt, methodNo, party, collectedBy, amount, expiresInSeconds },
      }),
    ];
  },

  async 'repayment-method-created'({ data, market }, { tx }) {
    if ('purpose' in data) {
      const { methodNo, customerId, amount } = data;
      await tx('repayment_engine.extension_method').insert({
        ...{ method_no: methodNo, customer_id: customerId, market, currency: amount.currency },
      });
      return [];
    }
    const { orderId, method } = data;
    await move(tx, orderId, ['ROUTED'], {
      ...{ state: 'METHOD_CREATED', method: JSON.stringify(method), expires_at: method.expiresAt },
    });
    return [];
  },

  /** The party gives no method: another one is asked, if one is left. */
  async 'request-partner-repayment'({ data: { orderId } }, { tx, refusal }) {
    await move(tx, orderId, ['ROUTED'], { refused_by: tx.raw('array_append(refused_by, party)') });
    return route(tx, orderId, refusal.code);
  },

  async 'partner-repayment-received'({ data, flowId, market }, { tx }) {
    const { receiptId, party, collectedBy, amount, valueDate } = data;
    const order = await orderPaid(tx, data, market);
    // What is for an extension goes to no loan by itself: it is the extension engine that says what it does.
    const towards = order && (order.orderId ? await towardsOrder(tx, order.orderId) : []);
    await keepRepayment(tx, data, order);
    const common = { ledgerEventId: receiptId, receivedBy: party, amount, valueDate };
    if (order && towards) {
      const scenario =
        collectedBy === 'CUSTODY' ? 'repayment-received-by-channel' : 'repayment-received-by-partner';
      return [message('post-ledger-event', { ...common, scenario, ...order, towards })];
    }
    // It is here, so it is in the books; whose it is, two persons find out.
    await openQuestion(tx, { flowId, question: 'receipt', answers: ['IDENTIFIED'] });
    const scenario =
      collectedBy === 'CUSTODY' ? 'unidentified-receipt-at-channel' : 'unidentified-receipt-at-partner';
    return [message('post-ledger-event', { ...common, scenario })];
  },

  /** Money that nobody knew stands in the books, and whose it is has been found out: the flow passes it here only then. */
  async 'accounting-entry-posted'({ data, flowId }, { tx }) {
    const { ledgerEventId, valueDate } = data;
    const found = await standingEvidence<Identification>(tx, flowId, 'receipt');
    if (!found || !('receivedBy' in data)) throw new Error(`Nobody has identified ${ledgerEventId}.`);
    const { receivedBy, amount } = data;
    const { customerId, loanId } = found;
    await identify(tx, receiptOf(ledgerEventId), found);
    const towards = loanId ? [{ loanId, scenario: 'NORMAL' as const, upToMinor: amount.amountMinor }] : [];
    return [
      message('post-ledger-event', {
        ...{ ledgerEventId, scenario: 'receipt-identified', receivedBy, customerId },
        ...{ amount, valueDate, towards },
      }),
    ];
  },

  async 'asset-posting-applied'({ data }, { tx }) {
    // What a refund takes back the refund-reversal service keeps.
    if ('unappliedMinor' in data) await keepResult(tx, data);
    return [];
  },

  /** Comes with asset-posting-applied, which tells of all loans. */
  async 'repayment-succeeded'() {
    return [];
  },
});

/**
 * Chooses who collects an order's money. Where nobody is left, or nobody wants it any more, the order has failed.
 *
 * @param reasonCode why it has failed, where nobody is left
 */
async function route(tx: Knex.Transaction, orderId: string, reasonCode: string) {
  const order = (await tx<RepaymentOrder>('repayment_engine.repayment_order')
    .where({ order_id: orderId })
    .first())!;
  if (await isCancelled(tx, orderId)) return fail(tx, orderId, 'CANCELLED');
  const { market, payer, attempt, currency, amount_minor } = order;
  const partnerIds = await tx('repayment_engine.repayment_order_line')
    .where({ order_id: orderId })
    .distinct()
    .pluck<string[]>('partner_id');
  const { chosen, weighed } = chooseCollector({
    ...(await collectorsFor(tx, market, partnerIds)),
    ...{ payer, triedParties: order.refused_by },
  });
  if (!chosen) return fail(tx, orderId, reasonCode);
  const { methodExpiresInSeconds } = await marketOf(tx, market);
  return [
    message('repayment-route-selected', {
      ...{ orderId, attempt: attempt + 1, party: chosen.party, collectedBy: chosen.collectedBy },
      ...{ amount: money(currency, amount_minor), expiresInSeconds: methodExpiresInSeconds },
      candidates: weighed.map(({ collector, excludedBecause }) => ({
        ...{ party: collector.party, excludedBecause },
      })),
    }),
  ] as const;
}

async function fail(tx: Knex.Transaction, orderId: string, reasonCode: string) {
  await move(tx, orderId, ['CREATED', 'ROUTED'], {
    ...{ state: 'FAILED', reason_codes: [reasonCode] },
  });
  return [] as const;
}

const isCancelled = async (tx: Knex.Transaction, orderId: string): Promise<boolean> =>
  (await tx('repayment_engine.order_cancellation')
    .where({ order_id: orderId })
    .first<object | undefined>('order_id')) !== undefined;

/**
 * Moves an order on. The flow passes messages in order, so an order in another state is a bug, and the step stops there
 * for operators to see.
 */
async function move(
  tx: Knex.Transaction,
  orderId: string,
  from: readonly string[],
  changes: Record<string, unknown>,
): Promise<void> {
  const moved = await tx('repayment_engine.repayment_order')
    .where({ order_id: orderId })
    .whereIn('state', from)
    .update(changes);
  if (moved !== 1) throw new Error(`Repayment order ${orderId} is not in state ${from.join(' or ')}.`);
}
