// The workflows by their catalog ids: what Temporal, its Web UI and the API know them by.
import { debtOrder } from './debt-order';
import { debtReconciliation, debtReconciliationDue } from './debt-reconciliation';
import { exception } from './exception';
import { extension } from './extension';
import { loanApplicationDisbursement } from './loan-application-disbursement';
import { refundAndReversalLifecycle } from './refund-and-reversal-lifecycle';
import { repayment } from './repayment';
import { repaymentPlanGeneration } from './repayment-plan-generation';

export {
  debtOrder as 'debt-order',
  debtReconciliation as 'debt-reconciliation',
  debtReconciliationDue as 'debt-reconciliation-due',
  exception,
  refundAndReversalLifecycle as 'refund-and-reversal-lifecycle',
  extension,
  repayment,
  loanApplicationDisbursement as 'loan-application-disbursement',
  repaymentPlanGeneration as 'repayment-plan-generation',
};
