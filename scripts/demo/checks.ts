import { formatMoney, sumMinor } from '../../domain/money';
import { moneyOf, type ApplicationFinding, type Findings } from './findings';

/** One thing that must be so, and what was found. */
export interface Check {
  name: string;
  ok: boolean;
  /** What is right, or every place where it is wrong. */
  found: string;
}

/** Holds what a run found against what its story says, and the sides that know of it against each other. */
export function checksOf(findings: Findings): Check[] {
  const { applications, trialBalance } = findings;
  const count = applications.length;
  const checks = [
    check('Every application came to its end', applications.flatMap(wrongEnd), `${count} of ${count}`),
    check(
      'Outside parties were asked and answered as the story says',
      applications.flatMap(wrongRequests),
      `${applications.flatMap(({ requests }) => requests).length} requests`,
    ),
    check(
      'Each paid-out application was paid exactly once, with its amount; nobody else was paid',
      applications.flatMap(wrongEffects),
      `${applications.flatMap(({ effects }) => effects).length} payouts at the sandbox`,
    ),
    check(
      'Each paid-out application is an active loan, whose principal parts sum to its principal',
      applications.flatMap(wrongLoan),
      `${applications.filter(({ loan }) => loan).length} loans`,
    ),
    ...currenciesOf(applications).flatMap((currency) => moneyChecks(findings, currency)),
  ];
  const unbalanced = trialBalance.totals.filter(({ balanced }) => !balanced);
  return [
    ...checks,
    check(
      'The books balance',
      unbalanced.map(({ book, currency }) => `${book} in ${currency} does not`),
      `${trialBalance.totals.length} totals`,
    ),
  ];
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

function wrongEffects({ story: { id, end, principal }, effects }: ApplicationFinding): string[] {
  const wanted =
    end.state === 'DISBURSED' ? formatMoney(moneyOf(principal.currency, end.payoutMinor)) : 'nothing';
  const paid =
    effects.map(({ amount }) => formatMoney(moneyOf(amount.currency, amount.amountMinor))).join(' and ') ||
    'nothing';
  return paid === wanted ? [] : [`${id}: ${paid} was paid, not ${wanted}`];
}

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

/** The money of one currency, as told by the story, the sandbox and three books. */
function moneyChecks({ applications, movements }: Findings, currency: string): Check[] {
  const here = applications.filter(({ story }) => story.principal.currency === currency);
  const paidOut = here.filter(({ story }) => story.end.state === 'DISBURSED');
  const payoutMinor = sumMinor(
    paidOut.map(({ story: { end } }) => ('payoutMinor' in end ? end.payoutMinor : 0)),
  );
  const principalMinor = sumMinor(paidOut.map(({ story }) => story.principal.amountMinor));
  const effectsMinor = sumMinor(
    here.flatMap(({ effects }) => effects.map(({ amount }) => amount.amountMinor)),
  );
  const moved = (book: string, code: string): number =>
    movements.find((one) => one.book === book && one.code === code && one.currency === currency)
      ?.amountMinor ?? 0;
  const named = (amountMinor: number): string => formatMoney(moneyOf(currency, amountMinor));
  const equal = (name: string, wantedMinor: number, told: Record<string, number>): Check =>
    check(
      name,
      Object.entries(told)
        .filter(([, amountMinor]) => amountMinor !== wantedMinor)
        .map(([teller, amountMinor]) => `${teller}: ${named(amountMinor)}, not ${named(wantedMinor)}`),
      named(wantedMinor),
    );
  return [
    equal(`${currency}: story, sandbox and funds book tell the same sum paid out`, payoutMinor, {
      sandbox: effectsMinor,
      'funds book, paid-out': moved('funds', 'paid-out'),
      'funds book, gone from available': -moved('funds', 'available'),
    }),
    equal(`${currency}: loans and used credit are the principal of what was paid out`, principalMinor, {
      'general book, loan-principal': moved('general', 'loan-principal'),
      'credit book, used': moved('credit', 'used'),
    }),
    equal(`${currency}: nothing is left frozen, in transit, reserved or in exception`, 0, {
      frozen: moved('funds', 'frozen'),
      'in transit': moved('funds', 'in-transit'),
      exception: moved('funds', 'exception'),
      'credit reserved': moved('credit', 'reserved'),
    }),
  ];
}
