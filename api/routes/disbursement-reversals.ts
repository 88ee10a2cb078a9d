import type { Knex } from 'knex';
import { crashPoint } from '../../crash/point';
import { submissionOf } from '../../db/access/submissions';
import { openQuestion, recordAct } from '../../db/acts';
import { refusalOfRefund } from '../../db/reads/refunds';
import { reversalBasis, reversalView, type ReversalBasis, type ReversalView } from '../../db/reads/reversals';
import { inTransaction } from '../../db/transaction';
import { dayInZone } from '../../domain/calendar';
import { money } from '../../domain/money';
import { composeCommand } from '../../schemas/compose';
import { derivedId } from '../../schemas/identity';
import { message, type Message } from '../../schemas/message';
import { flowAddress, loanAddress, refundFlowId, reversalAddress } from '../addresses';
import { newBusinessId } from '../business-id';
import type { FlowNeeds } from '../needs';
import { MAY } from '../permissions';
import { Problem } from '../problem';
import type { Answer, Call, Parameter, Route } from '../route';
import { common, links, list, object, oneOf, type Schema } from '../schema';
import { idempotencyKeyParameter, submissionBefore, submissionFor, type NewSubmission } from '../submission';
import { startFlow } from '../temporal';
import { unknownLoan } from './loans';
import { actIdSchema, reasonSchema } from './operations';

const FLOW = 'refund-and-reversal-lifecycle';
const COMMAND = 'reverse-disbursement';

interface Body {
  loanId: string;
  evidence: { party: string; transactionNo: string; arrivedAt: string };
  reason: string;
}

const reversalIdParameter: Parameter = {
  in: 'path',
  name: 'reversalId',
  description: 'Id of a reversal, as the answer to its request gave it.',
  schema: common('reversal-id'),
  required: true,
  example: 'DR01JDC7T1H5MQ',
};

const bodySchema: Schema = object({
  loanId: common('loan-id'),
  evidence: {
    description: 'What shows that the money is back.',
    ...object({
      party: {
        description: 'Who has it: the partner that paid it out, or the payment channel of our custody.',
        ...common('party-id'),
      },
      transactionNo: common('transaction-no'),
      arrivedAt: { description: 'When it came back.', ...common('instant') },
    }),
  },
  reason: reasonSchema,
});

const examples: Record<string, Body> = {
  bounced: {
    loanId: 'LN01JD8X3M7Q2V',
    evidence: {
      ...{ party: 'bank-nusantara', transactionNo: 'BN-2024020200011' },
      arrivedAt: '2024-02-02T09:00:00+07:00',
    },
    reason: 'The receiving bank has returned the payout: the account is closed.',
  },
};

const requested: Schema = object({
  reversalId: common('reversal-id'),
  flowId: { type: 'string' },
  state: oneOf('RECEIVED'),
  actId: { description: 'The act that another operator must approve.', ...actIdSchema },
  links: links(['self', 'flow', 'loan']),
});

const reversal: Schema = object({
  reversalId: common('reversal-id'),
  loanId: common('loan-id'),
  state: {
    description: 'REQUESTED: it waits for an approval.',
    ...oneOf('RECEIVED', 'REQUESTED', 'REVERSED', 'REJECTED'),
  },
  reasonCodes: { description: 'Why it was rejected.', ...list(common('reason-code')) },
  links: links(['self', 'flow', 'loan']),
});

/** The routes by which a disbursement is reversed whose money has come back (退票). */
export function disbursementReversalRoutes(needs: FlowNeeds): Route[] {
  return [
    {
      method: 'post',
      path: '/v1/disbursement-reversals',
      operationId: 'requestDisbursementReversal',
      tag: 'Refunds',
      summary: 'Ask for a disbursement to be reversed, because its money came back',
      description:
        'Another operator approves the act that is answered. What was paid towards the loan is refunded first. Then the ' +
        'ledger reverses the journal, nothing is owed of the loan from its first day, and the credit line is free again.',
      access: { roles: MAY.refund },
      parameters: [idempotencyKeyParameter],
      body: { schema: bodySchema, examples },
      answers: {
        202: {
          description: 'Recorded; it awaits approval. Location says where to follow it.',
          schema: requested,
          headers: { Location: 'Address of the flow.' },
          example: requestedBody('DR01JDC7T1H5MQ', 'LN01JD8X3M7Q2V', '5b2f0c1e-8a53-8f0e-9d57-0d2f3a6f9b11'),
        },
      },
      problems: ['UNKNOWN_LOAN', 'ALREADY_REVERSED', 'IDEMPOTENCY_KEY_REUSED'],
      handle: (call) => request(needs, call),
    },
    {
      method: 'get',
      path: '/v1/disbursement-reversals/{reversalId}',
      operationId: 'getDisbursementReversal',
      tag: 'Refunds',
      summary: 'Read the reversal of a disbursement',
      access: { roles: MAY.readRecords },
      parameters: [reversalIdParameter],
      answers: {
        200: {
          description: 'The reversal as it stands now.',
          schema: reversal,
          example: bodyOf({
            ...{ reversalId: 'DR01JDC7T1H5MQ', loanId: 'LN01JD8X3M7Q2V', state: 'REVERSED', reasonCodes: [] },
          }),
        },
      },
      problems: ['UNKNOWN_REVERSAL'],
      handle: ({ parameters }) => read(needs.db, parameters['reversalId']!),
    },
  ];
}

