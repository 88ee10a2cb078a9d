import { derivedId } from './identity';
import type { MarketId } from './generated/messages';
import {
  idOf,
  typeOf,
  type Draft,
  type EventType,
  type FlowRun,
  type Message,
  type ServiceId,
} from './message';
import { contractOf, violationsWhenReceived, violationsWhenSent, type Violation } from './validate';

/** A command that a flow's orchestrating service sends: its id comes from the flow and the occurrence, never from a run. */
export interface CommandDraft extends Draft {
  source: ServiceId;
  /** Which of the flow's commands of this type it is: "1", "2" …; the same after a reset. */
  occurrence: string;
}

function valid(message: Message, violations: Violation[], where: string): void {
  if (violations.length === 0) return;
  const list = violations.map(({ pointer, detail }) => `${pointer || '/'} ${detail}`).join('; ');
  throw new Error(`The message "${typeOf(message)}" breaks its contract (${where}): ${list}`);
}

/** Makes the message of a command that an orchestrating service, or a client's request, sends. */
export function composeCommand(run: FlowRun, draft: CommandDraft): Message {
  const contract = contractOf(draft.type);
  const target = contract['x-command']?.handler;
  if (!target) throw new Error(`"${draft.type}" is not a command: a flow sends only commands of its own.`);
  const idempotencyKey = `${run.flowId}/${draft.type}/${draft.occurrence}`;
  const command = {
    commandId: derivedId(idempotencyKey),
    commandType: draft.type,
    schemaVersion: contract['x-version'],
    requestedAt: new Date().toISOString(),
    source: draft.source,
    target,
    market: run.market,
    flowId: run.flowId,
    causationId: null,
    traceId: run.parentFlowId ?? run.flowId,
    idempotencyKey,
    data: draft.data,
  } as unknown as Message;
  valid(command, violationsWhenSent(draft.type, command), `sent by ${draft.source}`);
  return command;
}

/** Makes the messages of what a service sends in answer; ids are derived from the cause, the type and the order. */
export function composeSent(
  run: FlowRun,
  source: ServiceId,
  cause: Message,
  drafts: readonly Draft[],
): Message[] {
  return drafts.map(({ type, data }, index) => {
    const contract = contractOf(type);
    const id = derivedId(idOf(cause), source, type, index);
    const now = new Date().toISOString();
    const own = contract['x-command']
      ? {
          commandId: id,
          commandType: type,
          requestedAt: now,
          target: contract['x-command'].handler,
          idempotencyKey: `${run.flowId}/${type}/${id}`,
        }
      : { eventId: id, eventType: type, occurredAt: now };
    const message = {
      ...own,
      schemaVersion: contract['x-version'],
      source,
      market: run.market,
      flowId: run.flowId,
      causationId: idOf(cause),
      traceId: run.parentFlowId ?? run.flowId,
      data,
    } as unknown as Message;
    valid(message, violationsWhenSent(type, message), `sent by ${source}`);
    return message;
  });
}

/**
 * Makes the message of an event that no message caused: something was done from outside all flows, such as by a command of
 * ours, or an outside party told us of it, and a flow begins with it. `subjectId` names what the event is about, `flowId`
 * the flow; of either its service tells once, and the id is derived from it.
 *
 * @throws Error when the data breaks the event's contract.
 */
export function composeEvent<T extends EventType>(
  origin: { source: ServiceId; market: MarketId } & ({ subjectId: string } | { flowId: string }),
  { type, data }: Draft<T>,
): Message {
  const { source, market } = origin;
  const flowId = 'flowId' in origin ? origin.flowId : `${source}:${origin.subjectId}`;
  const event = {
    eventId: derivedId(flowId, type),
    eventType: type,
    schemaVersion: contractOf(type)['x-version'],
    occurredAt: new Date().toISOString(),
    source,
    market,
    flowId,
    causationId: null,
    traceId: flowId,
    data,
  } as unknown as Message;
  valid(event, violationsWhenSent(type, event), `sent by ${source}`);
  return event;
}

/** Refuses a message that breaks its contract; properties that an older or newer sender adds are let through. */
export const checkReceived = (message: Message, receiver: ServiceId): void =>
  valid(message, violationsWhenReceived(typeOf(message), message), `received by ${receiver}`);
