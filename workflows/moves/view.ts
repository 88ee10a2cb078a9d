import { setCurrentDetails, upsertSearchAttributes } from '@temporalio/workflow';
import type { FlowName } from '../../schemas/generated/catalog';
import type { MarketId } from '../../schemas/generated/messages';
import * as attributes from '../../schemas/search-attributes';
import { checklist, type Passed } from './checklist';

/** What a flow is about, beside what its steps tell of themselves. */
export interface Facts {
  partner?: string;
  businessDate?: string;
}

/**
 * What operators see of a flow in the Web UI. Searching and reading cost the flow something, so both are brought up to
 * date only when the flow begins to wait, or ends: whatever passes in milliseconds nobody would see.
 */
export interface View {
  note(facts: Facts): void;
  /** A step begins: the flow is now passing this message to these services. */
  begin(stage: string, services?: readonly string[]): void;
  /** The step has ended, and these messages were handled by these services. */
  end(messages: readonly string[], services: readonly string[]): void;
  /** Says what the flow is about to wait for, until it begins its next step. */
  waitFor(what: string): void;
  /** Asks for a person while `work` goes on, and says why. */
  attention<T>(reason: string, work: () => Promise<T>): Promise<T>;
  publish(): void;
}

/** Keeps what operators see of the running workflow. */
export function viewOf(flow: FlowName, market: MarketId): View {
  const reasons: string[] = [];
  const passed: Passed[] = [];
  const facts: Facts = {};
  let current: { stage: string; services: readonly string[] } | undefined;
  let waits = '';
  const publishAttributes = attributePublisher();

  const publish = (): void => {
    publishAttributes([
      [attributes.flowAttribute, flow],
      [attributes.market, market],
      [attributes.stage, current?.stage],
      [attributes.partner, facts.partner],
      [attributes.businessDate, facts.businessDate],
      [attributes.needsAttention, reasons.length > 0],
    ]);
    setCurrentDetails(
      [
        // Several steps at once may wait for the same.
        ...[...new Set(reasons)].map((reason) => `**Needs attention:** ${reason}\n`),
        ...(waits ? [`**Waits** ${waits}\n`] : []),
        checklist(flow, passed, current),
      ].join('\n'),
    );
  };

  return {
    note: (more) => void Object.assign(facts, more),
    begin(stage, services = []) {
      current = { stage, services };
      waits = '';
    },
    end: (messages, services) => void passed.push({ messages, services }),
    waitFor: (what) => void (waits = what),
    async attention(reason, work) {
      reasons.push(reason);
      publish();
      try {
        return await work();
      } finally {
        reasons.splice(reasons.indexOf(reason), 1);
        publish();
      }
    },
    publish,
  };
}

type Attribute = (typeof attributes.searchAttributes)[number];

/** Writes search attributes; each time it writes only what has changed, and nothing is no event of the history. */
function attributePublisher(): (wanted: [Attribute, string | boolean | undefined][]) => void {
  const published = new Map<string, string | boolean>([[attributes.needsAttention.name, false]]);
  return (wanted) => {
    const changed = wanted.filter(
      ([{ name }, value]) => value !== undefined && value !== published.get(name),
    ) as [Attribute, string | boolean][];
    if (changed.length === 0) return;
    upsertSearchAttributes(changed.map(([key, value]) => ({ key, value }) as never));
    for (const [{ name }, value] of changed) published.set(name, value);
  };
}
