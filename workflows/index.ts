// The workflows by their catalog ids: what Temporal, its Web UI and the API know them by.
import { exception } from './exception';
import { loanApplicationDisbursement } from './loan-application-disbursement';
import { repayment } from './repayment';
import { repaymentPlanGeneration } from './repayment-plan-generation';

export {
  exception,
  repayment,
  loanApplicationDisbursement as 'loan-application-disbursement',
  repaymentPlanGeneration as 'repayment-plan-generation',
};
