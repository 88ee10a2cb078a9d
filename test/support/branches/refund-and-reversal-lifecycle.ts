import { booksOn } from '../../../db/books/posting';
import { refundRequestNoOf } from '../../../domain/identifiers';
import { newLoan, pays, takesBack, type Loan, type Market } from '../borrowers';
import { approve } from '../people';
import { randomId, type Behaviour } from '../platform';
import type { World } from '../world';
import { firstInstalment } from './repayment';
import {
  answered,
  aPartyWorks,
  aPersonIsNeeded,
  branchesOf,
  itHasEnded,
  toItsEnd,
  walkOf,
  type Stop,
  type LoanWalk,
  type Walked,
  type WhileItWaits,
} from './walk';

/** A walk that somebody has asked for whose act another person may have to approve. */
interface AskedFor extends LoanWalk {
  actId: string | undefined;
}

interface RefundBranch {
  cause: 'OVERPAID' | 'WRONGLY_CHARGED';
  /** What is paid beyond the first instalment: it stands with no loan. */
  extraMinor?: number;
  market?: Market;
  /** How the parties behave towards this customer: from the loan on, or when money is to go back. */
  atLoan?: Omit<Behaviour, 'match'>[];
  atRefund?: Omit<Behaviour, 'match' | 'operation'>;
  /** What makes the refund impossible, before it is asked for. Out: what ends that. */
  obstacle?: (world: World) => Promise<() => Promise<unknown>>;
  stops?: Stop[];
}

/** What was paid too much, within the limit up to which nobody has to approve it. */
const overpaid = { cause: 'OVERPAID', extraMinor: 100_000 } as const;
const closed = { behaviour: { kind: 'REFUSE', code: 'ACCOUNT_CLOSED' }, times: 1 };
const anotherAccount = () => ({ accountToken: 'tok_another_account' });
/** The request is an act of its own, which another person approves: once the flow waits for that, and not before. */
const approved: Stop = {
  ...aPersonIsNeeded,
  goesOn: (walk) => approve(walk.world, (walk as AskedFor).actId!),
};

/** 还款退款: money goes back to its payer. */
const refunds = {
  'paid-back': overpaid,
  'paid-back-once-approved': { cause: 'WRONGLY_CHARGED', stops: [approved] },
  rejected: { cause: 'WRONGLY_CHARGED', stops: [answered('refund', 'REJECT')] },
  'not-funded': {
    cause: 'WRONGLY_CHARGED',
    // A partner by which no other branch has a refund.
    market: 'CN',
    atLoan: [{ party: 'bank-huaxin', behaviour: { kind: 'REFUSE', code: 'NO' } }],
    obstacle: (world: World) => receivedIsSetAside(world, 'trust-jinhe'),
    stops: [approved, itHasEnded],
  },
  'paid-back-by-callback': {
    ...overpaid,
    atRefund: { behaviour: { kind: 'CALLBACK', delayMs: 3_000 } },
    stops: [aPartyWorks],
  },
  'paid-back-and-asked-for': { ...overpaid, atRefund: { behaviour: { kind: 'SILENT', delayMs: 100 } } },
  'paid-back-after-a-broken-answer': { ...overpaid, atRefund: { behaviour: { kind: 'BREAK' } } },
  'paid-back-to-another-account': {
    ...{ cause: 'WRONGLY_CHARGED', atRefund: closed },
    stops: [approved, answered('refund-account:1', 'PAY_TO', anotherAccount)],
  },
  'given-up': {
    ...{ ...overpaid, cause: 'WRONGLY_CHARGED', atRefund: closed },
    stops: [approved, answered('refund-account:1', 'GIVE_UP')],
  },
} satisfies Record<string, RefundBranch>;

async function refund(
  world: World,
  branch: RefundBranch,
  whileItWaits?: WhileItWaits,
): Promise<Walked & { refundId: string }> {
  const { cause, extraMinor = 0, market = 'ID', atLoan = [], atRefund, obstacle, stops } = branch;
  const customerId = await world.newCustomer(market);
  const match = { customerId };
  await world.behave(...atLoan.map((one) => ({ ...one, match })));
  const loan = await newLoan(world, market, customerId);
  const { party, transactionNo, ids } = await paidFirstInstalment(world, loan, extraMinor);
  if (atRefund) await world.behave({ ...atRefund, operation: 'refund', match });

  const clear = await obstacle?.(world);
  const wanted = { party, transactionNo, cause, reason: 'tried by a test' };
  const { refundId, flowId, actId } = await askedFor(world, '/v1/refunds', wanted);
  const walk: AskedFor = { ...walkOf(world, flowId, loan, ...ids, transactionNo, refundId!), actId };
  return { ...(await toItsEnd(walk, { stops, clear }, whileItWaits)), refundId: refundId! };
}

