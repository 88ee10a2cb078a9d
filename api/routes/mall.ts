import { setTimeout as sleep } from 'node:timers/promises';
import type { Knex } from 'knex';
import { mallCallsOf, type RecordedCall } from '../../db/access/mall-calls';
import { debtOrderView, type DebtOrderLineView, type DebtOrderRefundView } from '../../db/reads/debt-orders';
import { mallOf, type Mall } from '../../db/reference';
import { money, type Currency } from '../../domain/money';
import { composeEvent } from '../../schemas/compose';
import type { PartySecrets } from '../../schemas/outside/signature';
import { debtOrderAddress } from '../addresses';
import {
  checkOrder,
  checkRefund,
  nullableItem,
  orderLimitBytes,
  paidBody,
  paidExample,
  preDivideOf,
  refundBody,
  refundExample,
  refundOf,
  refundState,
  type PaidBody,
  type RefundBody,
} from '../mall';
import { preDivide, settleDebt, takeIn, unknownOrder } from '../mall-calls';
import type { FlowNeeds } from '../needs';
import { preferParameter, waitSecondsIn } from '../prefer';
import { Problem, type ProblemCode } from '../problem';
import type { Answer, Call, Parameter, RawCall, Route } from '../route';
import { common, links, list, object, oneOf, type Schema } from '../schema';
import { checkSignature, signatureParameters } from '../signed';

type Needs = FlowNeeds & { config: { partySecrets: PartySecrets } };

const mallParameters: Parameter[] = [
  {
    in: 'header',
    name: 'mall-id',
    description: 'Id of the mall that calls.',
    schema: common('mall-id'),
    required: true,
    example: 'cn-mall',
    missing: 'SIGNATURE_MISSING',
    invalid: 'UNKNOWN_PARTY',
  },
  ...signatureParameters,
];

export const orderIdParameter: Parameter = {
  in: 'path',
  name: 'orderId',
  description: "The mall's number of an order.",
  schema: common('mall-order-id'),
  required: true,
  example: 'MO20260115000017',
};
const orderId = orderIdParameter.example;

const perOrderExample: PaidBody = {
  ...{ orderId, uniqueOrderNo: '1013202601150000000017', merchantNo: '10090000001', orderAmount: '100.00' },
  ...{ paidAt: '2026-01-15T10:12:30+08:00', memberUserId: 'M-7731' },
  divideInfo: [{ orderDetailId: null, ledgerId: '10090000031', amount: '30.00', merType: 2 }],
};
const exampleView: RefundedOrder = {
  ...{ orderId, currency: 'CNY' },
  refunds: [{ refundId: refundExample.refundNo, state: 'RETURNED' }],
  lines: [
    { number: 1, ledgerId: 'S-88', refundedMinor: 2500, leftOutMinor: 0, returnedMinor: 2500 },
    { number: 2, ledgerId: 'D-31', refundedMinor: 1500, leftOutMinor: 0, returnedMinor: 1500 },
  ],
};

const orderAnswer: Schema = object({
  orderId: common('mall-order-id'),
  state: oneOf('RECEIVED'),
  links: links(['self']),
});
const orderAnswerBody = (id: string) => ({
  orderId: id,
  state: 'RECEIVED',
  links: { self: debtOrderAddress(id) },
});

const refundAnswer: Schema = object({
  orderId: common('mall-order-id'),
  refundNo: common('mall-refund-id'),
  state: refundState,
  lines: {
    description: 'What was left out of the divide, or returned after it, by all refunds so far.',
    ...list(
      object({
        number: common('line-number'),
        ledgerId: common('ledger-id'),
        leftOut: common('non-negative-money'),
        returned: common('non-negative-money'),
      }),
    ),
  },
  links: links(['self']),
});
const refundHeaders = { description: 'Where an outcome was waited for: wait=n.', optional: true } as const;

const rollbackAnswer: Schema = object({
  success: {
    description:
      'Whether it is done: the debts are rolled back, or nothing was settled that had to be. While it is false, call again.',
    type: 'boolean',
  },
});

interface RollbackBody {
  orderId: string;
  refundNo?: string | null;
}

