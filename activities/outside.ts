import type { Knex } from 'knex';
import { crashPoint } from '../crash/point';
import { isInFuture } from '../db/reference';
import type { OutsideAnswer, OutsideOperation, OutsideRequestRow, SettledBy } from '../db/outside';
import { noteUnsettled, requestOf, requestsOf, settleRequest } from '../db/outside';

export type { OutsideAnswer } from '../db/outside';

/** What a service wants to ask of an outside party. */
export interface OutsideRequest {
  /** Party to ask: a funding partner or a payment channel of the reference data. */
  party: string;
  operation: OutsideOperation;
  /** Names what is wanted, not the message that wants it: "payout of loan application LA1, attempt 1". */
  businessKey: string;
  /** The number under which the party knows the request, made from the business key. */
  requestNo: string;
  body: object;
  /**
   * After how many asks in vain it is given up: it then counts as failed, with the code GIVEN_UP. Only for what may have
   * been done without harm and without anybody's knowledge, and never for money.
   */
  giveUpAfterAsks?: number;
  /**
   * Numbers of earlier attempts at the same, the failure of each of them confirmed. Before this one leaves they are asked about once
   * more: what one of them has done after all is not done again, and is the word on this one.
   */
  earlier?: readonly string[];
  /** How long the party has to tell of it unasked, before it is asked for the first time again; a second if left out. */
  tellsWithinSeconds?: number;
}

/**
 * What one exchange with a party gave: its final word, or that it is still working, or that nobody knows. It is a contradiction
 * where the party has said that it has done something else than it was asked to.
 */
export type Exchange =
  OutsideAnswer | { status: 'PROCESSING' } | { status: 'UNKNOWN'; why: string; isContradiction?: true };

/** Speaks to outside parties: one per operation, in activities/gateways/. */
export interface Gateway {
  send(row: OutsideRequestRow): Promise<Exchange>;
  /** Asks the party what became of a request; 'NOT_KNOWN' when the party has never seen its number. */
  query(row: OutsideRequestRow): Promise<Exchange | { status: 'NOT_KNOWN' }>;
}

export type Gateways = Record<OutsideOperation, Gateway>;

/** Whether a handler's answer is a request to an outside party, and not what the service sends. */
export const isOutsideRequest = (asked: object): asked is OutsideRequest => 'requestNo' in asked;

/** What a flow waits for: a callback about a request, or the moment to ask the party again. */
export interface Waiting {
  requestNo: string;
  party: string;
  askAgainInMs: number;
  /** Why it is not known what became of the request; absent where the party works on it. */
  unknownWhy?: string;
  /** Whether the waiting comes to an end of itself, so that nobody need look after it. */
  isGivenUpInTime: boolean;
}

/** How long to wait for a callback before asking again: 1, 2, 4 … 60 seconds, by how often the party was asked. */
export const waitFor = (
  { requestNo, party, askedCount, unsettledWhy }: OutsideRequestRow,
  { giveUpAfterAsks, tellsWithinSeconds }: Pick<OutsideRequest, 'giveUpAfterAsks' | 'tellsWithinSeconds'>,
): Waiting => ({
  requestNo,
  party,
  askAgainInMs:
    tellsWithinSeconds !== undefined && askedCount <= 1
      ? tellsWithinSeconds * 1000
      : Math.min(1000 * 2 ** Math.max(askedCount - 1, 0), 60_000),
  isGivenUpInTime: giveUpAfterAsks !== undefined,
  ...(unsettledWhy !== null && { unknownWhy: unsettledWhy }),
});

/**
 * Carries an opened request as far as it goes now: asks the party, and settles the row when the answer is final.
 *
 * A row that was there before may have been sent by an attempt that died, so the party is asked what became of it first,
 * and it is sent again, under the same number, only if the party has never seen it. Returns the row as it then stands;
 * an unsettled row means: wait for the callback, and ask again later. Faults of the party never throw. What is to be given
 * up is, once it was asked for often enough; a word that comes later is on record and changes nothing.
 */
export async function pursue(
  db: Knex,
  gateways: Gateways,
  { row, isNew }: { row: OutsideRequestRow; isNew: boolean },
  { giveUpAfterAsks = Infinity, earlier = [] }: Pick<OutsideRequest, 'giveUpAfterAsks' | 'earlier'>,
): Promise<OutsideRequestRow> {
  if (row.answer) return row;
  const gateway = gateways[row.operation];
  const before = earlier.length > 0 ? await requestsOf(db, [...earlier]) : [];
  const { word: said, from } = await ask(gateway, row, isNew, before);
  const word = await believed(db, row.party, said);
  crashPoint('before-commit', `word of ${row.party} on ${row.operation}`);
  const settled =
    word.status === 'SUCCEEDED' || word.status === 'FAILED'
      ? await settleRequest(db, row.requestNo, word, from)
      : await noteUnsettled(db, row.requestNo, word);
  crashPoint('after-commit', `word of ${row.party} on ${row.operation}`);
  const isInVain = settled && !settled.answer && settled.askedCount >= giveUpAfterAsks;
  const ended = isInVain ? await settleRequest(db, row.requestNo, givenUp, 'GIVEN_UP') : settled;
  // Else a callback has settled the row while we were asking, and the first word stands.
  return ended ?? requestOf(db, row.requestNo);
}

/** A party that says when it will have done something has not said that it has. */
async function believed(db: Knex, party: string, word: Exchange): Promise<Exchange> {
  if (word.status !== 'SUCCEEDED' || !(await isInFuture(db, party, word.paidAt))) return word;
  return { status: 'UNKNOWN', why: `an answer that names a time in the future, ${word.paidAt}` };
}

const givenUp: OutsideAnswer = {
  status: 'FAILED',
  failure: { code: 'GIVEN_UP', message: 'The party has given no final word in time.' },
};

/**
 * Asks the party, and says how its word came. A failure is believed only when a query confirms it: an answer or a
 * callback may be wrong about it, and whoever acts on a failure that was none pays twice.
 */
async function ask(
  gateway: Gateway,
  row: OutsideRequestRow,
  isNew: boolean,
  earlier: readonly OutsideRequestRow[],
): Promise<{ word: Exchange; from: SettledBy }> {
  const known = isNew ? { status: 'NOT_KNOWN' as const } : await gateway.query(row);
  if (known.status !== 'NOT_KNOWN') return { word: known, from: 'QUERY' };
  const afterAll = await wordOnEarlier(gateway, earlier);
  if (afterAll) return { word: afterAll, from: 'QUERY' };
  const answer = await gateway.send(row);
  if (answer.status !== 'FAILED') return { word: answer, from: 'ANSWER' };
  const confirmed = await gateway.query(row);
  // A party that refused the request at its door does not know it, and cannot have acted on it.
  return confirmed.status === 'NOT_KNOWN'
    ? { word: answer, from: 'ANSWER' }
    : { word: confirmed, from: 'QUERY' };
}

/** The word on an earlier attempt that forbids a further one: it has done it after all, or nobody knows. */
async function wordOnEarlier(
  gateway: Gateway,
  earlier: readonly OutsideRequestRow[],
): Promise<Exchange | undefined> {
  for (const one of earlier) {
    const word = await gateway.query(one);
    if (word.status === 'SUCCEEDED') return { ...word, doneAs: one.requestNo };
    if (word.status === 'UNKNOWN' || word.status === 'PROCESSING') return word;
  }
  return undefined;
}
