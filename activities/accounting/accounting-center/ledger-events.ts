import type { Books } from '../../../db/books/posting';
import { entriesFor, type AmountsOf, type Moves, type Scenario } from '../../../domain/books/posting-rules';
import { money, type Currency } from '../../../domain/money';
import type {
  ExtensionSucceededData,
  MarketId,
  PostLedgerEventData,
  RepaymentChanges,
} from '../../../schemas/generated/messages';
import { message } from '../../../schemas/message';

type Disbursement = Extract<PostLedgerEventData, { applicationId: string }>;
type Receipt = Extract<PostLedgerEventData, { receivedBy: string }>;

/** Posts that a loan was disbursed. */
export async function disbursed(books: Books, market: MarketId, data: Disbursement) {
  const { ledgerEventId, scenario, applicationId, loanId, partnerId, paymentChannelId, valueDate } = data;
  const { principal, payout, deductedFees } = data;
  const { journalId, ...posted } = await post(books, {
    scenario: `general.${scenario}` as const,
    businessKey: ledgerEventId,
    valueDate,
    owners: { loan: loanId, fundingPartner: partnerId, paymentChannel: paymentChannelId ?? '', market },
    amounts: {
      principal: principal.amountMinor,
      payout: payout.amountMinor,
      deductedFees: deductedFees.amountMinor,
    },
    currency: principal.currency,
    description: `Loan ${loanId} of loan application ${applicationId} disbursed`,
  });
  const event = { ledgerEventId, scenario, applicationId, loanId };
  return [
    message('ledger-event-accepted', event),
    message('accounting-entry-posted', { ...event, journalId, ...posted, valueDate }),
  ] as const;
}

/** Posts that money came in: of a customer, or of nobody knows whom; or that it was found out whose it is. */
export async function received(books: Books, market: MarketId, data: Receipt) {
  const { ledgerEventId, scenario, receivedBy, amount, valueDate } = data;
  const isFound = scenario === 'receipt-identified';
  const posted = await post(books, {
    scenario: `general.${scenario}` as const,
    businessKey: isFound ? `identification of receipt ${ledgerEventId}` : `receipt ${ledgerEventId}`,
    valueDate,
    owners: {
      ...{ market, paymentChannel: receivedBy, fundingPartner: receivedBy, party: receivedBy },
      customer: 'customerId' in data ? data.customerId : '',
    },
    amounts: { received: amount.amountMinor },
    currency: amount.currency,
    description: isFound ? `Receipt ${ledgerEventId} identified` : `Receipt ${ledgerEventId}`,
  });
  return [
    message('ledger-event-accepted', { ledgerEventId, scenario }),
    message('accounting-entry-posted', { ...data, ...posted }),
  ] as const;
}

/** Posts what was paid for an extension: its fee is income, and arrears are put towards the loan. */
export async function extensionPaid(books: Books, market: MarketId, data: ExtensionSucceededData) {
  const { orderId, loanId, customerId, receiptId, periods, quotedFor, valueDate, currency, amounts } = data;
  const { feeMinor, arrears, totalMinor } = amounts;
  // Nothing has moved where it costs nothing: asset management goes by the event itself.
  if (receiptId === undefined) return [] as const;
  const posted = await post(books, {
    scenario: 'general.repayment-applied',
    businessKey: `extension ${orderId} of loan ${loanId}`,
    valueDate,
    owners: { loan: loanId, customer: customerId, market },
    amounts: repaymentAmounts({
      ...{ appliedMinor: totalMinor, couponMinor: 0, returnedFeeMinor: 0 },
      ...{ principalMinor: arrears.principalMinor, interestMinor: arrears.interestMinor },
      ...{ feeMinor: feeMinor + arrears.feeMinor, penaltyMinor: arrears.penaltyMinor },
    }),
    currency,
    description: `Extension ${orderId} of loan ${loanId} paid`,
  });
  return [
    message('accounting-entry-posted', {
      ...{ ledgerEventId: orderId, scenario: 'extension-paid', loanId, customerId, receiptId, periods },
      ...{ quotedFor, amount: money(currency, totalMinor), valueDate, ...posted },
    }),
  ] as const;
}

/** What a repayment changed, on the sides on which the books take it. */
export function repaymentAmounts(changes: RepaymentChanges): AmountsOf<'general.repayment-applied'> {
  const { appliedMinor, couponMinor, returnedFeeMinor } = changes;
  const { principalMinor, interestMinor, feeMinor, penaltyMinor } = changes;
  const come = (minor: number): number => Math.max(minor, 0);
  const back = (minor: number): number => Math.max(-minor, 0);
  return {
    ...{ applied: come(appliedMinor), appliedTakenBack: back(appliedMinor) },
    ...{ coupon: come(couponMinor), couponTakenBack: back(couponMinor) },
    ...{ returnedFee: come(returnedFeeMinor), returnedFeeTakenBack: back(returnedFeeMinor) },
    ...{ principal: come(principalMinor), principalTakenBack: back(principalMinor) },
    ...{ interest: come(interestMinor), interestTakenBack: back(interestMinor) },
    ...{ fee: come(feeMinor), feeTakenBack: back(feeMinor) },
    ...{ penalty: come(penaltyMinor), penaltyTakenBack: back(penaltyMinor) },
  };
}

/** An economic fact, as a ledger event reports it. */
export type LedgerPosting<S extends Scenario> = Moves<S> & {
  scenario: S;
  businessKey: string;
  valueDate: string;
  currency: Currency;
  description: string;
};

/** Posts a ledger event, and says what stands in the books of it. */
export async function post<S extends Scenario>(books: Books, posting: LedgerPosting<S>) {
  const { journalId, postingDate } = await books.post(posting);
  const entries = entriesFor(posting.scenario, posting).map(({ code, owner, side, amountMinor }) => ({
    accountCode: code,
    owner,
    side,
    amount: money(posting.currency, amountMinor),
  }));
  return { journalId, postingDate, entries };
}
