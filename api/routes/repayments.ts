import type { Knex } from 'knex';
import { askService } from '../../activities/ask';
import { customerOfQuote } from '../../db/access/owners';
import { repaymentQuote, type RepaymentQuoteView } from '../../db/reads/repayment-quotes';
import { customerOf } from '../../db/reference';
import type { AssetDueListQueriedData, RepaymentRequest } from '../../schemas/generated/messages';
import { message, type Message, type MessageType } from '../../schemas/message';
import { commonSchemas, contractOf } from '../../schemas/validate';
import {
  customerLoansAddress,
  dueListAddress,
  loanAddress,
  quoteAddress,
  quotesAddress,
  repaymentFlowId,
} from '../addresses';
import { newBusinessId } from '../business-id';
import { MAY } from '../permissions';
import { bodyOfQuote, quoteProperties, quoter, quoteReading } from '../quotes';
import type { Answer, Call, Route } from '../route';
import { common, links, list, object, propertiesOf, type Schema } from '../schema';
import { idempotencyKeyParameter } from '../submission';
import { customerIdParameter, loanIdParameter, ownLoans, ownLoan, unknownCustomer } from './loans';

const FLOW = 'repayment';

const dueListSchema: Schema = object({
  customerId: common('customer-id'),
  loans: {
    description: 'The active loans of which something is owed, the newest first.',
    ...list(
      object({
        ...propertiesOf(commonSchemas['due-loan'] as unknown as Schema),
        links: links(['loan', 'quotes']),
      }),
    ),
  },
  links: links(['self', 'loans']),
});

const quoteSchema: Schema = object(
  {
    ...{ quoteId: common('quote-id'), ...quoteProperties },
    scenario: common('repayment-scenario'),
    instalments: {
      description:
        'What a normal repayment is for; absent where it is divided over all by the order of the product.',
      ...common('instalment-numbers'),
    },
    amounts: common('repayment-amounts'),
  },
  ['instalments'],
);

