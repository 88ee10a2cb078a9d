import { sumMinor } from '../../domain/money';
import type { RepaymentScenario } from '../../schemas/generated/messages';
import type { ChargebackOutcome } from '../../workflows/refund-and-reversal-lifecycle/chargeback';
import type { MoneyInOutcome } from '../../workflows/repayment/money-in';
import type { LoanApplicationOutcome } from '../../workflows/loan-application-disbursement';
import { loanIdOf } from '../../domain/identifiers';
import { randomId, type Platform } from './platform';
import { until } from './until';
import type { World } from './world';

// What borrowers do in tests: they have loans, and pay at the parties that collect.

/** Who collects of a market's borrowers, where the usual partner has funded them. */
export const collectors = { CN: 'bank-huaxin', ID: 'id-payout' } as const;
export const currencies = { CN: 'CNY', ID: 'IDR' } as const;
export type Market = keyof typeof collectors;

/** A loan that is paid out and has its schedule. */
export interface Loan {
  loanId: string;
  applicationId: string;
  customerId: string;
  market: Market;
  partnerId: string;
  /** The day that the sandbox paid out on. */
  startDate: string;
  instalments: { number: number; dueDate: string; principalMinor: number; totalMinor: number }[];
}

/** Has a customer, a new one if none is named, take a loan; of the market's usual amount, if none is named. */
export async function newLoan(
  world: World,
  market: Market = 'CN',
  customerId?: string,
  principalMinor?: number,
): Promise<Loan> {
  const payer = customerId ?? (await world.newCustomer(market));
  const application = { market, customerId: payer, ...(principalMinor !== undefined && { principalMinor }) };
  const applicationId = randomId('LA');
  const handle = await world.startFlow(application, applicationId);
  const outcome = (await handle.result()) as LoanApplicationOutcome;
  if (outcome.outcome !== 'DISBURSED') throw new Error(`The loan was not disbursed: ${outcome.outcome}`);
  const loanId = loanIdOf(applicationId);
  const { body } = await world.get(`/v1/loans/${loanId}`);
  const { instalments } = body.schedule as Pick<Loan, 'instalments'>;
  return {
    ...{ loanId, applicationId, customerId: payer, market, partnerId: outcome.partnerId, instalments },
    startDate: String(body.interestFrom),
  };
}

/** What of an order's money is for one loan. */
export interface Line {
  loan: Loan;
  amountMinor: number;
  scenario?: RepaymentScenario;
  instalments?: number[];
  quote?: { quoteId: string; quotedFor: string };
}

/** Gives a customer an order whose method they have. Returns the number of the method. */
export async function ordered(
  platform: Platform,
  lines: Line[],
  { expiresInHours = 1 } = {},
): Promise<{ orderId: string; methodNo: string }> {
  const orderId = randomId('RO');
  const methodNo = `RM-${orderId}-1`;
  const { customerId, market } = lines[0]!.loan;
  await platform.db('repayment_engine.repayment_order').insert({
    ...{ order_id: orderId, customer_id: customerId, market, currency: currencies[market] },
    amount_minor: sumMinor(lines.map(({ amountMinor }) => amountMinor)),
    ...{ state: 'METHOD_CREATED', party: collectors[market], method_no: methodNo },
    collected_by: market === 'CN' ? 'PARTNER' : 'CUSTODY',
    method: JSON.stringify({ kind: 'QR', value: 'pay' }),
    expires_at: new Date(Date.now() + expiresInHours * 3_600_000),
  });
  await platform.db('repayment_engine.repayment_order_line').insert(
    lines.map(({ loan, amountMinor, scenario = 'NORMAL', instalments, quote }, index) => ({
      ...{ order_id: orderId, number: index + 1, loan_id: loan.loanId, partner_id: loan.partnerId },
      ...{ scenario, instalments: instalments ?? null, amount_minor: amountMinor },
      ...{ quote_id: quote?.quoteId ?? null, quoted_for: quote?.quotedFor ?? null },
    })),
  );
  return { orderId, methodNo };
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
  world: World,
  { market = 'CN', party = collectors[market], amountMinor, on, ...rest }: Paying,
) {
  const response = await fetch(`${world.sandbox.url}/control/payments`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      ...{ party, amount: { currency: currencies[market], amountMinor }, ...rest },
      ...(on && { paidAt: `${on}T12:00:00+08:00` }),
    }),
  });
  const { transactionNo } = (await response.json()) as { transactionNo: string };
  const flowId = `repayment:${party}.${transactionNo}`;
  const handle = world.client.workflow.getHandle(flowId);
  await until(() =>
    handle
      .describe()
      .then(() => true)
      .catch(() => false),
  );
  return { transactionNo, flowId, handle, result: () => handle.result() as Promise<MoneyInOutcome> };
}

