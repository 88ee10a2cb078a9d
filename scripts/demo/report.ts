import Table from 'cli-table3';
import colors from 'picocolors';
import type { TrialBalance } from '../../db/books/trial-balance';
import { formatMoney } from '../../domain/money';
import type { Check } from './checks';
import { moneyOf, type ApplicationFinding } from './findings';

/** The look of all tables: columns, and no lines. */
export const compact = {
  style: { head: [], border: [], 'padding-left': 0, 'padding-right': 2 },
  chars: Object.fromEntries(
    [
      ...['top', 'top-mid', 'top-left', 'top-right', 'bottom', 'bottom-mid', 'bottom-left', 'bottom-right'],
      ...['left', 'left-mid', 'mid', 'mid-mid', 'right', 'right-mid', 'middle'],
    ].map((place) => [place, '']),
  ),
};

const amountOf = (currency: string, amountMinor: number): string =>
  formatMoney(moneyOf(currency, amountMinor));

/** The table of the applications, one line each. */
export function applicationTable(applications: readonly ApplicationFinding[]): string {
  const table = new Table({
    ...compact,
    head: ['application', 'decision', 'end', 'funding partner', 'loan', 'paid out', 'events', 'time'].map(
      colors.bold,
    ),
    colAligns: ['left', 'left', 'left', 'left', 'left', 'right', 'right', 'right'],
  });
  for (const { applicationId, application, decision, loan, effects, latePayouts, flow } of applications) {
    table.push([
      ...[applicationId, decision ?? '-', endOf(application.state)],
      loan ? (application.partnerId ?? '-') : '-',
      loan?.loanId ?? '-',
      [...effects.map(paid), ...latePayouts.map((late) => `${paid(late)} late`)].join(' + ') || '-',
      ...[String(flow.historyEvents), `${(flow.durationMs / 1000).toFixed(2)} s`],
    ]);
  }
  return table.toString();
}

const paid = ({ amount }: ApplicationFinding['effects'][number]): string =>
  amountOf(amount.currency, amount.amountMinor);

function endOf(state: string): string {
  return state === 'DISBURSED' ? colors.green(state) : colors.yellow(state);
}

/** The trial balance: each book's codes, and its totals by currency. */
export function trialBalanceTable({ rows, totals }: TrialBalance): string {
  const table = new Table({
    ...compact,
    head: ['book', 'account', 'debit', 'credit', ''].map(colors.bold),
    colAligns: ['left', 'left', 'right', 'right', 'left'],
  });
  for (const { book, currency, debitMinor, creditMinor, balanced } of totals) {
    for (const row of rows.filter((one) => one.book === book && one.currency === currency)) {
      table.push([
        book,
        row.code,
        amountOf(currency, row.debitMinor),
        amountOf(currency, row.creditMinor),
        '',
      ]);
    }
    table.push([
      ...[book, colors.bold('total'), amountOf(currency, debitMinor), amountOf(currency, creditMinor)],
      balanced ? colors.green('balanced') : colors.red('NOT BALANCED'),
    ]);
  }
  return table.toString();
}

/** What each special case was, how the outside parties behaved, what people decided, and where to look at it. */
export function specialCases(
  applications: readonly ApplicationFinding[],
  addressOf: (flowId: string) => string,
): string {
  return applications
    .filter(({ story }) => story.explanation !== undefined)
    .map(({ story, flowId, requests, answers, exceptions }) => {
      const asked = requests
        .map(
          ({ party, state, settledBy }) => `${party} ${state} by ${(settledBy ?? 'nothing').toLowerCase()}`,
        )
        .join(', then ');
      const decided = answers
        .map(({ question, answer, by }) => `${question} → ${answer} by ${by.join(', approved by ')}`)
        .join(', then ');
      return [
        `${colors.bold(story.title)} (${story.id})`,
        `  ${story.explanation}`,
        ...(asked === '' ? [] : [`  Asked: ${asked}.`]),
        ...(decided === '' ? [] : [`  Decided: ${decided}.`]),
        ...[flowId, ...exceptions.map((one) => one.flowId)].map((id) => `  ${addressOf(id)}`),
      ].join('\n');
    })
    .join('\n');
}

/** One line for each check. */
export function checkLines(checks: readonly Check[]): string {
  return checks
    .map(({ name, ok, found }) => `${ok ? colors.green('ok    ') : colors.red('WRONG ')} ${name}: ${found}`)
    .join('\n');
}
