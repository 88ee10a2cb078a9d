import type { Knex } from 'knex';
import { crashPoint } from '../../crash/point';
import type { ApiClient } from '../../db/access/api-keys';
import type { Reading } from '../../db/access/key-locks';
import { customerOfFlow } from '../../db/access/owners';
import {
  saleBasis,
  saleBasisIn,
  submissionOf,
  type SaleBasis,
  type SaleBasisRow,
} from '../../db/access/submissions';
import { productOf, type ProductVersion } from '../../db/reference';
import { loanApplicationView, refusalOfApplication, type LoanApplicationView } from '../../db/reads/loans';
import { applicationProblem, saleProblem } from '../../domain/loan-application';
import { formatMoney } from '../../domain/money';
import { composeCommand } from '../../schemas/compose';
import type { DataOf, ErrorCodeOf, Message } from '../../schemas/message';
import { contractOf } from '../../schemas/validate';
import {
  applicationAddress,
  applicationFlowId,
  flowAddress,
  loanAddress,
  productVersionAddress,
} from '../addresses';
import { newBusinessId } from '../business-id';
import type { FlowNeeds } from '../needs';
import { MAY } from '../permissions';
import { MAX_WAIT_SECONDS, preferParameter, waitSecondsIn } from '../prefer';
import { Problem } from '../problem';
import type { Answer, Call, CustomerAccess, Parameter, Route } from '../route';
import { common, links, list, object, oneOf, propertiesOf, type Schema } from '../schema';
import { idempotencyKeyParameter, submissionFor, type NewSubmission } from '../submission';
import { startFlow, startFlowAndWait } from '../temporal';

const FLOW = 'loan-application-disbursement';
const COMMAND = 'submit-loan-application';
type Command = Message<typeof COMMAND>;

/** What a client sends: the command's data, without the id, which we give; without a version the newest one counts. */
type Body = Omit<DataOf<typeof COMMAND>, 'applicationId' | 'productVersion'> & { productVersion?: number };

const applicationIdParameter: Parameter = {
  in: 'path',
  name: 'applicationId',
  description: 'Id of a loan application, as the answer to its submission gave it.',
  schema: common('application-id'),
  required: true,
  example: 'LA01JD8X3M7Q2V',
};

const accepted: Schema = object({
  applicationId: common('application-id'),
  flowId: { type: 'string' },
  state: oneOf('RECEIVED'),
  links: links(['self', 'flow']),
});

const ends = ['DISBURSED', 'REJECTED', 'WITHDRAWN', 'FAILED', 'REVERSED'];

/** How far a loan application is; RECEIVED until the loan engine has created it. */
export const applicationState = oneOf(
  ...[
    'RECEIVED',
    'CREATED',
    'IN_REVIEW',
    'APPROVED',
    'CREDIT_RESERVED',
    'ROUTED',
    'PAYING_OUT',
    'PAID_OUT',
    'POSTED',
  ],
  'BOOKED',
  ...ends,
);

const application: Schema = object(
  {
    applicationId: common('application-id'),
    state: applicationState,
    customerId: common('customer-id'),
    market: common('market-id'),
    productId: common('product-id'),
    productVersion: common('product-version'),
    principal: common('positive-money'),
    instalmentCount: common('instalment-count'),
    appliedOn: common('iso-date'),
    payout: {
      description: 'What the borrower gets: the principal less deducted fees.',
      ...common('positive-money'),
    },
    deductedFees: common('non-negative-money'),
    reasonCodes: { description: 'Why it was rejected or failed.', ...list(common('reason-code')) },
    partnerId: { description: 'Funding partner.', ...common('party-id') },
    disbursedOn: common('iso-date'),
    links: links(['self', 'flow', 'product'], ['loan']),
  },
  ['appliedOn', 'payout', 'deductedFees', 'reasonCodes', 'partnerId', 'disbursedOn'],
);

/** The body's schema, made from the contract of the command, so that the fields are written down once. */
export function bodySchema(): { schema: Schema; examples: Record<string, unknown> } {
  const { data } = contractOf(COMMAND).$defs as unknown as {
    data: { required: string[]; examples: Record<string, unknown>[] };
  };
  const withoutId = <T>({ applicationId, ...rest }: Record<string, T>): Record<string, T> => rest;
  const properties = withoutId(propertiesOf(data));
  const optional = Object.keys(properties).filter((name) => !data.required.includes(name));
  const examples = data.examples.map((example, index) => [`example${index + 1}`, withoutId(example)]);
  return {
    schema: object(properties, [...optional, 'productVersion']),
    examples: Object.fromEntries(examples) as Record<string, unknown>,
  };
}