/** A price that a customer was told. */
export interface Quote {
  quoteId: string;
  /** 'YYYY-MM-DD': the day of which it is the price. */
  quotedFor: string;
  totalMinor: number;
}

/** Quotes a repayment of a loan, or its extension. */
export async function quote(
  world: World,
  { loanId }: Pick<Loan, 'loanId'>,
  what: 'repayment' | 'extension',
  wanted: object,
): Promise<Quote> {
  const { status, body } = await world.post(`/v1/loans/${loanId}/${what}-quotes`, wanted);
  if (status !== 201) throw new Error(`Nothing was quoted: ${JSON.stringify(body)}`);
  const { quoteId, quotedFor, amounts } = body as unknown as Quote & { amounts: Quote };
  return { quoteId, quotedFor, totalMinor: amounts.totalMinor };
}

/** Orders a repayment: a quote, or an amount of a loan. `prefer` says how long its method is waited for. Gives the order's id. */
export async function orderRepayment(
  world: World,
  { customerId, loanId, market }: Pick<Loan, 'customerId' | 'loanId' | 'market'>,
  wanted: Quote | { amountMinor: number },
  prefer = 'wait=0',
): Promise<string> {
  const line =
    'quoteId' in wanted
      ? { loanId, quoteId: wanted.quoteId }
      : { loanId, amount: { currency: currencies[market], amountMinor: wanted.amountMinor } };
  const order = { customerId, lines: [line] };
  const { status, body } = await world.post('/v1/repayment-orders', order, 'app', { prefer });
  if (status >= 300) throw new Error(`The repayment was not ordered: ${JSON.stringify(body)}`);
  return String(body.orderId);
}

/** Orders an extension as it was quoted. Gives the order's id. */
export async function orderExtension(
  world: World,
  { loanId }: Pick<Loan, 'loanId'>,
  { quoteId }: Quote,
  prefer = 'wait=0',
): Promise<string> {
  const { status, body } = await world.post('/v1/extensions', { loanId, quoteId }, 'app', { prefer });
  if (status >= 300) throw new Error(`The extension was not ordered: ${JSON.stringify(body)}`);
  return String(body.orderId);
}

export interface TakingBack {
  party: string;
  transactionNo: string;
  amount: { currency: 'CNY' | 'IDR'; amountMinor: number };
  chargebackNo?: string;
  takenBackAt?: string;
  notifications?: number[];
}

/** Has a party take money back. Returns the flow of the chargeback, once it has begun. */
export async function takesBack(world: World, chargeback: TakingBack) {
  const response = await fetch(`${world.sandbox.url}/control/chargebacks`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(chargeback),
  });
  const { chargebackNo } = (await response.json()) as { chargebackNo: string };
  const kept = () =>
    world
      .db('refund_reversal_service.chargeback')
      .where({ party: chargeback.party, chargeback_no: chargebackNo })
      .first<{ id: string; state: string; claimedMinor: number; receivableMinor: number } | undefined>(
        ...['chargeback_id as id', 'state'],
        ...['claimed_minor as claimedMinor', 'receivable_minor as receivableMinor'],
      );
  await until(async () => (await kept()) !== undefined);
  const { id } = (await kept())!;
  const flowId = `refund-and-reversal-lifecycle:${id}`;
  const handle = world.client.workflow.getHandle(flowId);
  return {
    ...{ chargebackId: id, chargebackNo, flowId, handle, kept: async () => (await kept())! },
    result: () => handle.result() as Promise<ChargebackOutcome>,
  };
}
