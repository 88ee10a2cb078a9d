import { money, sumMinor } from '../../domain/money';
import { message } from '../../schemas/message';
import { service } from '../service';
import { holdContracts } from './debt-settlement-service/contracts';
import { keepDivided, keepReturned, linesToSettle } from './debt-settlement-service/divided-orders';
import {
  debtorsOf,
  isUndone,
  keepSettlement,
  settleLines,
  undoLines,
} from './debt-settlement-service/settlements';

/**
 * 化债服务: settles debts by what was divided to debtors, once the receipt of their order is confirmed, and has them stand again
 * when it is refunded after that. What a contract is moved by is a record that never changes.
 */
export const debtSettlementService = service('debt-settlement-service', {
  async 'divide-completed'({ data, market }, { tx }) {
    await keepDivided(tx, market, data);
    return [];
  },

  async 'settle-debt'({ data: { orderId, confirmedBy }, market }, { tx, refuse }) {
    const lines = await linesToSettle(tx, orderId);
    if (!lines) return refuse('NOT_DIVIDED', `Nothing of order ${orderId} was divided.`);
    const unmapped = lines.filter(({ debtorId }) => debtorId === null).map(({ ledgerId }) => ledgerId);
    if (unmapped.length > 0)
      return refuse(
        'LEDGER_NOT_MAPPED',
        `Map the ledger ids ${unmapped.join(', ')} to debtors with contracts.`,
      );
    const valueDate = await keepSettlement(tx, market, { orderId, confirmedBy });
    if (valueDate === undefined) return refuse('ALREADY_SETTLED', `Order ${orderId} was settled before.`);

    await holdContracts(
      tx,
      lines.map(({ debtorId }) => debtorId!),
    );
    const { shares, completed } = await settleLines(tx, lines, { orderId, valueDate });
    const ledgerEvent =
      shares.length === 0
        ? []
        : [
            message('post-ledger-event', {
              ...{ ledgerEventId: `settlement of order ${orderId}`, scenario: 'debt-settled' },
              ...{ orderId, shares, valueDate },
            }),
          ];
    return [
      message('debt-settled', { orderId, confirmedBy, shares, valueDate }),
      ...ledgerEvent,
      ...completed.map(({ contractId, debtorId, currency, totalMinor }) =>
        message('contract-completed', {
          ...{ contractId, debtorId, total: money(currency, totalMinor), orderId, valueDate },
        }),
      ),
    ];
  },

  async 'rollback-debt'({ data: { orderId, refundId, lines, valueDate } }, { tx }) {
    await holdContracts(tx, await debtorsOf(tx, orderId));
    const shares = await undoLines(tx, lines, { orderId, refundId, valueDate });
    const undone = { orderId, refundId, shares, valueDate };
    return [
      (await isUndone(tx, orderId))
        ? message('debt-rolled-back', undone)
        : message('debt-partially-rolled-back', undone),
      message('post-ledger-event', {
        ...{
          ledgerEventId: `roll-back for refund ${refundId} of order ${orderId}`,
          orderId,
          shares,
          valueDate,
        },
        scenario: 'debt-rolled-back',
      }),
    ];
  },

  async 'ignore-refund'({ data: { orderId, refundId, lines, remaining, valueDate } }, { tx }) {
    const ignored = message('refund-ignored', { orderId, refundId, remaining });
    if (lines.length === 0) return [ignored];
    await keepReturned(tx, { orderId, refundId, lines });
    const returnedMinor = sumMinor(lines.map(({ amount }) => amount.amountMinor));
    return [
      ignored,
      message('post-ledger-event', {
        ...{ ledgerEventId: `share returned for refund ${refundId} of order ${orderId}`, orderId, valueDate },
        ...{ scenario: 'share-returned', amount: money(remaining.currency, returnedMinor) },
      }),
    ];
  },
});
