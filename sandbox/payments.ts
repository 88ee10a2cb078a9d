import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import type { RepaymentReceived, RepaymentTakenBack } from '../schemas/outside/repayment';
import type { TellSigned } from './callbacks';
import type { Clock } from './clock';
import { closed, delay, oneOf, reader, textUpTo } from './schema';

/** How a party tells of what it did by itself. */
interface Telling {
  party: string;
  /** How long the party waits before it tells of it. */
  delayMs?: number | undefined;
  /**
   * The notifications, by their numbers, all sent at the same time: [1] if left out, [1, 1] the same twice, [1, 2] two
   * with ids of their own.
   */
  notifications?: number[] | undefined;
}

/** Money that a customer pays at a party, and how the party tells of it. */
export interface Payment extends Telling, Omit<RepaymentReceived, 'type' | 'transactionNo' | 'paidAt'> {
  /** A new one if left out; one that was told of before, to tell of it again. */
  transactionNo?: string;
  /** Now by the parties' clock, if left out. */
  paidAt?: string;
}

/** Money that a party takes back, whether or not it ever received it, and how it tells of that. */
export interface Chargeback
  extends Telling, Omit<RepaymentTakenBack, 'type' | 'chargebackNo' | 'takenBackAt' | 'reasonCode'> {
  /** A new one if left out; one that was told of before, to tell of it again. */
  chargebackNo?: string;
  /** Now by the parties' clock, if left out. */
  takenBackAt?: string;
  /** UNAUTHORISED, if left out. */
  reasonCode?: string;
}

export interface Payments {
  /** Has a party receive money. Returns its number of the transaction. */
  receive(payment: Payment): string;
  /** Has a party take money back. Returns its number of the taking back. */
  takeBack(chargeback: Chargeback): string;
  /** Waits for what is being told; what is still to come is dropped. */
  close(): Promise<void>;
}

/** Plays payments. What a customer pays, and what is taken back, is remembered by nobody but the platform. */
export function createPayments(tell: TellSigned, clock: Clock, stop: AbortSignal): Payments {
  const underWay = new Set<Promise<void>>();

  async function notify(
    { party, delayMs = 0, notifications = [1] }: Telling,
    number: string,
    body: RepaymentReceived | RepaymentTakenBack,
  ) {
    // When the sandbox closes, nothing is told any more.
    if (delayMs > 0) await wait(delayMs, undefined, { signal: stop }).catch(() => undefined);
    if (stop.aborted) return;
    await Promise.all(
      notifications.map((time) => {
        const id = `${body.type}:${party}:${number}:${time}`;
        return tell({ party, id, body, about: number });
      }),
    );
  }

  /** Tells of it in the background. Returns its number. */
  function told(telling: Telling, number: string, body: RepaymentReceived | RepaymentTakenBack): string {
    const ended = notify(telling, number, body).finally(() => underWay.delete(ended));
    underWay.add(ended);
    return number;
  }

  return {
    receive({ party, delayMs, notifications, ...payment }) {
      const { transactionNo = newNumber('TX'), paidAt = clock.now().toISOString() } = payment;
      const body = { type: 'repayment.received', ...payment, transactionNo, paidAt } as const;
      return told({ party, delayMs, notifications }, transactionNo, body);
    },
    takeBack({ party, delayMs, notifications, ...chargeback }) {
      const { chargebackNo = newNumber('CB'), takenBackAt = clock.now().toISOString() } = chargeback;
      const { reasonCode = 'UNAUTHORISED' } = chargeback;
      const body = { ...chargeback, chargebackNo, takenBackAt, reasonCode };
      return told({ party, delayMs, notifications }, chargebackNo, { type: 'repayment.taken-back', ...body });
    },
    async close() {
      await Promise.all(underWay);
    },
  };
}

const newNumber = (prefix: string): string =>
  prefix + randomUUID().replaceAll('-', '').slice(0, 24).toUpperCase();

const amount = closed({ currency: oneOf('CNY', 'IDR'), amountMinor: { type: 'integer', minimum: 1 } });
const telling = {
  delayMs: delay,
  notifications: { type: 'array', minItems: 1, maxItems: 10, items: { type: 'integer', minimum: 1 } },
};

/** Reads a payment that came in at the control address; whether its parts make sense is for the platform to say. */
export const readPayment = reader<Payment>(
  'payment',
  closed(
    { party: textUpTo(100), amount },
    {
      ...{ transactionNo: textUpTo(100), paidAt: textUpTo(100), methodNo: textUpTo(100) },
      ...{ payerReference: textUpTo(100), ...telling },
    },
  ),
);

/** Reads a chargeback that came in there, likewise. */
export const readChargeback = reader<Chargeback>(
  'chargeback',
  closed(
    { party: textUpTo(100), amount, transactionNo: textUpTo(100) },
    {
      ...{ chargebackNo: textUpTo(100), takenBackAt: textUpTo(100), reasonCode: textUpTo(100) },
      ...telling,
    },
  ),
);
