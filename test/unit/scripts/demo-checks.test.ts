import { balanceCheck, checksOf } from '../../../scripts/demo/checks';
import type { ApplicationFinding, Findings, FlowFinding, Movement } from '../../../scripts/demo/findings';
import { CLIENTS } from '../../../scripts/demo/people';
import { storyOf, type StoryCase } from '../../../scripts/demo/story';

type Payout = ApplicationFinding['effects'][number];

const payoutBy = (party: string, requestNo: string, currency: string, amountMinor: number): Payout => ({
  ...{ party, requestNo, reference: 'LA', transactionNo: `TX-${requestNo}`, paidAt: '2026-01-15T00:00:00Z' },
  amount: { currency, amountMinor },
});

const flowNeeding = (flowId: string, needed: FlowFinding['needed']): FlowFinding => ({
  ...{ flowId, status: 'COMPLETED', historyEvents: 30, durationMs: 900, needed },
});

const templates = {
  DISBURSED: 'DISBURSEMENT_SUCCEEDED',
  REJECTED: 'LOAN_APPLICATION_REJECTED',
  WITHDRAWN: 'LOAN_APPLICATION_WITHDRAWN',
  FAILED: 'DISBURSEMENT_FAILED',
};

/** What people answer, when they do exactly what the story says. */
function answersTo(flowId: string, { deed }: StoryCase): ApplicationFinding['answers'] {
  if (!deed) return [];
  const { when, does } = deed;
  return does === 'WITHDRAW'
    ? [{ flowId, question: 'withdrawal', answer: does, by: [CLIENTS.app] }]
    : [{ flowId, question: when, answer: does, by: [...CLIENTS.operators] }];
}

/** What is found when a case goes exactly as its story says. */
function findingOf(story: StoryCase, index: number): ApplicationFinding {
  const { end, principal, instalmentCount } = story;
  const { currency, amountMinor } = principal;
  const applicationId = `LA${String(index).padStart(10, '0')}`;
  const flowId = `loan-application-disbursement:${applicationId}`;
  const paid = end.state === 'DISBURSED';
  const requests = story.requests.map(({ party, state, settledBy }, at) => {
    return { party, requestNo: `PO-${at}`, state, settledBy: settledBy?.[0] ?? ('ANSWER' as const) };
  });
  const late = paid ? story.requests.filter(({ paysLate }) => paysLate) : [];
  return {
    ...{ story, applicationId, flowId, requests },
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
    flow: flowNeeding(flowId, story.deed?.when === 'review' ? 'A_PERSON' : 'NOBODY'),
    effects: paid ? [payoutBy(end.partnerId, 'PO', currency, end.payoutMinor)] : [],
    latePayouts: late.map(({ party }) => payoutBy(party, 'PO-0', currency, paid ? end.payoutMinor : 0)),
    exceptions: late.map(() => flowNeeding('exception:PO-0', 'A_PERSON')),
    answers: answersTo(flowId, story),
    messages: [{ template: templates[end.state], language: story.customer.language }],
  };
}

function movementsOf(story: readonly StoryCase[]): Movement[] {
  return ['CNY', 'IDR'].flatMap((currency): Movement[] => {
    const paid = story.filter(
      ({ principal, end }) => principal.currency === currency && 'payoutMinor' in end,
    );
    const payoutMinor = paid.reduce((sum, { end }) => sum + ('payoutMinor' in end ? end.payoutMinor : 0), 0);
    const principalMinor = paid.reduce((sum, { principal }) => sum + principal.amountMinor, 0);
    const lateMinor = paid.reduce(
      (sum, { requests, end }) =>
        sum + ('payoutMinor' in end && requests.some(({ paysLate }) => paysLate) ? end.payoutMinor : 0),
      0,
    );
    const movement = (book: string, code: string, amountMinor: number, cameInMinor: number): Movement => {
      return { book, code, currency, amountMinor, cameInMinor };
    };
    return [
      movement('funds', 'available', -payoutMinor, lateMinor),
      movement('funds', 'paid-out', payoutMinor, payoutMinor),
      movement('funds', 'frozen', 0, payoutMinor),
      movement('funds', 'exception', 0, lateMinor),
      movement('general', 'payout-in-exception', 0, lateMinor),
      movement('general', 'loan-principal', principalMinor, principalMinor),
      movement('credit', 'used', principalMinor, principalMinor),
    ];
  });
}

