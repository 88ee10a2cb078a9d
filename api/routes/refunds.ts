import type { Knex } from 'knex';
import { crashPoint } from '../../crash/point';
import { customerOfFlow } from '../../db/access/owners';
import { submissionOf } from '../../db/access/submissions';
import { openQuestion, recordAct } from '../../db/acts';
import {
  refundBasis,
  refundView,
  refusalOfRefund,
  type RefundBasis,
  type RefundView,
} from '../../db/reads/refunds';
import { inTransaction } from '../../db/transaction';
import { formatMoney, money } from '../../domain/money';
import { needsApproval, planRefund, type RefundPlan } from '../../domain/refund';
import { composeCommand } from '../../schemas/compose';
import { derivedId } from '../../schemas/identity';
import type { Money, RefundCause } from '../../schemas/generated/messages';
import type { DataOf, Message } from '../../schemas/message';
import { flowAddress, loanAddress, refundAddress, refundFlowId } from '../addresses';
import { newBusinessId } from '../business-id';
import type { FlowNeeds } from '../needs';
import { MAY } from '../permissions';
import { Problem } from '../problem';
import type { Answer, Call, Parameter, Route } from '../route';
import { common, links, list, object, oneOf, type Schema } from '../schema';
import { idempotencyKeyParameter, submissionBefore, submissionFor, type NewSubmission } from '../submission';
import { startFlow } from '../temporal';
import { actIdSchema, reasonSchema } from './operations';

const FLOW = 'refund-and-reversal-lifecycle';
const COMMAND = 'create-repayment-refund';
type Data = Extract<DataOf<typeof COMMAND>, { refundId: string }>;
type Command = Message<typeof COMMAND> & { data: Data };

interface Body {
  party: string;
  transactionNo: string;
  cause: RefundCause;
  amount?: Money;
  customerAtFault?: boolean;
  accountToken?: string;
  reason: string;
}

const refundIdParameter: Parameter = {
  in: 'path',
  name: 'refundId',
  description: 'Id of a refund, as the answer to its request gave it.',
  schema: common('refund-id'),
  required: true,
  example: 'RF01JDC4S8V2KB',
};

const bodySchema: Schema = object(
  {
    party: {
      description: 'Who received the money: a payment channel, or a funding partner that collects itself.',
      ...common('party-id'),
    },
    transactionNo: { description: "That party's number of the transaction.", ...common('transaction-no') },
    cause: common('refund-cause'),
    amount: { description: 'All that can go back for the cause if absent.', ...common('positive-money') },
    customerAtFault: {
      description:
        'Whether the customer was the cause: the money then counts as never paid, and penalty as from the due date. False if absent.',
      type: 'boolean',
    },
    accountToken: {
      description:
        'Where it is to go; by the way it came if absent, which needs a payment channel that collected it.',
      ...common('account-token'),
    },
    reason: reasonSchema,
  },
  ['amount', 'customerAtFault', 'accountToken'],
);

const examples: Record<string, Body> = {
  paidTwice: {
    ...{ party: 'cn-payout', transactionNo: 'TX20260215000031', cause: 'PAID_TWICE' },
    reason: 'The customer paid the instalment by two QR codes.',
  },
  wronglyCharged: {
    ...{ party: 'cn-payout', transactionNo: 'TX20260215000031', cause: 'WRONGLY_CHARGED' },
    amount: { currency: 'CNY', amountMinor: 50_000 },
    reason: "Another customer's instalment was charged.",
  },
};

const requested: Schema = object(
  {
    refundId: common('refund-id'),
    flowId: { type: 'string' },
    state: oneOf('RECEIVED'),
    amount: { description: 'What is to go back.', ...common('positive-money') },
    actId: {
      description: 'The act that another operator must approve; absent where no approval is needed.',
      ...actIdSchema,
    },
    links: links(['self', 'flow']),
  },
  ['actId'],
);

const refund: Schema = object(
  {
    refundId: common('refund-id'),
    customerId: common('customer-id'),
    cause: common('refund-cause'),
    party: common('party-id'),
    transactionNo: common('transaction-no'),
    amount: common('positive-money'),
    state: {
      description:
        'REQUESTED: it waits for an approval. ACCOUNT_NEEDED: it was refused, and waits for another account. PAID_OUT: the ' +
        'loans follow.',
      ...oneOf(
        ...['RECEIVED', 'REQUESTED', 'PAYING_OUT', 'ACCOUNT_NEEDED', 'PAID_OUT', 'REFUNDED'],
        ...['REJECTED', 'FAILED'],
      ),
    },
    customerAtFault: { type: 'boolean' },
    parts: {
      description: 'What of it stood with loans, in the order in which it is taken back.',
      ...list(
        object({ loanId: common('loan-id'), amount: common('positive-money'), links: links(['loan']) }),
      ),
    },
    reasonCodes: {
      description: 'Why it was rejected, failed, or was refused last.',
      ...list(common('reason-code')),
    },
    refundedOn: { description: 'Day on which it was paid back.', ...common('iso-date') },
    links: links(['self', 'flow']),
  },
  ['refundedOn'],
);

