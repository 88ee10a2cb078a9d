import type { Knex } from 'knex';
import { customerOfLoan } from '../../db/access/owners';
import {
  instalmentsOf,
  loansOfCustomer,
  loanView,
  scheduleVersions,
  type CustomerLoan,
  type LoanView,
} from '../../db/reads/loans';
import { sumMinor } from '../../domain/money';
import type { Instalment } from '../../schemas/generated/messages';
import {
  applicationAddress,
  applicationFlowId,
  customerLoansAddress,
  flowAddress,
  journalAddress,
  loanAddress,
  productVersionAddress,
  scheduleAddress,
} from '../addresses';
import { pagedList, pageOf } from '../pages';
import { MAY } from '../permissions';
import { Problem } from '../problem';
import type { Answer, CustomerAccess, Parameter, Route } from '../route';
import { common, links, list, object, oneOf, type Schema } from '../schema';

const loanState = oneOf('BOOKED', 'ACTIVE', 'SETTLED', 'CANCELLED', 'REVERSED');

const loan: Schema = object(
  {
    loanId: common('loan-id'),
    contractId: common('contract-id'),
    applicationId: common('application-id'),
    state: {
      description:
        'ACTIVE once the loan has its repayment schedule; SETTLED once it is paid, CANCELLED where it was cancelled.',
      ...loanState,
    },
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
    links: links(['self', 'application', 'flow', 'product', 'customerLoans', 'journal'], ['schedule']),
  },
  ['schedule'],
);

const scheduleVersion: Schema = { type: 'integer', minimum: 1 };

const schedule: Schema = object({
  loanId: common('loan-id'),
  version: { description: 'Version of the schedule; a higher one replaces a lower one.', ...scheduleVersion },
  currency: common('currency'),
  instalments: list(common('instalment')),
  totals: object({
    principalMinor: common('minor-units'),
    interestMinor: common('minor-units'),
    feeMinor: common('minor-units'),
    totalMinor: common('minor-units'),
  }),
  versions: {
    description: 'All versions, the newest first.',
    ...list(object({ version: scheduleVersion, links: links(['self']) })),
  },
  links: links(['self', 'loan']),
});

const listed: Schema = object({
  loanId: common('loan-id'),
  state: loanState,
  productId: common('product-id'),
  productVersion: common('product-version'),
  principal: common('positive-money'),
  instalmentCount: common('instalment-count'),
  interestFrom: common('iso-date'),
  links: links(['self', 'product', 'journal'], ['schedule']),
});

const customerLoans = pagedList<number>([], common('journal-id'));

export const loanIdParameter: Parameter = {
  in: 'path',
  name: 'loanId',
  description: 'Id of a loan.',
  schema: common('loan-id'),
  required: true,
  example: 'LN01JD8X3M7Q2V',
};

export const customerIdParameter: Parameter = {
  in: 'path',
  name: 'customerId',
  description: 'Id of a customer.',
  schema: common('customer-id'),
  required: true,
  example: 'c-cn-000871',
};

/** What a customer gets of a route about one loan. */
export const ownLoan = (db: Knex): CustomerAccess => ({
  owner: ({ parameters }) => customerOfLoan(db, parameters['loanId']!),
  absent: ({ parameters }) => unknownLoan(parameters['loanId']!),
});

/** What a customer gets of a route about all loans of one customer. */
export const ownLoans: CustomerAccess = {
  owner: ({ parameters }) => parameters['customerId']!,
  absent: ({ parameters }) => unknownCustomer(parameters['customerId']!),
};

/** The routes of loans. */
export function loanRoutes({ db }: { db: Knex }): Route[] {
  return [
    {
      method: 'get',
      path: '/v1/loans/{loanId}',
      operationId: 'getLoan',
      tag: 'Loans',
      summary: 'Read a loan with its repayment schedule',
      access: { roles: MAY.readLoans, customers: ownLoan(db) },
      parameters: [loanIdParameter],
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
        if (!view) throw unknownLoan(loanId);
        const { scheduleVersion } = view;
        const instalments = scheduleVersion === null ? [] : await instalmentsOf(db, loanId, scheduleVersion);
        return { status: 200, body: bodyOf(view, instalments) };
      },
    },
    {
      method: 'get',
      path: '/v1/loans/{loanId}/schedule',
      operationId: 'getLoanSchedule',
      tag: 'Loans',
      summary: "Read a loan's repayment schedule, the newest version or an older one",
      access: { roles: MAY.readLoans, customers: ownLoan(db) },
      parameters: [
        loanIdParameter,
        {
          in: 'query',
          name: 'version',
          description: 'Number of a version, from 1; the newest one if left out.',
          schema: { type: 'string', pattern: '^[1-9][0-9]{0,8}$' },
          required: false,
          example: '1',
        },
      ],
      answers: {
        200: {
          description: 'One version, and which others there are.',
          schema: schedule,
          example: scheduleBody('LN01JD8X3M7Q2V', 'CNY', [1], 1, exampleInstalments),
        },
      },
      problems: ['UNKNOWN_LOAN', 'UNKNOWN_SCHEDULE'],
      handle: ({ parameters }) => readSchedule(db, parameters['loanId']!, parameters['version']),
    },
    {
      method: 'get',
      path: '/v1/customers/{customerId}/loans',
      operationId: 'listCustomerLoans',
      tag: 'Loans',
      summary: "List a customer's loans, the newest first",
      access: { roles: MAY.readLoans, customers: ownLoans },
      parameters: [customerIdParameter, ...customerLoans.parameters],
      answers: {
        200: {
          description: 'One page.',
          schema: pageOf(listed),
          example: {
            entries: [entryOf(exampleView)],
            links: { self: customerLoansAddress(exampleView.customerId) },
          },
        },
      },
      problems: ['CUSTOMER_NOT_FOUND'],
      async handle({ parameters }) {
        const customerId = parameters['customerId']!;
        const page = await customerLoans.read(
          customerLoansAddress(customerId),
          parameters,
          async (wanted) => {
            const loans = await loansOfCustomer(db, customerId, wanted);
            if (!loans) throw unknownCustomer(customerId);
            return loans;
          },
          ({ fundingJournalId }) => fundingJournalId,
        );
        return { status: 200, body: { entries: page.rows.map(entryOf), links: page.links } };
      },
    },
  ];
}