/** The routes of loan applications. */
export function loanApplicationRoutes(needs: FlowNeeds): Route[] {
  return [
    {
      method: 'post',
      path: '/v1/loan-applications',
      operationId: 'submitLoanApplication',
      tag: 'Loan applications',
      summary: 'Submit a loan application',
      description:
        'Refuses at once what the product and the customer rule out; nothing is kept then. Everything else starts ' +
        'the flow that decides, funds, pays out and books the loan. The same Idempotency-Key with the same body gives ' +
        'the same answer, however often and however late it is sent. With Prefer: wait=n the answer is the outcome, when ' +
        'it comes within n seconds.',
      access: {
        roles: MAY.submit,
        customers: {
          owner: ({ body }) => (body as Body).customerId,
          absent: () => new Problem('UNKNOWN_CUSTOMER', 'There is no such customer.'),
        },
      },
      parameters: [idempotencyKeyParameter, preferParameter],
      body: bodySchema(),
      answers: {
        200: {
          description: `It came to its end within the ${MAX_WAIT_SECONDS} seconds, at most, that the client preferred to wait.`,
          schema: application,
          headers: {
            Location: 'Address of the flow.',
            'Content-Location': 'Address of the application, which is what the body shows.',
            'Preference-Applied': 'How long an outcome was waited for, at most: wait=n.',
          },
          example,
        },
        202: {
          description: 'Accepted: the flow goes on by itself, and Location says where to follow it.',
          schema: accepted,
          headers: {
            Location: 'Address of the flow.',
            'Preference-Applied': {
              description: 'Where an outcome was waited for in vain, how long: wait=n.',
              optional: true,
            },
          },
          example: acceptedBody('LA01JD8X3M7Q2V'),
        },
      },
      problems: [
        'IDEMPOTENCY_KEY_REUSED',
        ...(Object.keys(contractOf(COMMAND)['x-command']!.errors) as ErrorCodeOf<typeof COMMAND>[]),
      ],
      read: basisFor,
      handle: (call, read) => submit(needs, call, saleBasisIn(read as SaleBasisRow)),
    },
    {
      method: 'get',
      path: '/v1/loan-applications/{applicationId}',
      operationId: 'getLoanApplication',
      tag: 'Loan applications',
      summary: 'Read a loan application',
      access: { roles: MAY.readLoans, customers: ownApplication(needs.db) },
      parameters: [applicationIdParameter],
      answers: {
        200: { description: 'The loan application as it stands now.', schema: application, example },
      },
      problems: ['UNKNOWN_LOAN_APPLICATION'],
      handle: (call) => read(needs, call.parameters['applicationId']!),
    },
  ];
}

/** What a customer gets of a route about one loan application. */
export const ownApplication = (db: Knex): CustomerAccess => ({
  owner: ({ parameters }) => customerOfFlow(db, applicationFlowId(parameters['applicationId']!)),
  absent: ({ parameters }) => unknownApplication(parameters['applicationId']!),
});

export const unknownApplication = (applicationId: string): Problem =>
  new Problem('UNKNOWN_LOAN_APPLICATION', `Nobody has submitted loan application ${applicationId}.`);

function basisFor(call: Call): Reading {
  const { customerId, productId, productVersion } = call.body as Body;
  return saleBasis({
    ...{ customerId, productId, productVersion },
    clientId: call.client().clientId,
    idempotencyKey: call.parameters['Idempotency-Key']!,
  });
}

/** Reserves the key, then starts the flow. Whatever dies in between, the same request again finds the row and goes on. */
async function submit({ db, temporal, config }: FlowNeeds, call: Call, basis: SaleBasis): Promise<Answer> {
  const body = call.body as Body;
  const { before, version } = basis;
  const product = version === null ? undefined : await productOf(db, body.productId, version);
  const { flow, flowId, businessId, command } = await submissionFor(db, call, body, before, () =>
    newSubmission(call.client(), body, basis, product),
  );
  const start = {
    ...{ flow, flowId, command },
    taskQueue: config.taskQueue,
    summary: summaryOf((command as Command).data),
  };
  const waitSeconds = waitSecondsIn(call.parameters);
  const accepted = {
    status: 202,
    headers: { Location: flowAddress(flowId) },
    body: acceptedBody(businessId),
  };
  if (waitSeconds > 0) return { ...accepted, later: () => outcomeWithin(waitSeconds) };
  await startFlow(temporal, start);
  crashPoint('before-answer', 'submission');
  return accepted;

  async function outcomeWithin(seconds: number): Promise<Answer> {
    await startFlowAndWait(temporal, start, seconds * 1000);
    const headers = { ...accepted.headers, 'Preference-Applied': `wait=${seconds}` };
    const body = await currentBody(db, businessId);
    if (!body || !ends.includes(body.state)) return { ...accepted, headers };
    return { status: 200, headers: { ...headers, 'Content-Location': applicationAddress(businessId) }, body };
  }
}

