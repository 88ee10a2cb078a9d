import type { MarketId } from '../schemas/generated/messages';
import { among, is, type Message } from '../schemas/message';
import { nowMs, secondsOfDay } from './moves/clock';
import { defineFlow, GoOn, type Flow } from './moves/flow';
import type { Inbox } from './moves/inbox';
import type { Leaving } from './moves/passing';
import { orRefused, Refused } from './moves/refusal';

/** What a run of an order starts with. The mall's messages come by the signal `told`, together with the start or later. */
export interface DebtOrderRun {
  market: MarketId;
  orderId: string;
  /** What an earlier run was waiting for; absent where nothing of the order was open, or nobody has told us of it yet. */
  receipt?: Receipt;
  untaken?: readonly Message[];
}

/** The receipt that an order waits for, before its debts are settled. */
export interface Receipt {
  /** When its time is over, in milliseconds of Unix time. */
  confirmByMs: number;
  settlesByItself: boolean;
  /** Set once it is confirmed, and what settles the debts cannot yet: whose ledger ids are nobody's. */
  unmapped?: { confirmedBy: 'MALL' | 'TIME_LIMIT'; why: string };
  /** How often the settlement was asked for in this order's runs, beside the mall's own. */
  asked: number;
}

/** How a run ended: nothing of the order is open, or it was not taken in. */
export interface DebtOrderOutcome {
  outcome: 'CLOSED' | 'REFUSED';
  orderId: string;
}

type MallMessage = Message<'create-pre-divide' | 'settle-debt' | 'refund-requested' | 'refund-approved'>;
type OrderFlow = Flow<'divide-service'>;
type Execution = Message<'execute-divide'>;

/** Where an order stands in a run. */
interface Order {
  readonly orderId: string;
  readonly mall: Inbox;
  receipt: Receipt | undefined;
  /** How often the run had been woken when the settlement was last asked for. */
  wokenBefore: number;
  /** What gives the rest to the merchant; due once nothing else of the order is open. */
  rest?: Execution | undefined;
  isRefused?: boolean;
}

const YEEPAY = { party: 'yeepay' };

/** From what the flow goes on about a refund: other messages, which are long where an order is large, stay out of its history. */
const goesOn = ['execute-divide', 'rollback-debt', 'ignore-refund'] as const;

/**
 * 化债订单流程. All that happens to a mall's order, one after the other: it is divided once it is cleared, settles debts once its
 * receipt is confirmed, and gives back whatever is refunded meanwhile. It ends when nothing of it is open; a later refund starts
 * it again, and finds in the database how it stands.
 */
export const debtOrder = defineFlow(
  'debt-order',
  'divide-service',
  async (flow, run: DebtOrderRun): Promise<DebtOrderOutcome | GoOn<DebtOrderRun>> => {
    const { market, orderId } = run;
    const mall = flow.openInbox(run.untaken);
    const order: Order = { orderId, mall, receipt: run.receipt, wokenBefore: 0 };
    flow.onlyForward();
    for (;;) {
      const told = mall.take('create-pre-divide') ?? mall.take();
      if (told) await take(flow, order, told);
      else if (order.rest) await complete(flow, order, order.rest);
      else if (!order.receipt) return closed(run, order);
      else if (flow.isLong()) return new GoOn({ market, orderId, receipt: order.receipt });
      else await awaitReceipt(flow, order, order.receipt);
    }
  },
);

function closed(run: DebtOrderRun, { orderId, isRefused }: Order): DebtOrderOutcome {
  // What is told in the very last moment starts a run that must not wait for a receipt which this one has seen.
  delete run.receipt;
  return { outcome: isRefused ? 'REFUSED' : 'CLOSED', orderId };
}

async function take(flow: OrderFlow, order: Order, told: MallMessage): Promise<void> {
  if (is(told, 'create-pre-divide')) await divide(flow, order, told);
  else if (is(told, 'settle-debt')) await settle(flow, order, told);
  else await refund(flow, order, told);
}

/** The order is cleared, then divided; what is refunded before is left out. From then on the receipt is waited for. */
async function divide(flow: OrderFlow, order: Order, paid: Message<'create-pre-divide'>): Promise<void> {
  const clearing = await prepared(flow, paid).catch(orRefused);
  if (clearing instanceof Refused) {
    order.isRefused = true;
    return;
  }
  const execution = among(await executed(flow, clearing), 'execute-divide');
  if (!paid.data.divided) await leaveOut(flow, order);
  // Nobody could have it cleared, or nothing of it is left.
  if (!execution || order.rest) return;
  const completed = among(await executed(flow, execution, 'debt-settlement-service'), 'divide-completed');
  if (!completed) return;
  const { confirmWithinSeconds, settlesByItself, valueDate } = completed.data;
  flow.note({ businessDate: valueDate });
  order.receipt = { confirmByMs: nowMs() + confirmWithinSeconds * 1000, settlesByItself, asked: 0 };
}

/**
 * What is refunded by now is left out of the divide; of an order that was divided elsewhere before, it is to be returned. What came
 * after a divide that Yeepay was asked for before this run was reset waits for it.
 */
async function leaveOut(flow: OrderFlow, order: Order): Promise<void> {
  for (let told; (told = order.mall.take('refund-requested', 'refund-approved'));) {
    if (!is(told, 'refund-requested')) await refund(flow, order, told);
    else if (among(await flow.pass(told).to('divide-service'), 'execute-divide')) return;
  }
}

async function prepared(flow: OrderFlow, paid: Message<'create-pre-divide'>): Promise<Execution> {
  const sent = await flow.pass(paid).to('divide-service').to('divide-service').giving('execute-divide');
  return among(sent, 'execute-divide')!;
}

