import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import type { RepaymentReceived } from '../schemas/outside/repayment';
import type { Tell } from './callbacks';
import type { Clock } from './clock';
import { closed, delay, oneOf, reader, textUpTo } from './schema';

/** Money that a customer pays at a party, and how the party tells of it. */
export interface Payment extends Omit<RepaymentReceived, 'type' | 'transactionNo' | 'paidAt'> {
  party: string;
  /** A new one if left out; one that was told of before, to tell of it again. */
  transactionNo?: string;
  /** Now by the parties' clock, if left out. */
  paidAt?: string;
  /** How long the party waits before it tells of it. */
  delayMs?: number;
  /**
   * The notifications, by their numbers, all sent at the same time: [1] if left out, [1, 1] the same twice, [1, 2] two
   * with ids of their own.
   */
  notifications?: number[];
}

export interface Payments {
  /** Has a party receive money. Returns its number of the transaction. */
  receive(payment: Payment): string;
  /** Waits for what is being told; what is still to come is dropped. */
  close(): Promise<void>;
}

/** Plays payments. What a customer pays is remembered by nobody but the platform. */
export function createPayments(tell: Tell, clock: Clock, stop: AbortSignal): Payments {
  const underWay = new Set<Promise<void>>();

  async function notify({ party, delayMs = 0, notifications = [1] }: Payment, body: RepaymentReceived) {
    // When the sandbox closes, nothing is told any more.
    if (delayMs > 0) await wait(delayMs, undefined, { signal: stop }).catch(() => undefined);
    if (stop.aborted) return;
    const { transactionNo } = body;
    await Promise.all(
      notifications.map((number) => {
        const id = `${body.type}:${party}:${transactionNo}:${number}`;
        return tell({ party, id, body, about: transactionNo });
      }),
    );
  }

  return {
    receive(payment) {
      const { party: _party, delayMs: _delay, notifications: _notifications, ...told } = payment;
      const { transactionNo = `TX${randomUUID().replaceAll('-', '').slice(0, 24).toUpperCase()}` } = told;
      const paidAt = told.paidAt ?? clock.now().toISOString();
      const telling = notify(payment, { type: 'repayment.received', ...told, transactionNo, paidAt });
      const ended = telling.finally(() => underWay.delete(ended));
      underWay.add(ended);
      return transactionNo;
    },
    async close() {
      await Promise.all(underWay);
    },
  };
}

/** Reads a payment that came in at the control address; whether its parts make sense is for the platform to say. */
export const readPayment = reader<Payment>(
  'payment',
  closed(
    {
      party: textUpTo(100),
      amount: closed({ currency: oneOf('CNY', 'IDR'), amountMinor: { type: 'integer', minimum: 1 } }),
    },
    {
      ...{ transactionNo: textUpTo(100), paidAt: textUpTo(100), methodNo: textUpTo(100) },
      ...{ payerReference: textUpTo(100), delayMs: delay },
      notifications: { type: 'array', minItems: 1, maxItems: 10, items: { type: 'integer', minimum: 1 } },
    },
  ),
);
