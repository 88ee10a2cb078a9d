import { randomUUID } from 'node:crypto';
import { newAppKey } from './api-key';
import type { Benchmark } from './benchmark';
import { figuresOf, inTurns, quantile, threeDigits } from './comparison';
import { customerId, prepareReferenceData, smallLoan } from './disbursements';

const REQUESTS = 1_000;
/** Until V8 has compiled what runs for each request: an API serves for weeks. */
const WARM_UP_REQUESTS = 500;
const TELL_EVERY = 200;

/** The time from a POST to its 202, against Express that only starts a workflow. */
export const acceptLatency: Benchmark = {
  name: 'accept-latency',
  unit: 'ms',
  goal: { atMost: 1.5 },
  async measure(servers, onProgress) {
    const [databaseUrl, temporal] = await Promise.all([
      servers.newDatabase(prepareReferenceData),
      servers.newNamespace(),
    ]);
    const addresses = { databaseUrl, ...temporal };
    const [api, bare] = await Promise.all([
      servers.newProcess('API', 'api/main.ts', [], addresses),
      servers.newProcess('bare API', 'bench/bare/api.ts', [], addresses),
    ]);
    const key = await newAppKey(databaseUrl);
    const pairs = await inTurns(
      REQUESTS,
      { ours: (n) => acceptMs(api.url, key, n), reference: (n) => acceptMs(bare.url, key, n) },
      ({ ours, reference }, n) => {
        if (n % TELL_EVERY === 0)
          onProgress(
            `request ${n} of ${REQUESTS}: ${threeDigits(ours)} ms, bare ${threeDigits(reference)} ms`,
          );
      },
      WARM_UP_REQUESTS,
    );
    await Promise.all([api.stop(), bare.stop()]);
    const p95 = (side: 'ours' | 'reference') =>
      threeDigits(
        quantile(
          pairs.map((pair) => pair[side]),
          0.95,
        ),
      );
    return {
      ...figuresOf(pairs),
      conditions:
        `One request at a time, ${REQUESTS} of each side in turns after ${WARM_UP_REQUESTS}, over kept-alive connections; no worker runs. ` +
        `Ours checks the key, the body, the customer, the product and the idempotency key, and commits the ` +
        `submission before it starts the flow; the reference parses JSON and starts a workflow. The figures are ` +
        `medians; the 95th percentiles are ${p95('ours')} ms against ${p95('reference')} ms, ratio ` +
        `${threeDigits(p95('ours') / p95('reference'))}.`,
    };
  },
};

/** How long it takes until a new application is accepted. */
async function acceptMs(url: string, key: string, n: number): Promise<number> {
  const body = JSON.stringify({ ...smallLoan, customerId: customerId(n) });
  const start = performance.now();
  const response = await fetch(`${url}/v1/loan-applications`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${key}`,
      'content-type': 'application/json',
      'idempotency-key': randomUUID(),
    },
    body,
  });
  const answer = await response.text();
  const elapsedMs = performance.now() - start;
  if (response.status !== 202)
    throw new Error(`The application was not accepted: ${response.status} ${answer}`);
  return elapsedMs;
}
