// The workflows by their catalog ids: what Temporal, its Web UI and the API know them by.
import { exception } from './exception';
import { loanApplicationDisbursement } from './loan-application-disbursement';
import { withOutcome } from './moves/outcome';
import { repaymentPlanGeneration } from './repayment-plan-generation';

const exceptionFlow = withOutcome(exception);
const disbursementFlow = withOutcome(loanApplicationDisbursement);
const planFlow = withOutcome(repaymentPlanGeneration);

export {
  exceptionFlow as exception,
  disbursementFlow as 'loan-application-disbursement',
  planFlow as 'repayment-plan-generation',
};