export const unknownCustomer = (customerId: string): Problem =>
  new Problem('CUSTOMER_NOT_FOUND', `There is no customer ${customerId}.`);
export const unknownLoan = (loanId: string): Problem =>
  new Problem('UNKNOWN_LOAN', `No loan ${loanId} is booked.`);

async function readSchedule(db: Knex, loanId: string, wanted: string | undefined): Promise<Answer> {
  const view = await loanView(db, loanId);
  if (!view) throw unknownLoan(loanId);
  const versions = await scheduleVersions(db, loanId);
  const version = wanted === undefined ? versions[0] : Number(wanted);
  if (version === undefined || !versions.includes(version)) {
    const there = versions.length > 0 ? `it has ${versions.join(', ')}` : 'it has none yet';
    throw new Problem('UNKNOWN_SCHEDULE', `Loan ${loanId} has no such version of its schedule; ${there}.`);
  }
  const instalments = await instalmentsOf(db, loanId, version);
  return { status: 200, body: scheduleBody(loanId, view.currency, versions, version, instalments) };
}

function scheduleBody(
  loanId: string,
  currency: string,
  versions: number[],
  version: number,
  instalments: Instalment[],
) {
  const total = (part: 'principalMinor' | 'interestMinor' | 'feeMinor' | 'totalMinor'): number =>
    sumMinor(instalments.map((one) => one[part]));
  return {
    ...{ loanId, version, currency, instalments },
    totals: {
      ...{ principalMinor: total('principalMinor'), interestMinor: total('interestMinor') },
      ...{ feeMinor: total('feeMinor'), totalMinor: total('totalMinor') },
    },
    versions: versions.map((one) => ({ version: one, links: { self: scheduleAddress(loanId, one) } })),
    links: { self: scheduleAddress(loanId, version), loan: loanAddress(loanId) },
  };
}

function entryOf(loan: CustomerLoan) {
  const { loanId, state, productId, productVersion, currency, principalMinor } = loan;
  return {
    ...{ loanId, state, productId, productVersion },
    principal: { currency, amountMinor: principalMinor },
    ...{ instalmentCount: loan.instalmentCount, interestFrom: loan.interestFrom },
    links: {
      self: loanAddress(loanId),
      product: productVersionAddress(productId, productVersion),
      journal: journalAddress(loan.fundingJournalId),
      ...(state !== 'BOOKED' && { schedule: scheduleAddress(loanId) }),
    },
  };
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
      product: productVersionAddress(view.productId, view.productVersion),
      customerLoans: customerLoansAddress(view.customerId),
      journal: journalAddress(view.fundingJournalId),
      ...(scheduleVersion !== null && { schedule: scheduleAddress(view.loanId) }),
    },
  };
}

const exampleView: LoanView = {
  ...{
    loanId: 'LN01JD8X3M7Q2V',
    contractId: 'LC01JD8X3M7Q2V',
    applicationId: 'LA01JD8X3M7Q2V',
    market: 'CN',
  },
  ...{ customerId: 'c-cn-000871', productId: 'cn-instalment-loan', productVersion: 2, state: 'ACTIVE' },
  ...{ partnerId: 'partner-huaxin', currency: 'CNY', principalMinor: 10_000, instalmentCount: 1 },
  ...{ interestFrom: '2024-01-01', fundingJournalId: 42, scheduleVersion: 1 },
};
const exampleInstalments: Instalment[] = [
  {
    ...{ number: 1, periodStart: '2024-01-01', dueDate: '2024-02-01', principalMinor: 10_000 },
    ...{ interestMinor: 79, feeMinor: 0, totalMinor: 10_079 },
  },
];
const example = bodyOf(exampleView, exampleInstalments);
