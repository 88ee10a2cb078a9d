import type { Knex } from 'knex';
import { crashPoint } from '../../crash/point';
import {
  actOf,
  answersTaken,
  answerWith,
  openQuestion,
  openQuestions,
  recordAct,
  standingAnswer,
  type NewAct,
  type Question,
} from '../../db/acts';
import { openRequestQuestion, settleByOperators, TransactionTaken } from '../../db/access/outside-answers';
import { submissionOf } from '../../db/access/submissions';
import { journalOf } from '../../db/books/journals';
import type { OutsideAnswer } from '../../db/outside';
import { loanApplicationView, loanView } from '../../db/reads/loans';
import { outsideRequestView } from '../../db/reads/outside-requests';
import { customerOf } from '../../db/reference';
import { inTransaction } from '../../db/transaction';
import { reconciliationFlowId } from '../../domain/identifiers';
import { derivedId } from '../../schemas/identity';
import {
  applicationAddress,
  applicationFlowId,
  flowAddress,
  refundFlowId,
  repaymentFlowId,
} from '../addresses';
import { checkInstant } from '../instants';
import { MAY } from '../permissions';
import type { FlowNeeds } from '../needs';
import { Problem } from '../problem';
import type { Answer, Call, Parameter, Route } from '../route';
import { common, links, list, object, oneOf, text, uuid, type Schema } from '../schema';
import { idempotencyKeyParameter } from '../submission';
import { tellAnswered, tellQuestionAnswered, wakeFlow } from '../temporal';
import { ownApplication, unknownApplication } from './loan-applications';

type Needs = Pick<FlowNeeds, 'db' | 'temporal'>;

/** As many open questions as one answer shows. */
const pageOfQuestions = 200;

export const reasonSchema: Schema = {
  description: 'Why, in words; no personal data.',
  type: 'string',
  minLength: 3,
  maxLength: 500,
};
export const actIdSchema: Schema = uuid;
const flowId: Schema = { type: 'string', maxLength: 200 };
const requestQuestion: Schema = {
  description: 'What became of a request to an outside party: "request:" and its number.',
  type: 'string',
  pattern: '^request:[A-Z]{2}-[A-Z0-9-]{3,60}$',
};

const applicationIdParameter: Parameter = {
  in: 'path',
  name: 'applicationId',
  description: 'Id of a loan application.',
  schema: common('application-id'),
  required: true,
  example: 'LA01JD8X3M7Q2V',
};
const actIdParameter: Parameter = {
  in: 'path',
  name: 'actId',
  description: 'Id of an act, as the answer to it gave it.',
  schema: uuid,
  required: true,
  example: '5b2f0c1e-8a53-8f0e-9d57-0d2f3a6f9b11',
};

const refundAccountQuestion: Schema = {
  description: 'Where a refund is to go that was refused: "refund-account:" and the attempt.',
  type: 'string',
  pattern: '^refund-account:[1-9][0-9]{0,2}$',
};

const refusedQuestion: Schema = {
  description:
    'What is done about something that Yeepay has refused: "refused:" and the number of the request.',
  type: 'string',
  pattern: '^refused:[A-Z]{2}-[A-Z0-9-]{3,60}$',
};

const findingQuestion: Schema = {
  description: 'What explains a difference that a reconciliation has found: "finding:" and its number.',
  type: 'string',
  pattern: '^finding:[1-9][0-9]{0,14}$',
};

