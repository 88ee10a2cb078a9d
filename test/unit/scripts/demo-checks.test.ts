import { checksOf } from '../../../scripts/demo/checks';
import type { ApplicationFinding, Findings, Movement } from '../../../scripts/demo/findings';
import { storyOf, type StoryCase } from '../../../scripts/demo/story';

/** What is found when a case goes exactly as its story says. */
function findingOf(story: StoryCase, index: number): ApplicationFinding {
  const { end, principal, instalmentCount } = story;
  const { currency, amountMinor } = principal;
  const applicationId = `LA${String(index).padStart(10, '0')}`;
  const paid = end.state === 'DISBURSED';
  const requests = story.requests.map(({ party, state, settledBy }, at) => {
    return { party, requestNo: `PO-${at}`, state, settledBy: settledBy?.[0] ?? ('ANSWER' as const) };
  });
  return {
    ...{ story, applicationId, requests },
    flowId: `loan-application-disbursement:${applicationId}`,
    application: {
      ...{ state: end.state, principal, links: {} },
      reasonCodes: paid ? [] : [end.reasonCode],
      ...(paid && { partnerId: end.partnerId, payout: { currency, amountMinor: end.payoutMinor } }),
    },
    decision: end.decision,
    loan: paid
      ? {
          ...{ loanId: 'LN1', state: 'ACTIVE' },
          principalPartsMinor: [amountMinor, ...Array.from({ length: instalmentCount - 1 }, () => 0)],
        }
      : undefined,
    flow: { status: 'COMPLETED', historyEvents: 30, durationMs: 900 },
    effects: paid
      ? [
          {
            ...{ party: end.partnerId, requestNo: 'PO', reference: applicationId, transactionNo: 'TX' },
            amount: { currency, amountMinor: end.payoutMinor },
            paidAt: '2026-01-15T00:00:00Z',
          },
        ]
      : [],
  };
}

function movementsOf(story: readonly StoryCase[]): Movement[] {
  return ['CNY', 'IDR'].flatMap((currency): Movement[] => {
    const paid = story.filter(
      ({ principal, end }) => principal.currency === currency && 'payoutMinor' in end,
    );
    const payoutMinor = paid.reduce((sum, { end }) => sum + ('payoutMinor' in end ? end.payoutMinor : 0), 0);
    const principalMinor = paid.reduce((sum, { principal }) => sum + principal.amountMinor, 0);
    return [
      { book: 'funds', code: 'available', currency, amountMinor: -payoutMinor },
      { book: 'funds', code: 'paid-out', currency, amountMinor: payoutMinor },
      { book: 'funds', code: 'frozen', currency, amountMinor: 0 },
      { book: 'general', code: 'loan-principal', currency, amountMinor: principalMinor },
      { book: 'credit', code: 'used', currency, amountMinor: principalMinor },
    ];
  });
}

/** What is found after a run in which all went well. */
function goodFindings(): Findings {
  const story = storyOf('1A2B3C4D');
  const total = { currency: 'CNY', debitMinor: 1, creditMinor: 1, balanced: true };
  return {
    applications: story.map(findingOf),
    movements: movementsOf(story),
    trialBalance: { rows: [], totals: [{ book: 'funds', ...total }] },
  };
}

const named = (findings: Findings, id: string): ApplicationFinding =>
  findings.applications.find(({ story }) => story.id === id)!;

const wrongOnes = (findings: Findings): string[] =>
  checksOf(findings)
    .filter(({ ok }) => !ok)
    .map(({ name, found }) => `${name}: ${found}`);

test('when all goes as the story says, every check is right', () => {
  expect(wrongOnes(goodFindings())).toEqual([]);
});

const faults: [string, (findings: Findings) => void, RegExp][] = [
  [
    'a flow that failed',
    (findings) => (named(findings, 'cn-partner-pays').flow.status = 'FAILED'),
    /cn-partner-pays: flow is FAILED, not COMPLETED/,
  ],
  [
    'another partner than the story names',
    (findings) => (named(findings, 'cn-next-partner').application.partnerId = 'bank-huaxin'),
    /cn-next-partner: partner is bank-huaxin, not trust-jinhe/,
  ],
  [
    'a rejection for another reason',
    (findings) => (named(findings, 'id-blocklisted').application.reasonCodes = ['UNDER_AGE']),
    /id-blocklisted: reasons is UNDER_AGE, not CUSTOMER_BLOCKLISTED/,
  ],
  [
    'a request that the story does not have',
    (findings) => {
      const [request] = named(findings, 'id-custody').requests;
      named(findings, 'cn-score-too-low').requests.push(request!);
    },
    /cn-score-too-low: asked id-payout SUCCEEDED, not nobody/,
  ],
  [
    'an outcome that became known in a way in which it cannot have',
    (findings) => (named(findings, 'cn-lost-answer').requests[0]!.settledBy = 'ANSWER'),
    /cn-lost-answer: bank-huaxin's outcome came by ANSWER, not by QUERY/,
  ],
  [
    'an application that was paid twice',
    (findings) => named(findings, 'id-custody').effects.push(named(findings, 'id-custody').effects[0]!),
    /id-custody: IDR 4,850,000 and IDR 4,850,000 was paid, not IDR 4,850,000/,
  ],
  [
    'a payout nobody wanted',
    (findings) => named(findings, 'cn-nobody-pays').effects.push(named(findings, 'cn-callback').effects[0]!),
    /cn-nobody-pays: CNY 3,000.00 was paid, not nothing/,
  ],
  [
    'principal parts that do not sum to the principal',
    (findings) => (named(findings, 'cn-partner-pays').loan!.principalPartsMinor[0] = 9_999),
    /cn-partner-pays: principal is 9999, not 10000/,
  ],
  [
    'a loan without a payout',
    (findings) => (named(findings, 'cn-nobody-pays').loan = named(findings, 'cn-callback').loan),
    /cn-nobody-pays: there is loan LN1, and no payout/,
  ],
  [
    'money left frozen',
    (findings) => (findings.movements.find(({ code }) => code === 'frozen')!.amountMinor = 100),
    /frozen: CNY 1.00, not CNY 0.00/,
  ],
  [
    'a funds book that tells another sum than the sandbox',
    (findings) => (findings.movements.find(({ code }) => code === 'paid-out')!.amountMinor += 1),
    /funds book, paid-out: CNY/,
  ],
  [
    'a book that does not balance',
    (findings) => {
      const [total] = findings.trialBalance.totals;
      findings.trialBalance = { rows: [], totals: [{ ...total!, creditMinor: 2, balanced: false }] };
    },
    /The books balance: funds in CNY does not/,
  ],
];

test.each(faults)('%s is found', (_name, fault, message) => {
  const findings = goodFindings();
  fault(findings);
  expect(wrongOnes(findings).join('\n')).toMatch(message);
});
