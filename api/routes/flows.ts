import type { Client } from '@temporalio/client';
import type { Knex } from 'knex';
import { customerOfFlow } from '../../db/access/owners';
import { flowProgress, listFlows, type FlowProgress, type FlowRow } from '../../db/reads/flows';
import { traceOf, type TraceRow } from '../../db/reads/trace';
import { commonSchemas } from '../../schemas/validate';
import {
  flowAddress,
  messageAddress,
  outsideRequestAddress,
  subjectAddress,
  traceAddress,
} from '../addresses';
import { pagedList, pageOf } from '../pages';
import { MAY } from '../permissions';
import { Problem } from '../problem';
import type { CustomerAccess, Parameter, Route } from '../route';
import { common, count, links, list, object, oneOf, text, utcInstant, type Schema } from '../schema';
import { flowStatus, type FlowStatus } from '../temporal';
import { applicationState } from './loan-applications';
import { requestAsked } from './records';

/** The envelope of every message says what a flow's id looks like. */
const flowId = (commonSchemas['envelope'] as unknown as { properties: { flowId: Schema } }).properties.flowId;

const FLOW = 'loan-application-disbursement';

export const flowIdParameter: Parameter = {
  in: 'path',
  name: 'flowId',
  description: 'Id of a flow: the flow in the catalog, a colon, and the business id.',
  schema: flowId,
  required: true,
  example: `${FLOW}:LA01JD8X3M7Q2V`,
};

const step: Schema = object({
  seq: { type: 'integer', minimum: 1 },
  message: text,
  service: text,
  at: common('instant'),
});

const flow: Schema = object(
  {
    flowId,
    flow: { description: 'Catalog id of the flow.', ...text },
    parentFlowId: { description: 'The flow that this one is a part of.', ...flowId },
    state: {
      description:
        "The workflow's state in Temporal; for a part, that of the whole. RECEIVED: not started yet. ARCHIVED: it ended " +
        'so long ago that Temporal keeps it no longer, or was a question that was answered at once, without a workflow.',
      ...oneOf(
        ...['RECEIVED', 'RUNNING', 'COMPLETED', 'FAILED', 'CANCELLED', 'TERMINATED', 'CONTINUED_AS_NEW'],
        ...['TIMED_OUT', 'PAUSED', 'ARCHIVED'],
      ),
    },
    stage: {
      description: 'Catalog id of the message that it is passing on, or the question that it asks people.',
      ...text,
    },
    needsAttention: { description: 'Whether it cannot go on without a person.', type: 'boolean' },
    handledCount: { description: 'How many messages were handled, refused ones included.', ...count },
    refusedCount: { description: 'How many of them a service refused.', ...count },
    lastStep: { description: 'The handling that ended last.', ...step },
    outsideRequests: {
      description: "What was asked of outside parties, in order; a part's requests are its whole's.",
      ...list(requestAsked),
    },
    links: links(['self', 'trace'], ['subject', 'parent']),
  },
  ['parentFlowId', 'stage', 'lastStep'],
);

const traceRow: Schema = object(
  {
    flow: text,
    flowId,
    parentFlowId: flowId,
    seq: { description: 'Order of handling within flowId, from 1.', type: 'integer', minimum: 1 },
    source: {
      description:
        'Service that sent the message; "external:" and the party where an outside party told us of it unasked.',
      ...text,
    },
    message: { description: 'Catalog id of the message.', ...text },
    messageId: { type: 'string', format: 'uuid' },
    service: { description: 'Service that handled it.', ...text },
    emitted: { description: 'Catalog ids of the messages that the handling sent, in order.', ...list(text) },
    at: common('instant'),
    refusal: {
      description: 'Why the service refused the message, where it did.',
      ...object({ code: common('reason-code'), reason: text }),
    },
    links: links(['message', 'flow']),
  },
  ['parentFlowId', 'refusal'],
);