/** What operators answer, each with what it rests on. */
const answerBody: Schema = {
  oneOf: [
    object({
      flowId,
      question: oneOf('review', 'exception'),
      answer: { type: 'string', maxLength: 40 },
      reason: reasonSchema,
    }),
    object({ flowId, question: oneOf('withdrawal'), answer: oneOf('ABANDON'), reason: reasonSchema }),
    object({
      ...{ flowId, question: requestQuestion, answer: oneOf('SUCCEEDED') },
      evidence: object({ transactionNo: common('transaction-no'), paidAt: common('instant') }),
      reason: reasonSchema,
    }),
    object({
      ...{ flowId, question: requestQuestion, answer: oneOf('FAILED') },
      evidence: common('failure'),
      reason: reasonSchema,
    }),
    object({
      ...{ flowId, question: oneOf('receipt'), answer: oneOf('IDENTIFIED') },
      evidence: object({ customerId: common('customer-id'), loanId: common('loan-id') }, ['loanId']),
      reason: reasonSchema,
    }),
    object({
      flowId,
      question: oneOf('refund', 'reversal'),
      answer: oneOf('APPROVE', 'REJECT'),
      reason: reasonSchema,
    }),
    object({
      flowId,
      question: oneOf('chargeback'),
      answer: oneOf('CLAIM_FROM_PARTY'),
      reason: reasonSchema,
    }),
    object({
      ...{ flowId, question: refundAccountQuestion, answer: oneOf('PAY_TO') },
      evidence: object({ accountToken: common('account-token') }),
      reason: reasonSchema,
    }),
    object({ flowId, question: refundAccountQuestion, answer: oneOf('GIVE_UP'), reason: reasonSchema }),
    object({
      ...{ flowId, question: refusedQuestion, answer: oneOf('RETRY', 'NOT_DIVIDED') },
      reason: reasonSchema,
    }),
    object({
      ...{ flowId, question: refusedQuestion, answer: oneOf('RESOLVED') },
      evidence: object({ transactionNo: common('transaction-no') }),
      reason: reasonSchema,
    }),
    object({
      ...{ flowId, question: findingQuestion, answer: oneOf('BOOKED') },
      evidence: object({ journalId: common('journal-id') }),
      reason: reasonSchema,
    }),
    object({ flowId, question: findingQuestion, answer: oneOf('DECIDED'), reason: reasonSchema }),
  ],
};
const answerExamples = {
  review: {
    ...{ flowId: applicationFlowId('LA01JD8X3M7Q2V'), question: 'review', answer: 'APPROVE' },
    reason: 'Payslip seen.',
  },
  abandon: {
    ...{ flowId: applicationFlowId('LA01JD8X3M7Q2V'), question: 'withdrawal', answer: 'ABANDON' },
    reason: 'The partner asked us to stop.',
  },
  request: {
    ...{ flowId: applicationFlowId('LA01JD8X3M7Q2V'), question: 'request:PO-LA01JD8X3M7Q2V-1' },
    ...{ answer: 'SUCCEEDED', reason: "Seen in the partner's bank statement of 31 January." },
    evidence: { transactionNo: 'TX20260131000017', paidAt: '2026-01-31T15:00:00+07:00' },
  },
  refund: {
    ...{ flowId: refundFlowId('RF01JDC4S8V2KB'), question: 'refund', answer: 'REJECT' },
    reason: 'The customer has paid for the next month.',
  },
  refundAccount: {
    ...{ flowId: refundFlowId('RF01JDC4S8V2KB'), question: 'refund-account:1', answer: 'PAY_TO' },
    reason: 'The customer has named another account.',
    evidence: { accountToken: 'tok_4c8d1h6w0z' },
  },
  chargeback: {
    ...{ flowId: refundFlowId('CB5F0C7D2E8A418B6F9C3D2E1A0B9C8D'), question: 'chargeback' },
    ...{
      answer: 'CLAIM_FROM_PARTY',
      reason: 'The channel has no such payment to us either: its ticket 4711.',
    },
  },
  refused: {
    ...{ flowId: 'debt-order:MO20260115000017', question: 'refused:YB-MO20260115000017-1-1' },
    ...{ answer: 'RESOLVED', reason: "The supplier has paid it into the merchant's account." },
    evidence: { transactionNo: 'TX20260122000005' },
  },
  finding: {
    ...{ flowId: reconciliationFlowId('CN', '2026-01-22'), question: 'finding:17', answer: 'BOOKED' },
    reason: "The supplier's return came after its failure: booked by hand.",
    evidence: { journalId: 4711 },
  },
  receipt: {
    ...{ flowId: repaymentFlowId('cn-payout.TX20260131000042'), question: 'receipt', answer: 'IDENTIFIED' },
    reason: 'The payer has sent us the transfer slip.',
    evidence: { customerId: 'c-cn-000871', loanId: 'LN01JD9K5T2W8Z' },
  },
};

const act: Schema = object({
  actId: actIdSchema,
  flowId,
  question: text,
  answer: { type: 'string' },
  state: oneOf('AWAITS_APPROVAL', 'STANDS'),
  links: links(['flow']),
});
const exampleAct = {
  actId: actIdParameter.example,
  flowId: 'loan-application-disbursement:LA01JD8X3M7Q2V',
  question: 'review',
  answer: 'APPROVE',
  state: 'AWAITS_APPROVAL',
  links: { flow: flowAddress('loan-application-disbursement:LA01JD8X3M7Q2V') },
};

