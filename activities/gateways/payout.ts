import { randomUUID } from 'node:crypto';
import type { OutsideRequestRow } from '../../db/outside';
import type { PartyKind, PayoutAnswer } from '../../schemas/outside/payout';
import { sign, type PartySecrets } from '../../schemas/outside/signature';
import type { Exchange, Gateway } from '../outside';

/** How long a party may take to answer; after that the outcome is unknown, and asked for. */
const answerTimeoutMs = 10_000;

/** Where the parties are reached and how what we send them is signed. */
export interface PartyAccess {
  /** The address below which all parties' paths lie, without a slash at its end. */
  baseUrl: string;
  secrets: PartySecrets;
}

type Reply = { httpStatus: number; body: unknown } | { silence: string };

/** The gateway to the parties that speak the payout protocol (schemas/outside/payout.ts). */
export function payoutGateway(kind: PartyKind, { baseUrl, secrets }: PartyAccess): Gateway {
  async function exchange(party: string, path: string, body?: object): Promise<Reply> {
    const secret = secrets.get(party)?.[0];
    if (!secret) throw new Error(`There is no secret for the party ${party}: set PARTY_SECRETS.`);
    const rawBody = body ? JSON.stringify(body) : '';
    const signature = sign({ secret, id: randomUUID(), timestamp: new Date(), rawBody });
    try {
      const response = await fetch(`${baseUrl}/${kind}/${party}/payouts${path}`, {
        method: body ? 'POST' : 'GET',
        headers: { 'content-type': 'application/json', ...signature },
        ...(body ? { body: rawBody } : {}),
        signal: AbortSignal.timeout(answerTimeoutMs),
      });
      return { httpStatus: response.status, body: await response.json() };
    } catch (error) {
      // Whatever broke on the way, the party may have acted: nobody knows, and that is an answer of its own.
      return { silence: error instanceof Error ? error.name : 'broken connection' };
    }
  }

  return {
    async send({ party, requestNo, body }) {
      const reply = await exchange(party, '', { requestNo, ...body });
      return outcomeOf(reply, requestNo);
    },
    async query({ party, requestNo }) {
      const reply = await exchange(party, `/${encodeURIComponent(requestNo)}`);
      if ('httpStatus' in reply && reply.httpStatus === 404 && codeIn(reply.body) === 'UNKNOWN_REQUEST')
        return { status: 'NOT_KNOWN' };
      return outcomeOf(reply, requestNo);
    },
  };
}

/** Reads a reply. A refusal to talk to us (4xx) is our own mistake, and is thrown for operators to see. */
function outcomeOf(reply: Reply, requestNo: OutsideRequestRow['requestNo']): Exchange {
  if ('silence' in reply) return { status: 'UNKNOWN', why: reply.silence };
  const { httpStatus, body } = reply;
  if (httpStatus >= 500) return { status: 'UNKNOWN', why: `HTTP ${httpStatus}` };
  if (httpStatus !== 200)
    throw new Error(`The party turned request ${requestNo} away: HTTP ${httpStatus}, ${codeIn(body)}.`);
  return understood(body, requestNo) ?? { status: 'UNKNOWN', why: 'an answer that is not of the protocol' };
}

/** The answer, when it is one of the protocol and about this request; parties' words are checked before they are believed. */
function understood(body: unknown, requestNo: string): Exchange | null {
  const answer = body as Partial<PayoutAnswer> | null;
  if (answer?.requestNo !== requestNo) return null;
  if (answer.status === 'PROCESSING') return { status: 'PROCESSING' };
  if (
    answer.status === 'SUCCEEDED' &&
    typeof answer.transactionNo === 'string' &&
    !Number.isNaN(Date.parse(answer.paidAt ?? ''))
  ) {
    return { status: 'SUCCEEDED', transactionNo: answer.transactionNo, paidAt: answer.paidAt! };
  }
  if (answer.status === 'FAILED' && typeof answer.failure?.code === 'string') {
    return {
      status: 'FAILED',
      failure: { code: answer.failure.code, message: String(answer.failure.message) },
    };
  }
  return null;
}

/** The code by which a party says why it did not take a request; it may be anything, or missing. */
function codeIn(body: unknown): string {
  const code = (body as { code?: unknown } | null)?.code;
  return typeof code === 'string' || typeof code === 'number' ? String(code) : 'no code';
}
