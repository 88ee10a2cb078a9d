import { setHandler, workflowInfo } from '@temporalio/workflow';
import type { CommandDraft } from '../../schemas/compose';
import type { FlowName } from '../../schemas/generated/catalog';
import type { MarketId } from '../../schemas/generated/messages';
import type {
  CommandType,
  DataOf,
  FlowRun,
  Message,
  MessageType,
  SentBy,
  ServiceId,
} from '../../schemas/message';
import type { AnswerToRefusal, Leaving, TakenBackBy } from './passing';
import type { Refused } from './refusal';
import { outsideAnswered, step } from './step';

/** How a flow passes messages between services; `O` is the service that orchestrates it. */
export interface Flow<O extends ServiceId> {
  /**
   * Passes a message to a service and gives what the service sent: `const [created] = await flow.pass(submitted).to('loan-engine')`.
   * Each further `.to(…)` carries the answers on to another service, in the same transaction.
   * `party` is the outside party that the service will ask: each has a task queue, and a rate limit, of its own.
   * Throws Refused when the first service refuses.
   */
  pass<T extends MessageType>(message: Message<T>, options?: { party?: string }): Leaving<T>;

  /** Sends a command of the orchestrating service. `occurrence` tells several commands of one type in a flow apart. */
  send<T extends CommandType & SentBy<O>>(type: T, data: DataOf<T>, occurrence?: number): Leaving<T>;

  /** Gives a refused command back to the orchestrating service that sent it. */
  takeBack<T extends TakenBackBy<O>>(refused: Refused, type: T): Promise<AnswerToRefusal<O, T>>;

  /** A flow that is a part of this one, under its own workflow id: the same rows as when it is started by itself. */
  part<P extends ServiceId>(flow: FlowName, businessId: string, orchestrator: P): Flow<P>;
}

/** Opens the flow of the running workflow. In: its catalog id, the service that orchestrates it, its market. */
export function openFlow<O extends ServiceId>(flow: FlowName, orchestrator: O, market: MarketId): Flow<O> {
  const answered = new Set<string>();
  setHandler(outsideAnswered, (requestNo) => void answered.add(requestNo));
  return flowOf({ flow, flowId: workflowInfo().workflowId, market }, orchestrator, answered);
}

function flowOf<O extends ServiceId>(run: FlowRun, orchestrator: O, answered: ReadonlySet<string>): Flow<O> {
  return {
    pass: (message, options) => passing(run, message, answered, options?.party) as never,
    send: (type, data, occurrence = 1) =>
      passing(run, { type, data, source: orchestrator, occurrence: String(occurrence) }, answered) as never,
    takeBack: ({ code, reason, refusedMessage }) =>
      step(
        orchestrator,
        { run, message: refusedMessage, then: [], refusal: { code, reason } },
        undefined,
        answered,
      ) as never,
    part: (flow, businessId, partOrchestrator) =>
      flowOf(
        { flow, flowId: `${flow}:${businessId}`, parentFlowId: run.flowId, market: run.market },
        partOrchestrator,
        answered,
      ),
  };
}

/** A message on its way: `.to(…)` adds a service, awaiting it takes the step. */
function passing(
  run: FlowRun,
  message: Message | CommandDraft,
  answered: ReadonlySet<string>,
  party?: string,
  services: ServiceId[] = [],
): PromiseLike<Message[]> & { to(service: ServiceId): unknown } {
  return {
    to: (service) => passing(run, message, answered, party, [...services, service]),
    then(fulfilled, rejected) {
      const [first, ...then] = services;
      return step(first!, { run, message, then }, party, answered).then(fulfilled, rejected);
    },
  };
}
