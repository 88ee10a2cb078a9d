import type { TrialBalance } from '../../db/books/trial-balance';
import { formatMoney, sumMinor, type Money } from '../../domain/money';
import { moneyOf, type ApplicationFinding, type Findings, type Movement } from './findings';
import { CLIENTS } from './people';
import type { Deed, ExpectedEnd, StoryCase } from './story';

/** One thing that must be so, and what was found. */
export interface Check {
  name: string;
  ok: boolean;
  /** What is right, or every place where it is wrong. */
  found: string;
}

/** Holds what a run found against what its story says, and the sides that know of it against each other. */
export function checksOf(findings: Findings): Check[] {
  const { applications } = findings;
  const count = applications.length;
  return [
    check('Every application came to its end', applications.flatMap(wrongEnd), `${count} of ${count}`),
    check(
      'Outside parties were asked for payouts, and answered, as the story says',
      applications.flatMap(wrongRequests),
      `${applications.flatMap(({ requests }) => requests).length} payouts asked for`,
    ),
    check(
      'What people had to decide waited for them, and they decided it as the story says, no operator alone',
      applications.flatMap(wrongAnswers),
      `${applications.flatMap(({ answers }) => answers).length} answers`,
    ),
    check(
      'Each paid-out application was paid exactly once, with its amount; nobody else was paid',
      applications.flatMap(wrongEffects),
      `${applications.flatMap(({ effects }) => effects).length} payouts at the sandbox`,
    ),
    check(
      'What was paid all the same, after a confirmed failure, is what the story says, and its flow has ended',
      applications.flatMap(wrongLatePayouts),
      `${applications.flatMap(({ latePayouts }) => latePayouts).length} late payouts at the sandbox`,
    ),
    check(
      'Each paid-out application is an active loan, whose principal parts sum to its principal',
      applications.flatMap(wrongLoan),
      `${applications.filter(({ loan }) => loan).length} loans`,
    ),
    check(
      'Each customer was told of the end, once, in their language',
      applications.flatMap(wrongMessages),
      `${applications.flatMap(({ messages }) => messages).length} messages at the sandbox`,
    ),
    ...currenciesOf(applications).flatMap((currency) => moneyChecks(findings, currency)),
  ];
}

/** Whether debits and credits are the same in each book. */
export function balanceCheck({ totals }: TrialBalance): Check {
  return check(
    'The books balance',
    totals.filter(({ balanced }) => !balanced).map(({ book, currency }) => `${book} in ${currency} does not`),
    `${totals.length} totals`,
  );
}

function check(name: string, problems: readonly string[], whenRight: string): Check {
  return { name, ok: problems.length === 0, found: problems.length === 0 ? whenRight : problems.join('; ') };
}

const currenciesOf = (applications: readonly ApplicationFinding[]): string[] => [
  ...new Set(applications.map(({ story }) => story.principal.currency)),
];

function wrongEnd({ story: { id, end }, application, decision, flow }: ApplicationFinding): string[] {
  const wanted =
    end.state === 'DISBURSED'
      ? { partner: end.partnerId, payout: end.payoutMinor, reasons: '' }
      : { reasons: end.reasonCode };
  const found = {
    reasons: (application.reasonCodes ?? []).join(', '),
    partner: application.partnerId,
    payout: application.payout?.amountMinor,
  };
  return [
    ...differences(
      { flow: 'COMPLETED', state: end.state, decision: end.decision },
      {
        ...{ flow: flow.status, state: application.state, decision },
      },
    ),
    ...differences(wanted, found),
  ].map((difference) => `${id}: ${difference}`);
}

const differences = (wanted: Record<string, unknown>, found: Record<string, unknown>): string[] =>
  Object.entries(wanted)
    .filter(([name, value]) => found[name] !== value)
    .map(([name, value]) => `${name} is ${String(found[name])}, not ${String(value)}`);

