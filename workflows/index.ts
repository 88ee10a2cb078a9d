// The workflows by their catalog ids: what Temporal, its Web UI and the API know them by.
import { loanApplicationDisbursement } from './loan-application-disbursement';
import { repaymentPlanGeneration } from './repayment-plan-generation';

export {
  loanApplicationDisbursement as 'loan-application-disbursement',
  repaymentPlanGeneration as 'repayment-plan-generation',
};
