import type { Knex } from 'knex';
import { booksOn } from '../db/books/posting';
import { answerOnRecord, recordHandled, type Handled } from '../db/messages';
import { OpenedElsewhere, openRequest, type OpenedRequest } from '../db/outside';
import { inTransaction } from '../db/transaction';
import { checkReceived, composeCommand, composeSent, type CommandDraft } from '../schemas/compose';
import type { FlowRun, Message, MessageType, ServiceId } from '../schemas/message';
import { idOf, typeOf } from '../schemas/message';
import { isOutsideRequest, pursue, waitFor } from './outside';
import type { Gateways, OutsideRequest, Waiting } from './outside';
import type { Handling, OutsideHandler, Refusal, Sent } from './service';

/** A service without the types of its catalog entry: the wrapper serves all of them alike. */
export interface AnyService {
  id: ServiceId;
  receives: Record<string, AnyReceiver>;
}
type AnyHandler = (received: Message, handling: Handling & { refusal: Refusal }) => Promise<Sent>;
type AnyReceiver = AnyHandler | OutsideHandler<ServiceId, MessageType>;

/** One step of a flow: a message on its way to a service, and the services to which the answers go on. */
export interface Delivery {
  run: FlowRun;
  message: Message | CommandDraft;
  /** The answers go on, hop by hop, in the same transaction: what a hop's services sent is for those of the next. */
  then: Hop[];
  /** What the flow wants to have back of what was sent; everything if left out. All of it is on record. */
  gives?: readonly MessageType[];
  /** Set when the message is a command that comes back to its sender. */
  refusal?: Refusal;
}

/** The services to which answers go on; `run` is set where that is a part of the flow, with an id of its own. */
export interface Hop {
  services: ServiceId[];
  run?: FlowRun;
}

/** What came of a step, or that an outside party's final word is not known yet. */
export type Delivered = Done | { waitingFor: Waiting };

/** What was sent, in order: all of it, or what the flow wants to have back and the types of all. */
export interface Done {
  sent: Message[];
  types?: MessageType[];
}

/** A step's transaction, and what was handled in it so far. */
interface OpenStep {
  tx: Knex.Transaction;
  handled: Handled[];
  /** Whether each handling can be undone alone, which costs two round trips: only where one is known to refuse. */
  careful: boolean;
}

/** What a handler that may need an outside party wants: to send something at once, or what it has asked. */
type Asked = { sent: Sent } | { opened: OpenedRequest; wanted: OutsideRequest };

/** A business refusal on its way out of a handler. */
class Refused extends Error {
  constructor(
    readonly refusal: Refusal,
    readonly refusedMessage: Message,
  ) {
    super(`${refusal.code}: ${refusal.reason}`);
  }
}

/** The refusal that ends a step: what was refused and why. The activity makes an ApplicationFailure of it. */
export class StepRefused extends Error {
  constructor(
    readonly refusal: Refusal,
    readonly refusedMessage: Message,
  ) {
    super(refusal.reason);
  }
}

/** In which handling of a step a technical failure came about: the step itself is named after its first one. */
export const failedIn = new WeakMap<object, string>();

/** What a handler works with, on one transaction. */
const handlingOn = (
  tx: Knex.Transaction,
  { run, refusal }: Pick<Delivery, 'run' | 'refusal'>,
  message: Message,
) => ({
  tx,
  // Only the handler of a command that came back looks at it, and a command comes back only with its refusal.
  refusal: refusal!,
  books: booksOn(tx, { messageId: idOf(message), flowId: run.flowId, market: run.market }),
  refuse(code: string, reason: string): never {
    throw new Refused({ code, reason }, message);
  },
});

/**
 * The wrapper around every handling of every service: one transaction that takes the message in, changes the service's
 * own tables, posts to the books, and records the answer. Whatever is tried again meets the record and changes nothing.
 */
