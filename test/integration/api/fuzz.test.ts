import { request } from 'node:http';
import fc from 'fast-check';
import { holdToDocument, type Answered } from '../../support/documented';
import { fuzzRequests, type FuzzRequest } from './fuzz/requests';
import { startFuzzedApi, type FuzzedApi, type Memory } from './fuzz/server';
import { brokenConversations, converse, slowConversations, statusesIn } from './fuzz/sockets';

// FUZZ_REQUESTS=50000 npx jest test/integration/api/fuzz.test.ts looks longer; FUZZ_SEED repeats a run.
const requestCount = Number(process.env.FUZZ_REQUESTS ?? 5_000);
const fuzzSeed = Number(process.env.FUZZ_SEED ?? Math.floor(Math.random() * 2 ** 31));
const BATCH = 100;
const AT_ONCE = 8;
/** Nothing that the API does takes nearly as long; what does is a hang. */
const HANG_MS = 30_000;

let api: FuzzedApi;
let before: Record<string, number>;
beforeAll(async () => {
  api = await startFuzzedApi();
  before = await api.rowCounts();
}, 120_000);
afterAll(() => api.stop());
afterEach(expectNothingWritten);

/** Whatever was sent: nothing is written, and the process serves. */
async function expectNothingWritten(): Promise<void> {
  expect(await api.rowCounts()).toEqual(before);
  expect((await send({ method: 'GET', path: '/readyz', headers: {} })).status).toBe(200);
}

test(
  `of ${requestCount} malformed requests each is refused as documented, and none leaves memory behind`,
  async () => {
    const requests = fuzzRequests(api.tokens, api.sealing);
    const seen = new Set<string>();
    let early: Memory | undefined;
    for (let sent = 0; sent < requestCount; sent += BATCH) {
      // By then everything has been compiled, loaded and pooled that ever is.
      if (!early && sent >= requestCount / 2) early = await api.memory();
      const batch = fc.sample(requests, { seed: fuzzSeed + sent, numRuns: BATCH });
      await inParallel(batch, async (one, index) => {
        seen.add(await refusalOf(one, `FUZZ_SEED=${fuzzSeed}, request ${sent + index}`));
      });
    }
    const late = await api.memory();

    // Else what was sent has not got far: through the parsers, and to where a valid body is held against the records.
    for (const code of [
      ...['INVALID_BODY', 'INVALID_JSON', 'INVALID_PARAMETER', 'UNKNOWN_REQUEST'],
      ...['NOTIFICATION_REFUSED', 'NOT_A_FORM'],
    ]) {
      expect([...seen]).toContain(code);
    }
    expect(heldAgainstRecords.filter((code) => seen.has(code)).length).toBeGreaterThanOrEqual(2);
    expect((late.heapBytes - early!.heapBytes) / MEGABYTE).toBeLessThan(HEAP_GROWTH_MB);
    expect((late.rssBytes - early!.rssBytes) / MEGABYTE).toBeLessThan(RSS_GROWTH_MB);
  },
  120_000 + requestCount * 40,
);

/** Which of the many routes a run gets that far at is chance. */
const heldAgainstRecords = [
  ...['UNKNOWN_PRODUCT', 'CUSTOMER_NOT_FOUND', 'LOAN_NOT_OF_CUSTOMER', 'UNKNOWN_LOAN', 'UNKNOWN_RECEIPT'],
  ...['UNKNOWN_EXTENSION_QUOTE', 'UNKNOWN_FLOW', 'UNKNOWN_DEBT_ORDER', 'UNKNOWN_MALL'],
];

/** It has no body and needs no header, so nothing is wrong with it where its path is right; to compare a day writes nothing here. */
const takesNothing = /^\/v1\/reconciliation\/days\/[^/]+\/[^/]+\/runs(\?|$)/;

const MEGABYTE = 2 ** 20;
/**
 * What two heaps after a collection differ by without any leak: code that is compiled and thrown away, connections that
 * come and go. 2,000 requests that left 4 kB each would pass it; a request object is larger. A long run finds less.
 */
const HEAP_GROWTH_MB = 8;
/** The allocator gives memory back when it likes; more than this does not come from that. */
const RSS_GROWTH_MB = 64;

test.each(brokenConversations)('HTTP that is broken is refused or ended: $name', async (conversation) => {
  const answer = await converse(port(), conversation);
  expect(statusesIn(answer).filter((status) => status >= 500)).toEqual([]);
});

test('of valid requests with some bytes changed none is answered with a failure of ours', async () => {
  const valid = Buffer.from(
    `GET /v1/flows?limit=5 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${api.tokens.ops}\r\nPrefer: wait=1\r\n\r\n`,
  );
  const changes = fc.array(fc.tuple(fc.nat(valid.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 });
  await inParallel(fc.sample(changes, { seed: fuzzSeed, numRuns: 400 }), async (change) => {
    const bytes = Buffer.from(valid);
    for (const [at, value] of change) bytes[at] = value;
    const answer = await converse(port(), { name: 'changed', pieces: [bytes], closes: true });
    expect([fuzzSeed, change, statusesIn(answer).filter((status) => status >= 500)]).toEqual([
      fuzzSeed,
      change,
      [],
    ]);
  });
}, 120_000);

test('who sends too slowly loses the connection, and holds nobody else up', async () => {
  const answers = Promise.all(slowConversations.map((one) => converse(port(), one)));
  expect((await send({ method: 'GET', path: '/healthz', headers: {} })).status).toBe(200);
  for (const answer of await answers)
    expect(statusesIn(answer).filter((status) => status >= 500)).toEqual([]);
}, 180_000);

const port = (): number => Number(new URL(api.url).port);

/** The code of the problem that a request is answered with, or its status; throws when it is not refused as documented. */
async function refusalOf(one: FuzzRequest, which: string): Promise<string> {
  try {
    const answered = await send(one);
    const { code } = holdToDocument(one.method, one.path, answered);
    if (answered.status >= 500) throw new Error(`answered ${answered.status}: ${answered.text}`);
    const isWrite = ['POST', 'PUT'].includes(one.method);
    if (isWrite && answered.status < 300 && !takesNothing.test(one.path)) throw new Error('was not refused');
    return code ?? String(answered.status);
  } catch (error) {
    const shown = { ...one, body: one.body?.toString('latin1').slice(0, 2_000) };
    throw new Error(`${which}: ${(error as Error).message}\n${JSON.stringify(shown, null, 1)}`, {
      cause: error,
    });
  }
}

/** Sends a request as it is, which `fetch` does not. */
function send({ method, path, headers, body }: FuzzRequest): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const sending = request(
      { ...{ host: '127.0.0.1', port: port(), method, path, headers }, signal: AbortSignal.timeout(HANG_MS) },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () =>
          resolve({
            status: response.statusCode!,
            headers: new Headers(response.headers as Record<string, string>),
            text: Buffer.concat(chunks).toString(),
          }),
        );
      },
    );
    sending.on('error', reject);
    sending.end(['POST', 'PUT'].includes(method) ? body : undefined);
  });
}

async function inParallel<T>(
  all: readonly T[],
  work: (one: T, index: number) => Promise<void>,
): Promise<void> {
  const left = [...all.entries()];
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (let next = left.shift(); next; next = left.shift()) await work(next[1], next[0]);
    }),
  );
}
