import type { Knex } from 'knex';
import { askService } from '../activities/ask';
import { loanView, type LoanView } from '../db/reads/loans';
import { composeCommand } from '../schemas/compose';
import type { FlowName } from '../schemas/generated/catalog';
import { message, type CommandType, type DataOf, type ErrorCodeOf, type ServiceId } from '../schemas/message';
import { newBusinessId } from './business-id';
import { Problem } from './problem';
import type { Call } from './route';
import { unknownLoan } from './routes/loans';
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
