import type { Knex } from 'knex';
import type { CatalogServices } from '../schemas/generated/catalog';
import type { Books } from '../db/books/posting';
import type {
  Draft,
  ErrorCodeOf,
  Message,
  MessageType,
  ReceivedBy,
  SentBy,
  ServiceId,
} from '../schemas/message';
import type { OutsideAnswer, OutsideRequest } from './outside';

/** What a handler works with: its transaction, the books on it, and the way to refuse. */
export interface Handling<T extends MessageType = MessageType> {
  /** The one transaction of this handling; the service's own tables are changed through it. */
  tx: Knex.Transaction;
  /** The posting engine on the same transaction. */
  books: Books;
  /**
   * Refuses the message for a business reason: everything that the handler did is rolled back, the refusal is recorded
   * as the answer, and the step fails with the code, now and whenever it is tried again.
   */
  refuse: (code: ErrorCodeOf<T>, reason: string) => never;
}

/** Why a message was refused. */
export interface Refusal {
  code: string;
  reason: string;
}

/** What a service sends in answer: a short, ordered list. */
export type Sent<S extends ServiceId = ServiceId> =
  readonly [] | readonly [Draft<SentBy<S>>, ...Draft<SentBy<S>>[]];

type Handler<S extends ServiceId, T extends MessageType> = (
  received: Message<T>,
  handling: Handling<T>,
) => Promise<Sent<S>>;

/** A handler that needs an outside party: asks in one transaction, settles in another (see activities/outside.ts). */
export interface OutsideHandler<S extends ServiceId, T extends MessageType> {
  /**
   * Says what to ask the party, or answers without asking anybody. It runs each time the step is tried until there is an
   * answer on record: what it changes, it must find changed.
   */
  ask: (received: Message<T>, handling: Pick<Handling<T>, 'tx'>) => Promise<OutsideRequest | Sent<S>>;
  /** Turns the party's final answer into what the service sends, or refuses. `asked` is the body of what the party was asked. */
  settle: (
    received: Message<T>,
    answer: OutsideAnswer,
    handling: Handling<T> & { asked: object },
  ) => Promise<Sent<S>>;
}

/** A command of the service's own that comes back to it when it was refused. */
type ReturnedTo<S extends ServiceId> = CatalogServices[S]['returned'];

/** What the sender of a refused command does about it; the handling says why it was refused. */
type ReturnHandler<S extends ServiceId, T extends MessageType> = (
  returned: Message<T>,
  handling: Handling<T> & { refusal: Refusal },
) => Promise<Sent<S>>;

type Receives<S extends ServiceId> = {
  [T in Exclude<ReceivedBy<S>, CatalogServices[S]['toCome']>]: T extends ReturnedTo<S>
    ? ReturnHandler<S, T>
    : Handler<S, T> | OutsideHandler<S, T>;
};

export interface Service<S extends ServiceId = ServiceId, H = unknown> {
  id: S;
  receives: H;
}

/** Refuses, at compile time, a key that a type does not have: a handler for a message that does not come here. */
type Only<Allowed, Given> = { [K in keyof Given]: K extends keyof Allowed ? Given[K] : never };

/**
 * Declares a service of the catalog by what it does with each message that it receives.
 *
 * These are compile errors: a handler for a message that the catalog does not bring here, a message in the answer that
 * the catalog does not let the service send, and a handler that is missing and not named in schemas/handlers-to-come.json.
 */
export const service = <S extends ServiceId, H extends Receives<S>>(
  id: S,
  receives: H & Only<Receives<S>, H>,
): Service<S, H> => ({ id, receives });