/** What people decide about flows that run: customers withdraw, operators answer, and one operator approves another. */
export function operationsRoutes(needs: Needs): Route[] {
  return [
    {
      method: 'post',
      path: '/v1/loan-applications/{applicationId}/withdrawals',
      operationId: 'withdrawLoanApplication',
      tag: 'Loan applications',
      summary: 'Withdraw a loan application',
      description:
        'Recorded at once, and heeded unless the money is gone or may be: an application that is being paid out is ' +
        'withdrawn only if that payout fails.',
      access: { roles: MAY.submit, customers: ownApplication(needs.db) },
      parameters: [applicationIdParameter, idempotencyKeyParameter],
      body: {
        schema: object({ reason: reasonSchema }),
        examples: { usual: { reason: 'No longer needed.' } },
      },
      answers: {
        202: {
          description: 'Recorded.',
          schema: object({
            applicationId: common('application-id'),
            state: oneOf('WITHDRAWAL_RECORDED'),
            links: links(['application']),
          }),
          example: withdrawalBody('LA01JD8X3M7Q2V'),
        },
      },
      problems: ['UNKNOWN_LOAN_APPLICATION', 'WRONG_STATE'],
      handle: (call) => withdraw(needs, call),
    },
    {
      method: 'get',
      path: '/v1/ops/questions',
      operationId: 'listOpenQuestions',
      tag: 'Operations',
      summary: 'List what flows wait for a person to answer',
      access: { roles: MAY.operate },
      answers: {
        200: {
          description: `The open questions, the oldest first, at most ${pageOfQuestions}.`,
          schema: object({
            questions: list(
              object(
                {
                  flowId,
                  question: { type: 'string' },
                  answers: list({ type: 'string' }),
                  openedAt: common('instant'),
                  dueAt: common('instant'),
                  links: links(['flow']),
                },
                ['dueAt'],
              ),
            ),
          }),
          example: {
            questions: [
              {
                flowId: exampleAct.flowId,
                question: 'review',
                answers: ['APPROVE', 'REJECT'],
                openedAt: '2026-01-31T08:00:00Z',
                dueAt: '2026-02-01T08:00:00Z',
                links: exampleAct.links,
              },
            ],
          },
        },
      },
      problems: [],
      handle: () => listQuestions(needs),
    },
    {
      method: 'post',
      path: '/v1/ops/acts',
      operationId: 'act',
      tag: 'Operations',
      summary: "Answer a flow's question",
      description:
        'The answer stands when another operator has approved it, and if it is the first. A loan application is given up ' +
        'by answering `withdrawal` with `ABANDON`, heeded unless the money is gone or may be. What became of a request ' +
        'that its party does not know is answered with what proves it, and money that names no order of ours (`receipt`) with ' +
        'its payer, and the loan that it is for if it is for one. Money that was taken back and never came in (`chargeback`) ' +
        'is claimed from its party. What a reconciliation has found (`finding:…`) is mended by a journal (`BOOKED`), which the ' +
        'next comparison proves, or may stay as it is (`DECIDED`).',
      access: { roles: MAY.operate },
      parameters: [idempotencyKeyParameter],
      body: { schema: answerBody, examples: answerExamples },
      answers: { 201: { description: 'Recorded; it awaits approval.', schema: act, example: exampleAct } },
      problems: [
        ...(['UNKNOWN_QUESTION', 'ANSWER_NOT_TAKEN', 'ALREADY_ANSWERED', 'WRONG_STATE'] as const),
        'IDEMPOTENCY_KEY_REUSED',
      ],
      handle: (call) => answer(needs, call),
    },
    {
      method: 'post',
      path: '/v1/ops/acts/{actId}/approvals',
      operationId: 'approveAct',
      tag: 'Operations',
      summary: "Approve another operator's act",
      access: { roles: MAY.operate },
      parameters: [actIdParameter, idempotencyKeyParameter],
      body: {
        schema: object({ reason: reasonSchema }),
        examples: { usual: { reason: 'Checked against the file.' } },
      },
      answers: {
        201: {
          description: 'Approved: the answer stands, and the flow goes on.',
          schema: act,
          example: { ...exampleAct, state: 'STANDS' },
        },
      },
      problems: ['UNKNOWN_ACT', 'OWN_ACT', 'ALREADY_ANSWERED', 'TRANSACTION_TAKEN', 'IDEMPOTENCY_KEY_REUSED'],
      handle: (call) => approve(needs, call),
    },
  ];
}

