/**
 * How a party behaves, as data. A behaviour is named by what a tester wants to see and stands for a script,
 * which says separately what becomes of the payout, when, and what the platform is told of it. The rest of the
 * sandbox only plays scripts: a new fault is a new behaviour here, and at most a new value of a script's part.
 */
import { Ajv2020 } from 'ajv/dist/2020';
import type { PayoutRequest } from '../schemas/outside/payout';

export type Behaviour =
  /** Pays and says so at once. */
  | { kind: 'ACCEPT' }
  /** Refuses for certain, with a failure code, and pays nothing. */
  | { kind: 'REFUSE'; code: string }
  /** Answers PROCESSING, pays after the delay, and then calls back. */
  | { kind: 'CALLBACK'; delayMs: number }
  /** Answers PROCESSING and pays after the delay; only a query tells. */
  | { kind: 'SILENT'; delayMs: number }
  /** Pays, but the connection never answers; only a query tells. */
  | { kind: 'HANG' };

export interface Script {
  outcome: { status: 'SUCCEEDED' } | { status: 'FAILED'; code: string };
  /** How long the payout stays PROCESSING; null settles it before the request is answered. */
  settleAfterMs: number | null;
  /** What the request itself is answered: the payout's state at that moment, or nothing ever. */
  answer: 'STATE' | 'NOTHING';
  callsBack: boolean;
}

export interface Rule {
  party: string;
  /** All members that are given must equal the request's; without any, every request of the party matches. */
  match?: { reference?: string; requestNo?: string; amountMinor?: number; customerId?: string };
  behaviour: Behaviour;
  /** After this many new requests the rule no longer matches; without it, it stays. */
  times?: number;
}

export interface Rules {
  add(rule: Rule): void;
  clear(): void;
  /** The script for a request that is new to the party: that of the newest matching rule, else ACCEPT's. */
  scriptFor(party: string, request: PayoutRequest): Script;
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
    scriptFor(party, request) {
      const found = newestFirst.find(({ rule, left }) => left > 0 && matches(rule, party, request));
      if (!found) return scriptOf({ kind: 'ACCEPT' });
      found.left -= 1;
      return scriptOf(found.rule.behaviour);
    },
  };
}

function matches({ party, match = {} }: Rule, requestParty: string, request: PayoutRequest): boolean {
  return (
    party === requestParty &&
    (match.reference ?? request.reference) === request.reference &&
    (match.requestNo ?? request.requestNo) === request.requestNo &&
    (match.amountMinor ?? request.amount.amountMinor) === request.amount.amountMinor &&
    (match.customerId ?? request.beneficiary.customerId) === request.beneficiary.customerId
  );
}

function scriptOf(behaviour: Behaviour): Script {
  const paid = { status: 'SUCCEEDED' } as const;
  switch (behaviour.kind) {
    case 'ACCEPT':
      return { outcome: paid, settleAfterMs: null, answer: 'STATE', callsBack: false };
    case 'REFUSE': {
      const refused = { status: 'FAILED', code: behaviour.code } as const;
      return { outcome: refused, settleAfterMs: null, answer: 'STATE', callsBack: false };
    }
    case 'CALLBACK':
      return { outcome: paid, settleAfterMs: behaviour.delayMs, answer: 'STATE', callsBack: true };
    case 'SILENT':
      return { outcome: paid, settleAfterMs: behaviour.delayMs, answer: 'STATE', callsBack: false };
    case 'HANG':
      return { outcome: paid, settleAfterMs: null, answer: 'NOTHING', callsBack: false };
  }
}

const code = { type: 'string', pattern: '^[A-Z][A-Z0-9_]*$' };
// A day is far below the longest delay that a timer of Node can hold.
const delayMs = { type: 'integer', minimum: 0, maximum: 86_400_000 };

function closed(properties: Record<string, object>, required: string[] = Object.keys(properties)): object {
  return { type: 'object', properties, required, additionalProperties: false };
}

const ajv = new Ajv2020({ discriminator: true });

const isRule = ajv.compile<Rule>(
  closed(
    {
      party: { type: 'string' },
      match: closed(
        {
          reference: { type: 'string' },
          requestNo: { type: 'string' },
          amountMinor: { type: 'integer' },
          customerId: { type: 'string' },
        },
        [],
      ),
      behaviour: {
        type: 'object',
        discriminator: { propertyName: 'kind' },
        required: ['kind'],
        oneOf: [
          closed({ kind: { const: 'ACCEPT' } }),
          closed({ kind: { const: 'REFUSE' }, code }),
          closed({ kind: { const: 'CALLBACK' }, delayMs }),
          closed({ kind: { const: 'SILENT' }, delayMs }),
          closed({ kind: { const: 'HANG' } }),
        ],
      },
      times: { type: 'integer', minimum: 1 },
    },
    ['party', 'behaviour'],
  ),
);

/**
 * Reads a rule that came in at the control address.
 * @returns the rule, or in words what is wrong with it.
 */
export function readRule(body: unknown): Rule | { problem: string } {
  return isRule(body) ? body : { problem: ajv.errorsText(isRule.errors, { dataVar: 'rule' }) };
}
