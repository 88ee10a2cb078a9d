import type { Role } from '../db/access/api-keys';

/** Which roles may do what, in one table. A partner sees nothing but its own position, a mall but its own orders. */
export const MAY = {
  submit: ['app', 'bff'],
  readLoans: ['app', 'bff', 'ops', 'finance'],
  quoteRepayments: ['app', 'bff', 'ops'],
  refund: ['ops'],
  quoteExtensions: ['app', 'bff', 'ops'],
  orderExtensions: ['app', 'bff', 'ops'],
  orderRepayments: ['app', 'bff', 'ops'],
  readFlows: ['app', 'bff', 'ops', 'finance'],
  operate: ['ops'],
  readProducts: ['app', 'bff', 'ops', 'finance'],
  /** Messages, journals' causes, and what was asked of outside parties. */
  readRecords: ['ops', 'finance'],
  readBooks: ['ops', 'finance'],
  /** What is told of debts beside the malls' own calls: contracts, whose a ledger id is, orders divided before. */
  manageDebts: ['ops'],
  readDebts: ['ops', 'finance'],
  readDebtOrders: ['ops', 'finance', 'mall'],
  readReconciliation: ['ops', 'finance'],
  /** Have a day compared, and say who looks into a finding; to explain it is to operate. */
  reconcile: ['ops', 'finance'],
  readPositions: ['ops', 'finance', 'partner'],
} as const satisfies Record<string, readonly Role[]>;
