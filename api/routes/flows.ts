import type { Client } from '@temporalio/client';
import type { Knex } from 'knex';
import { flowProgress, type FlowProgress } from '../../db/reads/flows';
import { traceOf, type TraceRow } from '../../db/reads/trace';
import { commonSchemas } from '../../schemas/validate';
import { flowAddress, subjectAddress, traceAddress } from '../addresses';
import { MAY } from '../permissions';
import { Problem } from '../problem';
import type { Parameter, Route } from '../route';
import { common, count, links, list, object, oneOf, text, type Schema } from '../schema';
import { flowStatus } from '../temporal';

/** The envelope of every message says what a flow's id looks like. */
const flowId = (commonSchemas['envelope'] as unknown as { properties: { flowId: Schema } }).properties.flowId;

const flowIdParameter: Parameter = {
  in: 'path',
  name: 'flowId',
  description: 'Id of a flow: the flow in the catalog, a colon, and the business id.',
  schema: flowId,
  required: true,
  example: 'loan-application-disbursement:LA01JD8X3M7Q2V',
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
        'so long ago that Temporal keeps it no longer.',
      ...oneOf(
        ...['RECEIVED', 'RUNNING', 'COMPLETED', 'FAILED', 'CANCELLED', 'TERMINATED', 'CONTINUED_AS_NEW'],
        ...['TIMED_OUT', 'PAUSED', 'ARCHIVED'],
      ),
    },
    handledCount: { description: 'How many messages were handled, refused ones included.', ...count },
    refusedCount: { description: 'How many of them a service refused.', ...count },
    lastStep: { description: 'The handling that ended last.', ...step },
    links: links(['self', 'trace'], ['subject', 'parent']),
  },
  ['parentFlowId', 'lastStep'],
);

const traceRow: Schema = object(
  {
    flow: text,
    flowId,
    parentFlowId: flowId,
    seq: { description: 'Order of handling within flowId, from 1.', type: 'integer', minimum: 1 },
    source: { description: 'Service that sent the message.', ...text },
    message: { description: 'Catalog id of the message.', ...text },
    service: { description: 'Service that handled it.', ...text },
    emitted: { description: 'Catalog ids of the messages that the handling sent, in order.', ...list(text) },
    at: common('instant'),
    refusal: {
      description: 'Why the service refused the message, where it did.',
      ...object({ code: common('reason-code'), reason: text }),
    },
  },
  ['parentFlowId', 'refusal'],
);

/** The routes of flows. */
export function flowRoutes({ db, temporal }: { db: Knex; temporal: Client }): Route[] {
  return [
    {
      method: 'get',
      path: '/v1/flows/{flowId}',
      operationId: 'getFlow',
      tag: 'Flows',
      summary: 'Read how far a flow has come',
      access: { roles: MAY.readFlows },
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
      access: { roles: MAY.readFlows },
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
        return { status: 200, body: rows };
      },
    },
  ];
}

async function knownFlow(db: Knex, id: string): Promise<FlowProgress> {
  const progress = await flowProgress(db, id);
  if (!progress) throw new Problem('UNKNOWN_FLOW', `Nobody has started flow ${id}.`);
  return progress;
}

function bodyOf({ parentFlowId, lastStep, ...progress }: FlowProgress, status: string | undefined) {
  const subject = subjectAddress(progress.flow, progress.flowId);
  return {
    ...progress,
    ...(parentFlowId !== null && { parentFlowId }),
    state: status ?? (progress.handledCount === 0 ? 'RECEIVED' : 'ARCHIVED'),
    ...(lastStep && { lastStep }),
    links: {
      self: flowAddress(progress.flowId),
      trace: traceAddress(progress.flowId),
      ...(subject !== undefined && { subject }),
      ...(parentFlowId !== null && { parent: flowAddress(parentFlowId) }),
    },
  };
}

const exampleFlow = bodyOf(
  {
    flow: 'loan-application-disbursement',
    flowId: 'loan-application-disbursement:LA01JD8X3M7Q2V',
    parentFlowId: null,
    handledCount: 1,
    refusedCount: 0,
    lastStep: {
      ...{
        seq: 1,
        message: 'submit-loan-application',
        service: 'loan-engine',
        at: '2026-01-31T08:00:00.000Z',
      },
    },
  },
  'RUNNING',
);

const exampleTrace: TraceRow[] = [
  {
    flow: 'loan-application-disbursement',
    flowId: 'loan-application-disbursement:LA01JD8X3M7Q2V',
    seq: 1,
    source: 'app',
    message: 'submit-loan-application',
    service: 'loan-engine',
    emitted: ['loan-application-created'],
    at: '2026-01-31T08:00:00.000Z',
  },
];
