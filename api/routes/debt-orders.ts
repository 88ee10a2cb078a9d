import type { Knex } from 'knex';
import { mallCallsOf, type RecordedCall } from '../../db/access/mall-calls';
import {
  debtOrderView,
  type DebtOrderLineView,
  type DebtOrderRefundView,
  type DebtOrderView,
} from '../../db/reads/debt-orders';
import { mallOf } from '../../db/reference';
import { debtOrderFlowId } from '../../domain/identifiers';
import { money } from '../../domain/money';
import type { CreatePreDivideData, RefundRequestedData } from '../../schemas/generated/messages';
import { contractOf } from '../../schemas/validate';
import { debtContractAddress, debtOrderAddress, flowAddress } from '../addresses';
import { checkOrder, orderLimitBytes, refundState } from '../mall';
import { preDivide, settleDebt, takeIn, unknownOrder } from '../mall-calls';
import type { FlowNeeds } from '../needs';
import { MAY } from '../permissions';
import { Problem } from '../problem';
import type { Answer, Call, Route } from '../route';
import { common, links, list, object, oneOf, propertiesOf, type Schema } from '../schema';
import { orderIdParameter } from './mall';

const nonNegative = (description: string): Schema => ({ description, ...common('non-negative-money') });

const line: Schema = object(
  {
    number: common('line-number'),
    orderDetailId: common('order-detail-id'),
    ledgerId: common('ledger-id'),
    merType: common('merchant-type'),
    amount: { description: 'As the mall told it.', ...common('positive-money') },
    leftOut: nonNegative('What refunds left out of the divide.'),
    divided: nonNegative('What was divided.'),
    returned: nonNegative('What of it was returned.'),
    settled: nonNegative('What of it has settled debts, or is owed to the debtor as it exceeds them.'),
    rolledBack: nonNegative('What of that was rolled back.'),
  },
  ['orderDetailId'],
);

const movement: Schema = object(
  {
    line: common('line-number'),
    contractId: common('debt-contract-id'),
    type: { description: 'INCOME settles debt, EXPENSE rolls it back.', ...oneOf('INCOME', 'EXPENSE') },
    amount: common('positive-money'),
    refundNo: common('mall-refund-id'),
    valueDate: { description: 'Day on which it counts.', ...common('iso-date') },
    links: links(['contract']),
  },
  ['refundNo'],
);

const refund: Schema = object(
  {
    refundNo: common('mall-refund-id'),
    orderDetailId: common('order-detail-id'),
    amount: common('positive-money'),
    state: refundState,
    isDone: {
      description: 'Whether the debts have followed: rolled back, or nothing was settled that had to be.',
      type: 'boolean',
    },
    reasonCode: { description: 'Why it was refused.', ...common('reason-code') },
  },
  ['orderDetailId', 'reasonCode'],
);

const order: Schema = object(
  {
    orderId: common('mall-order-id'),
    mallId: common('mall-id'),
    state: {
      description:
        'RECEIVED: the flow has not taken it yet. REFUSED: it could not be taken. PENDING: it is not divided yet. FAILED: ' +
        'people gave its divide up. Whether a contract is completed is the contract’s own state.',
      ...oneOf(
        ...['RECEIVED', 'REFUSED', 'PENDING', 'FAILED', 'DIVIDED', 'SETTLED', 'PARTIALLY_ROLLED_BACK'],
        'ROLLED_BACK',
      ),
    },
    amount: common('positive-money'),
    refunded: nonNegative('What of it is refunded, or is to be.'),
    isCompleted: {
      description: 'Whether the rest of it has gone to the receiving merchant.',
      type: 'boolean',
    },
    lines: { description: 'How it is divided.', ...list(line) },
    movements: { description: 'What contracts were moved by it, the first first.', ...list(movement) },
    refunds: { description: 'In the order in which they came.', ...list(refund) },
    waitsFor: {
      description:
        'What it waits for, and since when; absent where nothing of it is open. DEBTOR: whose a ledger id is. PEOPLE: the ' +
        'answer to an open question.',
      ...object({
        what: oneOf('CLEARING', 'DIVIDE', 'RECEIPT', 'DEBTOR', 'RETURN', 'COMPLETION', 'PEOPLE'),
        since: common('instant'),
      }),
    },
    links: links(['self', 'flow']),
  },
  ['waitsFor'],
);

type ImportBody = Omit<CreatePreDivideData, 'orderId'> & { receiptConfirmed: boolean };

/** What the command's contract takes, but for what the path names and what only a new order leaves open. */
function importBody(): Schema {
  const { data } = contractOf('create-pre-divide').$defs;
  const { orderId, ...properties } = propertiesOf(data);
  const receiptConfirmed = {
    description:
      'Whether its receipt was confirmed: then it settles debts here as it did before, so leave that out of what its ' +
      'contracts had settled before.',
    type: 'boolean',
  };
  return object({ ...properties, receiptConfirmed }, ['items']);
}

