import { until } from './until';
import type { World } from './world';

// What operators do in tests: one of them acts, and another one approves.

/** Whether a flow has asked people a question. */
export async function isAsked({ db }: World, flowId: string, question: string): Promise<boolean> {
  const asked = await db('operations.question').where({ flow_id: flowId, question }).select('question');
  return asked.length > 0;
}

/** One operator answers a question of a flow, once it is asked, and another one approves the answer. */
export async function decide(
  world: World,
  flowId: string,
  ...[question, answer, evidence]: Answer
): Promise<void> {
  await until(() => isAsked(world, flowId, question));
  await agree(world, flowId, question, answer, evidence);
}

/** One operator says something of a flow, and another one approves it. */
export async function agree(
  world: World,
  flowId: string,
  ...[question, answer, evidence]: Answer
): Promise<void> {
  const act = { flowId, question, answer, reason: 'tried by a test', ...(evidence && { evidence }) };
  const { status, body } = await world.post('/v1/ops/acts', act, 'ops');
  if (status !== 201) throw new Error(`The act was not taken: ${JSON.stringify(body)}`);
  await approve(world, String(body.actId));
}

type Answer = [question: string, answer: string, evidence?: object | undefined];

/** Another operator approves what the first one has done. */
export async function approve(world: World, actId: string): Promise<void> {
  const approval = { reason: 'tried too' };
  const { status, body } = await world.post(`/v1/ops/acts/${actId}/approvals`, approval, 'otherOps');
  if (status !== 201) throw new Error(`The act was not approved: ${JSON.stringify(body)}`);
}
