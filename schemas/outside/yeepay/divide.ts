/**
 * What is asked of Yeepay (易宝支付) about a mall's paid order: whether it is cleared, to divide it between receivers, to give the
 * rest to the merchant that received it, to take divided money back. Requests leave signed and as forms (`signature.ts`).
 *
 * Yeepay's public notes name the paths, the parameters and most fields of the answers. What they do not name is an assumption, and
 * says so here; where the real Yeepay says otherwise, this file and `activities/gateways/yeepay.ts` change, and nothing else.
 */

/** The party's id in the reference data. */
export const YEEPAY = 'yeepay';

/** The paid order that a request is about, as Yeepay knows it. */
export interface YeepayOrder {
  /** The mall's number. */
  orderId: string;
  /** Yeepay's number. */
  uniqueOrderNo: string;
  /** The merchant that received the payment. */
  merchantNo: string;
}

/** `yeepay-clearing`: whether the order is cleared. Before it is, nothing can be divided. */
export type ClearingRequest = YeepayOrder;

/** `yeepay-divide`: the request's number is the `divideRequestId`. All of it is divided, or nothing. */
export interface DivideRequest extends YeepayOrder {
  /** One for each ledger, and at most 1,000: that Yeepay takes so many in one request is an assumption. */
  parts: DividePart[];
}

export interface DividePart {
  /** The receiving merchant's number. */
  ledgerNo: string;
  /** In fen, above 0. */
  amountMinor: number;
  description: string;
}

/** `yeepay-divide-complete`: what is left goes to the order's merchant; the request's number is a `divideRequestId` of its own. */
export interface DivideCompleteRequest extends YeepayOrder {
  description: string;
}

/** `yeepay-divide-back`: the request's number is the `divideBackRequestId`. */
export interface DivideBackRequest extends YeepayOrder {
  /** The number of the divide that it takes back from. */
  divideRequestId: string;
  parts: ReceiverBackPart[];
}

/** What a receiver gives back. What Yeepay calls what it got is null where only Yeepay knows it: it is asked for then. */
export interface ReceiverBackPart extends Omit<DivideBackPart, 'detailNo'> {
  ledgerNo: string;
  detailNo: string | null;
}

export interface DivideBackPart {
  /** Yeepay's number of what one receiver got. */
  detailNo: string;
  /** In fen, above 0, and with all that was taken back before no more than the receiver got. */
  amountMinor: number;
  reason: string;
}

/** What Yeepay's final word holds beside its number and time, each for the operation of its name. In fen. */
export interface YeepayDone {
  /** `undividedMinor` is what can be divided yet. */
  cleared?: { settledMinor: number; undividedMinor: number };
  divided?: DividedPart[];
  /** What went to the order's merchant. */
  completed?: { amountMinor: number };
}

/** What one receiver got. */
export interface DividedPart {
  detailNo: string;
  ledgerNo: string;
  amountMinor: number;
}

export const paths = {
  order: '/rest/v1.0/trade/order/query',
  divide: '/rest/v1.0/divide/apply',
  divideQuery: '/rest/v1.0/divide/query',
  complete: '/rest/v1.0/divide/complete',
  back: '/rest/v1.0/divide/back',
  backQuery: '/rest/v1.0/divide/back/query',
  /** Parameters and form are an assumption: `dayString` (yyyy-MM-dd), answered with CSV. */
  statement: '/yos/v1.0/std/bill/dividedaydownload',
} as const;

/** The code of every answer that gives a state. */
export const SUCCESS_CODE = 'OPR00000';

/** Codes that leave open what became of a request: the first was not done, the second may have been. */
export const OPEN_CODES: readonly string[] = ['sys.service.retryable', 'sys.service.unavailable'];

/**
 * What Yeepay says of an order; all fields but `ypSettleAmount` and `unSplitAmount` are an assumption.
 * The notice that an order is cleared has the same fields, but not what is left of it.
 */
export interface OrderState extends YeepayOrder {
  clearingStatus: 'PROCESSING' | 'SUCCESS' | 'FAIL';
  /** What the buyer has paid, in yuan. */
  orderAmount: string;
  /** Once it is cleared: what is left after Yeepay's fee, which is all that can be divided. In yuan. */
  ypSettleAmount?: string;
  /** Once it is cleared: what of it can be divided yet, in yuan. */
  unSplitAmount?: string;
  /** Once it is cleared. */
  clearingSuccessDate?: string;
}

/**
 * An amount as Yeepay writes it.
 *
 * @param amountMinor in fen, 0 or more
 * @returns yuan with two decimals, such as `0.05`
 */
export function yuan(amountMinor: number): string {
  const digits = String(amountMinor).padStart(3, '0');
  return `${digits.slice(0, -2)}.${digits.slice(-2)}`;
}

/**
 * Reads an amount that Yeepay wrote: by its digits, as fractions of floats are not what they seem.
 *
 * @param written yuan with two decimals at most, as text or as a number of JSON
 * @returns fen; undefined where it is no such amount
 */
export function fenIn(written: unknown): number | undefined {
  const digits = /^(\d{1,12})(?:\.(\d{1,2}))?$/.exec(
    typeof written === 'number' ? String(written) : typeof written === 'string' ? written : '',
  );
  return digits ? Number(digits[1]! + (digits[2] ?? '').padEnd(2, '0')) : undefined;
}

/** Yeepay's times are China's, which has one zone and no summer time: `yyyy-MM-dd HH:mm:ss`. The zone is an assumption. */
const ZONE = '+08:00';
const ZONE_MS = 8 * 3_600_000;

/** @returns the RFC 3339 instant of a time that Yeepay wrote; undefined where it is none */
export function instantIn(written: unknown): string | undefined {
  const parts = typeof written === 'string' && /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)$/.exec(written);
  if (!parts) return undefined;
  const instant = `${parts[1]}T${parts[2]}${ZONE}`;
  // A day that a month does not have is read as one of the next.
  const isReal = !Number.isNaN(Date.parse(instant)) && yeepayTime(instant) === written;
  return isReal ? instant : undefined;
}

/** @returns an RFC 3339 instant as Yeepay writes times */
export const yeepayTime = (instant: string): string =>
  new Date(Date.parse(instant) + ZONE_MS).toISOString().slice(0, 19).replace('T', ' ');