/** As the mall has always sent it. Not closed: what else is in it is not looked at. */
const rollbackBody: Schema = {
  type: 'object',
  required: ['orderId', 'type', 'refundStatus'],
  properties: {
    orderId: common('mall-order-id'),
    type: { description: '1: a roll-back. Nothing else is called here.', type: 'integer', enum: [1] },
    refundStatus: { description: '2 or 3: refunded, wholly or in part.', type: 'integer', enum: [2, 3] },
    refundNo: {
      description: 'The refund that is asked about; null, or left out, for all refunds of the order.',
      oneOf: [common('mall-refund-id'), { type: 'null' }],
    },
    orderDetailId: nullableItem,
  },
};

/** Of every call of a mall. */
const mallProblems = [
  ...(['UNKNOWN_PARTY', 'SIGNATURE_MISSING', 'SIGNATURE_INVALID', 'SIGNATURE_EXPIRED'] as const),
  'TEMPORARILY_UNAVAILABLE',
] as const satisfies readonly ProblemCode[];

const SIGNED =
  'For malls. Signed over the raw bytes; a signature holds for five minutes. The path is not signed, so the body names the ' +
  'order, too. ';

/** The calls by which malls tell us of their orders. */
export function mallRoutes(needs: Needs): Route[] {
  const access = {
    signature: (call: RawCall) =>
      checkSignature(needs.config.partySecrets, call.parameters['mall-id']!, call),
  };
  return [
    {
      method: 'post',
      path: '/v1/debt-orders',
      operationId: 'payDebtOrder',
      tag: 'Debt orders',
      summary: 'Tell that an order is paid, and how it is to be divided',
      description:
        `${SIGNED}It is divided by itself once Yeepay has cleared it. The same order with the same content gives the same ` +
        'answer, however often it is sent.',
      access,
      parameters: mallParameters,
      body: {
        ...{ schema: paidBody, limitBytes: orderLimitBytes },
        examples: { perItem: paidExample, perOrder: perOrderExample },
      },
      answers: {
        202: {
          description: 'On record; the order goes on by itself.',
          schema: orderAnswer,
          headers: { Location: 'Address of the order.' },
          example: orderAnswerBody(orderId),
        },
      },
      problems: [...mallProblems, 'ORDER_TAKEN', 'MORE_THAN_ORDER'],
      handle: (call) => pay(needs, call),
    },
    {
      method: 'post',
      path: '/v1/debt-orders/{orderId}/receipt-confirmations',
      operationId: 'confirmDebtOrderReceipt',
      tag: 'Debt orders',
      summary: 'Tell that the buyer has confirmed the receipt',
      description: `${SIGNED}Debts are settled once the order is divided; a confirmation that comes earlier waits for that.`,
      access,
      parameters: [orderIdParameter, ...mallParameters],
      body: { schema: object({ orderId: common('mall-order-id') }), examples: { usual: { orderId } } },
      answers: {
        202: {
          description: 'On record; the debts are settled by themselves.',
          schema: orderAnswer,
          headers: { Location: 'Address of the order.' },
          example: orderAnswerBody(orderId),
        },
      },
      problems: [...mallProblems, 'UNKNOWN_DEBT_ORDER'],
      handle: (call) => confirmReceipt(needs, call),
    },
    {
      method: 'post',
      path: '/v1/debt-orders/{orderId}/refunds',
      operationId: 'refundDebtOrder',
      tag: 'Debt orders',
      summary: 'Refund an order or an item, approved by the mall',
      description:
        `${SIGNED}What was divided is returned to the merchant, then the debts are rolled back by themselves. Who pays the ` +
        'buyer is the mall. With Prefer: wait=n the answer is the outcome of the return, when it comes within n seconds. The ' +
        'same refund with the same content is taken once.',
      access,
      parameters: [orderIdParameter, ...mallParameters, preferParameter],
      body: {
        schema: refundBody,
        examples: { item: refundExample, order: { ...refundExample, orderDetailId: null } },
      },
      answers: {
        200: {
          description:
            'What was divided is returned, or was left out of the divide; or the order cannot have the refund.',
          schema: refundAnswer,
          headers: { Location: 'Address of the order.', 'Preference-Applied': refundHeaders },
          example: refundAnswerBody(exampleView, refundExample.refundNo),
        },
        202: {
          description: 'On record; the return goes on by itself, for as long as it takes.',
          schema: refundAnswer,
          headers: { Location: 'Address of the order.', 'Preference-Applied': refundHeaders },
          example: refundAnswerBody(undefined, refundExample.refundNo, orderId),
        },
      },
      problems: [
        ...mallProblems,
        ...(['UNKNOWN_DEBT_ORDER', 'REFUND_TAKEN', 'ITEM_UNKNOWN', 'ITEM_REFUNDED'] as const),
        ...(['REFUND_EXCEEDS_ORDER', 'REFUND_EXCEEDS_ITEM'] as const),
      ],
      handle: (call) => refund(needs, call),
    },
    {
      method: 'post',
      path: '/v1/debt-orders/{orderId}/debt-rollbacks',
      operationId: 'rollBackDebtOrder',
      tag: 'Debt orders',
      summary: "Ask whether a refund's debts are rolled back (type=1)",
      description:
        `${SIGNED}The mall's own second call, as it has always been, with its retry. The roll-back has started by itself when ` +
        'the divide was returned; this call starts nothing.',
      access,
      parameters: [orderIdParameter, ...mallParameters],
      body: { schema: rollbackBody, examples: { usual: { orderId, type: 1, refundStatus: 3 } } },
      answers: {
        200: { description: 'How it stands.', schema: rollbackAnswer, example: { success: true } },
      },
      problems: [...mallProblems, 'UNKNOWN_DEBT_ORDER', 'NO_REFUND'],
      handle: (call) => rollBack(needs, call),
    },
  ];
}