const endedStates = ['PAID_OUT', 'POSTED', 'BOOKED', 'DISBURSED', 'REJECTED', 'FAILED', 'REVERSED'];

async function withdraw({ db, temporal }: Needs, call: Call): Promise<Answer> {
  const applicationId = call.parameters['applicationId']!;
  const view = await loanApplicationView(db, applicationId);
  if (!view && !(await submissionOf(db, applicationId))) {
    throw unknownApplication(applicationId);
  }
  // What was recorded under the key stays recorded, also when the application has ended since.
  const isRepeated = (await actOf(db, actIdOf(call))) !== undefined;
  if (!isRepeated && view && endedStates.includes(view.state)) {
    throw new Problem('WRONG_STATE', `The application is ${view.state}: it cannot be withdrawn any more.`);
  }
  const withdrawal = {
    flowId: applicationFlowId(applicationId),
    question: 'withdrawal',
    answer: 'WITHDRAW',
    actor: call.client().clientId,
    reason: (call.body as { reason: string }).reason,
  } as const;
  await inTransaction(db, 'withdrawal', async (tx) => {
    await openQuestion(tx, { ...withdrawal, answers: ['WITHDRAW', 'ABANDON'] });
    const { act } = await recordOnce(tx, call, withdrawal);
    await answerWith(tx, { ...withdrawal, actId: act.id! });
  });
  await tellQuestionAnswered(temporal, withdrawal.flowId, 'withdrawal');
  crashPoint('before-answer', 'withdrawal');
  return { status: 202, body: withdrawalBody(applicationId) };
}

function withdrawalBody(applicationId: string) {
  return {
    applicationId,
    state: 'WITHDRAWAL_RECORDED',
    links: { application: applicationAddress(applicationId) },
  };
}

async function listQuestions({ db }: Needs): Promise<Answer> {
  const questions = await openQuestions(db, pageOfQuestions);
  return {
    status: 200,
    body: {
      questions: questions.map(({ dueAt, ...question }) => ({
        ...question,
        ...(dueAt !== null && { dueAt }),
        links: { flow: flowAddress(question.flowId) },
      })),
    },
  };
}

interface AnswerBody {
  flowId: string;
  question: Question;
  answer: string;
  reason: string;
  evidence?:
    | { transactionNo: string; paidAt: string }
    | { code: string; message: string }
    | { customerId: string; loanId?: string }
    | { accountToken: string }
    | { transactionNo: string }
    | { journalId: number };
}

async function answer({ db }: Needs, call: Call): Promise<Answer> {
  const wanted = call.body as AnswerBody;
  const { flowId, question, evidence } = wanted;
  if (question === 'withdrawal') await checkNotPaid(db, flowId);
  const act = await inTransaction(db, 'answer', async (tx) => {
    const requestNo = requestIn(question);
    if (requestNo !== undefined) await openRequestQuestion(tx, flowId, requestNo);
    const answers = await answersTaken(tx, flowId, question);
    if (!answers) throw new Problem('UNKNOWN_QUESTION', `The flow does not ask the question "${question}".`);
    if (!answers.includes(wanted.answer)) {
      throw new Problem('ANSWER_NOT_TAKEN', `The question takes one of ${answers.join(', ')}.`);
    }
    if (evidence && 'customerId' in evidence) await checkPayer(tx, evidence);
    if (evidence && 'paidAt' in evidence) {
      const { party } = (await outsideRequestView(tx, requestNo!))!;
      const told = { party, instant: evidence.paidAt, pointer: '/evidence/paidAt' };
      await checkInstant(tx, call.log, told);
    }
    if (evidence && 'journalId' in evidence) await checkJournal(tx, evidence);
    const recorded = await recordOnce(tx, call, wanted);
    if (recorded.isNew && (await standingAnswer(tx, flowId, question))) throw alreadyAnswered();
    return recorded.act;
  });
  return { status: 201, body: bodyOf({ ...act, state: 'AWAITS_APPROVAL' }) };
}

/** Money goes to nobody that is not there, nor to another one's loan. */
async function checkPayer(
  db: Knex,
  { customerId, loanId }: { customerId: string; loanId?: string },
): Promise<void> {
  if (!(await customerOf(db, customerId))) {
    throw new Problem('ANSWER_NOT_TAKEN', `There is no customer ${customerId}.`);
  }
  if (loanId !== undefined && (await loanView(db, loanId))?.customerId !== customerId) {
    throw new Problem('ANSWER_NOT_TAKEN', `The customer has no loan ${loanId}.`);
  }
}