/** The routes of refunds: one person asks, another approves, and everybody sees how far it is. */
export function refundRoutes(needs: FlowNeeds): Route[] {
  return [
    {
      method: 'post',
      path: '/v1/refunds',
      operationId: 'requestRefund',
      tag: 'Refunds',
      summary: 'Ask for money that came in to go back to its payer',
      description:
        'What was paid twice or too much is paid back out of what stands with no loan; for other causes what was allocated ' +
        'last is taken back from the loans, once the money is out. Another operator approves the act that is answered, or ' +
        "answers the flow's question `refund` with `REJECT`; what stands with no loan goes back by itself up to the market's " +
        'limit. The same Idempotency-Key with the same body gives the same refund.',
      access: { roles: MAY.refund },
      parameters: [idempotencyKeyParameter],
      body: { schema: bodySchema, examples },
      answers: {
        202: {
          description: 'Recorded: the flow goes on by itself, and Location says where to follow it.',
          schema: requested,
          headers: { Location: 'Address of the flow.' },
          example: requestedBody('RF01JDC4S8V2KB', money('CNY', 50_000), exampleActId),
        },
      },
      problems: [
        ...(['UNKNOWN_RECEIPT', 'WRONG_CURRENCY', 'NOT_REFUNDABLE', 'ACCOUNT_NEEDED'] as const),
        'IDEMPOTENCY_KEY_REUSED',
      ],
      handle: (call) => request(needs, call),
    },
    {
      method: 'get',
      path: '/v1/refunds/{refundId}',
      operationId: 'getRefund',
      tag: 'Refunds',
      summary: 'Read a refund',
      access: {
        roles: MAY.readLoans,
        customers: {
          owner: ({ parameters }) => customerOfFlow(needs.db, refundFlowId(parameters['refundId']!)),
          absent: ({ parameters }) => unknownRefund(parameters['refundId']!),
        },
      },
      parameters: [refundIdParameter],
      answers: {
        200: { description: 'The refund as it stands now.', schema: refund, example: bodyOf(exampleView) },
      },
      problems: ['UNKNOWN_REFUND'],
      handle: ({ parameters }) => read(needs.db, parameters['refundId']!),
    },
  ];
}

const unknownRefund = (refundId: string): Problem =>
  new Problem('UNKNOWN_REFUND', `Nobody has asked for refund ${refundId}.`);

/**
 * Records what is asked for and the requester's own act in one transaction, then starts the flow. Whatever dies in between,
 * the same request again finds the row and goes on.
 */
async function request({ db, temporal, config }: FlowNeeds, call: Call): Promise<Answer> {
  const body = call.body as Body;
  const before = await submissionBefore(db, call);
  const basis = before ? undefined : await refundBasis(db, body);
  const actId = derivedId('act', call.client().clientId, call.parameters['Idempotency-Key']!);
  const { submission, isApproved } = await inTransaction(db, 'refund', async (tx) => {
    const made = await submissionFor(tx, call, body, before, () => newSubmission(body, basis));
    if (!before && basis && approvalNeeded(made.command as Command, basis)) {
      await openQuestion(tx, { flowId: made.flowId, question: 'refund', answers: ['APPROVE', 'REJECT'] });
      const { clientId: actor } = call.client();
      const asked = { flowId: made.flowId, question: 'refund', answer: 'APPROVE' } as const;
      await recordAct(tx, { ...asked, id: actId, actor, reason: body.reason });
    }
    const asked = await tx('operations.act').where({ id: actId }).first<object | undefined>('id');
    return { submission: made, isApproved: asked === undefined };
  });
  const { flow, flowId, businessId, command } = submission;
  const { amount } = (command as Command).data;
  const summary = `Refund ${businessId}: ${formatMoney(amount)}`;
  await startFlow(temporal, { flow, flowId, command, taskQueue: config.taskQueue, summary });
  crashPoint('before-answer', 'refund');
  return {
    status: 202,
    headers: { Location: flowAddress(flowId) },
    body: requestedBody(businessId, amount, isApproved ? undefined : actId),
  };
}

const approvalNeeded = ({ data }: Command, { unapprovedUpToMinor }: RefundBasis): boolean =>
  needsApproval({ amountMinor: data.amount.amountMinor, parts: data.parts }, unapprovedUpToMinor);