function wrongRequests({ story, requests }: ApplicationFinding): string[] {
  const told = requests.map(({ party, state }) => `${party} ${state}`).join(', ');
  const wanted = story.requests.map(({ party, state }) => `${party} ${state}`).join(', ');
  if (told !== wanted) return [`${story.id}: asked ${told || 'nobody'}, not ${wanted || 'nobody'}`];
  return story.requests.flatMap(({ party, settledBy }, index) => {
    const by = requests[index]?.settledBy;
    if (settledBy === undefined || (by && settledBy.includes(by))) return [];
    return [`${story.id}: ${party}'s outcome came by ${by ?? 'nothing'}, not by ${settledBy.join(' or ')}`];
  });
}

function wrongAnswers({ story, answers, flow, exceptions }: ApplicationFinding): string[] {
  const { id, deed } = story;
  const told = answers.map(({ question, answer, by }) => `${question} ${answer} by ${by.join(' and ')}`);
  const wanted = deed ? [expectedAnswer(deed)] : [];
  if (told.join('; ') !== wanted.join('; ')) {
    return [`${id}: ${told.join('; ') || 'nothing'} was decided, not ${wanted.join('; ') || 'anything'}`];
  }
  const asking = deed?.when === 'exception' ? exceptions : deed ? [flow] : [];
  return asking
    .filter(({ needed }) => needed !== 'A_PERSON')
    .map(({ flowId, needed }) => `${id}: ${flowId} needed ${needed}, not A_PERSON`);
}

function expectedAnswer({ when, does }: Deed): string {
  return does === 'WITHDRAW'
    ? `withdrawal WITHDRAW by ${CLIENTS.app}`
    : `${when} ${does} by ${CLIENTS.operators.join(' and ')}`;
}

function wrongEffects({ story, effects }: ApplicationFinding): string[] {
  const wanted = story.end.state === 'DISBURSED' ? [payoutOf(story)] : [];
  return wrongPayouts(story, effects, wanted, 'paid');
}

function wrongLatePayouts({ story, latePayouts, exceptions }: ApplicationFinding): string[] {
  const wanted = latePayoutsOf(story);
  return [
    ...wrongPayouts(story, latePayouts, wanted, 'paid late'),
    ...(exceptions.length === wanted.length ? [] : [`${story.id}: ${exceptions.length} exception flows ran`]),
    ...exceptions
      .filter(({ status }) => status !== 'COMPLETED')
      .map(({ flowId, status }) => `${story.id}: ${flowId} is ${status}, not COMPLETED`),
  ];
}

function wrongPayouts(
  { id }: StoryCase,
  found: ApplicationFinding['effects'],
  wanted: readonly Money[],
  how: string,
): string[] {
  const inWords = (amounts: readonly Money[]): string => amounts.map(formatMoney).join(' and ') || 'nothing';
  const paid = inWords(found.map(({ amount }) => moneyOf(amount.currency, amount.amountMinor)));
  return paid === inWords(wanted) ? [] : [`${id}: ${paid} was ${how}, not ${inWords(wanted)}`];
}

/** What the borrower is to get, or nothing. */
const payoutOf = ({ end, principal: { currency } }: StoryCase): Money =>
  moneyOf(currency, end.state === 'DISBURSED' ? end.payoutMinor : 0);

function wrongLoan({ story: { id, end, principal, instalmentCount }, loan }: ApplicationFinding): string[] {
  if (end.state !== 'DISBURSED') return loan ? [`${id}: there is loan ${loan.loanId}, and no payout`] : [];
  if (!loan) return [`${id}: there is no loan`];
  return differences(
    { state: 'ACTIVE', instalments: instalmentCount, principal: principal.amountMinor },
    {
      state: loan.state,
      instalments: loan.principalPartsMinor.length,
      principal: sumMinor(loan.principalPartsMinor),
    },
  ).map((difference) => `${id}: ${difference}`);
}

