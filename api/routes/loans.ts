import type { Knex } from 'knex';
import { instalmentsOf, loanView, type LoanView } from '../../db/reads/loans';
import type { Instalment } from '../../schemas/generated/messages';
import { applicationAddress, applicationFlowId, flowAddress, loanAddress } from '../addresses';
import { MAY } from '../permissions';
import { Problem } from '../problem';
import type { Route } from '../route';
import { common, links, list, object, oneOf, type Schema } from '../schema';

const loan: Schema = object(
  {
    loanId: common('loan-id'),
    contractId: common('contract-id'),
    applicationId: common('application-id'),
    state: { description: 'ACTIVE once the loan has its repayment schedule.', ...oneOf('BOOKED', 'ACTIVE') },
    customerId: common('customer-id'),
    market: common('market-id'),
    productId: common('product-id'),
    productVersion: common('product-version'),
    partnerId: { description: 'Funding partner.', ...common('party-id') },
    principal: common('positive-money'),
    instalmentCount: common('instalment-count'),
    interestFrom: { description: 'First day on which interest runs.', ...common('iso-date') },
    fundingJournalId: { description: 'Journal of the books that funded the loan.', ...common('journal-id') },
    schedule: object({
      version: { type: 'integer', minimum: 1 },
      instalments: list(common('instalment')),
    }),
    links: links(['self', 'application', 'flow']),
  },
  ['schedule'],
);

/** The routes of loans. */
export function loanRoutes({ db }: { db: Knex }): Route[] {
  return [
    {
      method: 'get',
      path: '/v1/loans/{loanId}',
      operationId: 'getLoan',
      tag: 'Loans',
      summary: 'Read a loan with its repayment schedule',
      access: { roles: MAY.readLoans },
      parameters: [
        {
          in: 'path',
          name: 'loanId',
          description: 'Id of a loan.',
          schema: common('loan-id'),
          required: true,
          example: 'LN01JD8X3M7Q2V',
        },
      ],
      answers: {
        200: {
          description: 'The loan. The schedule is there as soon as the loan is active.',
          schema: loan,
          example,
        },
      },
      problems: ['UNKNOWN_LOAN'],
      async handle({ parameters }) {
        const loanId = parameters['loanId']!;
        const view = await loanView(db, loanId);
        if (!view) throw new Problem('UNKNOWN_LOAN', `No loan ${loanId} is booked.`);
        const { scheduleVersion } = view;
        const instalments = scheduleVersion === null ? [] : await instalmentsOf(db, loanId, scheduleVersion);
        return { status: 200, body: bodyOf(view, instalments) };
      },
    },
  ];
}

function bodyOf(view: LoanView, instalments: Instalment[]) {
  const { currency, principalMinor, scheduleVersion, ...rest } = view;
  return {
    ...rest,
    principal: { currency, amountMinor: principalMinor },
    ...(scheduleVersion !== null && { schedule: { version: scheduleVersion, instalments } }),
    links: {
      self: loanAddress(view.loanId),
      application: applicationAddress(view.applicationId),
      flow: flowAddress(applicationFlowId(view.applicationId)),
    },
  };
}

const example = bodyOf(
  {
    ...{
      loanId: 'LN01JD8X3M7Q2V',
      contractId: 'LC01JD8X3M7Q2V',
      applicationId: 'LA01JD8X3M7Q2V',
      market: 'CN',
    },
    ...{ customerId: 'c-cn-000871', productId: 'cn-instalment-loan', productVersion: 2, state: 'ACTIVE' },
    ...{ partnerId: 'partner-huaxin', currency: 'CNY', principalMinor: 10_000, instalmentCount: 1 },
    ...{ interestFrom: '2024-01-01', fundingJournalId: 42, scheduleVersion: 1 },
  },
  [
    {
      ...{ number: 1, periodStart: '2024-01-01', dueDate: '2024-02-01', principalMinor: 10_000 },
      ...{ interestMinor: 79, feeMinor: 0, totalMinor: 10_079 },
    },
  ],
);
