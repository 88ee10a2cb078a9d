import type { Knex } from 'knex';
import { crashPoint } from '../../crash/point';
import { cancelOrder, type OrderCancellation } from '../../db/access/order-cancellations';
import { customerOfFlow, customerOfLoan } from '../../db/access/owners';
import { submissionOf } from '../../db/access/submissions';
import { answersTaken, answerWith, recordAct, standingAnswer } from '../../db/acts';
import {
  extensionBasis,
  extensionProgress,
  type ExtensionBasis,
  type ExtensionProgress,
  type ExtensionState,
} from '../../db/reads/extension-orders';
import { inTransaction } from '../../db/transaction';
import { formatMoney } from '../../domain/money';
import { composeCommand } from '../../schemas/compose';
import { message, type DataOf, type ErrorCodeOf, type Message } from '../../schemas/message';
import { contractOf } from '../../schemas/validate';
import {
  extensionAddress,
  extensionCancellationAddress,
  extensionFlowId,
  extensionQuoteAddress,
  flowAddress,
  loanAddress,
} from '../addresses';
import { newBusinessId } from '../business-id';
import { startMethodOrder, USUAL_WAIT_SECONDS } from '../method-orders';
import type { FlowNeeds } from '../needs';
import { MAY } from '../permissions';
import { preferParameter } from '../prefer';
import { Problem } from '../problem';
import type { Answer, Call, CustomerAccess, Parameter, Route } from '../route';
import { common, links, list, object, oneOf, type Schema } from '../schema';
import { idempotencyKeyParameter, submissionBefore, submissionFor, type NewSubmission } from '../submission';
import { tellQuestionAnswered } from '../temporal';
import { unknownLoan } from './loans';
import { reasonSchema } from './operations';

const FLOW = 'extension';
const COMMAND = 'create-extension-order';
type Order = DataOf<typeof COMMAND>;

interface Body {
  loanId: string;
  quoteId: string;
}

const orderIdParameter: Parameter = {
  in: 'path',
  name: 'orderId',
  description: 'Id of an order of an extension.',
  schema: common('extension-order-id'),
  required: true,
  example: 'EO01JDB3Q7R5YC',
};

const order: Schema = object(
  {
    orderId: common('extension-order-id'),
    state: {
      description:
        'RECEIVED until it is created; CREATED while a person is to approve it. METHOD_CREATED: it can be paid. EXTENDED: ' +
        'it is paid, or costs nothing, and the loan has its new schedule. CANCELLED: by the customer, or what came did not ' +
        'pay for it as quoted, and goes back. EXPIRED: its method takes no money any more.',
      ...oneOf(
        ...(['RECEIVED', 'CREATED', 'REJECTED', 'APPROVED', 'METHOD_CREATED'] satisfies ExtensionState[]),
        ...(['EXPIRED', 'EXTENDED', 'CANCELLED', 'FAILED'] satisfies ExtensionState[]),
      ),
    },
    loanId: common('loan-id'),
    customerId: common('customer-id'),
    quoteId: common('extension-quote-id'),
    periods: common('extension-periods'),
    quotedFor: { description: 'Day on which it must be paid.', ...common('iso-date') },
    amount: { description: 'Fee and arrears.', ...common('non-negative-money') },
    method: { description: 'How it can be paid, while it can.', ...common('repayment-method') },
    reasonCodes: {
      description: 'Why it did not come about, where it did not.',
      ...list(common('reason-code')),
    },
    links: links(['self', 'loan', 'quote', 'flow', 'cancellation']),
  },
  ['method', 'reasonCodes'],
);

