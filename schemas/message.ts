import type { CatalogServices, FlowName } from './generated/catalog';
import type { Contracts, MarketId } from './generated/messages';

export type ServiceId = keyof CatalogServices;
export type MessageType = keyof Contracts;
export type CommandType = {
  [T in MessageType]: Contracts[T]['kind'] extends 'command' ? T : never;
}[MessageType];
export type EventType = Exclude<MessageType, CommandType>;
export type DataOf<T extends MessageType> = Contracts[T]['data'];
/** The codes that a message can be refused with, as its contract declares them. */
export type ErrorCodeOf<T extends MessageType> = Contracts[T]['errors'];

/** The messages with a contract that the catalog lets a service send. */
export type SentBy<S extends ServiceId> = Extract<CatalogServices[S]['sends'], MessageType>;
/** The messages with a contract that the catalog says a service receives. */
export type ReceivedBy<S extends ServiceId> = Extract<CatalogServices[S]['receives'], MessageType>;

interface Envelope<T extends MessageType> {
  schemaVersion: string;
  source: ServiceId;
  market: MarketId;
  /** Workflow id of the flow that the message belongs to. */
  flowId: string;
  /** Id of the message whose handling sent this one; null where a flow's orchestrator sent it of itself. */
  causationId: string | null;
  traceId?: string;
  data: DataOf<T>;
}

export interface Command<T extends CommandType = CommandType> extends Envelope<T> {
  commandId: string;
  commandType: T;
  requestedAt: string;
  target: ServiceId;
  idempotencyKey: string;
}

export interface Event<T extends EventType = EventType> extends Envelope<T> {
  eventId: string;
  eventType: T;
  occurredAt: string;
}

/** A catalog message of one type, or (spread over a union) of any of several. */
export type Message<T extends MessageType = MessageType> = T extends CommandType
  ? Command<T>
  : T extends EventType
    ? Event<T>
    : never;

/** What a service or a flow wants sent; the wrapper makes a message of it (ids, times, causation). */
export interface Draft<T extends MessageType = MessageType> {
  type: T;
  data: DataOf<T>;
}

/** The run of a flow: its catalog id, its workflow id, and the run that it is a part of. */
export interface FlowRun {
  flow: FlowName;
  flowId: string;
  parentFlowId?: string;
  market: MarketId;
}

/** Drafts a message to send: `message('fund-reserved', { … })`. */
export const message = <T extends MessageType>(type: T, data: DataOf<T>): Draft<T> => ({ type, data });

/** The catalog id of a message. */
export const typeOf = (sent: Message): MessageType =>
  'commandType' in sent ? sent.commandType : sent.eventType;

/** The globally unique id of a message. */
export const idOf = (sent: Message): string => ('commandId' in sent ? sent.commandId : sent.eventId);

/** Whether a message is of a type, so that TypeScript knows its data: `is(paid, 'payment-failed')`. */
export const is = <T extends MessageType>(sent: Message, type: T): sent is Message<T> =>
  typeOf(sent) === type;

/** The message of a type among those that a step sent, or undefined: `among(sent, 'route-funds')`. */
export const among = <T extends MessageType>(
  sent: readonly (Message | undefined)[],
  type: T,
): Message<T> | undefined => sent.find((one) => one && is(one, type)) as Message<T> | undefined;
