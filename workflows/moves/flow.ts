import {
  allHandlersFinished,
  ApplicationFailure,
  CancellationScope,
  condition,
  continueAsNew,
  defineUpdate,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { Delivery, Hop } from '../../activities/handling';
import { messagingPartyOf } from '../../domain/identifiers';
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
import { instantIn, instantOf, nowMs } from './clock';
import { openInbox, type Inbox } from './inbox';
import type { AnswerToRefusal, Leaving, TakenBackBy } from './passing';
import type { Refused } from './refusal';
import {
  deed,
  openWaits,
  startFlow,
  step,
  type DeedInput,
  type DeedName,
  type DeedResult,
  type Waits,
} from './step';
import { viewOf, type Facts } from './view';

/** Asked by the API when a client is ready to wait for the end. */
const outcomeAsked = defineUpdate<unknown>('outcome');

/** What a flow begins with; operators read the summary in the Web UI, so it holds no personal data. */
interface FlowBeginning<T extends MessageType> {
  businessId: string;
  message: Message<T>;
  summary: string;
}

/** How a flow passes messages between services; `O` is the service that orchestrates it. */
export interface Flow<O extends ServiceId> {
  /**
   * Passes a message to a service and gives what the service sent: `const [created] = await flow.pass(submitted).to('loan-engine')`.
   * Each further `.to(…)` carries the answers on to another service, or to several, in the same transaction.
   * `party` is the outside party that the service will ask: each has a task queue, and a rate limit, of its own.
   * Throws Refused when the first service refuses.
   */
  pass<T extends MessageType>(message: Message<T>, options?: { party?: string }): Leaving<T>;

  /** Sends a command of the orchestrating service. `occurrence` tells several commands of one type in a flow apart. */
  send<T extends CommandType & SentBy<O>>(
    type: T,
    data: DataOf<T>,
    occurrence?: number,
    options?: { party?: string },
  ): Leaving<T>;

  /** For what goes to the customer: each market has one party that carries messages. */
  readonly messaging: { party: string };

  /**
   * Starts another flow with the message that it begins with, or finds it started. It goes on by itself: nothing of it is
   * waited for, and what becomes of this flow is no matter to it.
   */
  start<T extends MessageType>(flow: FlowName, start: FlowBeginning<T>): Promise<void>;

  /**
   * Does what is no message between services, such as to compare what others have done. It must be safe to repeat.
   * `party` is the outside party that is asked.
   */
  do<Name extends DeedName>(
    name: Name,
    input: DeedInput<Name>,
    summary: string,
    options?: { party?: string },
  ): Promise<DeedResult<Name>>;

  /** Gives a refused command back to the orchestrating service that sent it. */
  takeBack<T extends TakenBackBy<O>>(refused: Refused, type: T): Promise<AnswerToRefusal<O, T>>;

  /**
   * Waits until somebody has answered one of the questions, or the time is over; a person is asked for meanwhile.
   * What was answered, and whether in time, is for the service to say that keeps the question: the first answer on
   * record stands, whatever a timer says.
   */
  untilAnswered(reason: string, questions: readonly string[], withinSeconds?: number): Promise<void>;

  /** The same, where the flow looks again when the time is over: at once, when an operator says `retry-now`. */
  untilAnsweredOrRetry(reason: string, questions: readonly string[], afterSeconds: number): Promise<void>;

  /**
   * Opens what the flow is told from outside while it runs. A flow with an inbox never ends on what it has not taken: it goes on
   * as a new run then. In: what an earlier run has left.
   */
  openInbox(untaken?: readonly Message[]): Inbox;

  /**
   * Waits until there is something to take, until the flow is woken, or until a moment; a person is asked for meanwhile where there is a
   * reason to. `stage` is what operators find the waiting flow by; the last step's, if left out. `wokenBefore` is a count of the inbox:
   * whoever has woken the flow since is heard, too; from now on, if left out.
   */
  untilTold(
    what: string,
    untilMs: number,
    options?: { stage?: string; reason?: string; wokenBefore?: number },
  ): Promise<void>;

  /** Waits for the moment to try something again; a person is asked for meanwhile. */
  untilRetry(reason: string, afterSeconds: number): Promise<void>;

  /** Whether the run's history has grown so long that the flow had better go on as a new run (`GoOn`). */
  isLong(): boolean;

  /** Tells operators what the flow is about; found by search in the Web UI. */
  note(facts: Facts): void;

  /** The pivot: from here on nothing is undone, and operators cannot abandon the flow any more. */
  onlyForward(): void;
}

/** A flow's way ends here, and goes on in a new run, which starts with this. */
export class GoOn<Input> {
  constructor(readonly input: Input) {}
}

/** After that many events of its history a run that lives long goes on as a new one. Temporal itself bears some ten times as many. */
const LONG_HISTORY_EVENTS = 1_000;

/**
 * Defines a flow as a workflow: opens it when it starts, shows operators its last stage when it ends, and tells its
 * outcome to those who wait for it.
 * In: its catalog id, the service that orchestrates it, and its way; what it starts with names its market.
 *
 * Temporal's own cancellation ends no flow: it would undo a payout that may have been made. Operators abandon instead.
 */
export const defineFlow =
  <O extends ServiceId, Input extends { market: MarketId; untaken?: readonly Message[] }, Outcome>(
    id: FlowName,
    orchestrator: O,
    way: (flow: Flow<O>, input: Input) => Promise<Outcome | GoOn<Input>>,
  ) =>
  async (input: Input): Promise<Outcome> => {
    const { market } = input;
    const view = viewOf(id, market);
    const run = { flow: id, flowId: workflowInfo().workflowId, market };
    return CancellationScope.nonCancellable(async () => {
      const waits = openWaits(view);
      const running = way(flowOf(run, orchestrator, waits), input);
      // Set before anything is waited for, so that the question may come together with the start (Update-with-Start).
      setHandler(outcomeAsked, () => running.then(unlessItGoesOn), {
        description: 'Waits for the end, and answers with the outcome.',
      });
      const outcome = await running;
      view.publish();
      // Else the flow could close before those who wait have been answered.
      await condition(allHandlersFinished);
      const untaken = waits.inbox?.untaken() ?? [];
      if (!(outcome instanceof GoOn) && untaken.length === 0) return outcome;
      const next = outcome instanceof GoOn ? outcome.input : input;
      return continueAsNew<(input: Input) => Promise<Outcome>>({ ...next, untaken });
    });
  };

function unlessItGoesOn<Outcome>(outcome: Outcome | GoOn<unknown>): Outcome {
  if (!(outcome instanceof GoOn)) return outcome;
  throw ApplicationFailure.nonRetryable('The flow goes on as a new run: ask again.', 'GOES_ON');
}

function flowOf<O extends ServiceId>(run: FlowRun, orchestrator: O, waits: Waits): Flow<O> {
  const { view, operator } = waits;
  return {
    pass: (message, options) => passing(run, message, waits, options?.party) as never,
    send: (type, data, occurrence = 1, options) =>
      passing(
        run,
        { type, data, source: orchestrator, occurrence: String(occurrence) },
        waits,
        options?.party,
      ) as never,
    messaging: { party: messagingPartyOf(run.market) },
    start: (other, { businessId, message, summary }) =>
      startFlow({ flow: other, flowId: `${other}:${businessId}`, command: message, summary }, waits),
    do: (name, input, summary, options) => deed(name, input, summary, options?.party, waits),
    takeBack: ({ code, reason, refusedMessage }) =>
      step(
        orchestrator,
        { run, message: refusedMessage, then: [], refusal: { code, reason } },
        undefined,
        waits,
      ) as never,
    async untilAnswered(reason, questions, withinSeconds) {
      view.begin(questions[0]!);
      const until = withinSeconds === undefined ? '' : `, until ${instantIn(withinSeconds)}`;
      view.waitFor(`for people to answer: ${questions.join(', ')}${until}`);
      await view.attention(reason, () => operator.untilAnswered(questions, withinSeconds));
    },
    async untilAnsweredOrRetry(reason, questions, afterSeconds) {
      view.begin(questions[0]!);
      view.waitFor(
        `for people to answer: ${questions.join(', ')}, and to look again at ${instantIn(afterSeconds)}`,
      );
      await view.attention(reason, () => operator.untilAnsweredOrRetry(questions, afterSeconds));
    },
    openInbox: (untaken = []) => (waits.inbox = openInbox(untaken)),
    async untilTold(what, untilMs, { stage, reason, wokenBefore = waits.inbox!.wakeCount() } = {}) {
      const inbox = waits.inbox!;
      if (stage) view.begin(stage);
      const isTold = (): boolean => inbox.untaken().length > 0 || inbox.wakeCount() > wokenBefore;
      view.waitFor(`for ${what}, until ${instantOf(untilMs)}`);
      const told = (): Promise<void> => operator.pause(isTold, Math.max(untilMs - nowMs(), 0));
      if (reason) return view.attention(reason, told);
      view.publish();
      await told();
    },
    async untilRetry(reason, afterSeconds) {
      view.waitFor(`to try again at ${instantIn(afterSeconds)}`);
      await view.attention(reason, () => operator.pause(() => false, afterSeconds * 1000));
    },
    isLong: () => workflowInfo().historyLength > LONG_HISTORY_EVENTS,
    note: (facts) => view.note(facts),
    onlyForward: () => operator.onlyForward(),
  };
}

/** A message on its way: `.to(…)` adds a service, awaiting it takes the step. */
interface OnItsWay extends PromiseLike<Message[]> {
  hops: Hop[];
  to(...services: ServiceId[]): OnItsWay;
  part(flow: FlowName, businessId: string, way: (leaving: OnItsWay) => OnItsWay): OnItsWay;
  giving(...types: MessageType[]): Promise<Message[]>;
}

function passing(
  run: FlowRun,
  message: Message | CommandDraft,
  waits: Waits,
  party?: string,
  hops: Hop[] = [],
  part?: FlowRun,
): OnItsWay {
  const going = (further: Hop[], within?: FlowRun) => passing(run, message, waits, party, further, within);
  const take = (wanted: Pick<Delivery, 'gives'>): Promise<Message[]> => {
    const [first, ...then] = hops;
    return step(first!.services[0]!, { run, message, then, ...wanted }, party, waits);
  };
  return {
    hops,
    to: (...services) => going([...hops, { services, ...(part ? { run: part } : {}) }], part),
    part: (flow, businessId, way) =>
      going(
        way(
          going(hops, {
            ...{ flow, flowId: `${flow}:${businessId}`, parentFlowId: run.flowId, market: run.market },
          }),
        ).hops,
      ),
    giving: (...gives) => take({ gives }),
    then: (fulfilled, rejected) => take({}).then(fulfilled, rejected),
  };
}
