import { refundFlowIdOf } from '../domain/identifiers';
import type { FlowName } from '../schemas/generated/catalog';

// Where things are, for Location headers and links. Ids hold nothing that an address would have to escape.

export const flowAddress = (flowId: string): string => `/v1/flows/${flowId}`;
export const traceAddress = (flowId: string): string => `/v1/flows/${flowId}/trace`;
export const applicationAddress = (applicationId: string): string => `/v1/loan-applications/${applicationId}`;
export const loanAddress = (loanId: string): string => `/v1/loans/${loanId}`;
export const dueListAddress = (customerId: string): string => `/v1/customers/${customerId}/due-list`;
export const quotesAddress = (loanId: string): string => `${loanAddress(loanId)}/repayment-quotes`;
export const quoteAddress = (quoteId: string): string => `/v1/repayment-quotes/${quoteId}`;
export const refundAddress = (refundId: string): string => `/v1/refunds/${refundId}`;
export const chargebackAddress = (chargebackId: string): string => `/v1/chargebacks/${chargebackId}`;
export const reversalAddress = (reversalId: string): string => `/v1/disbursement-reversals/${reversalId}`;
export const extensionQuotesAddress = (loanId: string): string => `${loanAddress(loanId)}/extension-quotes`;
export const extensionQuoteAddress = (quoteId: string): string => `/v1/extension-quotes/${quoteId}`;
export const orderAddress = (orderId: string): string => `/v1/repayment-orders/${orderId}`;
export const orderCancellationAddress = (orderId: string): string => `${orderAddress(orderId)}/cancellation`;
export const extensionAddress = (orderId: string): string => `/v1/extensions/${orderId}`;
export const extensionCancellationAddress = (orderId: string): string =>
  `${extensionAddress(orderId)}/cancellation`;
export const debtOrderAddress = (orderId: string): string => `/v1/debt-orders/${orderId}`;
export const debtContractAddress = (contractId: string): string => `/v1/debt-contracts/${contractId}`;
export const reconciledDaysAddress = '/v1/reconciliation/days';
export const reconciledDayAddress = (market: string, day: string): string =>
  `${reconciledDaysAddress}/${market}/${day}`;
export const findingsAddress = '/v1/reconciliation/findings';
export const findingAddress = (findingId: number): string => `${findingsAddress}/${findingId}`;
export const positionAddress = (partnerId: string): string => `/v1/funds/${partnerId}/position`;

export const scheduleAddress = (loanId: string, version?: number): string =>
  `${loanAddress(loanId)}/schedule${version === undefined ? '' : `?version=${version}`}`;
export const customerLoansAddress = (customerId: string): string => `/v1/customers/${customerId}/loans`;
export const productVersionsAddress = '/v1/product-versions';
export const productVersionAddress = (productId: string, version: number): string =>
  `${productVersionsAddress}/${productId}/${version}`;
export const messageAddress = (messageId: string): string => `/v1/messages/${messageId}`;
export const journalAddress = (journalId: number): string => `/v1/ledger/journals/${journalId}`;
export const statementAddress = (accountId: string): string => `/v1/ledger/accounts/${accountId}/statement`;
export const outsideRequestAddress = (requestNo: string): string => `/v1/outside-requests/${requestNo}`;

/** The id of the flow that carries a loan application. */
export const applicationFlowId = (applicationId: string): string =>
  `loan-application-disbursement:${applicationId}`;

/**
 * The id of the run that works out a quote or a due list, has an order's method made, or puts money towards loans (then of
 * the receipt).
 */
export const repaymentFlowId = (businessId: string): string => `repayment:${businessId}`;

/** The id of the flow that carries a refund, a chargeback, or the reversal of a disbursement. */
export const refundFlowId = refundFlowIdOf;

/** The id of the run that works out what an extension costs, or carries its order. */
export const extensionFlowId = (businessId: string): string => `extension:${businessId}`;

const SUBJECTS: Partial<Record<FlowName, (businessId: string) => string | undefined>> = {
  'debt-order': debtOrderAddress,
  extension: (businessId) =>
    businessId.startsWith('EQ') ? extensionQuoteAddress(businessId) : extensionAddress(businessId),
  'loan-application-disbursement': applicationAddress,
  repayment: repaymentSubjectAddress,
  'refund-and-reversal-lifecycle': refundSubjectAddress,
  'repayment-plan-generation': loanAddress,
};

/** The address of what a flow is about; undefined for flows about something that has no address. */
export const subjectAddress = (flow: string, flowId: string): string | undefined =>
  SUBJECTS[flow as FlowName]?.(flowId.slice(flow.length + 1));

function refundSubjectAddress(businessId: string): string {
  if (businessId.startsWith('CB')) return chargebackAddress(businessId);
  return businessId.startsWith('RF') ? refundAddress(businessId) : reversalAddress(businessId);
}

function repaymentSubjectAddress(businessId: string): string | undefined {
  if (businessId.startsWith('RQ')) return quoteAddress(businessId);
  return businessId.startsWith('RO') ? orderAddress(businessId) : undefined;
}
