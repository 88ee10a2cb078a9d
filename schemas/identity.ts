import { hash } from 'node:crypto';
import stringify from 'safe-stable-stringify';
import type { Message } from './message';
import { typeOf } from './message';

const sha256 = (text: string): Buffer => hash('sha256', text, 'buffer');

/**
 * An id made of nothing but what it identifies, so that a retry, a reset and a second start make the same one.
 * In: the parts, in order. Out: a UUID of version 8 (RFC 9562, 5.8: custom, here from SHA-256).
 */
export function derivedId(...parts: (string | number)[]): string {
  const bytes = sha256(parts.join('\u0000')).subarray(0, 16);
  bytes[6] = (bytes[6]! & 0x0f) | 0x80;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/**
 * The hash of what a message says: type, source, target and data. Ids and times are outside it, so that a message made
 * again by a reset flow is the same message.
 */
export function contentHash(message: Message): Buffer {
  const target = 'target' in message ? message.target : null;
  return sha256(stringify({ type: typeOf(message), source: message.source, target, data: message.data })!);
}
