import type { Knex } from 'knex';
import { chargebackView, type ChargebackView } from '../../db/reads/chargebacks';
import { money } from '../../domain/money';
import { chargebackAddress, flowAddress, refundFlowId } from '../addresses';
import { MAY } from '../permissions';
import { Problem } from '../problem';
import type { Parameter, Route } from '../route';
import { common, links, object, oneOf, type Schema } from '../schema';

const chargebackIdParameter: Parameter = {
  in: 'path',
  name: 'chargebackId',
  description: 'Id of a chargeback: what its flow is named after.',
  schema: common('chargeback-id'),
  required: true,
  example: 'CB5F0C7D2E8A418B6F9C3D2E1A0B9C8D',
};

const chargeback: Schema = object(
  {
    chargebackId: common('chargeback-id'),
    party: { description: 'Who has taken the money back.', ...common('party-id') },
    chargebackNo: common('chargeback-no'),
    transactionNo: common('receipt-transaction-no'),
    amount: { description: 'What was taken back.', ...common('positive-money') },
    reasonCode: common('chargeback-reason'),
    takenBackOn: { description: "Day on which it was, in the market's time zone.", ...common('iso-date') },
    state: {
      description:
        'WAITS: nobody knows yet whose money it was, or a refund of it is under way. CHARGED: it is undone. ' +
        'CLAIMED_FROM_PARTY: nothing of ours had come in by it.',
      ...oneOf('WAITS', 'CHARGED', 'CLAIMED_FROM_PARTY'),
    },
    customerId: { description: 'Who had paid.', ...common('customer-id') },
    undone: { description: 'What counts as never paid.', ...common('non-negative-money') },
    receivable: {
      description: 'What had been refunded before: its payer has it twice, and owes it.',
      ...common('non-negative-money'),
    },
    links: links(['self', 'flow']),
  },
  ['customerId'],
);

const exampleView: ChargebackView = {
  ...{ chargebackId: 'CB5F0C7D2E8A418B6F9C3D2E1A0B9C8D', party: 'cn-payout', currency: 'CNY' },
  ...{ chargebackNo: 'RB20260217000003', transactionNo: 'TX20260215000031', amountMinor: 50_000 },
  ...{ reasonCode: 'UNAUTHORISED', takenBackOn: '2026-02-17', state: 'CHARGED', customerId: 'c-cn-000871' },
  ...{ undoneMinor: 40_000, receivableMinor: 10_000 },
};

/** The route of chargebacks: parties tell of them by callback, and everybody who may sees what became of one. */
export function chargebackRoutes({ db }: { db: Knex }): Route[] {
  return [
    {
      method: 'get',
      path: '/v1/chargebacks/{chargebackId}',
      operationId: 'getChargeback',
      tag: 'Refunds',
      summary: 'Read money that its party has taken back',
      access: { roles: MAY.readRecords },
      parameters: [chargebackIdParameter],
      answers: {
        200: {
          description: 'The chargeback as it stands now.',
          schema: chargeback,
          example: bodyOf(exampleView),
        },
      },
      problems: ['UNKNOWN_CHARGEBACK'],
      handle: async ({ parameters }) => {
        const view = await chargebackView(db, parameters['chargebackId']!);
        if (!view) throw new Problem('UNKNOWN_CHARGEBACK', 'No flow has looked at a chargeback of this id.');
        return { status: 200, body: bodyOf(view) };
      },
    },
  ];
}

function bodyOf({
  currency,
  amountMinor,
  undoneMinor,
  receivableMinor,
  customerId,
  ...view
}: ChargebackView) {
  return {
    ...view,
    amount: money(currency, amountMinor),
    ...(customerId !== null && { customerId }),
    undone: money(currency, undoneMinor),
    receivable: money(currency, receivableMinor),
    links: {
      self: chargebackAddress(view.chargebackId),
      flow: flowAddress(refundFlowId(view.chargebackId)),
    },
  };
}
