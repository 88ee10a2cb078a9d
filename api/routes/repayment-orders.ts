import type { Knex } from 'knex';
import { crashPoint } from '../../crash/point';
import { cancelOrder } from '../../db/access/order-cancellations';
import { customerOfFlow } from '../../db/access/owners';
import { submissionOf } from '../../db/access/submissions';
import {
  orderBasisOf,
  orderWithoutRow,
  repaymentOrderView,
  type RepaymentOrderView,
} from '../../db/reads/repayment-orders';
import { inTransaction } from '../../db/transaction';
import { formatMoney, sumMinor, type Money } from '../../domain/money';
import { orderProblem, termsOf, type Payer } from '../../domain/repayment-order';
import { composeCommand } from '../../schemas/compose';
import { message, type DataOf, type ErrorCodeOf, type Message } from '../../schemas/message';
import { contractOf } from '../../schemas/validate';
import {
  flowAddress,
  loanAddress,
  orderAddress,
  orderCancellationAddress,
  repaymentFlowId,
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

const FLOW = 'repayment';
const COMMAND = 'create-repayment-order';
type Command = Message<typeof COMMAND>;

/** What a client wants to pay. */
interface Body {
  customerId: string;
  payer?: Payer;
  lines: { loanId: string; quoteId?: string; amount?: Money }[];
}

const orderIdParameter: Parameter = {
  in: 'path',
  name: 'orderId',
  description: 'Id of a repayment order.',
  schema: common('repayment-order-id'),
  required: true,
  example: 'RO01JDB3Q7R5YA',
};

const bodySchema: Schema = object(
  {
    customerId: common('customer-id'),
    payer: common('payer'),
    lines: {
      description: 'What is to be paid, a line for each loan; all in one currency.',
      ...list({
        oneOf: [
          object({
            loanId: common('loan-id'),
            quoteId: {
              description: 'A quote of that loan: its total is paid, for what it quotes.',
              ...common('quote-id'),
            },
          }),
          object({
            loanId: common('loan-id'),
            amount: { description: 'Is divided by the order of the product.', ...common('positive-money') },
          }),
        ],
      }),
      minItems: 1,
      maxItems: 20,
    },
  },
  ['payer'],
);

const bodyExamples: Record<string, Body> = {
  quote: { customerId: 'c-cn-000871', lines: [{ loanId: 'LN01JD9K5T2W8Z', quoteId: 'RQ01JDB2N6P4XA' }] },
  severalLoans: {
    customerId: 'c-cn-000871',
    payer: 'OTHER',
    lines: [
      { loanId: 'LN01JD9K5T2W8Z', quoteId: 'RQ01JDB2N6P4XB' },
      { loanId: 'LN01JD9K5T2W90', amount: { currency: 'CNY', amountMinor: 50_000 } },
    ],
  },
};

const order: Schema = object(
  {
    orderId: common('repayment-order-id'),
    state: {
      description:
        'RECEIVED until it is created. METHOD_CREATED: it can be paid. EXPIRED: its method takes no money any more. ' +
        'Money that comes all the same is put to its loans.',
      ...oneOf(
        ...(['RECEIVED', 'CREATED', 'ROUTED', 'METHOD_CREATED'] as const),
        ...(['PARTLY_PAID', 'PAID', 'EXPIRED', 'CANCELLED', 'FAILED'] as const),
      ),
    },
    customerId: common('customer-id'),
    payer: common('payer'),
    amount: { description: 'What is to be paid: the sum of the lines.', ...common('positive-money') },
    received: { description: 'What has come.', ...common('non-negative-money') },
    lines: list(
      object(
        {
          loanId: common('loan-id'),
          quoteId: common('quote-id'),
          scenario: common('repayment-scenario'),
          instalments: common('instalment-numbers'),
          quotedFor: {
            description: 'Day on which the money must be paid to do what was quoted.',
            ...common('iso-date'),
          },
          amount: common('positive-money'),
          links: links(['loan']),
        },
        ['quoteId', 'instalments', 'quotedFor'],
      ),
    ),
    collectedBy: common('collected-by'),
    party: { description: 'Who collects it.', ...common('party-id') },
    method: { description: 'How it can be paid, while it can.', ...common('repayment-method') },
    reasonCodes: { description: 'Why it has failed, where it has.', ...list(common('reason-code')) },
    links: links(['self', 'flow', 'cancellation']),
  },
  ['collectedBy', 'party', 'method', 'reasonCodes'],
);

/** The routes of repayment orders. */
export function repaymentOrderRoutes(needs: FlowNeeds): Route[] {
  const own: CustomerAccess = {
    owner: ({ parameters }) => customerOfFlow(needs.db, repaymentFlowId(parameters['orderId']!)),
    absent: ({ parameters }) => unknownOrder(parameters['orderId']!),
  };
  const answerOf = (description: string, example: object) => ({ description, schema: order, example });
  return [
    {
      method: 'post',
      path: '/v1/repayment-orders',
      operationId: 'orderRepayment',
      tag: 'Repayment orders',
      summary: 'Order a repayment, and get a method to pay by',
      description:
        'For one or several loans of a customer, by a quote or an amount for each. Whoever collects it (the funding ' +
        'partner itself, or our payment system) makes a QR code, a virtual account or a link. It comes with the answer ' +
        `when it is there within ${USUAL_WAIT_SECONDS} seconds, or those of Prefer: wait=n; else it is found at the order's ` +
        'address. The same Idempotency-Key with the same body gives the same order, however late it is sent.',
      access: {
        roles: MAY.orderRepayments,
        customers: {
          owner: ({ body }) => (body as Body).customerId,
          absent: () => new Problem('UNKNOWN_CUSTOMER', 'There is no such customer.'),
        },
      },
      parameters: [idempotencyKeyParameter, preferParameter],
      body: { schema: bodySchema, examples: bodyExamples },
      answers: {
        201: {
          ...answerOf(
            'The order with its method; or FAILED, where nobody gives one.',
            orderBody(exampleView),
          ),
          headers: { Location: 'Address of the order.' },
        },
        202: {
          ...answerOf('The order is accepted, and its method is on its way.', receivedBody(exampleCommand())),
          headers: { Location: 'Address of the order, where its method will be.' },
        },
      },
      problems: [
        'IDEMPOTENCY_KEY_REUSED',
        ...(Object.keys(contractOf(COMMAND)['x-command']!.errors) as ErrorCodeOf<typeof COMMAND>[]),
      ],
      handle: (call) => submit(needs, call),
    },
    {
      method: 'get',
      path: '/v1/repayment-orders/{orderId}',
      operationId: 'getRepaymentOrder',
      tag: 'Repayment orders',
      summary: 'Read a repayment order, and the method to pay it by',
      access: { roles: MAY.readLoans, customers: own },
      parameters: [orderIdParameter],
      answers: { 200: answerOf('The order as it stands now.', orderBody(exampleView)) },
      problems: ['UNKNOWN_REPAYMENT_ORDER'],
      handle: (call) => read(needs.db, call.parameters['orderId']!),
    },
    {
      method: 'post',
      path: '/v1/repayment-orders/{orderId}/cancellation',
      operationId: 'cancelRepaymentOrder',
      tag: 'Repayment orders',
      summary: 'Cancel a repayment order that nobody has paid',
      description:
        'Its method is shown no more. Cancelling it again changes nothing. Money that comes by its method all the same is ' +
        'put to its loans.',
      access: { roles: MAY.orderRepayments, customers: own },
      parameters: [orderIdParameter],
      body: {
        schema: object({ reason: { type: 'string', minLength: 3, maxLength: 500 } }),
        examples: { usual: { reason: 'Pays from another account.' } },
      },
      answers: { 200: answerOf('The order is cancelled.', cancelledExample()) },
      problems: ['UNKNOWN_REPAYMENT_ORDER', 'ORDER_PAID'],
      handle: (call) => cancel(needs.db, call),
    },
  ];
}

const unknownOrder = (orderId: string): Problem =>
  new Problem('UNKNOWN_REPAYMENT_ORDER', `There is no repayment order ${orderId}.`);

/** Reserves the key, then starts the flow. Whatever dies in between, the same request again finds the row and goes on. */
async function submit(needs: FlowNeeds, call: Call): Promise<Answer> {
  const { db } = needs;
  const body = call.body as Body;
  const [before, basis] = await Promise.all([
    submissionBefore(db, call),
    orderBasisOf(db, body.customerId, body.lines),
  ]);
  const submission = await submissionFor(db, call, body, before, () => newSubmission(body, basis));
  const { businessId: orderId } = submission;
  const command = submission.command as Command;
  return startMethodOrder(needs, call, {
    ...{ submission, summary: summaryOf(command.data), address: orderAddress(orderId) },
    ...{ received: receivedBody(command), current: async () => (await currentBody(db, orderId))! },
    underWay: ['RECEIVED', 'CREATED', 'ROUTED'],
  });
}

/** Makes the command of a new order. Throws the problem that its loans and quotes show at once. */
function newSubmission(
  { customerId, payer = 'BORROWER', lines: wanted }: Body,
  basis: Awaited<ReturnType<typeof orderBasisOf>>,
): NewSubmission {
  if (!basis) throw new Problem('UNKNOWN_CUSTOMER', 'There is no such customer.');
  const { market, businessDate, found } = basis;
  const basisLines = wanted.map((line, index) => ({ ...line, ...found[index]! }));
  const problem = orderProblem(basisLines, businessDate);
  if (problem) throw new Problem(problem.code, problem.message);

  const orderId = newBusinessId('RO');
  const flowId = repaymentFlowId(orderId);
  const lines = basisLines.map((line) => ({
    ...{ loanId: line.loanId, partnerId: line.loan!.partnerId, amount: termsOf(line).amount },
    scenario: line.quote?.scenario ?? ('NORMAL' as const),
    ...(line.quote && { quoteId: line.quoteId!, quotedFor: line.quote.quotedFor }),
    ...(line.quote?.instalments && { instalments: line.quote.instalments }),
  }));
  const { currency } = lines[0]!.amount;
  const amount = { currency, amountMinor: sumMinor(lines.map((line) => line.amount.amountMinor)) };
  const command = composeCommand(
    { flow: FLOW, flowId, market },
    {
      ...message(COMMAND, { orderId, customerId, payer, amount, lines }),
      ...{ source: 'bff-system', occurrence: '1' },
    },
  );
  return { flow: FLOW, flowId, businessId: orderId, command };
}

const summaryOf = ({ orderId, amount, lines }: DataOf<typeof COMMAND>): string =>
  `Repayment order ${orderId}: ${formatMoney(amount)} for ${lines.length === 1 ? 'a loan' : `${lines.length} loans`}`;

async function read(db: Knex, orderId: string): Promise<Answer> {
  const body = await currentBody(db, orderId);
  if (!body) throw unknownOrder(orderId);
  return { status: 200, body };
}

/** Nothing of the flow is told: where it still waits for a method, it ends without one that is shown. */
async function cancel(db: Knex, call: Call): Promise<Answer> {
  const orderId = call.parameters['orderId']!;
  if (!(await submissionOf(db, orderId))) throw unknownOrder(orderId);
  const { reason } = call.body as { reason: string };
  const cancellation = { orderId, actor: call.client().clientId, reason };
  const isCancelled = await inTransaction(db, 'cancellation of an order', (tx) =>
    cancelOrder(tx, 'repayment', cancellation),
  );
  if (!isCancelled) {
    throw new Problem('ORDER_PAID', 'Money that has come stays with the loans that it was for.');
  }
  crashPoint('before-answer', 'cancellation of an order');
  return read(db, orderId);
}

/** An order as it stands now; undefined when nobody has submitted it. */
async function currentBody(db: Knex, orderId: string) {
  const view = await repaymentOrderView(db, orderId);
  if (view) return orderBody(view);
  // Submitted, and the flow has not got to its first step yet, or was refused there.
  const submission = await submissionOf(db, orderId);
  if (!submission) return undefined;
  const { isCancelled, refusal } = await orderWithoutRow(db, orderId, submission.flowId);
  const body = receivedBody(submission.command as Command);
  if (isCancelled) return { ...body, state: 'CANCELLED' };
  return refusal === null ? body : { ...body, state: 'FAILED', reasonCodes: [refusal] };
}

function receivedBody({ data }: Command) {
  const { orderId, customerId, payer, amount, lines } = data;
  return {
    ...{ orderId, state: 'RECEIVED', customerId, payer, amount },
    received: { currency: amount.currency, amountMinor: 0 },
    lines: lines.map(({ partnerId: _partnerId, ...line }) => ({
      ...line,
      links: { loan: loanAddress(line.loanId) },
    })),
    links: linksOf(orderId),
  };
}

function orderBody(view: RepaymentOrderView) {
  const { orderId, state, customerId, payer, currency, collectedBy, party, method, reasonCodes } = view;
  return {
    ...{ orderId, state, customerId, payer },
    amount: { currency, amountMinor: view.amountMinor },
    received: { currency, amountMinor: view.receivedMinor },
    lines: view.lines.map(({ loanId, quoteId, scenario, instalments, quotedFor, amountMinor }) => ({
      ...{ loanId, scenario },
      ...(quoteId !== null && { quoteId }),
      ...(instalments && { instalments }),
      ...(quotedFor !== null && { quotedFor }),
      amount: { currency, amountMinor },
      links: { loan: loanAddress(loanId) },
    })),
    ...(collectedBy && { collectedBy }),
    ...(party !== null && { party }),
    ...(state === 'METHOD_CREATED' && method && { method }),
    ...(state === 'FAILED' && { reasonCodes }),
    links: linksOf(orderId),
  };
}

const linksOf = (orderId: string) => ({
  ...{ self: orderAddress(orderId), flow: flowAddress(repaymentFlowId(orderId)) },
  cancellation: orderCancellationAddress(orderId),
});

/** The example of the command's contract, as if it had been sent. */
const exampleCommand = (): Command =>
  ({ data: contractOf(COMMAND).$defs.data.examples![0] }) as unknown as Command;

const exampleView: RepaymentOrderView = {
  ...{
    orderId: 'RO01JDB3Q7R5YA',
    customerId: 'c-cn-000871',
    market: 'CN',
    payer: 'BORROWER',
    currency: 'CNY',
  },
  ...{ amountMinor: 40_800, receivedMinor: 0, state: 'METHOD_CREATED', party: 'bank-huaxin' },
  ...{ collectedBy: 'PARTNER', methodNo: 'RM-RO01JDB3Q7R5YA-1', reasonCodes: [] },
  lines: [
    {
      ...{
        loanId: 'LN01JD9K5T2W8Z',
        partnerId: 'bank-huaxin',
        quoteId: 'RQ01JDB2N6P4XA',
        scenario: 'NORMAL',
      },
      ...{ instalments: [2], quotedFor: '2024-02-25', amountMinor: 40_800 },
    },
  ],
  method: {
    ...{ kind: 'QR', value: 'https://pay.bank-huaxin.example/q/31', expiresAt: '2024-02-25T12:30:00+08:00' },
  },
};

const cancelledExample = () => orderBody({ ...exampleView, state: 'CANCELLED' });