/** What is found after a run in which all went well. */
function goodFindings(): Findings {
  const story = storyOf('1A2B3C4D');
  return {
    applications: story.map(findingOf),
    movements: movementsOf(story),
  };
}

const named = (findings: Findings, id: string): ApplicationFinding =>
  findings.applications.find(({ story }) => story.id === id)!;

/** What moved on a code in CNY. */
const movementOf = (findings: Findings, wanted: string): Movement =>
  findings.movements.find(({ code, currency }) => code === wanted && currency === 'CNY')!;

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
    'an operator who decided alone',
    (findings) => named(findings, 'cn-review').answers[0]!.by.pop(),
    /cn-review: review APPROVE by demo-operator-1 was decided, not review APPROVE by demo-operator-1 and/,
  ],
  [
    'an answer nobody was to give',
    (findings) => {
      const [answer] = named(findings, 'id-withdrawn').answers;
      named(findings, 'cn-callback').answers.push(answer!);
    },
    /cn-callback: withdrawal WITHDRAW by demo-app was decided, not anything/,
  ],
  [
    'a flow that never asked for a person',
    (findings) => (named(findings, 'cn-review').flow.needed = 'NOBODY'),
    /cn-review: \S+ needed NOBODY, not A_PERSON/,
  ],
  [
    'a late payout nobody knows of',
    (findings) => {
      const [late] = named(findings, 'cn-late-success').latePayouts;
      named(findings, 'cn-next-partner').latePayouts.push(late!);
    },
    /cn-next-partner: CNY 5,500.00 was paid late, not nothing/,
  ],
  [
    'a late payout that no flow took up',
    (findings) => named(findings, 'cn-late-success').exceptions.pop(),
    /cn-late-success: 0 exception flows ran/,
  ],
  [
    'a late payout whose flow has not ended',
    (findings) => (named(findings, 'cn-late-success').exceptions[0]!.status = 'RUNNING'),
    /cn-late-success: exception:PO-0 is RUNNING, not COMPLETED/,
  ],
  [
    'a late payout that the books do not have',
    (findings) => (movementOf(findings, 'exception').cameInMinor = 0),
    /funds book, into exception: CNY 0.00, not CNY 5,500.00/,
  ],
  [
    'money left in exception',
    (findings) => (movementOf(findings, 'payout-in-exception').amountMinor = 100),
    /payout-in-exception: CNY 1.00, not CNY 0.00/,
  ],
  [
    'a customer who was told twice',
    (findings) => {
      const { messages } = named(findings, 'id-blocklisted');
      messages.push(messages[0]!);
    },
    /id-blocklisted: the customer was told LOAN_APPLICATION_REJECTED in id, LOAN_APPLICATION_REJECTED/,
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
    (findings) => (movementOf(findings, 'frozen').amountMinor = 100),
    /frozen: CNY 1.00, not CNY 0.00/,
  ],
  [
    'a funds book that tells another sum than the sandbox',
    (findings) => (movementOf(findings, 'paid-out').amountMinor += 1),
    /funds book, paid-out: CNY/,
  ],
];

test.each(faults)('%s is found', (_name, fault, message) => {
  const findings = goodFindings();
  fault(findings);
  expect(wrongOnes(findings).join('\n')).toMatch(message);
});

test('a book that does not balance is found', () => {
  const total = { book: 'funds', currency: 'CNY', debitMinor: 1, creditMinor: 1, balanced: true } as const;
  expect(balanceCheck({ rows: [], totals: [total] })).toMatchObject({ ok: true, found: '1 totals' });
  expect(balanceCheck({ rows: [], totals: [{ ...total, creditMinor: 2, balanced: false }] })).toMatchObject({
    ok: false,
    found: 'funds in CNY does not',
  });
});