/** Records what is asked for and the requester's own act, with what it rests on, in one transaction; then starts the flow. */
async function request({ db, temporal, config }: FlowNeeds, call: Call): Promise<Answer> {
  const body = call.body as Body;
  const before = await submissionBefore(db, call);
  const basis = before ? undefined : await reversalBasis(db, body.loanId);
  const { clientId: actor } = call.client();
  const actId = derivedId('act', actor, call.parameters['Idempotency-Key']!);
  const submission = await inTransaction(db, 'reversal', async (tx) => {
    const made = await submissionFor(tx, call, body, before, () => newSubmission(body, basis));
    const { flowId } = made;
    await openQuestion(tx, { flowId, question: 'reversal', answers: ['APPROVE', 'REJECT'] });
    const { reason, evidence } = body;
    const asked = { flowId, question: 'reversal', answer: 'APPROVE', actor, reason, evidence } as const;
    if (!before) await recordAct(tx, { ...asked, id: actId });
    return made;
  });
  const { flow, flowId, businessId, command } = submission;
  const summary = `Reversal ${businessId} of the disbursement of loan ${body.loanId}`;
  await startFlow(temporal, { flow, flowId, command, taskQueue: config.taskQueue, summary });
  crashPoint('before-answer', 'reversal');
  return {
    status: 202,
    headers: { Location: flowAddress(flowId) },
    body: requestedBody(businessId, body.loanId, actId),
  };
}

/** Makes the command of a new reversal. Throws the problem that the loan shows at once. */
function newSubmission({ loanId, evidence }: Body, basis: ReversalBasis | undefined): NewSubmission {
  if (!basis) throw unknownLoan(loanId);
  if (basis.state === 'REVERSED') throw new Problem('ALREADY_REVERSED', `Loan ${loanId} is reversed.`);
  const { applicationId, customerId, partnerId, market, timeZone, currency } = basis;
  const reversalId = newBusinessId('DR');
  const flowId = refundFlowId(reversalId);
  const data = {
    ...{ reversalId, loanId, applicationId, customerId, partnerId },
    principal: money(currency, basis.principalMinor),
    payout: money(currency, basis.payoutMinor),
    ...{ party: evidence.party, transactionNo: evidence.transactionNo },
    valueDate: dayInZone(evidence.arrivedAt, timeZone),
  };
  const command = composeCommand(
    { flow: FLOW, flowId, market },
    { ...message(COMMAND, data), source: 'refund-reversal-service', occurrence: '1' },
  );
  return { flow: FLOW, flowId, businessId: reversalId, command };
}

function requestedBody(reversalId: string, loanId: string, actId: string) {
  const flowId = refundFlowId(reversalId);
  return { reversalId, flowId, state: 'RECEIVED', actId, links: linksOf(reversalId, loanId) };
}

async function read(db: Knex, reversalId: string): Promise<Answer> {
  const view = await reversalView(db, reversalId);
  if (view) return { status: 200, body: bodyOf(view) };
  // Asked for, and the flow has not got to its first step yet; or it was refused, and then nothing else is kept of it.
  const submission = await submissionOf(db, reversalId);
  if (!submission) throw new Problem('UNKNOWN_REVERSAL', `Nobody has asked for reversal ${reversalId}.`);
  const refusal = await refusalOfRefund(db, submission.flowId);
  const { loanId } = (submission.command as Message<typeof COMMAND>).data;
  const reasonCodes = refusal === undefined ? [] : [refusal];
  const state = refusal === undefined ? 'RECEIVED' : 'REJECTED';
  return {
    status: 200,
    body: { reversalId, loanId, state, reasonCodes, links: linksOf(reversalId, loanId) },
  };
}

const bodyOf = (view: ReversalView) => ({ ...view, links: linksOf(view.reversalId, view.loanId) });

const linksOf = (reversalId: string, loanId: string) => ({
  self: reversalAddress(reversalId),
  flow: flowAddress(refundFlowId(reversalId)),
  loan: loanAddress(loanId),
});
