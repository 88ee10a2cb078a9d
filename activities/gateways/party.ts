import { randomUUID } from 'node:crypto';
import { protocols, type Operation, type OperationOf, type PartyKind } from '../../schemas/outside/protocol';
import { methodKinds, type Method } from '../../schemas/outside/repayment-method';
import { sign, type PartySecrets } from '../../schemas/outside/signature';
import type { Exchange, Gateway } from '../outside';
import { exchange, jsonIn, lineIn } from './http';

/** Where the parties are reached and how what we send them is signed. */
export interface PartyAccess {
  /** The address below which all parties' paths lie, without a slash at its end. */
  baseUrl: string;
  secrets: PartySecrets;
  /** How long a party may take to answer; after that the outcome is unknown, and asked for. 10 s by default. */
  answerTimeoutMs?: number | undefined;
}

type Reply = { httpStatus: number; body: unknown } | { silence: string };

/**
 * The gateway for one operation to the parties of one kind, which speak our own protocol (schemas/outside/protocol.ts).
 * Its functions throw when a party turns our request away (4xx) or has no secret: that is our own mistake, for
 * operators to see. Whatever else goes wrong is an exchange whose outcome is unknown.
 */
export function partyGateway<K extends PartyKind>(
  kind: K,
  operation: OperationOf<K>,
  access: PartyAccess,
): Gateway {
  const { collection } = protocols[operation];
  const pathOf = (party: string): string => `/${kind}/${party}/${collection}`;
  return {
    async send({ party, requestNo, body }) {
      const exchanged = { what: `${operation} to ${party}`, path: pathOf(party) };
      const reply = await ask(access, party, exchanged, { requestNo, ...body });
      return outcomeOf(operation, reply, requestNo);
    },
    async query({ party, requestNo }) {
      const path = `${pathOf(party)}/${encodeURIComponent(requestNo)}`;
      const reply = await ask(access, party, { what: `query of ${operation} to ${party}`, path });
      if ('httpStatus' in reply && reply.httpStatus === 404 && codeIn(reply.body) === 'UNKNOWN_REQUEST')
        return { status: 'NOT_KNOWN' };
      return outcomeOf(operation, reply, requestNo);
    },
  };
}

/** One signed exchange: a POST of the body, or a GET without one; `what` names its crash points. */
async function ask(
  access: PartyAccess,
  party: string,
  { what, path }: { what: string; path: string },
  body?: object,
): Promise<Reply> {
  const secret = access.secrets.get(party)?.[0];
  if (!secret) throw new Error(`There is no secret for the party ${party}: set PARTY_SECRETS.`);
  const rawBody = body ? JSON.stringify(body) : '';
  const reply = await exchange({
    ...{ what, url: access.baseUrl + path, method: body ? 'POST' : 'GET', body: rawBody },
    headers: {
      'content-type': 'application/json',
      ...sign({ secret, id: randomUUID(), timestamp: new Date(), rawBody }),
    },
    answerTimeoutMs: access.answerTimeoutMs,
  });
  if ('silence' in reply) return reply;
  const json = jsonIn(reply.text);
  return 'silence' in json ? json : { httpStatus: reply.httpStatus, body: json.value };
}

function outcomeOf(operation: Operation, reply: Reply, requestNo: string): Exchange {
  if ('silence' in reply) return { status: 'UNKNOWN', why: reply.silence };
  const { httpStatus, body } = reply;
  if (httpStatus >= 500) return { status: 'UNKNOWN', why: `HTTP ${httpStatus}` };
  if (httpStatus !== 200)
    throw new Error(`The party turned request ${requestNo} away: HTTP ${httpStatus}, ${codeIn(body)}.`);
  return (
    understood(operation, body, requestNo) ?? {
      ...{ status: 'UNKNOWN', why: 'an answer that is not of the protocol' },
    }
  );
}

/** The answer, when it is one of the protocol and about this request; parties' words are checked before they are believed. */
function understood(operation: Operation, body: unknown, requestNo: string): Exchange | null {
  const answer = body as Record<string, unknown> | null;
  if (answer?.requestNo !== requestNo) return null;
  switch (answer.status) {
    case 'PROCESSING':
      return { status: 'PROCESSING' };
    case 'SUCCEEDED': {
      const { transactionNo } = answer;
      const at = answer[protocols[operation].effectTime];
      const isComplete = isMatch(TRANSACTION_NO, transactionNo) && isMatch(INSTANT, at);
      if (!isComplete || Number.isNaN(Date.parse(at))) return null;
      if (operation !== 'repayment-method') return { status: 'SUCCEEDED', transactionNo, paidAt: at };
      const method = methodIn(answer.method);
      return method && { status: 'SUCCEEDED', transactionNo, paidAt: at, method };
    }
    case 'FAILED': {
      const { code, message } = Object(answer.failure) as { code?: unknown; message?: unknown };
      if (!isMatch(REASON_CODE, code)) return null;
      return {
        status: 'FAILED',
        failure: { code, message: lineIn(message) || 'The party gives no reason.' },
      };
    }
    default:
      return null;
  }
}

const isMatch = (pattern: RegExp, given: unknown): given is string =>
  typeof given === 'string' && pattern.test(given);

/** As in schemas/common/reason-code.json. */
const REASON_CODE = /^[A-Z][A-Z0-9_]{0,59}$/;
/** As in schemas/common/transaction-no.json, and what can be stored. */
const TRANSACTION_NO = /^[^\p{Cc}\p{Cs}]{1,100}$/u;
const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;
/** As in schemas/common/repayment-method.json: what can be stored, and shown in one line. */
const METHOD_VALUE = /^[^\p{Cc}\p{Cs}]{1,2000}$/u;

/** A method to pay by, when it is one: what it holds is shown to a customer. */
function methodIn(given: unknown): Method | null {
  const { kind, value, expiresAt } = (given ?? {}) as Record<string, unknown>;
  const known = methodKinds.find((one) => one === kind);
  if (!known || !isMatch(METHOD_VALUE, value)) return null;
  return isMatch(INSTANT, expiresAt) && !Number.isNaN(Date.parse(expiresAt))
    ? { kind: known, value, expiresAt }
    : null;
}

/** The code by which a party says why it did not take a request; it may be anything, or missing. */
function codeIn(body: unknown): string {
  const code = (body as { code?: unknown } | null)?.code;
  return typeof code === 'number' ? String(code) : lineIn(code) || 'no code';
}