/** The mall that has signed. Throws UNKNOWN_PARTY where the party is no mall. */
async function callerOf(db: Knex, { parameters }: Call): Promise<Mall> {
  const mall = await mallOf(db, parameters['mall-id']!);
  if (!mall) throw new Problem('UNKNOWN_PARTY', 'No mall of this id calls us.');
  return mall;
}

/** The order that a call's path names. Throws INVALID_BODY where the body, which is what was signed, names another. */
function orderOfPath({ parameters, body }: Call): string {
  const { orderId: named } = body as { orderId: string };
  if (named === parameters['orderId']) return named;
  const errors = [{ pointer: '/orderId', detail: 'must be the order of the path' }];
  throw new Problem('INVALID_BODY', 'Path and body must name the same order.', errors);
}

async function pay(needs: Needs, call: Call): Promise<Answer> {
  const mall = await callerOf(needs.db, call);
  const body = call.body as PaidBody;
  const data = preDivideOf(body, mall.id, mall.currency);
  checkOrder(data, mall.currency, '/orderDetails');
  const { orderId: id } = data;
  const { paidAt, memberUserId } = body;
  await takeIn(needs, mall.market, {
    ...{ mallId: mall.id, orderId: id, kind: 'PAID', refundNo: '' },
    ...{ content: { ...data, paidAt, memberUserId }, messages: [preDivide(mall.market, data)] },
  });
  return accepted(id);
}

async function confirmReceipt(needs: Needs, call: Call): Promise<Answer> {
  const mall = await callerOf(needs.db, call);
  const id = orderOfPath(call);
  await takeIn(needs, mall.market, {
    ...{ mallId: mall.id, orderId: id, kind: 'RECEIPT_CONFIRMED', refundNo: '' },
    ...{ content: {}, messages: [settleDebt(mall.market, id)] },
  });
  return accepted(id);
}

const accepted = (id: string): Answer => ({
  ...{ status: 202, headers: { Location: debtOrderAddress(id) } },
  body: orderAnswerBody(id),
});

