import type { Knex } from 'knex';
import { customerOfExtensionQuote } from '../../db/access/owners';
import { extensionQuote, type ExtensionQuoteView } from '../../db/reads/extension-quotes';
import type { RepaymentPostingCalculatedData } from '../../schemas/generated/messages';
import { contractOf } from '../../schemas/validate';
import { extensionFlowId, extensionQuoteAddress } from '../addresses';
import { MAY } from '../permissions';
import { bodyOfQuote, quoteProperties, quoter, quoteReading } from '../quotes';
import type { Answer, Call, Route } from '../route';
import { common, list, object, type Schema } from '../schema';
import { idempotencyKeyParameter } from '../submission';
import { loanIdParameter, ownLoan } from './loans';

const quoteSchema: Schema = object({
  ...{ quoteId: common('extension-quote-id'), ...quoteProperties },
  periods: common('extension-periods'),
  amounts: common('extension-amounts'),
  newInstalments: {
    description: 'The new version of the schedule, whole: what is settled or past due stands as it was.',
    ...list(common('instalment')),
  },
});

/** The routes of extensions (展期): what more time for a loan costs. */
export function extensionRoutes({ db }: { db: Knex }): Route[] {
  const quote = quoter(db);

  async function quoteExtension(call: Call): Promise<Answer> {
    const { periods } = call.body as { periods: number };
    const request = { scenario: 'EXTENSION', periods } as const;
    const quoteId = await quote(call, {
      ...{ flow: 'extension', prefix: 'EQ', content: { loanId: call.parameters['loanId'], request } },
      data: (id, { loanId, customerId }) => ({ quoteId: id, loanId, customerId, request }),
      then: [['product-calculation-service'], ['asset-center'], ['bff-system']],
    });
    const made = await extensionQuote(db, quoteId);
    return { status: 201, headers: { Location: extensionQuoteAddress(quoteId) }, body: quoteBody(made!) };
  }

  return [
    {
      method: 'post',
      path: '/v1/loans/{loanId}/extension-quotes',
      operationId: 'quoteExtension',
      tag: 'Extensions',
      summary: 'Ask what an extension would cost, and the schedule that it would make',
      description:
        'What is owed and not past due moves by a number of periods of the product. The same Idempotency-Key with the same ' +
        'body gives the same quote, or the same refusal, however late it is sent: for a new quote send a new key.',
      access: { roles: MAY.quoteExtensions, customers: ownLoan(db) },
      parameters: [loanIdParameter, idempotencyKeyParameter],
      body: {
        schema: object({ periods: common('extension-periods') }),
        examples: { onePeriod: { periods: 1 } },
      },
      answers: {
        201: {
          description: 'The quote. It binds nobody.',
          schema: quoteSchema,
          headers: { Location: 'Address of the quote.' },
          example: quoteBody(exampleQuote),
        },
      },
      problems: [
        ...(['IDEMPOTENCY_KEY_REUSED', 'UNKNOWN_LOAN', 'LOAN_NOT_ACTIVE', 'LOAN_SETTLED'] as const),
        ...(['NOT_OFFERED', 'NOTHING_TO_EXTEND', 'PERIODS_OUT_OF_RANGE', 'TOO_LONG_OVERDUE'] as const),
        ...(['EXTENDED_TOO_OFTEN', 'TERM_TOO_LONG', 'FUNDING_TERM_TOO_LONG'] as const),
      ],
      handle: quoteExtension,
    },
    quoteReading({
      ...{ path: '/v1/extension-quotes/{quoteId}', operationId: 'getExtensionQuote', tag: 'Extensions' },
      ...{ what: 'extension quote', absent: 'UNKNOWN_EXTENSION_QUOTE' },
      ...{ schema: quoteSchema, example: quoteBody(exampleQuote), bodyOf: quoteBody },
      quoteId: { schema: common('extension-quote-id'), example: 'EQ01JDB2N6P4XC' },
      find: (quoteId) => extensionQuote(db, quoteId),
      ownerOf: (quoteId) => customerOfExtensionQuote(db, quoteId),
    }),
  ];
}

const quoteBody = (quote: ExtensionQuoteView) =>
  bodyOfQuote(quote, {
    self: extensionQuoteAddress(quote.quoteId),
    flowId: extensionFlowId(quote.quoteId),
  });

type Calculated = Extract<RepaymentPostingCalculatedData, { scenario: 'EXTENSION' }>;

function exampleOfQuote(): ExtensionQuoteView {
  const examples = contractOf('repayment-posting-calculated').$defs.data
    .examples as RepaymentPostingCalculatedData[];
  const { scenario: _scenario, ...quote } = examples.find(
    (example): example is Calculated => example.scenario === 'EXTENSION',
  )!;
  return { ...quote, timeZone: 'Asia/Shanghai' };
}
const exampleQuote = exampleOfQuote();
