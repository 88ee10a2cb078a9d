import { randomUUID } from 'node:crypto';
import Table from 'cli-table3';
import type { Knex } from 'knex';
import colors from 'picocolors';
import { advanceBusinessDate, businessDates } from '../../db/business-date';
import { methodNoOf } from '../../domain/identifiers';
import { formatMoney, type Money } from '../../domain/money';
import type { Check } from './checks';
import type { ApplicationFinding } from './findings';
import type { People } from './people';
import { compact } from './report';
import type { RestClient } from './rest';
import type { Screen } from './screen';
import { until } from './until';

/** What was done with one loan after it was paid out, and what became of it. */
export interface ServicingFinding {
  what: string;
  loanId: string;
  amount: Money;
  /** Who collected it and how, or what happened to the money. */
  how: string;
  state: string;
  wanted: string;
}

interface Servicing {
  people: People;
  sandbox: RestClient;
  db: Knex;
  screen: Screen;
  signal: AbortSignal;
}

interface Order {
  orderId: string;
  state: string;
  amount: Money;
  party: string;
  method: { kind: string };
}
interface ActiveLoan {
  loanId: string;
  customerId: string;
}

/**
 * Goes on with loans that were paid out: one repays, one is settled early, one is paid twice and gets the money back, one
 * is extended; then the markets' days are closed.
 */
export async function serve(
  applications: readonly ApplicationFinding[],
  on: Servicing,
): Promise<ServicingFinding[]> {
  const active = applications.filter(({ loan }) => loan?.state === 'ACTIVE');
  const loanOf = ({ loan, story }: ApplicationFinding): ActiveLoan => ({
    ...{ loanId: loan!.loanId, customerId: story.customer.id },
  });
  const [chinese, indonesian] = (['CN', 'ID'] as const).map((market) =>
    active.filter(({ story }) => story.customer.market === market).map(loanOf),
  );
  const found = [
    await repayInstalment(chinese![0]!, on),
    await settleEarly(indonesian![0]!, on),
    await payTwice(indonesian![1]!, on),
    await extend(chinese![1]!, on),
  ];
  await closeDays(on);
  return found;
}

/** The first instalment, before it is due, by the method that the partner gives. */
async function repayInstalment(loan: ActiveLoan, on: Servicing): Promise<ServicingFinding> {
  const quoteId = await quoted(loan, { scenario: 'NORMAL', instalments: [1] }, on);
  const order = await orderedAndPaid(loan, { quoteId }, on);
  const { loans } = await on.people.app.get<{ loans: DueLoan[] }>(dueList(loan));
  const owing = loans.find(({ loanId }) => loanId === loan.loanId)!.instalments.map(({ number }) => number);
  return {
    ...{
      what: 'repays the first instalment',
      loanId: loan.loanId,
      amount: order.amount,
      how: byMethod(order),
    },
    ...{ state: owing.includes(1) ? 'DUE' : 'INSTALMENT SETTLED', wanted: 'INSTALMENT SETTLED' },
  };
}

async function settleEarly(loan: ActiveLoan, on: Servicing): Promise<ServicingFinding> {
  const quoteId = await quoted(loan, { scenario: 'EARLY_SETTLEMENT' }, on);
  const order = await orderedAndPaid(loan, { quoteId }, on);
  return {
    ...{ what: 'is settled early', loanId: loan.loanId, amount: order.amount, how: byMethod(order) },
    ...{ state: await stateOf(loan, on), wanted: 'SETTLED' },
  };
}

/** The same order paid twice: the second payment stays with the payer, and two operators send it back. */
async function payTwice(loan: ActiveLoan, on: Servicing): Promise<ServicingFinding> {
  const { people } = on;
  const quoteId = await quoted(loan, { scenario: 'NORMAL', instalments: [1] }, on);
  const order = await orderedAndPaid(loan, { quoteId }, on);
  const transactionNo = await pay(order, on);
  const received = () => people.app.get<{ received: Money }>(`/v1/repayment-orders/${order.orderId}`);
  await until(async () => (await received()).received.amountMinor === 2 * order.amount.amountMinor, on);
  const refund = await people.operators[0].post<{ refundId: string; actId?: string }>(
    '/v1/refunds',
    { party: order.party, transactionNo, cause: 'PAID_TWICE', reason: 'The customer paid the order twice.' },
    { 'idempotency-key': randomUUID() },
  );
  if (refund.actId) {
    const approvals = `/v1/ops/acts/${refund.actId}/approvals`;
    const approval = { reason: 'Seen in the books.' };
    await people.operators[1].post(approvals, approval, { 'idempotency-key': randomUUID() });
  }
  const stateNow = () => people.operators[0].get<{ state: string }>(`/v1/refunds/${refund.refundId}`);
  await until(async () => (await stateNow()).state === 'REFUNDED', on);
  return {
    ...{ what: 'is paid twice: the second is refunded', loanId: loan.loanId, amount: order.amount },
    how: refund.actId ? 'approved by another operator' : 'by itself, below the limit',
    ...{ state: (await stateNow()).state, wanted: 'REFUNDED' },
  };
}

