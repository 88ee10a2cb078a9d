import { accountingCenter } from './accounting/accounting-center';
import { assetCenter } from './asset/asset-center';
import { repaymentPlanService } from './asset/repayment-plan-service';
import { app } from './business-frontend/app';
import { bffSystem } from './business-frontend/bff-system';
import { creditLimitCenter } from './credit/credit-limit-center';
import { debtSettlementService } from './debt-resolution/debt-settlement-service';
import { divideService } from './debt-resolution/divide-service';
import { fundManagementSystem } from './funds/fund-management-system';
import { fundRoutingSystem } from './funds/fund-routing-system';
import { paymentSystem } from './funds/payment-system';
import { partnerHub } from './partner/partner-hub';
import { outreachSystem } from './post-loan-operations/outreach-system';
import { productCalculationService } from './product/product-calculation-service';
import { decisionEngine } from './risk/decision-engine';
import { extensionEngine } from './transaction/extension-engine';
import { loanEngine } from './transaction/loan-engine';
import { refundReversalService } from './transaction/refund-reversal-service';
import { repaymentEngine } from './transaction/repayment-engine';

/** Every service that is built, by its catalog id. */
export const services = {
  app,
  'accounting-center': accountingCenter,
  'asset-center': assetCenter,
  'bff-system': bffSystem,
  'credit-limit-center': creditLimitCenter,
  'debt-settlement-service': debtSettlementService,
  'decision-engine': decisionEngine,
  'divide-service': divideService,
  'fund-management-system': fundManagementSystem,
  'fund-routing-system': fundRoutingSystem,
  'extension-engine': extensionEngine,
  'loan-engine': loanEngine,
  'outreach-system': outreachSystem,
  'partner-hub': partnerHub,
  'payment-system': paymentSystem,
  'product-calculation-service': productCalculationService,
  'repayment-engine': repaymentEngine,
  'refund-reversal-service': refundReversalService,
  'repayment-plan-service': repaymentPlanService,
} as const;

export type ServiceMap = typeof services;