/** A refund that is paid after its failure was confirmed, and found by operators. */
export async function findLateRefund(world: World, whileItWaits?: WhileItWaits): Promise<Walked> {
  const refunded = await refund(world, {
    ...overpaid,
    atRefund: { ...closed, behaviour: { kind: 'LATE_SUCCESS', delayMs: 1_500, code: 'ACCOUNT_CLOSED' } },
    stops: [answered('refund-account:1', 'PAY_TO', anotherAccount)],
  });
  const walk = { ...refunded, flowId: `exception:${refundRequestNoOf(refunded.refundId, 1)}` };
  return toItsEnd(walk, { stops: [answered('exception', 'RETURNED')] }, whileItWaits);
}

interface ReversalBranch {
  /** Whether something was paid towards the loan. */
  isRepaid?: boolean;
  stops?: Stop[];
}

/** 放款冲正: a payout came back. */
const reversals = {
  reversed: { stops: [approved] },
  'reversal-rejected': { stops: [answered('reversal', 'REJECT')] },
  'reversal-refused-since-repayments-stand': { isRepaid: true },
} satisfies Record<string, ReversalBranch>;

async function reverse(
  world: World,
  { isRepaid, stops }: ReversalBranch,
  whileItWaits?: WhileItWaits,
): Promise<Walked> {
  const loan = await newLoan(world, 'ID');
  const paid = isRepaid ? await paidFirstInstalment(world, loan) : undefined;
  const transactionNo = randomId('BACK-');
  const { reversalId, flowId, actId } = await askedFor(world, '/v1/disbursement-reversals', {
    ...{ loanId: loan.loanId, reason: 'tried by a test' },
    evidence: { party: loan.partnerId, transactionNo, arrivedAt: new Date().toISOString() },
  });
  const names = [...(paid?.ids ?? []), transactionNo, reversalId!];
  const walk: AskedFor = { ...walkOf(world, flowId, loan, ...names), actId };
  return toItsEnd(walk, { stops }, whileItWaits);
}

interface ChargebackBranch {
  /** Whether the party names money that never came in. */
  isUnknown?: boolean;
  stops?: Stop[];
}

/** A party takes money back. */
const chargebacks = {
  'charged-back': {},
  'claimed-from-the-party': { isUnknown: true, stops: [answered('chargeback', 'CLAIM_FROM_PARTY')] },
} satisfies Record<string, ChargebackBranch>;

async function takeBack(
  world: World,
  { isUnknown, stops }: ChargebackBranch,
  whileItWaits?: WhileItWaits,
): Promise<Walked> {
  const loan = await newLoan(world, 'ID');
  const { party, ids, ...paid } = await paidFirstInstalment(world, loan);
  const transactionNo = isUnknown ? randomId('TX') : paid.transactionNo;
  const { flowId, chargebackNo, chargebackId } = await takesBack(world, {
    ...{ party, transactionNo, amount: { currency: 'IDR', amountMinor: 100_000 } },
  });
  const walk = walkOf(world, flowId, loan, ...ids, transactionNo, chargebackNo, chargebackId);
  return toItsEnd(walk, { stops }, whileItWaits);
}

/** Has the first instalment paid, and something beyond it; gives the money as its party knows it. */
async function paidFirstInstalment(world: World, loan: Loan, extraMinor = 0) {
  const { paying, ids } = await firstInstalment(world, loan);
  const { body } = await world.get(`/v1/repayment-orders/${ids.at(-1)!}`);
  const [party, transactionNo] = [String(body.party), randomId('TX')];
  const amountMinor = paying.amountMinor + extraMinor;
  await (await pays(world, { ...paying, party, amountMinor, transactionNo })).result();
  return { party, transactionNo, ids: [...ids, transactionNo] };
}

/** One operator asks for something; where another one is to approve that, the answer names the act. */
async function askedFor(world: World, path: string, wanted: object) {
  const { status, body } = await world.post(path, wanted, 'ops');
  if (status !== 202) throw new Error(`${path} was not taken: ${JSON.stringify(body)}`);
  return body as { flowId: string; actId?: string; refundId?: string; reversalId?: string };
}

/** Sets aside all that a partner has received, so that nothing of it can go back. Out: what gives it back. */
async function receivedIsSetAside({ owner, db }: World, partnerId: string): Promise<() => Promise<unknown>> {
  const account = { book: 'funds', code: 'received', owner: partnerId } as const;
  const { currency, amountMinor } = (await db('books.account_position')
    .where(account)
    .first<{ currency: string; amountMinor: number } | undefined>(
      'currency',
      'balance_minor as amountMinor',
    ))!;
  const hold = randomId('set aside by a test ');
  await owner.transaction((tx) =>
    booksOn(tx, { market: 'CN' }).hold({
      ...{ account: { ...account, currency }, businessKey: hold, amountMinor, description: hold },
    }),
  );
  return () =>
    owner.transaction((tx) =>
      booksOn(tx, { market: 'CN' }).release({ book: 'funds', hold, businessKey: 'over' }),
    );
}

export const refundsAndReversals = {
  ...branchesOf(refunds, refund),
  ...branchesOf(reversals, reverse),
  ...branchesOf(chargebacks, takeBack),
};