const importExample: ImportBody = {
  ...{ mallId: 'another-mall', uniqueOrderNo: '1013202507110000000002', merchantNo: '10090000001' },
  amount: money('CNY', 10_000),
  lines: [{ ledgerId: 'D-31', merType: 'DEBTOR', subMerNo: '10090000031', amount: money('CNY', 3_000) }],
  divided: {
    ...{ settled: money('CNY', 9_940), divideRequestId: 'FZ202507110002', batchNo: 'FZ88200002' },
    ...{ dividedOn: '2025-07-11', details: [{ subMerNo: '10090000031', detailNo: 'FZD0001' }] },
    isCompleted: true,
  },
  receiptConfirmed: true,
};

/** How malls' orders stand, and the import of those that were divided before this platform was there. */
export function debtOrderRoutes(needs: FlowNeeds): Route[] {
  return [
    {
      method: 'get',
      path: '/v1/debt-orders/{orderId}',
      operationId: 'getDebtOrder',
      tag: 'Debt orders',
      summary: "Read a mall's order",
      description: 'A mall reads its own; of others it learns nothing, not even whether they exist.',
      access: { roles: MAY.readDebtOrders },
      parameters: [orderIdParameter],
      answers: {
        200: { description: 'The order as it stands now.', schema: order, example: bodyOf(exampleView) },
      },
      problems: ['UNKNOWN_DEBT_ORDER'],
      handle: (call) => read(needs.db, call),
    },
    {
      method: 'put',
      path: '/v1/debt-order-imports/{orderId}',
      operationId: 'importDebtOrder',
      tag: 'Debt orders',
      summary: 'Import an order that was divided before this platform was there',
      description:
        'With Yeepay’s numbers of its divide, so that it can be refunded from then on. Nothing is asked of Yeepay for it. The ' +
        'same again changes nothing.',
      access: { roles: MAY.manageDebts },
      parameters: [orderIdParameter],
      body: {
        ...{ schema: importBody(), limitBytes: orderLimitBytes },
        examples: { settled: importExample },
      },
      answers: {
        202: {
          description: 'On record; its flow brings it to where it stands.',
          schema: object({ orderId: common('mall-order-id'), links: links(['self', 'flow']) }),
          headers: { Location: 'Address of the order.' },
          example: { orderId: orderIdParameter.example, links: linksOf(orderIdParameter.example) },
        },
      },
      problems: ['UNKNOWN_MALL', 'WRONG_CURRENCY', 'MORE_THAN_ORDER', 'INCOMPLETE_IMPORT', 'ORDER_TAKEN'],
      handle: (call) => importOrder(needs, call),
    },
  ];
}

async function importOrder(needs: FlowNeeds, call: Call): Promise<Answer> {
  const { receiptConfirmed, ...told } = call.body as ImportBody;
  const data = { ...told, orderId: call.parameters['orderId']! };
  const { orderId, mallId } = data;
  const mall = await mallOf(needs.db, mallId);
  if (!mall) throw new Problem('UNKNOWN_MALL', `There is no mall ${mallId}.`);
  const { market, currency } = mall;
  checkOrder(data, currency, '/items');
  const messages = [preDivide(market, data), ...(receiptConfirmed ? [settleDebt(market, orderId)] : [])];
  await takeIn(needs, market, {
    ...{ mallId, orderId, kind: 'PAID', refundNo: '', content: { ...data, receiptConfirmed }, messages },
  });
  return {
    status: 202,
    headers: { Location: debtOrderAddress(orderId) },
    body: { orderId, links: linksOf(orderId) },
  };
}

const linksOf = (orderId: string) => ({
  ...{ self: debtOrderAddress(orderId), flow: flowAddress(debtOrderFlowId(orderId)) },
});

async function read(db: Knex, { parameters, client }: Call): Promise<Answer> {
  const orderId = parameters['orderId']!;
  const { role, clientId } = client();
  const calls = await mallCallsOf(db, orderId);
  const [paid] = calls;
  if (!paid || (role === 'mall' && paid.mallId !== clientId)) throw unknownOrder(orderId);
  const view = await debtOrderView(db, orderId);
  const refunds = calls.filter(({ kind }) => kind === 'REFUND');
  const untaken = refunds.filter(({ refundNo }) =>
    (view?.refunds ?? []).every(({ refundId }) => refundId !== refundNo),
  );
  const shown = view ?? (await asReceived(db, paid));
  return { status: 200, body: bodyOf({ ...shown, refunds: [...shown.refunds, ...untaken.map(asRefund)] }) };
}

