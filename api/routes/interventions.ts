import { actOf } from '../../db/acts';
import { auditOf, recordAsked, type AuditRow, type Intervention } from '../../db/interventions';
import { isKnownFlow } from '../../db/reads/flows';
import { derivedId } from '../../schemas/identity';
import { flowAddress } from '../addresses';
import { MAY } from '../permissions';
import type { FlowNeeds } from '../needs';
import { Problem } from '../problem';
import type { Answer, Call, Route } from '../route';
import { common, links, list, object, oneOf, text, type Schema } from '../schema';
import { idempotencyKeyParameter } from '../submission';
import { intervene } from '../temporal';
import { flowIdParameter } from './flows';
import { actIdSchema, reasonSchema } from './operations';

type Needs = Pick<FlowNeeds, 'db' | 'temporal'>;

interface Body {
  act: Intervention;
  reason: string;
  approvalId?: string;
}

const intervention: Schema = {
  oneOf: [
    object({ act: oneOf('hold', 'release', 'retry-now'), reason: reasonSchema }),
    object({
      act: oneOf('resolve', 'abandon'),
      reason: reasonSchema,
      approvalId: { description: 'The act that two persons agreed on.', ...actIdSchema },
    }),
  ],
};

const auditRow: Schema = object(
  {
    id: actIdSchema,
    act: {
      description:
        '`answer` and `approve` are what two persons decide; the others are what a flow was told to do.',
      ...oneOf('hold', 'release', 'retry-now', 'resolve', 'abandon', 'answer', 'approve'),
    },
    actor: {
      description: 'The client of the API key; of what came from the Web UI, the name that was typed there.',
      ...text,
    },
    reason: text,
    question: text,
    answer: text,
    approvalId: actIdSchema,
    via: oneOf('API', 'WEB_UI'),
    at: common('instant'),
    accepted: { description: 'Whether the flow took it, or the answer stands.', type: 'boolean' },
  },
  ['question', 'answer', 'approvalId'],
);

const done: Schema = object({
  flowId: text,
  act: text,
  state: oneOf('TAKEN'),
  links: links(['flow', 'audit']),
});

const exampleFlowId = flowIdParameter.example;
const exampleAudit: AuditRow = {
  ...{ id: '5b2f0c1e-8a53-8f0e-9d57-0d2f3a6f9b11', act: 'hold', actor: 'operator-1', via: 'API' },
  reason: 'The partner reports an outage.',
  ...{ question: null, answer: null, approvalId: null, at: '2026-01-31T08:00:00.000Z', accepted: true },
};

/** What operators tell flows that run, and the audit of it. */
export function interventionRoutes(needs: Needs): Route[] {
  return [
    {
      method: 'post',
      path: '/v1/ops/flows/{flowId}/interventions',
      operationId: 'intervene',
      tag: 'Operations',
      summary: 'Hold, release, retry, resolve or abandon a flow that runs',
      description:
        '`hold`: the flow begins no further step. `release`: it goes on. `retry-now`: it tries at once what waits for its ' +
        'next try. `resolve`: it goes on with an answer that stands. `abandon`: it ends, if no money has left. The last ' +
        'two name the act that two persons agreed on; approving it tells the flow by itself, so they are for when that was ' +
        'lost. The same are Updates in Temporal’s Web UI.',
      access: { roles: MAY.operate },
      parameters: [flowIdParameter, idempotencyKeyParameter],
      body: {
        schema: intervention,
        examples: {
          hold: { act: 'hold', reason: 'The partner reports an outage.' },
          retry: { act: 'retry-now', reason: 'The outage is over.' },
        },
      },
      answers: {
        200: {
          description: 'The flow has taken it.',
          schema: done,
          example: doneBody(exampleFlowId, 'hold'),
        },
      },
      problems: ['UNKNOWN_FLOW', 'FLOW_ENDED', 'INTERVENTION_REFUSED', 'UNKNOWN_ACT'],
      handle: (call) => order(needs, call),
    },
    {
      method: 'get',
      path: '/v1/ops/flows/{flowId}/audit',
      operationId: 'getFlowAudit',
      tag: 'Operations',
      summary: 'Read what people did about a flow',
      access: { roles: MAY.operate },
      parameters: [flowIdParameter],
      answers: {
        200: {
          description: 'Everything in order of time; nothing, where nobody did anything.',
          schema: object({ entries: list(auditRow) }),
          example: { entries: [auditBody(exampleAudit)] },
        },
      },
      problems: [],
      async handle({ parameters }) {
        const rows = await auditOf(needs.db, parameters['flowId']!);
        return { status: 200, body: { entries: rows.map(auditBody) } };
      },
    },
  ];
}

async function order({ db, temporal }: Needs, call: Call): Promise<Answer> {
  const { act, reason, approvalId } = call.body as Body;
  const { clientId } = call.client();
  const flowId = call.parameters['flowId']!;
  // Before anything is written: what nobody has started leaves no audit.
  if (!(await isKnownFlow(db, flowId)))
    throw new Problem('UNKNOWN_FLOW', `Nobody has started flow ${flowId}.`);
  if (approvalId !== undefined && !(await actOf(db, approvalId))) {
    throw new Problem('UNKNOWN_ACT', 'There is no act of this id.');
  }
  const updateId = derivedId('update', clientId, call.parameters['Idempotency-Key']!);
  const wanted = { flowId, updateId, act, by: clientId, reason, approvalId };
  if (!(await recordAsked(db, wanted))) {
    throw new Problem('IDEMPOTENCY_KEY_REUSED', 'Send another key, or what the key was first used for.');
  }
  await intervene(temporal, wanted);
  return { status: 200, body: doneBody(flowId, act) };
}

function doneBody(flowId: string, act: Intervention) {
  const audit = `/v1/ops/flows/${flowId}/audit`;
  return { flowId, act, state: 'TAKEN', links: { flow: flowAddress(flowId), audit } };
}

function auditBody({ question, answer, approvalId, ...row }: AuditRow) {
  return {
    ...row,
    ...(question !== null && { question }),
    ...(answer !== null && { answer }),
    ...(approvalId !== null && { approvalId }),
  };
}
