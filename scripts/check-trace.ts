import { allArrows, arrow, arrowsDrawnBy, catalog, decisions } from '../schemas/arrows';
import type { TraceRow } from '../db/reads/trace';

// Client applications are where people act: an arrow from a person is an arrow from any of them.
const clients = new Set(['actor', 'app', 'bff-system', 'mall']);

/** Events that come from outside: those with which people, or parties that nobody asked, begin a part of a flow's picture. */
const fromOutside = new Set(
  Object.keys(catalog.flows).flatMap((flow) =>
    [...arrowsDrawnBy(flow)].flatMap((drawn) => {
      const [from, to = ''] = drawn.split('>');
      return from === 'actor' && to in catalog.events ? [to] : [];
    }),
  ),
);

/** What traces show when they are held against the catalog. */
export interface TraceReport {
  /** A sentence for each handling that the catalog and its decisions do not know; none when all of them hold. */
  problems: string[];
  /** By flow: the arrows of its picture that no handling has taken, and that no decision waives. */
  notSeen: Record<string, string[]>;
}

/**
 * Holds traces against the catalog: who sent which message, who handled it, what it sent; and that an event was sent
 * before it was handled, in its own run, in the one that it is a part of, or in a part.
 * In: the rows of any number of runs. The flows looked at for coverage are those of the rows.
 */
export function checkTrace(rows: readonly TraceRow[]): TraceReport {
  const known = allArrows();
  const emittedAt = firstEmissions(rows);
  const problems = rows.flatMap((row) => {
    const unknown = arrowsOf(row).filter((alternatives) => !alternatives.some((one) => known.has(one)));
    const found = unknown.map(
      (alternatives) => `${row.flowId}#${row.seq}: the catalog has no arrow ${alternatives[0]}`,
    );
    if (row.message in catalog.events && !fromOutside.has(row.message) && !wasEmitted(row, emittedAt, rows)) {
      found.push(`${row.flowId}#${row.seq}: ${row.message} is handled before anybody sent it`);
    }
    return found;
  });

  const notSeen: Record<string, string[]> = {};
  for (const flow of new Set(rows.map((row) => row.flow))) {
    const seen = new Set(rows.filter((row) => row.flow === flow).flatMap((row) => arrowsOf(row).flat()));
    const waived = new Set(
      decisions
        .filter((one) => one.drawnOnly && (!one.flow || one.flow === flow))
        .map(({ from, to }) => arrow(from, to)),
    );
    notSeen[flow] = [...arrowsDrawnBy(flow)].filter((drawn) => !seen.has(drawn) && !waived.has(drawn));
  }
  return { problems, notSeen };
}

/** The arrows that a handling takes; each with the forms in which the catalog may draw it. */
function arrowsOf({ source, message, service, emitted }: TraceRow): string[][] {
  const isOutside = source.startsWith('external:') && fromOutside.has(message);
  const sources = isOutside ? ['actor'] : clients.has(source) ? [...clients] : [source];
  return [
    sources.map((one) => arrow(one, message)),
    [arrow(message, service)],
    ...emitted.map((sent) => [arrow(service, sent)]),
  ];
}

/** By run and message: the first handling that sent it. */
function firstEmissions(rows: readonly TraceRow[]): Map<string, number> {
  const first = new Map<string, number>();
  for (const { flowId, seq, emitted } of rows) {
    for (const sent of emitted) {
      const key = `${flowId} ${sent}`;
      first.set(key, Math.min(first.get(key) ?? Infinity, seq));
    }
  }
  return first;
}

function wasEmitted(
  row: TraceRow,
  emittedAt: ReadonlyMap<string, number>,
  rows: readonly TraceRow[],
): boolean {
  if ((emittedAt.get(`${row.flowId} ${row.message}`) ?? Infinity) < row.seq) return true;
  const parts = rows.filter((other) => other.parentFlowId === row.flowId).map((other) => other.flowId);
  return [row.parentFlowId, ...parts].some(
    (run) => run !== undefined && emittedAt.has(`${run} ${row.message}`),
  );
}
