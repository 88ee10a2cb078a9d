import type { Client } from '@temporalio/client';
import type { Knex } from 'knex';
import {
  addDebtContract,
  DebtContractRefused,
  mapLedger,
  ordersWithoutDebtor,
} from '../../db/access/debt-contracts';
import { debtContractView, type DebtContractView } from '../../db/reads/debt-contracts';
import { debtOrderFlowId } from '../../domain/identifiers';
import { money, type Money } from '../../domain/money';
import { debtContractAddress, debtOrderAddress } from '../addresses';
import { MAY } from '../permissions';
import type { FlowNeeds } from '../needs';
import { Problem } from '../problem';
import type { Answer, Call, Parameter, Route } from '../route';
import { common, day, links, list, object, oneOf, type Schema } from '../schema';
import { wakeFlow } from '../temporal';

type Needs = Pick<FlowNeeds, 'db' | 'temporal'>;

interface ContractBody {
  caseEntrustId: string;
  memberUserId: string;
  position: number;
  totalDebt: Money;
  plan: { period: string; planned: Money }[];
  settledBefore?: { amount: Money; valueDate: string };
}

const contractIdParameter: Parameter = {
  in: 'path',
  name: 'contractId',
  description: 'Number of a debt contract.',
  schema: common('debt-contract-id'),
  required: true,
  example: 'HZ-2025-0031',
};
const ledgerIdParameter: Parameter = {
  in: 'path',
  name: 'ledgerId',
  description: "The mall's ledger id of a debtor.",
  schema: common('ledger-id'),
  required: true,
  example: 'D-31',
};

const period: Schema = {
  description: 'Month of the plan.',
  ...{ type: 'string', pattern: '^[12][0-9]{3}-(0[1-9]|1[0-2])$' },
};
const told = {
  caseEntrustId: {
    description: 'The case that the debt belongs to (委案).',
    ...{ type: 'string', pattern: '^[A-Za-z0-9_-]{1,64}$' },
  },
  memberUserId: common('debtor-id'),
  position: {
    description: "Of a debtor's contracts the lowest position is settled first; each has its own.",
    ...{ type: 'integer', minimum: 1, maximum: 1_000_000 },
  },
  totalDebt: { description: 'The debt.', ...common('positive-money') },
} satisfies Record<string, Schema>;

const contractBody: Schema = object(
  {
    ...told,
    plan: {
      description: 'How the debt is to be paid, month by month; together the whole debt.',
      ...list(
        object({
          period,
          planned: { description: 'What of the debt the month has.', ...common('positive-money') },
        }),
      ),
      ...{ minItems: 1, maxItems: 600 },
    },
    settledBefore: {
      description:
        'What was settled before this platform was there, but for what orders settle that are imported.',
      ...object({
        amount: common('positive-money'),
        valueDate: { ...day, description: 'Day of the take-over.' },
      }),
    },
  },
  ['settledBefore'],
);

const contract: Schema = object({
  contractId: common('debt-contract-id'),
  ...told,
  status: {
    description: 'COMPLETED while nothing remains: a refund can open it again.',
    ...oneOf('OPEN', 'COMPLETED'),
  },
  settled: common('non-negative-money'),
  remaining: common('non-negative-money'),
  plan: {
    description: 'Month by month, with what is settled of it: the earliest month first.',
    ...list(object({ period, planned: common('positive-money'), actual: common('non-negative-money') })),
  },
  records: {
    description:
      'All that it was moved by, the first first (化债明细). Without an order: settled before this platform was there.',
    ...list(
      object(
        {
          type: { description: 'INCOME settles, EXPENSE rolls back.', ...oneOf('INCOME', 'EXPENSE') },
          amount: common('positive-money'),
          orderId: common('mall-order-id'),
          refundNo: common('mall-refund-id'),
          refundStatus: {
            description: 'Whether the refund has undone all that its line had settled of the contract.',
            ...oneOf('NONE', 'PARTIAL', 'FULL'),
          },
          valueDate: { description: 'Day on which it counts.', ...common('iso-date') },
          links: links([], ['order']),
        },
        ['orderId', 'refundNo'],
      ),
    ),
  },
  links: links(['self']),
});

const contractExample: ContractBody = {
  ...{ caseEntrustId: 'WA-2025-0007', memberUserId: 'M-7731', position: 1, totalDebt: money('CNY', 100_000) },
  plan: [
    { period: '2026-01', planned: money('CNY', 50_000) },
    { period: '2026-02', planned: money('CNY', 50_000) },
  ],
};