export function wrapper(db: Knex, gateways: Gateways, services: readonly AnyService[]) {
  const byId = new Map(services.map((one) => [one.id, one]));
  // Messages that nobody has handled, as far as is known: made by transactions that run now, or just delivered. Nobody looks
  // for them, as hardly one was handled before; that one meets its record where its handling is recorded again.
  const unhandled = new WeakSet<Message>();

  const receiverOf = (service: AnyService, message: Message): AnyReceiver => {
    const receiver = service.receives[typeOf(message)];
    if (!receiver) throw new Error(`${service.id} has no handler for ${typeOf(message)}.`);
    return receiver;
  };

  /** One handling inside a step's transaction; what is on record already is returned as it was. */
  async function handle(
    { tx, handled, careful }: OpenStep,
    delivery: Pick<Delivery, 'run' | 'refusal'>,
    service: AnyService,
    message: Message,
    receiver: AnyHandler,
  ): Promise<Message[]> {
    const { run } = delivery;
    const before = unhandled.has(message) ? null : await answerOnRecord(tx, service.id, message);
    if (before && 'refusal' in before) throw new Refused(before.refusal, message);
    if (before) return before.sent;
    const receive = (on: Knex.Transaction) => receiver(message, handlingOn(on, delivery, message));
    try {
      const sent = composeSent(
        run,
        service.id,
        message,
        await (careful ? tx.transaction(receive) : receive(tx)),
      );
      for (const one of sent) unhandled.add(one);
      handled.push({ run, service: service.id, message, answer: { sent } });
      return sent;
    } catch (error) {
      if (!(error instanceof Refused)) failedIn.set(error as object, `${service.id}.${typeOf(message)}`);
      else if (careful) {
        handled.push({ run, service: service.id, message, answer: { refusal: error.refusal } });
      }
      throw error;
    }
  }

  /** Passes what was sent on to the services that the step names after the first, in the same transaction. */
  async function passOn(step: OpenStep, { run, then }: Delivery, sent: Message[]): Promise<Message[]> {
    const all = [...sent];
    let last = sent;
    for (const hop of then) {
      const answers: Message[] = [];
      for (const id of hop.services) {
        answers.push(...(await handleAll(step, hop.run ?? run, byId.get(id)!, last)));
      }
      last = answers;
      all.push(...last);
    }
    return all;
  }

  /** Passes a service those of the messages that it receives. */
  async function handleAll(
    step: OpenStep,
    run: FlowRun,
    service: AnyService,
    messages: readonly Message[],
  ): Promise<Message[]> {
    const all: Message[] = [];
    for (const message of messages.filter((one) => typeOf(one) in service.receives)) {
      const receiver = receiverOf(service, message);
      if (typeof receiver !== 'function') {
        throw new Error(
          `${service.id} asks an outside party: pass ${typeOf(message)} to it in a step of its own.`,
        );
      }
      all.push(...(await handle(step, { run }, service, message, receiver).catch(eventsAreNotRefused)));
    }
    return all;
  }

  /**
   * Does a step's work in one transaction, and records what was handled with its last statement: nothing in the step needs
   * to find it before. Where a handling refuses, the work is done once more, carefully: what went before it stands, and the
   * refusal is on record in its place. (A savepoint for each handling from the start would cost every step that goes well.)
   */
  async function inOneTransaction<T>(
    service: AnyService,
    message: Message,
    work: (step: OpenStep) => Promise<T>,
  ): Promise<T> {
    const name = `${service.id}.${typeOf(message)}`;
    try {
      return await inTransaction(db, `handling ${name}`, async (tx, last) => {
        const handled: Handled[] = [];
        const result = await work({ tx, handled, careful: false });
        if (handled.length > 0) await last(recordHandled(tx, handled));
        return result;
      });
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
    }
    const done = await inTransaction(db, `refusal ${name}`, async (tx, last) => {
      const handled: Handled[] = [];
      const result = await work({ tx, handled, careful: true }).catch(refusedOrThrow);
      if (handled.length > 0) await last(recordHandled(tx, handled));
      return result;
    });
    if (done instanceof Refused) throw new StepRefused(done.refusal, done.refusedMessage);
    return done;
  }

  const handleAndPassOn = (
    delivery: Delivery,
    service: AnyService,
    message: Message,
    receiver: AnyHandler,
  ): Promise<Done> =>
    inOneTransaction(service, message, async (step) =>
      wantedOf(
        delivery,
        await passOn(step, delivery, await handle(step, delivery, service, message, receiver)),
      ),
    );

  /** A handling that may need an outside party: asked in one transaction, settled in another once the answer is known. */
  async function handleOutside(
    delivery: Delivery,
    service: AnyService,
    message: Message,
    { ask, settle }: OutsideHandler<ServiceId, MessageType>,
  ): Promise<Delivered> {
    const name = `${service.id}.${typeOf(message)}`;
    const asked = await inTransaction(db, `request ${name}`, async (tx, last): Promise<Asked> => {
      // Looked for each time: what is asked, if anything, may have become another since, and it is asked before it is recorded.
      if (await answerOnRecord(tx, service.id, message)) {
        unhandled.delete(message);
        return { sent: [] };
      }
      const wanted = await ask(message, { tx });
      if (!isOutsideRequest(wanted)) return { sent: wanted };
      // The workflow that waits: a part runs inside the flow that it is a part of.
      const flowId = delivery.run.parentFlowId ?? delivery.run.flowId;
      return { opened: await openRequest(tx, { ...wanted, flowId, messageId: idOf(message) }, last), wanted };
    });
    if ('sent' in asked)
      return handleAndPassOn(delivery, service, message, () => Promise.resolve(asked.sent));

    const { opened, wanted } = asked;
    const row = await pursue(db, gateways, opened, wanted);
    const { answer } = row;
    if (!answer) return { waitingFor: waitFor(row, wanted) };
    return handleAndPassOn(delivery, service, message, (received, on) =>
      settle(received, answer, { ...on, asked: row.body }),
    );
  }

  function carryOut(service: AnyService, message: Message, delivery: Delivery): Promise<Delivered> {
    const receiver = receiverOf(service, message);
    return typeof receiver === 'function'
      ? handleAndPassOn(delivery, service, message, receiver)
      : handleOutside(delivery, service, message, receiver);
  }

  /**
   * Carries out one step: the message is handled by the service once, whatever happens and however often it is tried.
   *
   * In: the service's id and the delivery. Out: what was sent, by all services of the step in order, or what it waits for.
   * Throws StepRefused when the service refused, now or before; MessageConflict when the message's id was used for other
   * content; anything else is technical, has changed nothing, and may be tried again.
   */
  return async function deliver(serviceId: ServiceId, delivery: Delivery): Promise<Delivered> {
    const service = byId.get(serviceId)!;
    const message =
      'occurrence' in delivery.message ? composeCommand(delivery.run, delivery.message) : delivery.message;
    checkReceived(message, serviceId);
    unhandled.add(message);
    try {
      return await carryOut(service, message, delivery);
    } catch (error) {
      if (error instanceof StepRefused) throw error;
      // Where an earlier try has handled it, or one at the same moment, its record has let this one change nothing.
      const isHandled = (await answerOnRecord(db, service.id, message)) !== null;
      if (!isHandled && !(error instanceof OpenedElsewhere)) throw error;
      unhandled.delete(message);
      return carryOut(service, message, delivery);
    }
  };
}

/** What goes back to the flow: Temporal keeps it in the flow's history, so what nobody asks for stays out. */
const wantedOf = ({ gives }: Delivery, sent: Message[]): Done =>
  gives ? { sent: sent.filter((one) => gives.includes(typeOf(one))), types: sent.map(typeOf) } : { sent };

/** A refusal as a value; every other failure is let through. */
function refusedOrThrow(error: unknown): Refused {
  if (error instanceof Refused) return error;
  throw error;
}

/** What is told of a fact cannot refuse it, so that is a bug; a command may be refused wherever a step brings it. */
function eventsAreNotRefused(error: unknown): never {
  throw error instanceof Refused && 'eventType' in error.refusedMessage
    ? new Error(`An event cannot be refused (${error.message}).`)
    : error;
}
