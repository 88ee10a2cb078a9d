import { randomUUID } from 'node:crypto';
import Table from 'cli-table3';
import colors from 'picocolors';
import { formatMoney, type Currency } from '../../domain/money';
import type { DueLoan, RepaymentAmounts } from '../../schemas/generated/messages';
import type { Check } from './checks';
import { moneyOf, type ApplicationFinding } from './findings';
import { compact } from './report';
import type { RestClient } from './rest';

/** What a customer owes of one loan, and what settling it now would cost. */
export interface RepaymentFinding {
  customerId: string;
  /** By the due list. */
  due: DueLoan | undefined;
  /** By a quote of an early settlement. */
  settlement: { quoteId: string; currency: Currency; holdsUntil: string; amounts: RepaymentAmounts };
}

/** Reads the due list of the first customer with a loan, and asks what settling the loan early would cost. */
export async function repaymentOf(
  api: RestClient,
  applications: readonly ApplicationFinding[],
): Promise<RepaymentFinding> {
  const { story, loan } = applications.find((one) => one.loan?.state === 'ACTIVE')!;
  const customerId = story.customer.id;
  const { loanId } = loan!;
  const { loans } = await api.get<{ loans: DueLoan[] }>(`/v1/customers/${customerId}/due-list`);
  const settlement = await api.post<RepaymentFinding['settlement']>(
    `/v1/loans/${loanId}/repayment-quotes`,
    { scenario: 'EARLY_SETTLEMENT' },
    { 'idempotency-key': randomUUID() },
  );
  return { customerId, due: loans.find((one) => one.loanId === loanId), settlement };
}

/** The due list's loan instalment by instalment, and the quote below it. */
export function repaymentTable({ customerId, due, settlement }: RepaymentFinding): string {
  const { amounts, currency, quoteId, holdsUntil } = settlement;
  const money = (amountMinor: number): string => formatMoney(moneyOf(currency, amountMinor));
  const table = new Table({
    ...compact,
    head: ['', 'due', '', 'principal', 'interest', 'fee', 'penalty', 'total'].map(colors.bold),
    colAligns: ['left', 'left', 'left', 'right', 'right', 'right', 'right', 'right'],
  });
  for (const { number, dueDate, timing, owed } of due?.instalments ?? []) {
    table.push([
      ...[String(number), dueDate, timing],
      ...[owed.principalMinor, owed.interestMinor, owed.feeMinor, owed.penaltyMinor, owed.totalMinor].map(
        money,
      ),
    ]);
  }
  const { principalMinor, interestMinor, feeMinor, penaltyMinor, totalMinor } = amounts;
  table.push([
    ...['', colors.bold('settled now'), ''],
    ...[principalMinor, interestMinor, feeMinor, penaltyMinor, totalMinor].map(money),
  ]);
  return [
    `Customer ${customerId}, loan ${due?.loanId ?? 'not in the due list'}`,
    table.toString(),
    `Quote ${quoteId} holds until ${holdsUntil}.`,
  ].join('\n');
}

/** The due list must owe what settling asks for as principal, and settling must cost no more than going on. */
export function repaymentCheck({ due, settlement }: RepaymentFinding): Check {
  const { principalMinor, totalMinor } = settlement.amounts;
  const ok =
    due !== undefined &&
    due.outstanding.principalMinor === principalMinor &&
    totalMinor <= due.outstanding.totalMinor;
  return {
    name: 'What the due list owes is what settling early asks for, which costs no more',
    ok,
    found: `${totalMinor} of ${due?.outstanding.totalMinor ?? 'nothing'} outstanding, in minor units`,
  };
}