const listed: Schema = object(
  {
    flowId,
    flow: { description: 'Catalog id of the flow.', ...text },
    parentFlowId: { description: 'The flow that this one is a part of.', ...flowId },
    market: common('market-id'),
    customerId: { description: 'Customer whom the flow began with.', ...common('customer-id') },
    state: {
      description:
        'State of the loan application that the flow, or the one that it is a part of, is about; other flows have none.',
      ...applicationState,
    },
    startedAt: common('instant'),
    links: links(['self', 'trace'], ['subject', 'parent']),
  },
  ['parentFlowId', 'customerId', 'state'],
);

const narrowedBy = (name: string, description: string, schema: Schema, example: string): Parameter => ({
  ...{ in: 'query', name, description, schema, required: false, example },
});
const flows = pagedList<[string, string]>(
  [
    narrowedBy('flow', 'Catalog id of a flow.', { type: 'string', pattern: '^[a-z][a-z0-9-]{1,59}$' }, FLOW),
    narrowedBy('market', 'One market, by its two letters.', common('market-id'), 'ID'),
    narrowedBy('state', 'One state of loan applications.', applicationState, 'DISBURSED'),
    narrowedBy('customerId', 'Flows that began with a customer.', common('customer-id'), 'c-id-000124'),
    narrowedBy('from', 'Started then or later; in UTC, ending in Z.', utcInstant, '2026-01-31T00:00:00Z'),
    narrowedBy('to', 'Started before that; in UTC, ending in Z.', utcInstant, '2026-02-01T00:00:00Z'),
  ],
  { type: 'array', minItems: 2, prefixItems: [utcInstant, flowId], items: false },
);
const flowsAddress = '/v1/flows';

/** The routes of flows. */
export function flowRoutes({ db, temporal }: { db: Knex; temporal: Client }): Route[] {
  const ownFlow: CustomerAccess = {
    owner: ({ parameters }) => customerOfFlow(db, parameters['flowId']!),
    absent: ({ parameters }) => unknownFlow(parameters['flowId']!),
  };
  return [
    {
      method: 'get',
      path: '/v1/flows',
      operationId: 'listFlows',
      tag: 'Flows',
      summary: 'List flows, the newest first',
      description:
        'Read from the database, so a flow is listed from the moment at which its submission was accepted. Parts of ' +
        'flows are listed too.',
      access: {
        roles: MAY.readFlows,
        customers: {
          filter: 'customerId',
          absent: ({ parameters }) =>
            new Problem('CUSTOMER_NOT_FOUND', `There is no customer ${parameters['customerId']}.`),
        },
      },
      parameters: flows.parameters,
      answers: {
        200: {
          description: 'One page.',
          schema: pageOf(listed),
          example: { entries: [entryOf(exampleEntry)], links: { self: flowsAddress } },
        },
      },
      problems: ['CUSTOMER_NOT_FOUND'],
      async handle({ parameters }) {
        const page = await flows.read(
          flowsAddress,
          parameters,
          (wanted) => listFlows(db, parameters, wanted),
          (row) => [row.startedAt, row.flowId],
        );
        return { status: 200, body: { entries: page.rows.map(entryOf), links: page.links } };
      },
    },
    {
      method: 'get',
      path: '/v1/flows/{flowId}',
      operationId: 'getFlow',
      tag: 'Flows',
      summary: 'Read how far a flow has come',
      access: { roles: MAY.readFlows, customers: ownFlow },
      parameters: [flowIdParameter],
      answers: { 200: { description: 'The flow as it stands now.', schema: flow, example: exampleFlow } },
      problems: ['UNKNOWN_FLOW'],
      async handle({ parameters }) {
        const progress = await knownFlow(db, parameters['flowId']!);
        // A part runs inside its parent's workflow and has none of its own.
        const status = await flowStatus(temporal, progress.parentFlowId ?? progress.flowId);
        return { status: 200, body: bodyOf(progress, status) };
      },
    },
    {
      method: 'get',
      path: '/v1/flows/{flowId}/trace',
      operationId: 'getFlowTrace',
      tag: 'Flows',
      summary: 'Read the story of a flow: one row for each message that a service handled',
      access: { roles: MAY.readFlows, customers: ownFlow },
      parameters: [flowIdParameter],
      answers: {
        200: {
          description: 'The rows of the flow and of its parts, in the order in which they happened.',
          schema: list(traceRow),
          example: exampleTrace,
        },
      },
      problems: ['UNKNOWN_FLOW'],
      async handle({ parameters }) {
        const rows = await traceOf(db, parameters['flowId']!);
        // A flow of which nothing was handled yet has an empty story, unlike one that nobody knows.
        if (rows.length === 0) await knownFlow(db, parameters['flowId']!);
        return { status: 200, body: rows.map(traceRowOf) };
      },
    },
  ];
}

