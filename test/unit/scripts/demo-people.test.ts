import { actWhenAsked, type People } from '../../../scripts/demo/people';
import type { RestClient } from '../../../scripts/demo/rest';

/** People who speak to an API that has these questions, the next time it is asked the next ones. */
function peopleAsked(...questions: { flowId: string; question: string }[][]) {
  const said: string[] = [];
  const client = (name: string): RestClient => ({
    get: <Answer>() => Promise.resolve({ questions: questions.shift() ?? [] } as Answer),
    post: <Answer>(path: string, body: object, headers?: Record<string, string>) => {
      said.push([name, path, (body as { answer?: string }).answer, headers?.['idempotency-key']].join(' '));
      return Promise.resolve({ actId: 'act-1' } as Answer);
    },
    put: () => Promise.resolve(),
    delete: () => Promise.resolve(),
  });
  const people: People = { app: client('app'), operators: [client('first'), client('second')] };
  return { people, said };
}

const application = { applicationId: 'LA1', key: 'RUN-case' };
const review = { flowId: 'loan-application-disbursement:LA1', question: 'review' };
const { signal } = new AbortController();

test('one operator answers and another one approves, once the flow has asked', async () => {
  const { people, said } = peopleAsked([], [{ ...review, flowId: 'other:LA2' }], [review]);
  const deed = { when: 'review', does: 'APPROVE' } as const;
  await expect(actWhenAsked(deed, application, { people, signal })).resolves.toBe(review.flowId);
  expect(said).toEqual([
    'first /v1/ops/acts APPROVE RUN-case-APPROVE',
    'second /v1/ops/acts/act-1/approvals  RUN-case-APPROVE',
  ]);
});

test('the question may be that of a flow which followed from the application', async () => {
  const exception = { flowId: 'exception:PO-LA1-1', question: 'exception' };
  const { people } = peopleAsked([review], [review, exception]);
  const deed = { when: 'exception', does: 'RETURNED' } as const;
  await expect(actWhenAsked(deed, application, { people, signal })).resolves.toBe(exception.flowId);
});

test('a customer withdraws in the app, and no operator has to approve it', async () => {
  const { people, said } = peopleAsked([review]);
  await actWhenAsked({ when: 'review', does: 'WITHDRAW' }, application, { people, signal });
  expect(said).toEqual(['app /v1/loan-applications/LA1/withdrawals  RUN-case-WITHDRAW']);
});

test('the waiting ends with its signal', async () => {
  const { people } = peopleAsked();
  const over = AbortSignal.abort();
  const deed = { when: 'review', does: 'APPROVE' } as const;
  await expect(actWhenAsked(deed, application, { people, signal: over })).rejects.toThrow(/abort/i);
});