/** The routes of orders of extensions (展期). */
export function extensionOrderRoutes(needs: FlowNeeds): Route[] {
  const own: CustomerAccess = {
    owner: ({ parameters }) => customerOfFlow(needs.db, extensionFlowId(parameters['orderId']!)),
    absent: ({ parameters }) => unknownOrder(parameters['orderId']!),
  };
  const answerOf = (description: string, progress: ExtensionProgress) => ({
    ...{ description, schema: order, example: orderBody(exampleOrder(), progress) },
  });
  return [
    {
      method: 'post',
      path: '/v1/extensions',
      operationId: 'orderExtension',
      tag: 'Extensions',
      summary: 'Order an extension as it was quoted, and get a method to pay for it',
      description:
        'The rules approve the first extension of a loan that is not overdue, and a person any other. The method comes with ' +
        `the answer when it is there within ${USUAL_WAIT_SECONDS} seconds, or those of Prefer: wait=n; else it is found at ` +
        "the order's address. The loan is extended once it is paid, if it is still as it was quoted; at once if it costs " +
        'nothing.',
      access: {
        roles: MAY.orderExtensions,
        customers: {
          owner: ({ body }) => customerOfLoan(needs.db, (body as Body).loanId),
          absent: ({ body }) => unknownLoan((body as Body).loanId),
        },
      },
      parameters: [idempotencyKeyParameter, preferParameter],
      body: {
        schema: object({ loanId: common('loan-id'), quoteId: common('extension-quote-id') }),
        examples: { usual: { loanId: 'LN01JD9K5T2W8Z', quoteId: 'EQ01JDB2N6P4XC' } },
      },
      answers: {
        201: {
          ...answerOf('The order with its method, or as it ended without one.', exampleProgress),
          headers: { Location: 'Address of the order.' },
        },
        202: {
          ...answerOf('The order is accepted: it waits to be approved, or for its method.', received),
          headers: { Location: 'Address of the order, where its method will be.' },
        },
      },
      problems: [
        ...(['IDEMPOTENCY_KEY_REUSED', 'UNKNOWN_LOAN', 'UNKNOWN_EXTENSION_QUOTE'] as const),
        ...(Object.keys(contractOf(COMMAND)['x-command']!.errors) as ErrorCodeOf<typeof COMMAND>[]),
      ],
      handle: (call) => submit(needs, call),
    },
    {
      method: 'get',
      path: '/v1/extensions/{orderId}',
      operationId: 'getExtension',
      tag: 'Extensions',
      summary: 'Read the order of an extension, and the method to pay for it',
      access: {
        roles: MAY.readLoans,
        customers: own,
      },
      parameters: [orderIdParameter],
      answers: { 200: answerOf('The order as it stands now.', exampleProgress) },
      problems: ['UNKNOWN_EXTENSION'],
      handle: (call) => read(needs.db, call.parameters['orderId']!),
    },
    {
      method: 'post',
      path: '/v1/extensions/{orderId}/cancellation',
      operationId: 'cancelExtension',
      tag: 'Extensions',
      summary: 'Cancel an order of an extension that nobody has paid',
      description:
        'Its method is shown no more, and nobody is asked to approve it. Cancelling it again changes nothing. Money that ' +
        'comes by its method all the same goes back.',
      access: { roles: MAY.orderExtensions, customers: own },
      parameters: [orderIdParameter],
      body: {
        schema: object({ reason: reasonSchema }),
        examples: { usual: { reason: 'Can pay in time after all.' } },
      },
      answers: {
        200: answerOf('The order is cancelled.', {
          ...{ state: 'CANCELLED', method: null, reasonCodes: ['CANCELLED'] },
        }),
      },
      problems: ['UNKNOWN_EXTENSION', 'ORDER_PAID'],
      handle: (call) => cancel(needs, call),
    },
  ];
}

const unknownOrder = (orderId: string): Problem =>
  new Problem('UNKNOWN_EXTENSION', `There is no order ${orderId} of an extension.`);

/** Reserves the key, then starts the flow. Whatever dies in between, the same request again finds the row and goes on. */
async function submit(needs: FlowNeeds, call: Call): Promise<Answer> {
  const { db } = needs;
  const body = call.body as Body;
  const [before, basis] = await Promise.all([
    submissionBefore(db, call),
    extensionBasis(db, body.loanId, body.quoteId),
  ]);
  const loanOwner = before || basis ? undefined : await customerOfLoan(db, body.loanId);
  const submission = await submissionFor(db, call, body, before, () => {
    if (basis) return newSubmission(body, basis);
    throw loanOwner === undefined ? unknownLoan(body.loanId) : unknownQuote(body);
  });
  const { businessId: orderId } = submission;
  const { data } = submission.command as Message<typeof COMMAND>;
  return startMethodOrder(needs, call, {
    ...{ submission, summary: summaryOf(data), address: extensionAddress(orderId) },
    ...{ received: orderBody(data, received), current: async () => (await currentBody(db, orderId))! },
    underWay: ['RECEIVED', 'CREATED', 'APPROVED'],
  });
}

const unknownQuote = ({ loanId, quoteId }: Body): Problem =>
  new Problem('UNKNOWN_EXTENSION_QUOTE', `There is no quote ${quoteId} of an extension of loan ${loanId}.`);

