import type { Knex } from 'knex';
import { askService } from '../activities/ask';
import { loanView, type LoanView } from '../db/reads/loans';
import { addDays, startOfDay } from '../domain/calendar';
import { composeCommand } from '../schemas/compose';
import type { FlowName } from '../schemas/generated/catalog';
import { message, type CommandType, type DataOf, type ErrorCodeOf, type ServiceId } from '../schemas/message';
import { flowAddress, loanAddress } from './addresses';
import { newBusinessId } from './business-id';
import { MAY } from './permissions';
import { Problem, type ProblemCode } from './problem';
import type { Call, Route } from './route';
import { unknownLoan } from './routes/loans';
import { common, links, type Schema } from './schema';
import { submissionBefore, submissionFor } from './submission';

/** The command that asks asset management for a quote, of whatever kind. */
export const QUOTE_COMMAND = 'calculate-repayment-posting' satisfies CommandType;

/** A quote that a client wants. */
export interface WantedQuote {
  flow: FlowName;
  prefix: 'RQ' | 'EQ';
  /** All that makes two requests of one key the same. */
  content: unknown;
  data: (quoteId: string, loan: LoanView) => DataOf<typeof QUOTE_COMMAND>;
  /** Where the answers go on to, hop by hop. */
  then: ServiceId[][];
}

/**
 * Has quotes worked out on loans: reserves the key, then asks. Whatever dies in between, the same request again finds the
 * row and goes on.
 *
 * @returns asks for a quote on the call's loan and answers with its id; throws a problem where it is refused
 */
export function quoter(db: Knex) {
  const ask = askService(db);
  return async (call: Call, { flow, prefix, content, data, then }: WantedQuote): Promise<string> => {
    const loanId = call.parameters['loanId']!;
    const [before, loan] = await Promise.all([submissionBefore(db, call), loanView(db, loanId)]);
    const submission = await submissionFor(db, call, content, before, () => {
      if (!loan) throw unknownLoan(loanId);
      const businessId = newBusinessId(prefix);
      const flowId = `${flow}:${businessId}`;
      const question = message(QUOTE_COMMAND, data(businessId, loan));
      const command = composeCommand(
        { flow, flowId, market: loan.market },
        { ...question, source: 'bff-system', occurrence: '1' },
      );
      return { flow, flowId, businessId, command };
    });
    const { flowId, businessId, command } = submission;
    const answered = await ask('asset-center', {
      ...{ run: { flow, flowId, market: command.market }, message: command, then },
    });
    if ('refusal' in answered) {
      const { code, reason } = answered.refusal;
      throw new Problem(code as ErrorCodeOf<typeof QUOTE_COMMAND>, reason);
    }
    return businessId;
  };
}

/** What every quote says beside its price. */
export const quoteProperties: Record<string, Schema> = {
  loanId: common('loan-id'),
  customerId: common('customer-id'),
  quotedFor: {
    description: 'Day on which a payment must count to do what is quoted.',
    ...common('iso-date'),
  },
  holdsUntil: { description: "The end of that day in the loan's market.", ...common('instant') },
  scheduleVersion: {
    description: 'Version of the schedule that it was worked out on.',
    type: 'integer',
    minimum: 1,
  },
  currency: common('currency'),
  links: links(['self', 'loan', 'flow']),
};

/** A quote as it is kept; `timeZone` is that of its loan's market. */
interface QuoteView {
  quoteId: string;
  loanId: string;
  quotedFor: string;
  timeZone: string;
}

/**
 * What is answered of a quote.
 *
 * @param quote as it is kept
 * @param self its address
 * @param flowId the run that made it
 */
export function bodyOfQuote<View extends QuoteView>(
  { timeZone, ...quote }: View,
  { self, flowId }: { self: string; flowId: string },
) {
  return {
    ...quote,
    holdsUntil: startOfDay(addDays(quote.quotedFor, 1), timeZone),
    links: { self, loan: loanAddress(quote.loanId), flow: flowAddress(flowId) },
  };
}

/** A kind of quotes, as it is read. */
interface QuotesRead<View> {
  path: string;
  operationId: string;
  tag: string;
  /** Such as 'repayment quote'. */
  what: string;
  quoteId: { schema: Schema; example: string };
  schema: Schema;
  example: object;
  absent: ProblemCode;
  find: (quoteId: string) => Promise<View | undefined>;
  ownerOf: (quoteId: string) => Promise<string | undefined>;
  bodyOf: (quote: View) => object;
}

/** The route by which quotes of a kind are read again. */
export function quoteReading<View>(read: QuotesRead<View>): Route {
  const { what, path, operationId, tag, schema, example, quoteId, absent } = read;
  const article = /^[aeiou]/.test(what) ? 'an' : 'a';
  const unknownQuote = (id: string): Problem => new Problem(absent, `There is no ${what} ${id}.`);
  return {
    ...{ method: 'get', path, operationId, tag, summary: `Read ${article} ${what}` },
    access: {
      roles: MAY.readLoans,
      customers: {
        owner: ({ parameters }) => read.ownerOf(parameters['quoteId']!),
        absent: ({ parameters }) => unknownQuote(parameters['quoteId']!),
      },
    },
    parameters: [
      {
        ...{ in: 'path', name: 'quoteId', description: `Id of ${article} ${what}.`, required: true },
        ...quoteId,
      },
    ],
    answers: { 200: { description: 'The quote, as it was made.', schema, example } },
    problems: [absent],
    async handle({ parameters }) {
      const made = await read.find(parameters['quoteId']!);
      if (!made) throw unknownQuote(parameters['quoteId']!);
      return { status: 200, body: read.bodyOf(made) };
    },
  };
}
