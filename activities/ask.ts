import type { Knex } from 'knex';
import type { CommandDraft } from '../schemas/compose';
import { typeOf, type FlowRun, type Message, type ServiceId } from '../schemas/message';
import { StepRefused, wrapper, type AnyService } from './handling';
import type { Gateways } from './outside';
import type { Refusal } from './service';
import { services } from './services';

/** A question to a service. */
export interface Question {
  run: FlowRun;
  /** The same message again meets the answer on record, a refusal included. */
  message: Message | CommandDraft;
  /** The answers go on, hop by hop, in the same transaction. */
  then: ServiceId[][];
}

/** What was answered: all that was sent, in order, or why the first service refused. */
export type Answered = { sent: Message[] } | { refusal: Refusal };

/** Asks a service. Throws for what is technical, with nothing changed. */
export type Ask = (service: ServiceId, question: Question) => Promise<Answered>;

/**
 * Lets a process ask services itself, where nothing is to be waited for: by the same wrapper as each step of a flow, in one
 * transaction, on record and in the trace.
 *
 * Only handlers that ask no outside party can be asked: a party may take long, and the flow that waits for it is missing.
 */
export function askService(db: Knex): Ask {
  const all = Object.values(services) as unknown as AnyService[];
  const deliver = wrapper(db, {} as Gateways, all);
  return async (service, question) => {
    const { run, message, then } = question;
    const type = 'occurrence' in message ? message.type : typeOf(message);
    if (typeof all.find(({ id }) => id === service)?.receives[type] !== 'function') {
      throw new Error(`${service} cannot be asked ${type} outside a flow.`);
    }
    try {
      return (await deliver(service, { run, message, then: then.map((services) => ({ services })) })) as {
        sent: Message[];
      };
    } catch (error) {
      if (error instanceof StepRefused) return { refusal: error.refusal };
      throw error;
    }
  };
}