/** The call carries the mall's approval, so it is both: asked for, and approved. */
async function refund(needs: Needs, call: Call): Promise<Answer> {
  const mall = await callerOf(needs.db, call);
  const id = orderOfPath(call);
  const data = refundOf(call.body as RefundBody, mall.currency);
  const { refundId } = data;
  const from = { source: 'mall', market: mall.market, subjectId: `${id}.${refundId}` } as const;
  const messages = [
    composeEvent(from, { type: 'refund-requested', data }),
    composeEvent(from, { type: 'refund-approved', data: { orderId: id, refundId } }),
  ];
  const told = { mallId: mall.id, orderId: id, kind: 'REFUND', refundNo: refundId } as const;
  await takeIn(needs, mall.market, { ...told, content: data, messages }, (earlier) =>
    checkRefund(earlier, data),
  );
  const waitSeconds = waitSecondsIn(call.parameters);
  const now = (): Promise<Answer> => answerAbout(needs.db, id, refundId);
  if (waitSeconds === 0) return now();
  const headers = { 'Preference-Applied': `wait=${waitSeconds}` };
  const waited = async (): Promise<Answer> => {
    const answer = await untilOutcome(now, waitSeconds);
    return { ...answer, headers: { ...answer.headers, ...headers } };
  };
  return { status: 202, body: {}, later: waited };
}

/** How often a refund is looked at while its outcome is waited for. */
const LOOK_EVERY_MS = 200;

/** Looks until there is an outcome, or the time is over. */
async function untilOutcome(now: () => Promise<Answer>, seconds: number): Promise<Answer> {
  const endsMs = performance.now() + seconds * 1000;
  for (;;) {
    const answer = await now();
    if (answer.status === 200 || performance.now() >= endsMs) return answer;
    await sleep(LOOK_EVERY_MS);
  }
}

const IS_OUTCOME = ['LEFT_OUT', 'RETURNED', 'REFUSED'];

async function answerAbout(db: Knex, id: string, refundNo: string): Promise<Answer> {
  const body = refundAnswerBody(await debtOrderView(db, id), refundNo, id);
  const status = IS_OUTCOME.includes(body.state) ? 200 : 202;
  return { status, headers: { Location: debtOrderAddress(id) }, body };
}

/** What of an order its refunds show. */
interface RefundedOrder {
  orderId: string;
  currency: Currency;
  lines: Pick<
    DebtOrderLineView,
    'number' | 'ledgerId' | 'refundedMinor' | 'leftOutMinor' | 'returnedMinor'
  >[];
  refunds: Pick<DebtOrderRefundView, 'refundId' | 'state'>[];
}

/** Nothing of a refund is there to be seen before its order's flow has taken it. */
function refundAnswerBody(view: RefundedOrder | undefined, refundNo: string, id = view!.orderId) {
  const lines = view?.lines ?? [];
  return {
    ...{ orderId: id, refundNo },
    state: view?.refunds.find((one) => one.refundId === refundNo)?.state ?? 'RECEIVED',
    lines: lines
      .filter(({ refundedMinor }) => refundedMinor > 0)
      .map(({ number, ledgerId, leftOutMinor, returnedMinor }) => ({
        ...{ number, ledgerId },
        leftOut: money(view!.currency, leftOutMinor),
        returned: money(view!.currency, returnedMinor),
      })),
    links: { self: debtOrderAddress(id) },
  };
}

/** Reads what has become of the roll-back that has started by itself, so that it can be asked for as often as one likes. */
async function rollBack({ db }: Needs, call: Call): Promise<Answer> {
  const mall = await callerOf(db, call);
  const id = orderOfPath(call);
  const { refundNo } = call.body as RollbackBody;
  const calls = await mallCallsOf(db, id);
  if (calls[0]?.mallId !== mall.id) throw unknownOrder(id);
  const asked = calls.filter(
    (one) => one.kind === 'REFUND' && (refundNo == null || one.refundNo === refundNo),
  );
  const view = await debtOrderView(db, id);
  const stateOf = (one: RecordedCall) => view?.refunds.find(({ refundId }) => refundId === one.refundNo);
  const wanted = asked.filter((one) => stateOf(one)?.state !== 'REFUSED');
  if (wanted.length === 0) {
    throw new Problem(
      'NO_REFUND',
      'Call the refund first: it returns what was divided, and starts the roll-back.',
    );
  }
  return { status: 200, body: { success: wanted.every((one) => stateOf(one)?.isDone) } };
}