/** Makes the command of a new application. Throws the problem that reference data shows at once. */
function newSubmission(
  { role }: ApiClient,
  body: Body,
  { customerMarket, today }: SaleBasis,
  product: ProductVersion | undefined,
): NewSubmission {
  const customer = customerMarket === null ? undefined : { market: customerMarket };
  const problem = applicationProblem({ customer, product, ...body }) ?? saleProblem(product!, today!);
  if (problem) throw new Problem(problem.code, problem.message);

  const applicationId = newBusinessId('LA');
  const flowId = applicationFlowId(applicationId);
  const command = composeCommand(
    { flow: FLOW, flowId, market: product!.market },
    {
      type: COMMAND,
      source: role === 'app' ? 'app' : 'bff-system',
      occurrence: '1',
      data: { ...body, applicationId, productVersion: product!.version },
    },
  );
  return { flow: FLOW, flowId, businessId: applicationId, command };
}

const summaryOf = ({ applicationId, principal, instalmentCount }: DataOf<typeof COMMAND>): string =>
  `Loan application ${applicationId}: ${formatMoney(principal)} in ${instalmentCount} instalments`;

function acceptedBody(applicationId: string) {
  const flowId = applicationFlowId(applicationId);
  return {
    applicationId,
    flowId,
    state: 'RECEIVED',
    links: { self: applicationAddress(applicationId), flow: flowAddress(flowId) },
  };
}

async function read({ db }: FlowNeeds, applicationId: string): Promise<Answer> {
  const body = await currentBody(db, applicationId);
  if (body) return { status: 200, body };
  throw new Problem('UNKNOWN_LOAN_APPLICATION', `Nobody has submitted loan application ${applicationId}.`);
}

/** A loan application as it stands now; undefined when nobody has submitted it. */
async function currentBody(db: Knex, applicationId: string) {
  const view = await loanApplicationView(db, applicationId);
  if (view) return bodyOf(view);
  // Submitted, and the flow has not got to its first step yet.
  const submission = await submissionOf(db, applicationId);
  if (!submission) return undefined;
  // Or the loan engine has refused it, for what has changed since it was accepted: then nothing else is kept of it.
  const refusal = await refusalOfApplication(db, submission.flowId);
  const ended = refusal === undefined ? {} : { state: 'REJECTED', reasonCodes: [refusal] };
  return { ...receivedBody(submission.command as Command), ...ended };
}

function receivedBody({ market, data }: Command) {
  const { applicationId, customerId, productId, productVersion, principal, instalmentCount } = data;
  return {
    ...{ applicationId, state: 'RECEIVED', customerId, market, productId, productVersion, principal },
    instalmentCount,
    links: {
      self: applicationAddress(applicationId),
      flow: flowAddress(applicationFlowId(applicationId)),
      product: productVersionAddress(productId, productVersion),
    },
  };
}

function bodyOf(view: LoanApplicationView) {
  const { applicationId, state, customerId, market, productId, productVersion, currency } = view;
  const { instalmentCount, appliedOn, reasonCodes, partnerId, disbursedOn } = view;
  return {
    ...{ applicationId, state, customerId, market, productId, productVersion, instalmentCount, appliedOn },
    principal: { currency, amountMinor: view.principalMinor },
    payout: { currency, amountMinor: view.payoutMinor },
    deductedFees: { currency, amountMinor: view.deductedMinor },
    reasonCodes,
    ...(partnerId !== null && { partnerId }),
    ...(disbursedOn !== null && { disbursedOn }),
    links: {
      self: applicationAddress(applicationId),
      flow: flowAddress(applicationFlowId(applicationId)),
      product: productVersionAddress(productId, productVersion),
      ...(view.hasLoan && { loan: loanAddress(view.loanId) }),
    },
  };
}

const example = bodyOf({
  ...{ applicationId: 'LA01JD8X3M7Q2V', loanId: 'LN01JD8X3M7Q2V', customerId: 'c-id-000124', market: 'ID' },
  ...{ productId: 'id-cash-loan', productVersion: 1, currency: 'IDR', instalmentCount: 6 },
  ...{ principalMinor: 5_000_000, payoutMinor: 4_850_000, deductedMinor: 150_000, appliedOn: '2026-01-31' },
  ...{ state: 'DISBURSED', reasonCodes: [], partnerId: 'partner-nusantara', disbursedOn: '2026-01-31' },
  hasLoan: true,
});