/** Makes the command of a new order. Throws the problem that the quote and the loan show at once. */
function newSubmission({ loanId, quoteId }: Body, basis: ExtensionBasis): NewSubmission {
  const { market, businessDate, isOutdated, isTaken, currency, totalMinor, ...quoted } = basis;
  if (isTaken) throw new Problem('QUOTE_TAKEN', `Quote ${quoteId} was ordered before.`);
  if (isOutdated) throw new Problem('QUOTE_EXPIRED', `Loan ${loanId} has changed since the quote was made.`);
  if (quoted.quotedFor < businessDate) {
    throw new Problem('QUOTE_EXPIRED', `Quote ${quoteId} was for ${quoted.quotedFor}.`);
  }
  const orderId = newBusinessId('EO');
  const flowId = extensionFlowId(orderId);
  const amount = { currency, amountMinor: totalMinor };
  const command = composeCommand(
    { flow: FLOW, flowId, market },
    {
      ...message(COMMAND, { orderId, quoteId, loanId, amount, ...quoted }),
      ...{ source: 'bff-system', occurrence: '1' },
    },
  );
  return { flow: FLOW, flowId, businessId: orderId, command };
}

const summaryOf = ({ orderId, loanId, amount }: Order): string =>
  `Extension ${orderId} of loan ${loanId} for ${formatMoney(amount)}`;

async function read(db: Knex, orderId: string): Promise<Answer> {
  const body = await currentBody(db, orderId);
  if (!body) throw unknownOrder(orderId);
  return { status: 200, body };
}

/** Where the flow waits for a person to approve it, it goes on to its end; else it learns of it when it goes on. */
async function cancel({ db, temporal }: FlowNeeds, call: Call): Promise<Answer> {
  const orderId = call.parameters['orderId']!;
  const submission = await submissionOf(db, orderId);
  if (!submission) throw unknownOrder(orderId);
  const { flowId } = submission;
  const { reason } = call.body as { reason: string };
  const cancellation = { orderId, actor: call.client().clientId, reason };
  const isCancelled = await inTransaction(db, 'cancellation of an extension', async (tx) => {
    if (!(await cancelOrder(tx, 'extension', cancellation))) return false;
    await endReview(tx, flowId, cancellation);
    return true;
  });
  if (!isCancelled) throw new Problem('ORDER_PAID', 'Money has come for the extension, or it cost nothing.');
  await tellQuestionAnswered(temporal, flowId, 'review');
  crashPoint('before-answer', 'cancellation of an extension');
  return read(db, orderId);
}

/** The customer's word is an answer too: nobody needs to approve what is not wanted any more. */
async function endReview(
  tx: Knex.Transaction,
  flowId: string,
  { actor, reason }: OrderCancellation,
): Promise<void> {
  const [question, answer] = ['review', 'CANCEL'] as const;
  if (!(await answersTaken(tx, flowId, question)) || (await standingAnswer(tx, flowId, question))) return;
  const actId = await recordAct(tx, { flowId, question, answer, actor, reason });
  await answerWith(tx, { flowId, question, answer, actId });
}

/** An order as it stands now; undefined when nobody has submitted it. */
async function currentBody(db: Knex, orderId: string) {
  const submission = await submissionOf(db, orderId);
  if (!submission) return undefined;
  const { flowId, command } = submission;
  return orderBody((command as Message<typeof COMMAND>).data, await extensionProgress(db, orderId, flowId));
}

function orderBody(data: Order, { state, method, reasonCodes }: ExtensionProgress) {
  const { orderId, loanId, customerId, quoteId, periods, quotedFor, amount } = data;
  return {
    ...{ orderId, state, loanId, customerId, quoteId, periods, quotedFor, amount },
    ...(state === 'METHOD_CREATED' && method && { method }),
    ...(reasonCodes.length > 0 && { reasonCodes }),
    links: {
      ...{ self: extensionAddress(orderId), loan: loanAddress(loanId) },
      ...{ quote: extensionQuoteAddress(quoteId), flow: flowAddress(extensionFlowId(orderId)) },
      cancellation: extensionCancellationAddress(orderId),
    },
  };
}

const exampleOrder = (): Order => contractOf(COMMAND).$defs.data.examples![0] as Order;

const received: ExtensionProgress = { state: 'RECEIVED', method: null, reasonCodes: [] };

const exampleProgress: ExtensionProgress = {
  ...{ state: 'METHOD_CREATED', reasonCodes: [] },
  method: {
    ...{ kind: 'QR', value: 'https://pay.cn-payout.example/q/31', expiresAt: '2024-03-01T12:30:00+08:00' },
  },
};
