import { Client, Connection } from '@temporalio/client';
import type { Knex } from 'knex';
import { goodFeatures, seed, seedCustomers } from '../db/seeds';
import { composeCommand } from '../schemas/compose';
import type { LoanApplicationOutcome } from '../workflows/loan-application-disbursement';
import type { Addresses, Servers } from './servers';

export const ourQueue = 'flows';
export const bareQueue = 'bare';

/** Of the plain path: the partner that pays out, and the party that carries messages. */
export const outsideCalls = 2;

const customers = 500;
/** Ever more than a run of benchmarks takes of it. */
const plentyMinor = 1_000_000_000;
const flow = 'loan-application-disbursement';

/**
 * Brings up what disbursements need but the workers: a database with products, parties and customers, and a namespace.
 *
 * @returns the addresses for the worker processes, and how to run a flow of either side to its end.
 */
export async function prepareDisbursements(servers: Servers) {
  const [databaseUrl, temporal] = await Promise.all([
    servers.newDatabase(prepareReferenceData),
    servers.newNamespace(),
  ]);
  const addresses: Addresses = { databaseUrl, ...temporal };
  const connection = await Connection.connect({ address: temporal.temporalAddress });
  const client = new Client({ connection, namespace: temporal.temporalNamespace });
  let started = 0;
  const nextApplication = () => {
    started += 1;
    const applicationId = `LA${String(started).padStart(16, '0')}`;
    return { flowId: `${flow}:${applicationId}`, submitted: submittedBy(started, applicationId) };
  };

  return {
    addresses,
    client,
    /** Runs a loan application from its submission to its disbursed end. In: nothing. Out: the flow's id. */
    disburse: async (): Promise<string> => {
      const { flowId, submitted } = nextApplication();
      const options = { workflowId: flowId, taskQueue: ourQueue, args: [submitted] };
      const end = (await client.workflow.execute(flow, options)) as LoanApplicationOutcome;
      if (end.outcome !== 'DISBURSED') throw new Error(`${flowId} ended ${end.outcome}.`);
      return flowId;
    },
    /** Runs the reference: a workflow with a like argument and so many outside calls, which do nothing. */
    barely: async (calls: number): Promise<void> => {
      const { flowId, submitted } = nextApplication();
      const args = [submitted, calls];
      await client.workflow.execute('bare', { workflowId: flowId, taskQueue: bareQueue, args });
    },
    close: () => connection.close(),
  };
}

/** The seeds, customers whose credit does not end, and parties that may be asked as often as we like. */
export async function prepareReferenceData(owner: Knex): Promise<void> {
  await seed(owner, '2026-01-15');
  await owner('reference.party').update({ max_requests_per_second: 10_000 });
  await owner.transaction((tx) =>
    seedCustomers(
      tx,
      Array.from({ length: customers }, (_, n) => ({
        ...{ id: customerId(n), market: 'CN' as const, language: 'zh' },
        ...{ features: goodFeatures, limitMinor: plentyMinor },
      })),
    ),
  );
}

/** The customers take turns. */
export const customerId = (n: number): string => `CN-B${String(n % customers).padStart(6, '0')}`;

/** The smallest loan of the product that the partner pays out by itself, so that the partner's money lasts. */
export const smallLoan = {
  productId: 'cn-cash-instalment',
  principal: { currency: 'CNY' as const, amountMinor: 10_000 },
  instalmentCount: 6,
  payoutAccountToken: 'tok_bench_account',
};

const submittedBy = (customer: number, applicationId: string) =>
  composeCommand(
    { flow, flowId: `${flow}:${applicationId}`, market: 'CN' },
    {
      type: 'submit-loan-application',
      source: 'app',
      occurrence: '1',
      data: { ...smallLoan, productVersion: 1, applicationId, customerId: customerId(customer) },
    },
  );