/** Debt contracts, and whose debts the shares of the malls' ledger ids settle. */
export function debtContractRoutes(needs: Needs): Route[] {
  return [
    {
      method: 'put',
      path: '/v1/debt-contracts/{contractId}',
      operationId: 'putDebtContract',
      tag: 'Debt contracts',
      summary: 'Take a debt contract in',
      description:
        'Once: the same again changes nothing, and nothing else can be told under its number. Orders that waited for a debtor ' +
        'with a contract go on.',
      access: { roles: MAY.manageDebts },
      parameters: [contractIdParameter],
      body: { schema: contractBody, examples: { usual: contractExample } },
      answers: {
        200: {
          description: 'The contract as it stands now.',
          schema: contract,
          example: bodyOf(exampleView),
        },
      },
      problems: ['WRONG_CURRENCY', 'PLAN_IS_NOT_DEBT', 'SETTLED_MORE_THAN_DEBT', 'CONTRACT_TAKEN'],
      handle: (call) => put(needs, call),
    },
    {
      method: 'get',
      path: '/v1/debt-contracts/{contractId}',
      operationId: 'getDebtContract',
      tag: 'Debt contracts',
      summary: 'Read a debt contract',
      access: { roles: MAY.readDebts },
      parameters: [contractIdParameter],
      answers: {
        200: {
          description: 'The contract as it stands now.',
          schema: contract,
          example: bodyOf(exampleView),
        },
      },
      problems: ['UNKNOWN_DEBT_CONTRACT'],
      handle: ({ parameters }) => read(needs.db, parameters['contractId']!),
    },
    {
      method: 'put',
      path: '/v1/debt-ledgers/{ledgerId}',
      operationId: 'mapDebtLedger',
      tag: 'Debt contracts',
      summary: 'Map a ledger id to its debtor',
      description: 'Once, for good: the same again changes nothing. Orders that waited for it go on.',
      access: { roles: MAY.manageDebts },
      parameters: [ledgerIdParameter],
      body: {
        schema: object({ memberUserId: common('debtor-id') }),
        examples: { usual: { memberUserId: 'M-7731' } },
      },
      answers: {
        200: {
          description: 'It is mapped.',
          schema: object({ ledgerId: common('ledger-id'), memberUserId: common('debtor-id') }),
          example: { ledgerId: 'D-31', memberUserId: 'M-7731' },
        },
      },
      problems: ['LEDGER_TAKEN'],
      handle: (call) => map(needs, call),
    },
  ];
}

async function put({ db, temporal }: Needs, { parameters, body }: Call): Promise<Answer> {
  const { totalDebt, plan, settledBefore, ...of } = body as ContractBody;
  const { currency } = totalDebt;
  const amounts = [...plan.map(({ planned }) => planned), ...(settledBefore ? [settledBefore.amount] : [])];
  if (amounts.some((one) => one.currency !== currency))
    throw new Problem('WRONG_CURRENCY', `Give all amounts in ${currency}, as the debt.`);
  await unlessRefused(
    addDebtContract(db, {
      ...{ ...of, contractId: parameters['contractId']!, currency, totalDebtMinor: totalDebt.amountMinor },
      plan: plan.map(({ period: month, planned }) => ({ period: month, planMinor: planned.amountMinor })),
      ...(settledBefore && {
        settledBefore: { amountMinor: settledBefore.amount.amountMinor, valueDate: settledBefore.valueDate },
      }),
    }),
  );
  await wakeOrdersOf(db, temporal, of.memberUserId);
  return read(db, parameters['contractId']!);
}

async function map({ db, temporal }: Needs, { parameters, body }: Call): Promise<Answer> {
  const ledgerId = parameters['ledgerId']!;
  const { memberUserId } = body as { memberUserId: string };
  await unlessRefused(mapLedger(db, ledgerId, memberUserId));
  await wakeOrdersOf(db, temporal, memberUserId);
  return { status: 200, body: { ledgerId, memberUserId } };
}

async function unlessRefused(work: Promise<void>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (error instanceof DebtContractRefused) throw new Problem(error.code, error.message);
    throw error;
  }
}

/** They would try again by themselves, but later. */
async function wakeOrdersOf(db: Knex, temporal: Client, memberUserId: string): Promise<void> {
  for (const orderId of await ordersWithoutDebtor(db, memberUserId))
    await wakeFlow(temporal, debtOrderFlowId(orderId));
}

async function read(db: Knex, contractId: string): Promise<Answer> {
  const view = await debtContractView(db, contractId);
  if (!view) throw new Problem('UNKNOWN_DEBT_CONTRACT', `There is no debt contract ${contractId}.`);
  return { status: 200, body: bodyOf(view) };
}

function bodyOf(view: DebtContractView) {
  const { contractId, caseEntrustId, memberUserId, position, currency, status } = view;
  const of = (amountMinor: number) => money(currency, amountMinor);
  return {
    ...{ contractId, caseEntrustId, memberUserId, position, status, totalDebt: of(view.totalDebtMinor) },
    ...{ settled: of(view.settledMinor), remaining: of(view.remainingMinor) },
    plan: view.plan.map(({ period: month, planMinor, actualMinor }) => ({
      ...{ period: month, planned: of(planMinor), actual: of(actualMinor) },
    })),
    records: view.records.map(({ type, amountMinor, orderId, refundId, refundStatus, valueDate }) => ({
      ...{ type, amount: of(amountMinor), refundStatus, valueDate },
      ...(orderId !== null && { orderId }),
      ...(refundId !== null && { refundNo: refundId }),
      links: orderId === null ? {} : { order: debtOrderAddress(orderId) },
    })),
    links: { self: debtContractAddress(contractId) },
  };
}

const exampleView: DebtContractView = {
  ...{ contractId: 'HZ-2025-0031', caseEntrustId: 'WA-2025-0007', memberUserId: 'M-7731', position: 1 },
  ...{
    currency: 'CNY',
    totalDebtMinor: 100_000,
    settledMinor: 3_000,
    remainingMinor: 97_000,
    status: 'OPEN',
  },
  plan: [
    { period: '2026-01', planMinor: 50_000, actualMinor: 3_000 },
    { period: '2026-02', planMinor: 50_000, actualMinor: 0 },
  ],
  records: [
    {
      ...{ orderId: 'MO20260115000017', number: 2, refundId: null, type: 'INCOME', amountMinor: 3_000 },
      ...{ refundStatus: 'NONE', valueDate: '2026-01-22' },
    },
  ],
};