async function extend(loan: ActiveLoan, on: Servicing): Promise<ServicingFinding> {
  const { app } = on.people;
  const { quoteId } = await app.post<{ quoteId: string }>(
    `/v1/loans/${loan.loanId}/extension-quotes`,
    { periods: 1 },
    { 'idempotency-key': randomUUID() },
  );
  const ordered = await app.post<Omit<Order, 'party'>>(
    '/v1/extensions',
    { loanId: loan.loanId, quoteId },
    { 'idempotency-key': randomUUID(), prefer: 'wait=20' },
  );
  // What an extension costs is ours, whoever funds the loan: our payment system collects it.
  const order = { ...ordered, party: 'cn-payout' };
  await pay(order, on);
  const stateNow = async () => (await app.get<Order>(`/v1/extensions/${order.orderId}`)).state;
  await until(async () => (await stateNow()) === 'EXTENDED', on);
  return {
    ...{ what: 'is extended by a month', loanId: loan.loanId, amount: order.amount, how: byMethod(order) },
    ...{ state: await stateNow(), wanted: 'EXTENDED' },
  };
}

/** Ends the business day of each market. */
async function closeDays({ db, screen }: Servicing): Promise<void> {
  for (const { market, businessDate } of await businessDates(db)) {
    await advanceBusinessDate(db, { market, from: businessDate });
  }
  const days = (await businessDates(db)).map(({ market, businessDate }) => `${market} ${businessDate}`);
  screen.note(`Closed a business day of each market; they are in ${days.join(', ')} now`);
}

interface DueLoan {
  loanId: string;
  instalments: { number: number }[];
}

const dueList = ({ customerId }: ActiveLoan): string => `/v1/customers/${customerId}/due-list`;

const stateOf = async ({ loanId }: ActiveLoan, { people }: Servicing): Promise<string> =>
  (await people.app.get<{ state: string }>(`/v1/loans/${loanId}`)).state;

async function quoted({ loanId }: ActiveLoan, request: object, { people }: Servicing): Promise<string> {
  const headers = { 'idempotency-key': randomUUID() };
  return (
    await people.app.post<{ quoteId: string }>(`/v1/loans/${loanId}/repayment-quotes`, request, headers)
  ).quoteId;
}

/** Orders a repayment, has the customer pay by its method, and waits until the order is paid. */
async function orderedAndPaid(
  { loanId, customerId }: ActiveLoan,
  line: object,
  on: Servicing,
): Promise<Order> {
  const { app } = on.people;
  const order = await app.post<Order>(
    '/v1/repayment-orders',
    { customerId, lines: [{ loanId, ...line }] },
    { 'idempotency-key': randomUUID(), prefer: 'wait=20' },
  );
  await pay(order, on);
  await until(
    async () => (await app.get<Order>(`/v1/repayment-orders/${order.orderId}`)).state === 'PAID',
    on,
  );
  return order;
}

/** Has the customer pay, at the party, by the method of an order. Returns the party's number of the transaction. */
async function pay({ orderId, party, amount }: Order, { sandbox }: Servicing): Promise<string> {
  const paid = { party, amount, methodNo: methodNoOf(orderId, 1) };
  return (await sandbox.post<{ transactionNo: string }>('/control/payments', paid)).transactionNo;
}

const byMethod = ({ method, party }: Order): string => `${method.kind} of ${party}`;

/** What was done with each loan, a line each. */
export function servicingTable(found: readonly ServicingFinding[]): string {
  const table = new Table({
    ...compact,
    head: ['loan', 'what', 'amount', 'how', 'became'].map(colors.bold),
    colAligns: ['left', 'left', 'right', 'left', 'left'],
  });
  for (const { loanId, what, amount, how, state } of found) {
    table.push([loanId, what, formatMoney(amount), how, state]);
  }
  return table.toString();
}

export function servicingCheck(found: readonly ServicingFinding[]): Check {
  const wrong = found.filter(({ state, wanted }) => state !== wanted);
  return {
    name: 'Loans were repaid, settled, refunded and extended, each with the end that it must have',
    ok: wrong.length === 0,
    found:
      wrong.length === 0
        ? `${found.length} loans`
        : wrong.map(({ what, state, wanted }) => `${what}: ${state}, not ${wanted}`).join('; '),
  };
}
