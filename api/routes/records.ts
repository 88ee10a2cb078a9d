import type { Knex } from 'knex';
import { journalsCausedBy, type Journal } from '../../db/books/journals';
import { messageStory, type MessageStory } from '../../db/reads/messages';
import { outsideRequestView, type OutsideRequestView } from '../../db/reads/outside-requests';
import { idOf, typeOf } from '../../schemas/message';
import { contractOf } from '../../schemas/validate';
import { flowAddress, journalAddress, messageAddress, outsideRequestAddress } from '../addresses';
import { MAY } from '../permissions';
import { withoutPersonal } from '../personal';
import { Problem } from '../problem';
import type { Route } from '../route';
import { common, count, links, list, object, oneOf, text, uuid, type Schema } from '../schema';

const messageId = uuid;
const exampleMessageId = '5b2f0c1e-8a53-8f0e-9d57-0d2f3a6f9b11';

/** What other records say of a request to an outside party. */
export const requestAsked: Schema = object({
  requestNo: common('request-no'),
  party: common('party-id'),
  state: text,
  links: links(['self']),
});

const message: Schema = object(
  {
    messageId,
    type: { description: 'Catalog id of the message.', ...text },
    kind: oneOf('COMMAND', 'EVENT'),
    source: { description: 'Service that sent it.', ...text },
    target: { description: 'Service that a command is for.', ...text },
    market: common('market-id'),
    flowId: text,
    sentAt: common('instant'),
    data: { description: 'What it says, without personal data.', type: 'object' },
    handlings: {
      description: 'Who handled it, in the order in which they did.',
      ...list(
        object(
          {
            service: text,
            handledAt: common('instant'),
            refusal: {
              description: 'Why the service refused it, where it did.',
              ...object({ code: common('reason-code'), reason: text }),
            },
          },
          ['refusal'],
        ),
      ),
    },
    sent: {
      description: 'What was sent in answer, in order.',
      ...list(object({ messageId, type: text, source: text, links: links(['self']) })),
    },
    journals: {
      description: 'What its handlings posted to the books.',
      ...list(object({ journalId: common('journal-id'), scenario: text, links: links(['self']) })),
    },
    outsideRequests: {
      description: 'What was asked of outside parties because of it.',
      ...list(requestAsked),
    },
    links: links(['self'], ['cause', 'flow']),
  },
  ['target'],
);

const outsideRequest: Schema = object(
  {
    requestNo: common('request-no'),
    party: common('party-id'),
    operation: { description: 'What was asked.', ...text },
    businessKey: { description: 'What is wanted, whatever the number of tries.', ...text },
    try: { type: 'integer', minimum: 1 },
    state: {
      description: 'UNKNOWN: whether the party has acted is not known, and it is asked until it is.',
      ...oneOf('PREPARED', 'PROCESSING', 'UNKNOWN', 'SUCCEEDED', 'FAILED'),
    },
    askedCount: { description: 'How often the party was asked, queries included.', ...count },
    askedAt: { description: 'When it was asked last, if it was.', ...common('instant') },
    unknownWhy: { description: 'Why it is UNKNOWN what became of it, as of then.', ...text },
    openedAt: common('instant'),
    settled: {
      description: 'How it ended, once it has.',
      ...object(
        {
          by: {
            description:
              'What brought the final word; GIVEN_UP: the party was asked in vain, and is asked no more.',
            ...oneOf('ANSWER', 'CALLBACK', 'QUERY', 'OPERATOR', 'GIVEN_UP'),
          },
          at: common('instant'),
          transactionNo: common('transaction-no'),
          paidAt: { description: 'When it took effect, by the party.', ...common('instant') },
          failureCode: { description: "Why it failed, in the party's code.", ...text },
        },
        ['transactionNo', 'paidAt', 'failureCode'],
      ),
    },
    notifications: {
      description: 'What the party told us of itself, in the order in which it came in.',
      ...list(object({ webhookId: text, status: text, receivedAt: common('instant') })),
    },
    links: links(['self', 'flow', 'message']),
  },
  ['settled', 'askedAt', 'unknownWhy'],
);

/** The routes of what is on record behind a flow: messages, and requests to outside parties. */
export function recordRoutes({ db }: { db: Knex }): Route[] {
  return [
    {
      method: 'get',
      path: '/v1/messages/{messageId}',
      operationId: 'getMessage',
      tag: 'Records',
      summary: 'Read a message, who handled it, and what came of it',
      access: { roles: MAY.readRecords },
      parameters: [
        {
          in: 'path',
          name: 'messageId',
          description: 'Id of a message.',
          schema: messageId,
          required: true,
          example: exampleMessageId,
        },
      ],
      answers: {
        200: {
          description: 'The message with its story so far.',
          schema: message,
          example: exampleMessage(),
        },
      },
      problems: ['UNKNOWN_MESSAGE'],
      async handle({ parameters }) {
        const id = parameters['messageId']!;
        const story = await messageStory(db, id);
        if (!story) throw new Problem('UNKNOWN_MESSAGE', `No message ${id} is recorded.`);
        return { status: 200, body: messageBody(story, await journalsCausedBy(db, id)) };
      },
    },
    {
      method: 'get',
      path: '/v1/outside-requests/{requestNo}',
      operationId: 'getOutsideRequest',
      tag: 'Records',
      summary: 'Read what became of a request to an outside party',
      access: { roles: MAY.readRecords },
      parameters: [
        {
          in: 'path',
          name: 'requestNo',
          description: 'Number of a request, as the party knows it.',
          schema: common('request-no'),
          required: true,
          example: 'PO-LA01JD8X3M7Q2V-1',
        },
      ],
      answers: {
        200: { description: 'The request.', schema: outsideRequest, example: requestBody(exampleRequest) },
      },
      problems: ['UNKNOWN_REQUEST'],
      async handle({ parameters }) {
        const requestNo = parameters['requestNo']!;
        const found = await outsideRequestView(db, requestNo);
        if (!found) throw new Problem('UNKNOWN_REQUEST', `Nobody was sent a request ${requestNo}.`);
        return { status: 200, body: requestBody(found) };
      },
    },
  ];
}