async function checkJournal(db: Knex, { journalId }: { journalId: number }): Promise<void> {
  if (!(await journalOf(db, journalId))) {
    throw new Problem('ANSWER_NOT_TAKEN', `There is no journal ${journalId}.`);
  }
}

/** What has paid is never given up. */
async function checkNotPaid(db: Knex, flowId: string): Promise<void> {
  const view = await loanApplicationView(db, flowId.slice(flowId.indexOf(':') + 1));
  if (view && endedStates.includes(view.state)) {
    throw new Problem('WRONG_STATE', `The application is ${view.state}: it cannot be given up any more.`);
  }
}

/** The number in a question about a request; undefined in any other question. */
const requestIn = (question: Question): string | undefined => /^request:(.+)$/.exec(question)?.[1];

async function approve({ db, temporal }: Needs, call: Call): Promise<Answer> {
  const approves = call.parameters['actId']!;
  const approved = await actOf(db, approves);
  if (!approved || approved.approves !== null)
    throw new Problem('UNKNOWN_ACT', 'There is no act of this id to approve.');
  if (approved.actor === call.client().clientId)
    throw new Problem('OWN_ACT', 'Another operator must approve it.');
  const { flowId, question, answer, evidence } = approved;
  const requestNo = requestIn(question);
  await inTransaction(db, 'approval', async (tx) => {
    const { act, isNew } = await recordOnce(tx, call, {
      ...{ flowId, question, answer, approves },
      reason: (call.body as { reason: string }).reason,
    });
    if (!isNew) return;
    if (!(await answerWith(tx, { flowId, question, answer, actId: act.id! }))) throw alreadyAnswered();
    if (requestNo === undefined) return;
    if (!(await settleByOperators(tx, requestNo, outsideAnswerOf(answer, evidence)))) throw alreadyAnswered();
  }).catch((error: unknown) => {
    if (!(error instanceof TransactionTaken)) throw error;
    throw new Problem('TRANSACTION_TAKEN', 'Find the transaction that moved the money of this very request.');
  });
  if (requestNo !== undefined) await tellAnswered(temporal, flowId, requestNo);
  // Whether it explains the day is for the next comparison to say.
  else if (question.startsWith('finding:')) await wakeFlow(temporal, flowId);
  else await tellQuestionAnswered(temporal, flowId, question);
  crashPoint('before-answer', 'approval');
  return { status: 201, body: bodyOf({ ...approved, state: 'STANDS' }) };
}

/** The party's final word, as two persons found it out. */
function outsideAnswerOf(answer: string, evidence: object | undefined): OutsideAnswer {
  return answer === 'SUCCEEDED'
    ? { status: 'SUCCEEDED', ...(evidence as { transactionNo: string; paidAt: string }) }
    : { status: 'FAILED', failure: evidence as { code: string; message: string } };
}

/** Records an act under the client's idempotency key; the same key again finds it. */
async function recordOnce(
  db: Knex,
  call: Call,
  wanted: Omit<NewAct, 'id' | 'actor'>,
): Promise<{ act: NewAct; isNew: boolean }> {
  const actor = call.client().clientId;
  const id = actIdOf(call);
  const before = await actOf(db, id);
  if (before) {
    const same = (['flowId', 'question', 'answer', 'reason', 'approves'] as const).every(
      (field) => (before[field] ?? null) === (wanted[field] ?? null),
    );
    if (!same)
      throw new Problem('IDEMPOTENCY_KEY_REUSED', 'Send another key, or what the key was first used for.');
    return { act: before, isNew: false };
  }
  const act = { ...wanted, id, actor };
  await recordAct(db, act);
  return { act, isNew: true };
}

/** The act that a call's idempotency key names. */
const actIdOf = (call: Call): string =>
  derivedId('act', call.client().clientId, call.parameters['Idempotency-Key']!);

const alreadyAnswered = () =>
  new Problem('ALREADY_ANSWERED', 'The first answer stands; this one changes nothing.');

function bodyOf({ id, flowId, question, answer, state }: NewAct & { state: string }) {
  return { actId: id, flowId, question, answer, state, links: { flow: flowAddress(flowId) } };
}
