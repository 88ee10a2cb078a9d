import type { Knex } from 'knex';
import { goodFeatures } from '../../db/seeds';
import type { Behaviour } from '../../sandbox/behaviours';
import { addCustomers } from '../demo/database';
import type { Platform } from '../demo/platform';
import type { RestClient } from '../demo/rest';

/** A loan application that comes to rest where an operator would look at it. */
interface Situation {
  features?: Record<string, number>;
  /** What bank-huaxin, which is asked first, does. */
  behaviour?: Behaviour;
}

/** Between good and bad: the strategy leaves the decision to a person. */
const inBetween = { monthsEmployed: 12, debtToIncomePercent: 60 };

const situations = {
  review: { features: inBetween },
  silent: { behaviour: { kind: 'SILENT', delayMs: 24 * 60 * 60 * 1000 } },
  late: { behaviour: { kind: 'LATE_SUCCESS', delayMs: 4_000, code: 'NOT_TODAY' } },
  failing: {},
} as const satisfies Record<string, Situation>;

type SituationName = keyof typeof situations;

/** Whom to ask for the situations, and the database as its owner. */
export interface Sources {
  platform: Platform;
  owner: Knex;
  app: RestClient;
  operator: RestClient;
  sandbox: RestClient;
}

/**
 * Makes each situation, once, and waits until it shows.
 *
 * @returns the id of each situation's flow
 */
export async function makeSituations(sources: Sources): Promise<Record<SituationName, string>> {
  const { failing, ...others } = situations;
  const flowIds: Partial<Record<SituationName, string>> = {};
  for (const [name, situation] of Object.entries(others)) {
    flowIds[name as SituationName] = await apply(name, situation, sources);
  }
  await untilSo(sources, async ({ operator }) => {
    const { questions } = await operator.get<{ questions: unknown[] }>('/v1/ops/questions');
    return questions.length === 3;
  });
  // Only now, so that it fails for no other application.
  await sources.owner.raw('revoke insert on asset_center.loan_contract from credit_application');
  flowIds.failing = await apply('failing', failing, sources);
  await untilSo(sources, async ({ app }) => {
    const flow = await app.get<{ needsAttention: boolean }>(`/v1/flows/${flowIds.failing}`);
    return flow.needsAttention;
  });
  return flowIds as Record<SituationName, string>;
}

async function apply(
  name: string,
  { features, behaviour }: Situation,
  { platform, app, sandbox }: Sources,
): Promise<string> {
  const id = `CN-${name.toUpperCase()}`;
  const customer = { id, market: 'CN', language: 'zh', features: { ...goodFeatures, ...features } } as const;
  await addCustomers(platform.databaseUrl, [customer]);
  if (behaviour) {
    const rule = { party: 'bank-huaxin', match: { customerId: id }, behaviour };
    await sandbox.post('/control/behaviours', rule);
  }
  const body = {
    ...{ customerId: id, productId: 'cn-cash-instalment', instalmentCount: 12 },
    principal: { currency: 'CNY', amountMinor: 480_000 },
    payoutAccountToken: `tok_${id}`,
  };
  const headers = { 'idempotency-key': `pictures-${name}` };
  return (await app.post<{ flowId: string }>('/v1/loan-applications', body, headers)).flowId;
}

/** Looks until something is so; the clients' signal ends it. */
async function untilSo(sources: Sources, look: (sources: Sources) => Promise<boolean>): Promise<void> {
  while (!(await look(sources))) await new Promise((resolve) => setTimeout(resolve, 500));
}