function messageBody(story: MessageStory, journals: readonly Pick<Journal, 'journalId' | 'scenario'>[]) {
  const { body, hasRun, handlings, sent, outsideRequests } = story;
  const { source, market, flowId, causationId } = body;
  return {
    messageId: idOf(body),
    type: typeOf(body),
    kind: 'commandId' in body ? 'COMMAND' : 'EVENT',
    source,
    ...('target' in body && { target: body.target }),
    ...{ market, flowId, sentAt: 'commandId' in body ? body.requestedAt : body.occurredAt },
    data: withoutPersonal(contractOf(typeOf(body)).$defs.data, body.data),
    handlings: handlings.map(({ refusal, ...handling }) => ({ ...handling, ...(refusal && { refusal }) })),
    sent: sent.map((one) => ({ ...one, links: { self: messageAddress(one.messageId) } })),
    journals: journals.map(({ journalId, scenario }) => ({
      ...{ journalId, scenario, links: { self: journalAddress(journalId) } },
    })),
    outsideRequests: outsideRequests.map((one) => ({
      ...one,
      links: { self: outsideRequestAddress(one.requestNo) },
    })),
    links: {
      self: messageAddress(idOf(body)),
      ...(causationId !== null && { cause: messageAddress(causationId) }),
      ...(hasRun && { flow: flowAddress(flowId) }),
    },
  };
}

function requestBody(view: OutsideRequestView) {
  const { answer, settledBy, settledAt, askedAt, unsettledWhy, ...rest } = view;
  const { flowId: waiting, messageId: cause, ...request } = rest;
  return {
    ...request,
    ...(askedAt !== null && { askedAt }),
    ...(request.state === 'UNKNOWN' && unsettledWhy !== null && { unknownWhy: unsettledWhy }),
    ...(answer && {
      settled: {
        ...{ by: settledBy, at: settledAt },
        ...(answer.status === 'SUCCEEDED'
          ? { transactionNo: answer.transactionNo, paidAt: answer.paidAt }
          : { failureCode: answer.failure.code }),
      },
    }),
    links: {
      self: outsideRequestAddress(request.requestNo),
      flow: flowAddress(waiting),
      message: messageAddress(cause),
    },
  };
}

const flowId = 'loan-application-disbursement:LA01JD8X3M7Q2V';

function exampleMessage() {
  const story: MessageStory = {
    body: {
      ...{ eventId: exampleMessageId, eventType: 'disbursement-requested', schemaVersion: '1.0.0' },
      ...{ occurredAt: '2026-01-31T08:00:00.000Z', source: 'loan-engine', market: 'ID', flowId },
      causationId: '0a8f2a4e-6e0b-8c55-8f31-5f0d8e6c2b70',
      data: {
        ...{ applicationId: 'LA01JD8X3M7Q2V', attempt: 1, reservationId: 'FR-LA01JD8X3M7Q2V-1' },
        ...{ partnerId: 'partner-nusantara', payoutBy: 'PARTNER' },
        payout: { currency: 'IDR', amountMinor: 4_850_000 },
        beneficiary: { customerId: 'c-id-000124', accountToken: 'tok_7f3k9m2q5x' },
      },
    },
    hasRun: true,
    handlings: [{ service: 'partner-hub', handledAt: '2026-01-31T08:00:01.000Z', refusal: null }],
    sent: [
      {
        ...{ messageId: 'c7b1f8d2-1e1f-8d3a-a1c9-6d1f6a0c3e55', type: 'partner-disbursement-succeeded' },
        source: 'partner-hub',
      },
    ],
    outsideRequests: [{ requestNo: 'PO-LA01JD8X3M7Q2V-1', party: 'partner-nusantara', state: 'SUCCEEDED' }],
  };
  return messageBody(story, [{ journalId: 41, scenario: 'funds.payout-started' }]);
}

const exampleRequest: OutsideRequestView = {
  ...{ requestNo: 'PO-LA01JD8X3M7Q2V-1', party: 'partner-nusantara', operation: 'funding-partner-payout' },
  ...{ businessKey: 'payout of LA01JD8X3M7Q2V, attempt 1', try: 1, state: 'SUCCEEDED', askedCount: 1 },
  ...{ askedAt: '2026-01-31T08:00:00.400Z', unsettledWhy: null },
  answer: { status: 'SUCCEEDED', transactionNo: 'TX20260131000017', paidAt: '2026-01-31T15:00:00+07:00' },
  ...{ settledBy: 'CALLBACK', settledAt: '2026-01-31T08:00:01.000Z', openedAt: '2026-01-31T08:00:00.000Z' },
  ...{ flowId, messageId: exampleMessageId },
  notifications: [
    {
      ...{ webhookId: 'payout.settled:partner-nusantara:PO-LA01JD8X3M7Q2V-1', status: 'SUCCEEDED' },
      receivedAt: '2026-01-31T08:00:01.000Z',
    },
  ],
};