/** The receipt is confirmed: by the mall, or by the end of its time. */
async function settle(flow: OrderFlow, order: Order, confirmed: Message<'settle-debt'>): Promise<void> {
  const answer = await settled(order, flow.pass(confirmed));
  goOnFrom(order, answer, confirmed.data.confirmedBy);
}

async function settleAgain(flow: OrderFlow, order: Order, receipt: Receipt): Promise<void> {
  const asked = receipt.asked + 1;
  const confirmedBy = receipt.unmapped?.confirmedBy ?? 'TIME_LIMIT';
  order.receipt = { ...receipt, asked };
  // The first is the mall's own.
  const command = flow.send('settle-debt', { orderId: order.orderId, confirmedBy }, asked + 1);
  goOnFrom(order, await settled(order, command), confirmedBy);
}

/** The debts are settled, and the rest of the order is to go to its merchant. */
async function settled(order: Order, leaving: Leaving<'settle-debt'>): Promise<readonly Message[] | Refused> {
  order.wokenBefore = order.mall.wakeCount();
  return leaving
    .to('debt-settlement-service')
    .to('accounting-center', 'divide-service')
    .giving('execute-divide')
    .catch(orRefused);
}

/** Where nobody knows yet whose a share is, nothing of the order is settled before it is known. */
function goOnFrom(
  order: Order,
  answer: readonly Message[] | Refused,
  confirmedBy: 'MALL' | 'TIME_LIMIT',
): void {
  if (!(answer instanceof Refused)) order.rest = among(answer, 'execute-divide');
  else if (answer.code === 'LEDGER_NOT_MAPPED' && order.receipt) {
    order.receipt = { ...order.receipt, unmapped: { confirmedBy, why: answer.reason } };
    return;
  }
  // Refused otherwise, it was settled before, or there is nothing to settle.
  order.receipt = undefined;
}

/** Step 1 has the divide returned, or left out; step 2, the roll-back, starts by itself once that has succeeded. */
async function refund(
  flow: OrderFlow,
  order: Order,
  told: Message<'refund-requested' | 'refund-approved'>,
): Promise<void> {
  if (is(told, 'refund-requested')) {
    await flow.pass(told).to('divide-service');
    return;
  }
  const approved = await flow
    .pass(told)
    .to('divide-service')
    .to('accounting-center')
    .giving(...goesOn);
  const execution = among(approved, 'execute-divide');
  const taken = execution ? await executed(flow, execution) : approved;

  const rollback = among(taken, 'rollback-debt');
  if (rollback) await flow.pass(rollback).to('debt-settlement-service').to('accounting-center').giving();
  const ignore = among(taken, 'ignore-refund');
  if (!ignore) return;
  const ignored = await flow
    .pass(ignore)
    .to('debt-settlement-service')
    .to('accounting-center', 'divide-service')
    .giving('execute-divide');
  const rest = among(ignored, 'execute-divide');
  // All of it is refunded, so nothing is left to settle.
  if (rest) Object.assign(order, { rest, receipt: undefined });
}

async function complete(flow: OrderFlow, order: Order, rest: Execution): Promise<void> {
  await executed(flow, rest);
  order.rest = undefined;
}

/**
 * Has Yeepay do something, for as long as it takes: what was refused is tried again by itself where that can help, and else two
 * persons say what becomes of it. Returns what was sent in the end; nothing of it where they gave it up.
 *
 * @param alsoTold who hears of it in the same step, beside the books
 */
async function executed(
  flow: OrderFlow,
  wanted: Execution,
  ...alsoTold: 'debt-settlement-service'[]
): Promise<readonly Message[]> {
  for (let execution = wanted; ;) {
    const sent = await flow
      .pass(execution, YEEPAY)
      .to('divide-service')
      .to('accounting-center', ...alsoTold)
      .giving('divide-failed', 'divide-completed', ...goesOn);
    const failed = among(sent, 'divide-failed');
    if (!failed) return sent;
    const answered = await answeredAbout(flow, failed);
    const again = among(answered, 'execute-divide');
    if (!again) return answered;
    execution = again;
  }
}

async function answeredAbout(flow: OrderFlow, failed: Message<'divide-failed'>): Promise<readonly Message[]> {
  const { operation, requestNo, failure, next, retryInSeconds } = failed.data;
  const refusal = `Yeepay has refused ${requestNo} (${operation}): ${failure.code}, ${failure.message}`;
  if (next === 'RETRY') await flow.untilRetry(refusal, retryInSeconds!);
  else await flow.untilAnswered(`${refusal}; say what becomes of it`, [`refused:${requestNo}`]);
  return flow
    .pass(failed)
    .to('divide-service')
    .to('accounting-center')
    .giving(...goesOn);
}

/** Waits for what comes first: a message of the mall, or the end of a time. */
async function awaitReceipt(flow: OrderFlow, order: Order, receipt: Receipt): Promise<void> {
  const { confirmByMs, settlesByItself, unmapped, asked } = receipt;
  const stage = 'receipt-confirmation';
  if (unmapped) {
    const tryAtMs = nowMs() + Math.min(MINUTE_MS * 2 ** asked, HOUR_MS);
    // A debtor may have been named while the settlement was being refused.
    await flow.untilTold('a debtor', tryAtMs, { reason: unmapped.why, wokenBefore: order.wokenBefore });
    if (order.mall.untaken().length === 0) await settleAgain(flow, order, receipt);
  } else if (nowMs() < confirmByMs) {
    await flow.untilTold('the confirmation of the receipt', confirmByMs, { stage });
  } else if (settlesByItself) {
    await settleAgain(flow, order, receipt);
  } else {
    const reason = 'the receipt was not confirmed in time: find out why';
    await flow.untilTold('the confirmation of the receipt', nowMs() + secondsOfDay * 1000, { stage, reason });
  }
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
