/**
 * A message to a customer: a messaging party brings it to the customer on our request. The exchange is that of
 * `schemas/outside/protocol.ts`, with the collection `messages` and the callback `message.settled`.
 */
import type { Answer, Settled } from './protocol';

/** The ways by which a messaging party reaches a customer, of those that the catalog's outreach system names. */
export const messageChannels = ['SMS', 'EMAIL', 'PUSH', 'WHATSAPP', 'TELEGRAM', 'IVR', 'IN_APP'] as const;

export interface MessageRequest {
  /** Idempotency key of the message, unique at the party. */
  requestNo: string;
  channel: (typeof messageChannels)[number];
  /** The customer by an opaque token that only the party can resolve, never by a number or an address. */
  recipient: string;
  /** Code of the template that the text was made from; messaging parties demand templates to be registered. */
  template: string;
  /** ISO 639-1 code of the text's language. */
  language: string;
  /** What the customer reads. */
  text: string;
  /** The business action that the message tells of, for example the loan application's id. */
  reference: string;
}

/** `sentAt` is the RFC 3339 instant at which the party had brought the message to the customer. */
type Sent = { sentAt: string };

export type SettledMessage = Settled<Sent>;
export type MessageAnswer = Answer<Sent>;
export type MessageCallback = { type: 'message.settled' } & SettledMessage;
