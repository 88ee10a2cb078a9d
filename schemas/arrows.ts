import catalogData from './catalog.json';
import decisionData from './catalog-decisions.json';
import eventStormData from './event-storm.json';

/** One step of a flow's picture in the catalog: an actor, a message or a service, and what follows it. */
export interface CatalogStep {
  id: string;
  title: string;
  actor?: string;
  message?: string;
  service?: string;
  next?: { id: string; label?: string }[];
}

export interface Catalog {
  events: Record<string, { name: string; summary: string; producers: string[]; consumers: string[] }>;
  commands: Record<string, { name: string; summary: string }>;
  services: Record<
    string,
    { name: string; summary: string; domain: string; sends: string[]; receives: string[] }
  >;
  domains: Record<string, { name: string; summary: string; services: string[] }>;
  flows: Record<string, { name: string; order: number; summary: string; steps: CatalogStep[] }>;
}

/** What the project decided about one arrow of the catalog, and why; see docs/catalog.md. */
export interface CatalogDecision {
  from: string;
  to: string;
  why: string;
  flow?: string;
  /** The catalog draws it, and the code has it otherwise. */
  drawnOnly?: boolean;
  /** The message goes back to its sender, which happens only when it was refused. */
  returned?: boolean;
}

const eventCatalog = catalogData as Catalog;
const eventStorm = eventStormData as Catalog;

/** The lender's EventCatalog and, in the same form, the event storm of debt resolution. */
export const catalog: Catalog = {
  events: { ...eventCatalog.events, ...eventStorm.events },
  commands: { ...eventCatalog.commands, ...eventStorm.commands },
  services: { ...eventCatalog.services, ...eventStorm.services },
  domains: { ...eventCatalog.domains, ...eventStorm.domains },
  flows: { ...eventCatalog.flows, ...eventStorm.flows },
};
export const decisions = decisionData as CatalogDecision[];

/** Flows that the catalog does not draw: money in the wrong place, until a person has found it; and a day that is compared until it is green. */
export const projectFlows = ['exception', 'debt-reconciliation'];

/** The arrow from a sender (a service or "actor") to a message, or from a message to the service that handles it. */
export const arrow = (from: string, to: string): string => `${from}>${to}`;

/** What a step of a flow's picture stands for. */
type Drawn = Pick<CatalogStep, 'service' | 'message' | 'actor'>;

/** The arrows that one flow's picture draws, in its order, with what is written beside them. */
function drawnIn(flowId: string): { from: Drawn; to: Drawn; label: string }[] {
  const steps = catalog.flows[flowId]?.steps ?? [];
  const byName = new Map<string, Drawn>();
  // Some arrows point at a service or a message instead of at a step's id; the step's id comes first.
  for (const step of steps) for (const id of [step.service, step.message]) if (id) byName.set(id, step);
  for (const step of steps) byName.set(step.id, step);
  return steps.flatMap((from) =>
    (from.next ?? []).map(({ id, label = '' }) => {
      const to = byName.get(id) ?? (catalog.services[id] ? { service: id } : { message: id });
      return { from, to, label };
    }),
  );
}

/**
 * The arrows that one flow's picture draws, as "service>message", "actor>message" and "message>service".
 * Arrows between two services carry no message and are left out.
 */
export function arrowsDrawnBy(flowId: string): Set<string> {
  const arrows = new Set<string>();
  for (const { from, to } of drawnIn(flowId)) {
    if (from.service && to.message) arrows.add(arrow(from.service, to.message));
    if (from.actor && to.message) arrows.add(arrow('actor', to.message));
    if (from.message && to.service) arrows.add(arrow(from.message, to.service));
  }
  return arrows;
}

/** The messages that reach a service in one flow's picture, in its order: message, service, and what is written beside. */
export const deliveriesDrawnBy = (flowId: string): [message: string, service: string, label: string][] =>
  drawnIn(flowId).flatMap(({ from, to, label }) =>
    from.message && to.service ? [[from.message, to.service, label]] : [],
  );

/**
 * Every arrow that holds: what the services list, what the events list, what the flows draw and what was decided.
 * The catalog's own lists disagree in places, so the union is taken (docs/catalog.md).
 */
export function allArrows(): Set<string> {
  const arrows = new Set<string>();
  for (const flowId of Object.keys(catalog.flows))
    for (const drawn of arrowsDrawnBy(flowId)) arrows.add(drawn);
  for (const [service, { sends, receives }] of Object.entries(catalog.services)) {
    for (const message of sends) arrows.add(arrow(service, message));
    for (const message of receives) arrows.add(arrow(message, service));
  }
  for (const [event, { producers, consumers }] of Object.entries(catalog.events)) {
    for (const producer of producers) arrows.add(arrow(producer, event));
    for (const consumer of consumers) arrows.add(arrow(event, consumer));
  }
  for (const { from, to, drawnOnly, flow } of decisions) {
    if (!drawnOnly) arrows.add(arrow(from, to));
    // What is drawn and waived for one flow may hold for another.
    else if (!flow) arrows.delete(arrow(from, to));
  }
  return arrows;
}
