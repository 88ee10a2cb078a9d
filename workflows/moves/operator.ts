import {
  CancellationScope,
  condition,
  currentUpdateInfo,
  defineSignal,
  defineUpdate,
  isCancellation,
  proxyLocalActivities,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { Intervention, OperatorActivities } from '../../activities/operator';
import { nowMs, secondsOfDay } from './clock';
import type { View } from './view';

/** Who acts on a flow, and why; `approvalId` where another person must have approved it. */
export interface Order {
  by: string;
  reason: string;
  approvalId?: string;
}

/** Told by the API when an act answers a question of the flow (db/acts.ts). */
const questionAnswered = defineSignal<[question: string]>('question-answered');

/** What operators may do to every running flow, from the Web UI or by the API; docs/operations.md. */
const updates = {
  hold: 'Takes no further step until it is released. { "by": "…", "reason": "…" }',
  release: 'Ends a hold. { "by": "…", "reason": "…" }',
  'retry-now': 'Ends the wait before the next try, and tries at once. { "by": "…", "reason": "…" }',
  resolve:
    'Goes on with an answer that two persons gave under /v1/ops. { "by": "…", "reason": "…", "approvalId": "…" }',
  abandon:
    'Ends the flow, if no money has left. Two persons say so under /v1/ops. { "by": "…", "reason": "…", "approvalId": "…" }',
} as const satisfies Record<Intervention, string>;

/** What people do to a flow while it runs. */
export interface Operator {
  /** Ends when the flow is not held any more; undefined when it is not held. */
  released(): Promise<void> | undefined;
  /** Does something that may wait long; does it again, at once, each time an operator asks for it. */
  orRetryNow<T>(work: () => Promise<T>): Promise<T>;
  /** Waits for a moment, or until `isOver`, or until an operator wants to try at once. */
  pause(isOver: () => boolean, waitMs: number): Promise<void>;
  /**
   * Waits until one of the questions has an answer on record, or the time is over. Being told of an answer is not
   * enough: a signal can be sent by hand.
   */
  untilAnswered(questions: readonly string[], withinSeconds?: number): Promise<void>;
  /** The same, where what comes when the time is over is another try: it comes at once when an operator asks for it. */
  untilAnsweredOrRetry(questions: readonly string[], afterSeconds: number): Promise<void>;
  /** From now on the flow only goes forward: it cannot be abandoned any more. */
  onlyForward(): void;
}

/** Takes operators' Updates of the running workflow. In: what they see of it. */
export function operatorOf(view: View): Operator {
  const { 'operator.intervene': intervene, 'operator.is-answered': isAnswered } =
    proxyLocalActivities<OperatorActivities>({
      startToCloseTimeout: '5 seconds',
      scheduleToCloseTimeout: '20 seconds',
      retry: { initialInterval: '50 milliseconds', maximumInterval: '1 second' },
    });
  const told = new Set<string>();
  let holder: Order | undefined;
  let retriesWanted = 0;
  let pauses = 0;
  let canAbandon = true;

  const checks: Record<Intervention, () => string | undefined> = {
    hold: () => holder && `The flow is held already, by ${holder.by}.`,
    release: () => (holder ? undefined : 'The flow is not held.'),
    'retry-now': () => (pauses > 0 ? undefined : 'Nothing in the flow waits for its next try.'),
    resolve: () => undefined,
    abandon: () => (canAbandon ? undefined : 'The money has left: the flow only goes forward.'),
  };
  const effects: Record<Intervention, (order: Order, question?: string) => void> = {
    hold: (order) => void (holder = order),
    release: () => void (holder = undefined),
    'retry-now': () => void (retriesWanted += 1),
    // Whatever waits looks again: for an answer to a question, or for a request that operators have settled.
    resolve(_order, question) {
      told.add(question!);
      retriesWanted += 1;
    },
    abandon: (_order, question) => void told.add(question!),
  };

  setHandler(questionAnswered, (question) => void told.add(question));
  for (const act of Object.keys(updates) as Intervention[]) {
    const handle = async (order: Order): Promise<string> => {
      const { workflowId: flowId } = workflowInfo();
      const updateId = currentUpdateInfo()!.id;
      // Also when somebody has asked Temporal to cancel the flow, which goes on all the same.
      const { question } = await CancellationScope.nonCancellable(() =>
        intervene({ flowId, act, updateId, ...order }),
      );
      effects[act](order, question);
      return `${act}: done`;
    };
    const validator = (order: Order): void => {
      const problem = problemOf(act, order) ?? checks[act]();
      if (problem) throw new Error(problem);
    };
    setHandler(defineUpdate<string, [Order]>(act), handle, { validator, description: updates[act] });
  }

  async function untilReleased(): Promise<void> {
    while (holder) {
      await view.attention(`held by ${holder.by}: ${holder.reason}`, () => condition(() => !holder));
    }
  }

  async function untilAnswered(
    questions: readonly string[],
    withinSeconds?: number,
    isRetryWanted = (): boolean => false,
  ): Promise<void> {
    const { workflowId: flowId } = workflowInfo();
    const isTold = (): boolean => questions.some((question) => told.has(question));
    const endMs = withinSeconds === undefined ? undefined : nowMs() + withinSeconds * 1000;
    for (;;) {
      // Without an end it looks each day as well: the answer is on record even if nobody could tell the flow of it.
      const waitMs = endMs === undefined ? dayMs : Math.max(endMs - nowMs(), 0);
      const inTime = await condition(() => isTold() || isRetryWanted(), waitMs);
      const isEnd = inTime ? !isTold() : endMs !== undefined;
      for (const question of questions) told.delete(question);
      if (isEnd || (await isAnswered({ flowId, questions: [...questions] }))) return;
    }
  }

  /** Does what waits for a next try, and is told when an operator wants it at once. */
  function paused<T>(wait: (isRetryWanted: () => boolean) => Promise<T>): Promise<T> {
    const wantedBefore = retriesWanted;
    pauses += 1;
    return wait(() => retriesWanted > wantedBefore).finally(() => (pauses -= 1));
  }

  return {
    released: () => (holder ? untilReleased() : undefined),

    async orRetryNow(work) {
      for (;;) {
        const scope = new CancellationScope();
        let isOver = false;
        const working = scope.run(work).finally(() => (isOver = true));
        // Whoever fails or succeeds at the same moment is heard below.
        working.catch(() => undefined);
        await paused((isRetryWanted) => condition(() => isOver || isRetryWanted()));
        if (isOver) return working;
        scope.cancel();
        try {
          return await working;
        } catch (error) {
          if (!isCancellation(error) || CancellationScope.current().consideredCancelled) throw error;
        }
      }
    },

    pause: (isOver, waitMs) =>
      paused(async (isRetryWanted) => {
        await condition(() => isOver() || isRetryWanted(), waitMs);
      }),

    untilAnswered: (questions, withinSeconds) => untilAnswered(questions, withinSeconds),

    untilAnsweredOrRetry: (questions, afterSeconds) =>
      paused((isRetryWanted) => untilAnswered(questions, afterSeconds, isRetryWanted)),

    onlyForward: () => void (canAbandon = false),
  };
}

const dayMs = secondsOfDay * 1000;

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** What is wrong with an order, by itself. Update arguments come from people, in any shape. */
function problemOf(act: Intervention, order: unknown): string | undefined {
  const { by, reason, approvalId } = (order ?? {}) as Partial<Record<keyof Order, unknown>>;
  if (typeof by !== 'string' || !/^[\w.@-]{2,60}$/.test(by)) {
    return 'Say who you are: { "by": "<your name, 2 to 60 letters, digits, dots, dashes or underscores>" }.';
  }
  if (typeof reason !== 'string' || reason.trim().length < 3 || reason.length > 500) {
    return 'Say why: { "reason": "<3 to 500 characters, no personal data>" }.';
  }
  const needsApproval = act === 'resolve' || act === 'abandon';
  if (!needsApproval) return approvalId === undefined ? undefined : `To ${act} takes no approval.`;
  return typeof approvalId === 'string' && uuid.test(approvalId)
    ? undefined
    : `To ${act}, name the approval: { "approvalId": "<id of an approved act under /v1/ops>" }.`;
}
