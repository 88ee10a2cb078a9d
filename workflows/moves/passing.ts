import type { ServiceMap } from '../../activities/services';
import type { CatalogServices, FlowName } from '../../schemas/generated/catalog';
import type { Draft, Message, MessageType, ServiceId } from '../../schemas/message';

// What the compiler knows of a message on its way: which services receive it, and what each of them answers. All of it
// comes from the service files and the catalog; nothing here exists at run time.

type TypeOf<M> = M extends Message<infer T> ? T : never;
type TypesIn<Sent extends readonly unknown[]> = Extract<TypeOf<Sent[number]>, MessageType>;

/** The services that have a handler for a message. */
type ReceiverOf<T> = {
  [S in keyof ServiceMap]: T & keyof ServiceMap[S]['receives'] extends never ? never : S;
}[keyof ServiceMap];

/** The messages that the wrapper makes of a service's drafts. */
type Made<Drafts> = Drafts extends readonly unknown[]
  ? { -readonly [I in keyof Drafts]: Drafts[I] extends Draft<infer T> ? Message<T> : never }
  : never;

/** What a handler sends; of one that asks an outside party: what it sends without asking, or once it is settled. */
type AnswerOf<Handler> = Handler extends (...args: never[]) => Promise<infer Drafts>
  ? Made<Drafts>
  : Handler extends {
        ask: (...args: never[]) => Promise<infer Asked>;
        settle: (...args: never[]) => Promise<infer Settled>;
      }
    ? Made<Exclude<Asked, { requestNo: string }>> | Made<Settled>
    : never;

/** What a service sends when it handles a message of a type; nothing when it does not receive it. */
type Answer<S extends keyof ServiceMap, T> = T extends keyof ServiceMap[S]['receives']
  ? AnswerOf<ServiceMap[S]['receives'][T]>
  : [];

/** What a service sends when it handles those of a list of messages that it receives, in order. */
type Answers<S extends keyof ServiceMap, Sent> = Sent extends readonly [infer First, ...infer Rest]
  ? [...Spread<Answer<S, TypeOf<First>>>, ...Answers<S, Rest>]
  : [];
type Spread<T> = T extends readonly unknown[] ? T : [];

/** What several services send when each handles those of a list of messages that it receives. */
type AnswersOfAll<Services, Sent> = Services extends readonly [
  infer First extends keyof ServiceMap,
  ...infer Rest,
]
  ? [...Answers<First, Sent>, ...AnswersOfAll<Rest, Sent>]
  : [];

/** A message on its way; awaited, it gives everything that the services of the step sent, in order. */
export interface Passing<
  Last extends readonly unknown[],
  All extends readonly unknown[],
> extends PromiseLike<All> {
  /** Passes what was sent last on to another service, or to several in turn, in the same transaction. */
  to<S extends readonly [ReceiverOf<TypesIn<Last>>, ...ReceiverOf<TypesIn<Last>>[]]>(
    ...services: S
  ): Passing<AnswersOfAll<S, Last>, [...All, ...AnswersOfAll<S, Last>]>;
  /**
   * Goes a part of the way as another flow of the catalog, under the workflow id that it has when it is started by
   * itself: the same rows then, and nothing is done twice.
   */
  part<L extends readonly unknown[], A extends readonly unknown[]>(
    flow: FlowName,
    businessId: string,
    way: (leaving: Leaving<TypesIn<Last>>) => Passing<L, A>,
  ): Passing<L, [...All, ...A]>;
  /**
   * Takes the step, and gives only what was sent of some types: for a step that sends much of which the flow needs little,
   * as all that a step gives is kept in the flow's history.
   */
  giving<T extends TypesIn<All>>(...types: T[]): Promise<Message<T>[]>;
}

/** A message about to leave. */
export interface Leaving<T extends MessageType> {
  to<S extends ReceiverOf<T>>(service: S): Passing<Spread<Answer<S, T>>, Spread<Answer<S, T>>>;
}

/** The commands of its own that a service takes back when they were refused. */
export type TakenBackBy<S extends ServiceId> = S extends keyof ServiceMap
  ? Extract<keyof ServiceMap[S]['receives'], CatalogServices[S]['returned']>
  : never;

/** What a service sends when it takes a refused command back. */
export type AnswerToRefusal<S extends ServiceId, T extends MessageType> = S extends keyof ServiceMap
  ? Answer<S, T>
  : never;