/** A refund that is on record, and that the flow has not taken yet. */
function asRefund({ content }: RecordedCall): Shown['refunds'][number] {
  const { refundId, orderDetailId = null, amount } = content as unknown as RefundRequestedData;
  return {
    ...{ refundId, orderDetailId, amountMinor: amount.amountMinor, state: 'RECEIVED' },
    ...{ reasonCode: null, isDone: false },
  };
}

/** An order that is on record, and that the flow has not taken yet, or could not take. */
async function asReceived(db: Knex, { orderId, mallId, content }: RecordedCall): Promise<Shown> {
  const { amount, lines } = content as unknown as CreatePreDivideData;
  const refused = await db('messages.handling')
    .where({ flow_id: debtOrderFlowId(orderId), message_type: 'create-pre-divide' })
    .whereNotNull('refusal')
    .first<object | undefined>('id');
  return {
    ...{ orderId, mallId, currency: amount.currency, amountMinor: amount.amountMinor, refundedMinor: 0 },
    ...{ state: refused ? 'REFUSED' : 'RECEIVED', isCompleted: false, movements: [], refunds: [] },
    waitsFor: undefined,
    lines: lines.map(({ orderDetailId = null, ledgerId, merType, amount: { amountMinor } }, index) => ({
      ...{ number: index + 1, orderDetailId, ledgerId, merType, amountMinor, refundedMinor: 0 },
      ...{ leftOutMinor: 0, dividedMinor: 0, returnedMinor: 0, settledMinor: 0, rolledBackMinor: 0 },
    })),
  };
}

/** An order as it is shown: also before its flow has taken it, or a refund of it. */
type Shown = Omit<DebtOrderView, 'market' | 'state' | 'refunds'> & {
  state: DebtOrderView['state'] | 'RECEIVED' | 'REFUSED';
  refunds: (Omit<DebtOrderRefundView, 'state'> & { state: DebtOrderRefundView['state'] | 'RECEIVED' })[];
};

function bodyOf({ orderId, mallId, state, currency, isCompleted, waitsFor, ...view }: Shown) {
  const of = (amountMinor: number) => money(currency, amountMinor);
  const lineOf = ({ orderDetailId, number, ledgerId, merType, ...minor }: DebtOrderLineView) => ({
    ...{ number, ...(orderDetailId !== null && { orderDetailId }), ledgerId, merType },
    ...{ amount: of(minor.amountMinor), leftOut: of(minor.leftOutMinor), divided: of(minor.dividedMinor) },
    ...{ returned: of(minor.returnedMinor), settled: of(minor.settledMinor) },
    rolledBack: of(minor.rolledBackMinor),
  });
  return {
    ...{
      orderId,
      mallId,
      state,
      amount: of(view.amountMinor),
      refunded: of(view.refundedMinor),
      isCompleted,
    },
    lines: view.lines.map(lineOf),
    movements: view.movements.map(({ number, contractId, type, amountMinor, refundId, valueDate }) => ({
      ...{ line: number, contractId, type, amount: of(amountMinor) },
      ...(refundId !== null && { refundNo: refundId }),
      ...{ valueDate, links: { contract: debtContractAddress(contractId) } },
    })),
    refunds: view.refunds.map(
      ({ refundId, orderDetailId, amountMinor, state: refundedState, isDone, reasonCode }) => ({
        ...{ refundNo: refundId, ...(orderDetailId !== null && { orderDetailId }) },
        ...{ amount: of(amountMinor), state: refundedState, isDone },
        ...(reasonCode !== null && { reasonCode }),
      }),
    ),
    ...(waitsFor && { waitsFor }),
    links: linksOf(orderId),
  };
}

const exampleView: Shown = {
  ...{ orderId: 'MO20260115000017', mallId: 'cn-mall', currency: 'CNY', amountMinor: 10_000 },
  ...{ refundedMinor: 1_000, state: 'PARTIALLY_ROLLED_BACK', isCompleted: true, waitsFor: undefined },
  lines: [
    {
      ...{ number: 1, orderDetailId: '10001', ledgerId: 'D-31', merType: 'DEBTOR', amountMinor: 3_000 },
      ...{ refundedMinor: 300, leftOutMinor: 0, dividedMinor: 3_000, returnedMinor: 300 },
      ...{ settledMinor: 3_000, rolledBackMinor: 300 },
    },
  ],
  movements: [
    {
      ...{ number: 1, contractId: 'HZ-2025-0031', type: 'INCOME', amountMinor: 3_000, refundId: null },
      valueDate: '2026-01-22',
    },
    {
      ...{ number: 1, contractId: 'HZ-2025-0031', type: 'EXPENSE', amountMinor: 300 },
      ...{ refundId: 'MR20260130000003', valueDate: '2026-01-30' },
    },
  ],
  refunds: [
    {
      ...{ refundId: 'MR20260130000003', orderDetailId: null, amountMinor: 1_000, state: 'RETURNED' },
      ...{ reasonCode: null, isDone: true },
    },
  ],
};