async function knownFlow(db: Knex, id: string): Promise<FlowProgress> {
  const progress = await flowProgress(db, id);
  if (!progress) throw unknownFlow(id);
  return progress;
}

const unknownFlow = (id: string): Problem => new Problem('UNKNOWN_FLOW', `Nobody has started flow ${id}.`);

/** A row of the trace, in the form of the catalog's checker, and where it leads. */
const traceRowOf = (row: TraceRow) => ({
  ...row,
  links: { message: messageAddress(row.messageId), flow: flowAddress(row.flowId) },
});

function linksOf({ flow, flowId: id, parentFlowId }: Pick<FlowRow, 'flow' | 'flowId' | 'parentFlowId'>) {
  const subject = subjectAddress(flow, id);
  return {
    self: flowAddress(id),
    trace: traceAddress(id),
    ...(subject !== undefined && { subject }),
    ...(parentFlowId !== null && { parent: flowAddress(parentFlowId) }),
  };
}

function entryOf({ parentFlowId, customerId, state, ...row }: FlowRow) {
  return {
    ...row,
    ...(parentFlowId !== null && { parentFlowId }),
    ...(customerId !== null && { customerId }),
    ...(state !== null && { state }),
    links: linksOf({ ...row, parentFlowId }),
  };
}

function bodyOf(
  { parentFlowId, lastStep, outsideRequests, ...progress }: FlowProgress,
  workflow: FlowStatus | undefined,
) {
  return {
    ...progress,
    ...(parentFlowId !== null && { parentFlowId }),
    state: workflow?.status ?? (progress.handledCount === 0 ? 'RECEIVED' : 'ARCHIVED'),
    ...(workflow?.stage !== undefined && { stage: workflow.stage }),
    needsAttention: workflow?.needsAttention ?? false,
    ...(lastStep && { lastStep }),
    outsideRequests: outsideRequests.map((one) => ({
      ...one,
      links: { self: outsideRequestAddress(one.requestNo) },
    })),
    links: linksOf({ ...progress, parentFlowId }),
  };
}

const exampleEntry: FlowRow = {
  ...{ flow: FLOW, flowId: flowIdParameter.example, parentFlowId: null, market: 'ID' },
  ...{ customerId: 'c-id-000124', state: 'DISBURSED', startedAt: '2026-01-31T08:00:00.000Z' },
};

const exampleFlow = bodyOf(
  {
    flow: 'loan-application-disbursement',
    flowId: 'loan-application-disbursement:LA01JD8X3M7Q2V',
    parentFlowId: null,
    handledCount: 1,
    refusedCount: 0,
    outsideRequests: [{ requestNo: 'PO-LA01JD8X3M7Q2V-1', party: 'partner-nusantara', state: 'SUCCEEDED' }],
    lastStep: {
      ...{
        seq: 1,
        message: 'submit-loan-application',
        service: 'loan-engine',
        at: '2026-01-31T08:00:00.000Z',
      },
    },
  },
  { status: 'RUNNING', stage: 'disbursement-requested', needsAttention: false },
);

const exampleTrace = [
  traceRowOf({
    flow: 'loan-application-disbursement',
    flowId: 'loan-application-disbursement:LA01JD8X3M7Q2V',
    seq: 1,
    source: 'app',
    message: 'submit-loan-application',
    messageId: '5b2f0c1e-8a53-8f0e-9d57-0d2f3a6f9b11',
    service: 'loan-engine',
    emitted: ['loan-application-created'],
    at: '2026-01-31T08:00:00.000Z',
  }),
];