/** What parties pay all the same, after their failure was confirmed: each the whole payout. */
const latePayoutsOf = (story: StoryCase): Money[] =>
  story.requests.filter(({ paysLate }) => paysLate).map(() => payoutOf(story));

const TEMPLATES = {
  DISBURSED: 'DISBURSEMENT_SUCCEEDED',
  REJECTED: 'LOAN_APPLICATION_REJECTED',
  WITHDRAWN: 'LOAN_APPLICATION_WITHDRAWN',
  FAILED: 'DISBURSEMENT_FAILED',
} as const satisfies Record<ExpectedEnd['state'], string>;

function wrongMessages({ story: { id, end, customer }, messages }: ApplicationFinding): string[] {
  const wanted = `${TEMPLATES[end.state]} in ${customer.language}`;
  const told = messages.map(({ template, language }) => `${template} in ${language}`).join(', ') || 'nothing';
  return told === wanted ? [] : [`${id}: the customer was told ${told}, not ${wanted}`];
}

/** The money of one currency, as told by the story, the sandbox and three books. */
function moneyChecks({ applications, movements }: Findings, currency: string): Check[] {
  const here = applications.filter(({ story }) => story.principal.currency === currency);
  const paidOut = here.filter(({ story }) => story.end.state === 'DISBURSED');
  const payoutMinor = sumMinor(paidOut.map(({ story }) => payoutOf(story).amountMinor));
  const lateMinor = sumMinor(
    here.flatMap(({ story }) => latePayoutsOf(story).map(({ amountMinor }) => amountMinor)),
  );
  const principalMinor = sumMinor(paidOut.map(({ story }) => story.principal.amountMinor));
  const sumOf = (effects: ApplicationFinding['effects']): number =>
    sumMinor(effects.map(({ amount }) => amount.amountMinor));
  const movementOf = (book: string, code: string): Movement | undefined =>
    movements.find((one) => one.book === book && one.code === code && one.currency === currency);
  const moved = (book: string, code: string): number => movementOf(book, code)?.amountMinor ?? 0;
  const cameIn = (book: string, code: string): number => movementOf(book, code)?.cameInMinor ?? 0;
  const same = (name: string, wantedMinor: number, told: Record<string, number>): Check =>
    sameSum(`${currency}: ${name}`, moneyOf(currency, wantedMinor), told);
  return [
    same('story, sandbox and funds book tell the same sum paid out', payoutMinor, {
      sandbox: sumOf(here.flatMap(({ effects }) => effects)),
      'funds book, paid-out': moved('funds', 'paid-out'),
      'funds book, gone from available': -moved('funds', 'available'),
    }),
    same('loans and used credit are the principal of what was paid out', principalMinor, {
      'general book, loan-principal': moved('general', 'loan-principal'),
      'credit book, used': moved('credit', 'used'),
    }),
    same('story, sandbox and books tell the same sum paid late', lateMinor, {
      sandbox: sumOf(here.flatMap(({ latePayouts }) => latePayouts)),
      'funds book, into exception': cameIn('funds', 'exception'),
      'general book, into payout-in-exception': cameIn('general', 'payout-in-exception'),
    }),
    same('nothing is left frozen, in transit, reserved or in exception', 0, {
      frozen: moved('funds', 'frozen'),
      'in transit': moved('funds', 'in-transit'),
      exception: moved('funds', 'exception'),
      'general book, payout-in-exception': moved('general', 'payout-in-exception'),
      'credit reserved': moved('credit', 'reserved'),
    }),
  ];
}

/** Whether all who tell of a sum tell the wanted one; `told` is in minor units, by teller. */
export function sameSum(name: string, wanted: Money, told: Record<string, number>): Check {
  const others = Object.entries(told).filter(([, amountMinor]) => amountMinor !== wanted.amountMinor);
  return check(
    name,
    others.map(
      ([teller, amountMinor]) =>
        `${teller}: ${formatMoney({ ...wanted, amountMinor })}, not ${formatMoney(wanted)}`,
    ),
    formatMoney(wanted),
  );
}