/** The routes of repayments: what is due, and what a repayment would cost. */
export function repaymentRoutes({ db }: { db: Knex }): Route[] {
  const ask = askService(db);
  const quote = quoter(db);

  /** No write but the messages: nothing of the customer's changes. Each time it is asked, it is a run of its own. */
  async function readDueList({ parameters }: Call): Promise<Answer> {
    const customerId = parameters['customerId']!;
    const customer = await customerOf(db, customerId);
    if (!customer) throw unknownCustomer(customerId);
    const answered = await ask('asset-center', {
      run: { flow: FLOW, flowId: repaymentFlowId(newBusinessId('DL')), market: customer.market },
      message: { ...message('query-asset-due-list', { customerId }), source: 'bff-system', occurrence: '1' },
      then: [['bff-system']],
    });
    if ('refusal' in answered) throw new Error(`A due list is not refused (${answered.refusal.code}).`);
    const [queried] = answered.sent as [Message<'asset-due-list-queried'>];
    return { status: 200, body: dueListBody(queried.data) };
  }

  async function quoteRepayment(call: Call): Promise<Answer> {
    const request = call.body as RepaymentRequest;
    const quoteId = await quote(call, {
      ...{ flow: FLOW, prefix: 'RQ', content: { loanId: call.parameters['loanId'], request } },
      data: (id, { loanId, customerId }) => ({ quoteId: id, loanId, customerId, request }),
      then:
        request.scenario === 'NORMAL'
          ? [['bff-system']]
          : [['product-calculation-service'], ['asset-center'], ['bff-system']],
    });
    const made = await repaymentQuote(db, quoteId);
    return { status: 201, headers: { Location: quoteAddress(quoteId) }, body: quoteBody(made!) };
  }

  return [
    {
      method: 'get',
      path: '/v1/customers/{customerId}/due-list',
      operationId: 'getDueList',
      tag: 'Repayments',
      summary: 'Read what a customer owes, loan by loan, and how it can be repaid',
      description:
        "By the business date of the customer's market. Reading changes nothing that is owed; that it was read is on record " +
        'as a run of the flow repayment.',
      access: { roles: MAY.readLoans, customers: ownLoans },
      parameters: [customerIdParameter],
      answers: {
        200: { description: 'The due list.', schema: dueListSchema, example: dueListBody(exampleDueList) },
      },
      problems: ['CUSTOMER_NOT_FOUND'],
      handle: readDueList,
    },
    {
      method: 'post',
      path: '/v1/loans/{loanId}/repayment-quotes',
      operationId: 'quoteRepayment',
      tag: 'Repayments',
      summary: 'Ask what a repayment would cost, and what it would do',
      description:
        'By the rules that a payment is posted by: one of the total that counts on the day of the quote does to the minor ' +
        'unit what is quoted. The same Idempotency-Key with the same body gives the same quote, or the same refusal, ' +
        'however late it is sent: for a new quote send a new key.',
      access: { roles: MAY.quoteRepayments, customers: ownLoan(db) },
      parameters: [loanIdParameter, idempotencyKeyParameter],
      body: { schema: common('repayment-request'), examples: requestExamples },
      answers: {
        201: {
          description: 'The quote. It binds nobody.',
          schema: quoteSchema,
          headers: { Location: 'Address of the quote.' },
          example: quoteBody(exampleQuote),
        },
      },
      problems: [
        ...(['IDEMPOTENCY_KEY_REUSED', 'UNKNOWN_LOAN', 'LOAN_NOT_ACTIVE', 'WRONG_CURRENCY'] as const),
        ...(['LOAN_SETTLED', 'NOTHING_DUE', 'UNKNOWN_INSTALMENT', 'NOT_OFFERED', 'WINDOW_CLOSED'] as const),
      ],
      handle: quoteRepayment,
    },
    quoteReading({
      ...{ path: '/v1/repayment-quotes/{quoteId}', operationId: 'getRepaymentQuote', tag: 'Repayments' },
      ...{ what: 'repayment quote', absent: 'UNKNOWN_REPAYMENT_QUOTE' },
      ...{ schema: quoteSchema, example: quoteBody(exampleQuote), bodyOf: quoteBody },
      quoteId: { schema: common('quote-id'), example: 'RQ01JDB2N6P4XB' },
      find: (quoteId) => repaymentQuote(db, quoteId),
      ownerOf: (quoteId) => customerOfQuote(db, quoteId),
    }),
  ];
}

const dueListBody = ({ customerId, loans }: AssetDueListQueriedData) => ({
  customerId,
  loans: loans.map((loan) => ({
    ...loan,
    links: { loan: loanAddress(loan.loanId), quotes: quotesAddress(loan.loanId) },
  })),
  links: { self: dueListAddress(customerId), loans: customerLoansAddress(customerId) },
});

const quoteBody = ({ instalments, ...quote }: RepaymentQuoteView) =>
  bodyOfQuote(
    { ...quote, ...(instalments && { instalments }) },
    { self: quoteAddress(quote.quoteId), flowId: repaymentFlowId(quote.quoteId) },
  );

/** The examples of a contract's data. */
const examplesOf = (type: MessageType): unknown[] => contractOf(type).$defs.data.examples!;

const requestExamples = Object.fromEntries(
  (commonSchemas['repayment-request'] as unknown as { examples: RepaymentRequest[] }).examples.map(
    (example, index) => [`example${index + 1}`, example],
  ),
);

const exampleDueList = examplesOf('asset-due-list-queried')[0] as AssetDueListQueriedData;

const exampleQuote: RepaymentQuoteView = {
  ...{ instalments: null, timeZone: 'Asia/Shanghai' },
  ...(examplesOf('repayment-posting-calculated')[1] as Omit<RepaymentQuoteView, 'instalments' | 'timeZone'>),
};
