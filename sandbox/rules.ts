import { createHash } from 'node:crypto';
import { protocols, type Operation } from '../schemas/outside/protocol';
import { scriptOf, type Behaviour, type Script } from './behaviours';
import type { Asked } from './requests';
import { closed, delay, oneOf, reader, textUpTo } from './schema';
import { yeepayOperations, type YeepayOperation } from './yeepay/wanted';

/**
 * One of several behaviours, drawn anew for each request. The draw depends on nothing but the seed, the party, the
 * request number and how often the party was sent that number in vain: so a run with the same numbers meets the same
 * faults, in whatever order its requests come.
 */
export interface Mixture {
  kind: 'MIXTURE';
  seed: string;
  of: { weight: number; behaviour: Behaviour }[];
}

export interface Rule {
  /** Without it, every party. */
  party?: string;
  /** Without it, every operation. */
  operation?: Operation | YeepayOperation;
  /** All members that are given must equal the request's. */
  match?: {
    reference?: string;
    requestNo?: string;
    amountMinor?: number;
    customerId?: string;
    /** One of the receivers of a divide. */
    ledgerNo?: string;
  };
  behaviour: Behaviour | Mixture;
  /** After this many new requests the rule no longer matches; without it, it stays. */
  times?: number;
}

export interface Rules {
  add(rule: Rule): void;
  clear(): void;
  /**
   * The script for a request that the party does not know yet: that of the newest matching rule, else the usual one.
   * `missed` is how often the party was sent it before without taking it.
   */
  scriptFor(party: string, asked: Asked, missed: number): Script;
}

/** An empty set of rules. */
export function createRules(): Rules {
  let newestFirst: { rule: Rule; left: number }[] = [];
  return {
    add(rule) {
      newestFirst = [{ rule, left: rule.times ?? Infinity }, ...newestFirst];
    },
    clear() {
      newestFirst = [];
    },
    scriptFor(party, asked, missed) {
      const found = newestFirst.find(({ rule, left }) => left > 0 && matches(rule, party, asked));
      if (!found) return scriptOf(usual(asked));
      found.left -= 1;
      const { behaviour } = found.rule;
      return scriptOf(
        behaviour.kind === 'MIXTURE' ? drawn(behaviour, [party, asked.requestNo, missed]) : behaviour,
      );
    },
  };
}

/** Yeepay says PROCESSING first, whatever it is asked to do. */
const usual = ({ wanted }: Asked): Behaviour =>
  (yeepayOperations as readonly string[]).includes(wanted.operation)
    ? { kind: 'SILENT', delayMs: 0 }
    : { kind: 'ACCEPT' };

function matches(rule: Rule, party: string, { requestNo, customerId, wanted }: Asked): boolean {
  const amountMinor = 'amount' in wanted ? wanted.amount.amountMinor : undefined;
  const request = { requestNo, customerId, reference: wanted.reference, amountMinor };
  const { ledgerNo, ...match } = rule.match ?? {};
  const isOfLedger =
    ledgerNo === undefined ||
    (wanted.operation === 'divide' && wanted.parts.some((part) => part.ledgerNo === ledgerNo));
  return (
    isOfLedger &&
    (rule.party ?? party) === party &&
    (rule.operation ?? wanted.operation) === wanted.operation &&
    (Object.keys(match) as (keyof typeof match)[]).every((name) => match[name] === request[name])
  );
}

function drawn({ seed, of }: Mixture, drawnFor: unknown[]): Behaviour {
  const digest = createHash('sha256')
    .update(JSON.stringify([seed, ...drawnFor]))
    .digest();
  const totalWeight = of.reduce((sum, { weight }) => sum + weight, 0);
  let point = (digest.readUIntBE(0, 6) / 2 ** 48) * totalWeight;
  const found = of.find(({ weight }) => (point -= weight) < 0);
  // Adding up fractions may leave a point just beyond the last weight.
  return (found ?? of.at(-1)!).behaviour;
}

const code = { type: 'string', pattern: '^[A-Z][A-Z0-9_]*$' };
const text = { type: 'string' };

const kind = (
  name: string,
  required: Record<string, object> = {},
  optional?: Record<string, object>,
): object => closed({ kind: { const: name }, ...required }, optional);

const byKind = (kinds: object[]): object => ({
  ...{ type: 'object', discriminator: { propertyName: 'kind' }, required: ['kind'], oneOf: kinds },
});

const behaviours = [
  kind('ACCEPT'),
  kind('REFUSE', { code }),
  kind('SLOW', { delayMs: delay }, { code }),
  kind('CALLBACK', { delayMs: delay }, { code }),
  kind('SILENT', { delayMs: delay }, { code }),
  kind('LATE_CALLBACK', { delayMs: delay }, { code }),
  kind('EARLY_CALLBACK', {}, { code }),
  kind('DOUBLE_CALLBACK', { delayMs: delay, ids: oneOf('SAME', 'DIFFERENT') }, { code }),
  kind('HANG', {}, { code }),
  kind('BREAK', {}, { code }),
  kind('ERROR', {}, { code }),
  kind('NOT_TAKEN', { by: oneOf('HANG', 'BREAK', 'ERROR') }),
  kind('LATE_SUCCESS', { delayMs: delay, code }),
  kind('CONTRADICT', { by: oneOf('ANSWER', 'CALLBACK'), truth: oneOf('SUCCEEDED', 'FAILED'), code }),
];

/** The schema of a behaviour. */
export const behaviourSchema = byKind(behaviours);

const choice = closed({ weight: { type: 'number', exclusiveMinimum: 0 }, behaviour: behaviourSchema });
const mixture = kind('MIXTURE', { seed: textUpTo(100), of: { type: 'array', minItems: 1, items: choice } });

/** Reads a rule that came in at the control address. */
export const readRule = reader<Rule>(
  'rule',
  closed(
    { behaviour: byKind([...behaviours, mixture]) },
    {
      party: text,
      operation: oneOf(...Object.keys(protocols), ...yeepayOperations),
      match: closed(
        {},
        {
          ...{ reference: text, requestNo: text, amountMinor: { type: 'integer' }, customerId: text },
          ledgerNo: text,
        },
      ),
      times: { type: 'integer', minimum: 1 },
    },
  ),
);
