import type { Benchmark } from './benchmark';
import { figuresOf, inTurns, perSecond, threeDigits, type Sides } from './comparison';
import { prepareDisbursements } from './disbursements';

const ROUNDS = 5;
const ROUND = { clients: 40, roundMs: 10_000 };

/** What one side does again and again; it gets a number that no other call of its round has. */
type Act = (n: number) => Promise<unknown>;

/** How each benchmark of a flow against the bare workflow is measured, in words. */
export const throughputConditions =
  `same Temporal server, client, argument and worker options, a worker process for each side; ` +
  `${ROUND.clients} flows at a time, ${ROUNDS} rounds of ${ROUND.roundMs / 1000} s in turns; fsync off.`;

/** How many flows are under way at once. */
export const flowsAtOnce = ROUND.clients;

/**
 * Measures how many flows a second our worker carries, against the bare workflow on a worker of its own.
 *
 * @param sidesOf gets what was prepared, once both workers run, and says what each side does
 * @param onLine gets what the workers write
 * @returns the figures, without the words for them
 */
export async function againstBare(
  [servers, onProgress]: Parameters<Benchmark['measure']>,
  sidesOf: (prepared: Awaited<ReturnType<typeof prepareDisbursements>>) => Promise<Record<keyof Sides, Act>>,
  onLine?: (line: string) => void,
) {
  const prepared = await prepareDisbursements(servers);
  const workers = await Promise.all(
    ['ours', 'bare'].map((side) =>
      servers.newProcess(`worker ${side}`, 'bench/worker.ts', [side], prepared.addresses, onLine),
    ),
  );
  const { ours, reference } = await sidesOf(prepared);
  const pairs = await inTurns(
    ROUNDS,
    { ours: () => perSecond(ROUND, ours), reference: () => perSecond(ROUND, reference) },
    (pair, round) =>
      onProgress(
        `round ${round} of ${ROUNDS}: ${threeDigits(pair.ours)}/s, bare ${threeDigits(pair.reference)}/s`,
      ),
  );
  await prepared.close();
  for (const worker of workers) await worker.stop();
  return figuresOf(pairs);
}