/** Makes the command of a new refund. Throws the problem that what came in shows at once. */
function newSubmission(body: Body, basis: RefundBasis | undefined): NewSubmission {
  const { party, transactionNo, cause, amount, customerAtFault = false, accountToken } = body;
  if (!basis) {
    throw new Problem(
      'UNKNOWN_RECEIPT',
      `${party} has told of no transaction ${transactionNo} whose payer is known.`,
    );
  }
  const { market, currency, customerId } = basis;
  if (amount && amount.currency !== currency) {
    throw new Problem('WRONG_CURRENCY', `It came in in ${currency}, the amount is in ${amount.currency}.`);
  }
  if (basis.collectedByPartner && accountToken === undefined) {
    throw new Problem(
      'ACCOUNT_NEEDED',
      `${party} collected it itself: name the account to which it is to go.`,
    );
  }
  const plan = planRefund(basis, cause, amount?.amountMinor);
  if (!plan)
    throw new Problem('NOT_REFUNDABLE', 'Less of it can go back for this cause, or nothing any more.');

  const refundId = newBusinessId('RF');
  const flowId = refundFlowId(refundId);
  const data: Data = {
    ...{ refundId, cause, party, transactionNo, customerId, customerAtFault },
    ...moneyOf(plan, currency),
    ...(accountToken !== undefined && { accountToken }),
  };
  const command = composeCommand(
    { flow: FLOW, flowId, market },
    { type: COMMAND, source: 'refund-reversal-service', occurrence: '1', data },
  );
  return { flow: FLOW, flowId, businessId: refundId, command };
}

const moneyOf = ({ amountMinor, parts }: RefundPlan, currency: RefundBasis['currency']) => ({
  amount: money(currency, amountMinor),
  parts: parts.map(({ loanId, partnerId, ...part }) => ({
    ...{ loanId, partnerId, amount: money(currency, part.amountMinor) },
  })),
});

function requestedBody(refundId: string, amount: Money, actId: string | undefined) {
  const flowId = refundFlowId(refundId);
  return {
    ...{ refundId, flowId, state: 'RECEIVED', amount },
    ...(actId !== undefined && { actId }),
    links: { self: refundAddress(refundId), flow: flowAddress(flowId) },
  };
}

async function read(db: Knex, refundId: string): Promise<Answer> {
  const view = await refundView(db, refundId);
  if (view) return { status: 200, body: bodyOf(view) };
  // Asked for, and the flow has not got to its first step yet.
  const submission = await submissionOf(db, refundId);
  if (!submission) throw unknownRefund(refundId);
  // Or it was refused, for what has changed since it was accepted: then nothing else is kept of it.
  const refusal = await refusalOfRefund(db, submission.flowId);
  const { data } = submission.command as Command;
  const { customerId, cause, party, transactionNo, customerAtFault, amount, parts } = data;
  return {
    status: 200,
    body: {
      ...bodyOf({
        ...{ refundId, customerId, cause, party, transactionNo, customerAtFault, state: 'REQUESTED' },
        ...{ currency: amount.currency, amountMinor: amount.amountMinor, refundedOn: null },
        parts: parts.map((part) => ({ loanId: part.loanId, amountMinor: part.amount.amountMinor })),
        reasonCodes: refusal === undefined ? [] : [refusal],
      }),
      state: refusal === undefined ? 'RECEIVED' : 'REJECTED',
    },
  };
}

function bodyOf({ currency, amountMinor, parts, refundedOn, ...view }: RefundView) {
  const flowId = refundFlowId(view.refundId);
  return {
    ...view,
    amount: money(currency, amountMinor),
    parts: parts.map(({ loanId, ...part }) => ({
      ...{ loanId, amount: money(currency, part.amountMinor), links: { loan: loanAddress(loanId) } },
    })),
    ...(refundedOn !== null && { refundedOn }),
    links: { self: refundAddress(view.refundId), flow: flowAddress(flowId) },
  };
}

const exampleActId = '5b2f0c1e-8a53-8f0e-9d57-0d2f3a6f9b11';
const exampleView: RefundView = {
  ...{ refundId: 'RF01JDC4S8V2KB', customerId: 'c-cn-000871', cause: 'WRONGLY_CHARGED', party: 'cn-payout' },
  ...{ transactionNo: 'TX20260215000031', currency: 'CNY', amountMinor: 50_000, customerAtFault: false },
  ...{ parts: [{ loanId: 'LN01JD9K5T2W8Z', amountMinor: 40_000 }], state: 'REFUNDED', reasonCodes: [] },
  refundedOn: '2026-02-16',
};
