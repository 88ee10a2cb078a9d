import type { MoneyInOutcome } from '../../workflows/repayment/money-in';
import type { Platform } from './platform';
import { until } from './until';

// What borrowers do in tests: they have loans, and pay at the parties that collect.

/** Who collects of a market's borrowers, where the usual partner has funded them. */
export const collectors = { CN: 'bank-huaxin', ID: 'id-payout' } as const;
export const currencies = { CN: 'CNY', ID: 'IDR' } as const;
type Market = keyof typeof collectors;

/** A loan that is paid out and has its schedule. */
export interface Loan {
  loanId: string;
  customerId: string;
  market: Market;
  partnerId: string;
  /** The day that the sandbox paid out on. */
  startDate: string;
  instalments: { number: number; dueDate: string; principalMinor: number; totalMinor: number }[];
}

/** Has a customer, a new one if none is named, take a loan of the market's usual amount. */
export async function newLoan(platform: Platform, market: Market = 'CN', customerId?: string): Promise<Loan> {
  const payer = customerId ?? (await platform.newCustomer(market));
  const { applicationId, outcome } = await platform.apply({ market, customerId: payer });
  if (outcome.outcome !== 'DISBURSED') throw new Error(`The loan was not disbursed: ${outcome.outcome}`);
  const loanId = applicationId.replace('LA', 'LN');
  const { body } = await platform.get(`/v1/loans/${loanId}`);
  const { instalments } = body.schedule as Pick<Loan, 'instalments'>;
  return {
    ...{ loanId, customerId: payer, market, partnerId: outcome.partnerId, instalments },
    startDate: String(body.interestFrom),
  };
}

export interface Paying {
  market?: Market;
  party?: string;
  amountMinor: number;
  /** The day on which it is paid, at noon; the loans' first day if left out. */
  on?: string;
  /** The instant, where the day is not enough. */
  paidAt?: string;
  methodNo?: string;
  payerReference?: string;
  transactionNo?: string;
  notifications?: number[];
}

/** Has a customer pay at a party. Returns the flow of the money. */
export async function pays(
  platform: Platform,
  { market = 'CN', party = collectors[market], amountMinor, on, ...rest }: Paying,
) {
  const response = await fetch(`${platform.sandbox.url}/control/payments`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      ...{ party, amount: { currency: currencies[market], amountMinor }, ...rest },
      ...(on && { paidAt: `${on}T12:00:00+08:00` }),
    }),
  });
  const { transactionNo } = (await response.json()) as { transactionNo: string };
  const flowId = `repayment:${party}.${transactionNo}`;
  const handle = platform.client.workflow.getHandle(flowId);
  await until(() =>
    handle
      .describe()
      .then(() => true)
      .catch(() => false),
  );
  return { transactionNo, flowId, handle, result: () => handle.result() as Promise<MoneyInOutcome> };
}
