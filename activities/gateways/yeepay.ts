import { randomUUID } from 'node:crypto';
import type { OutsideOperation, OutsideRequestRow } from '../../db/outside';
import type { YeepayAccess } from '../../schemas/outside/yeepay/access';
import {
  fenIn,
  instantIn,
  OPEN_CODES,
  paths,
  SUCCESS_CODE,
  yuan,
  type DivideBackRequest,
  type DivideCompleteRequest,
  type DividedPart,
  type DivideRequest,
  type YeepayOrder,
} from '../../schemas/outside/yeepay/divide';
import { statementIn, type StatementLine } from '../../schemas/outside/yeepay/statement';
import { signRequest, verifyResponse, type YeepayRequest } from '../../schemas/outside/yeepay/signature';
import type { Exchange, Gateway } from '../outside';
import { exchange, jsonIn, type Reply } from './http';

/** How Yeepay is reached; it may take 10 s to answer, if `answerTimeoutMs` is left out. */
export type YeepayConnection = YeepayAccess & { answerTimeoutMs?: number | undefined };

type YeepayOperation = Extract<OutsideOperation, `yeepay-${string}`>;
/** Signed by Yeepay, and done otherwise than it was asked for. */
const NOT_AS_ASKED = 'an answer that is not what was asked for';

type Answer = Readonly<Record<string, unknown>>;
type Word = Awaited<ReturnType<Gateway['query']>>;

/** One of Yeepay's interfaces, as an operation uses it. */
interface Interface {
  method: 'GET' | 'POST';
  path: string;
  /** Beside the numbers of the order and the parent merchant's. */
  parameters(row: OutsideRequestRow): Record<string, string>;
  /** The field of the answer that has its state. */
  state: string;
  /** What an answer means whose state is SUCCESS; undefined where it is not an answer to what was asked. */
  succeeded(answer: Answer, row: OutsideRequestRow): Exchange | undefined;
}

/** What there is for operators to see: nobody has told us of Yeepay. */
const NOT_CONFIGURED = 'Yeepay is not configured: set YEEPAY_URL and what README.md names beside it.';

/**
 * The gateways to Yeepay, by operation. Their functions throw when Yeepay is not configured or does not take us for who we are
 * (HTTP 401, 403): that is for operators to see. Whatever else goes wrong is an exchange whose outcome is unknown; what Yeepay has
 * not signed is never believed.
 */
export const yeepayGateways = (
  connection: YeepayConnection | undefined,
): Record<YeepayOperation, Gateway> => ({
  // Nothing is done by it: to send it is to ask.
  'yeepay-clearing': gatewayOf(connection, order, order),
  'yeepay-divide': gatewayOf(connection, apply, divideQuery),
  'yeepay-divide-complete': gatewayOf(connection, complete, completeQuery),
  'yeepay-divide-back': {
    ...gatewayOf(connection, back, backQuery),
    send: (row) => sendBack(connection, row),
  },
});

function gatewayOf(connection: YeepayConnection | undefined, sent: Interface, asked: Interface): Gateway {
  return {
    async send(row) {
      const word = await ask(connection, sent, row);
      return word.status === 'NOT_KNOWN' ? unknown('Yeepay does not know the order') : word;
    },
    query: (row) => ask(connection, asked, row),
  };
}

/** Has receivers give back; where only Yeepay knows what it calls what they got, it is asked for that first. */
async function sendBack(connection: YeepayConnection | undefined, row: OutsideRequestRow): Promise<Exchange> {
  const { divideRequestId, parts } = row.body as DivideBackRequest;
  const gateway = gatewayOf(connection, back, backQuery);
  if (parts.every(({ detailNo }) => detailNo !== null)) return gateway.send(row);
  const word = await ask(connection, detailsQuery, { ...row, requestNo: divideRequestId });
  const divided = word.status === 'SUCCEEDED' ? word.divided! : [];
  const numbered = parts.map((part) => ({
    ...part,
    detailNo: part.detailNo ?? divided.find(({ ledgerNo }) => ledgerNo === part.ledgerNo)?.detailNo,
  }));
  if (numbered.some(({ detailNo }) => detailNo === undefined))
    return unknown('Yeepay does not say what it calls what a receiver got');
  return gateway.send({ ...row, body: { ...row.body, parts: numbered } });
}

const order: Interface = {
  ...{ method: 'GET', path: paths.order, state: 'clearingStatus' },
  parameters: () => ({}),
  succeeded(answer) {
    const [settledMinor, undividedMinor] = [fenIn(answer.ypSettleAmount), fenIn(answer.unSplitAmount)];
    if (settledMinor === undefined || undividedMinor === undefined) return undefined;
    const cleared = { settledMinor, undividedMinor };
    return done(answer.uniqueOrderNo, answer.clearingSuccessDate, { cleared });
  },
};

const apply: Interface = {
  ...{ method: 'POST', path: paths.divide, state: 'status' },
  parameters({ requestNo, body }) {
    const { parts } = body as DivideRequest;
    if (new Set(parts.map(({ ledgerNo }) => ledgerNo)).size < parts.length) {
      throw new Error(`${requestNo} divides to one ledger twice: merge its parts.`);
    }
    const details = parts.map(({ ledgerNo, amountMinor, description }) => ({
      ...{ ledgerNo, ledgerType: 'MERCHANT2MERCHANT', amount: yuan(amountMinor) },
      divideDetailDesc: description,
    }));
    return {
      divideRequestId: requestNo,
      divideDetail: JSON.stringify(details),
      // The rest stays where it can be divided yet; `yeepay-divide-complete` gives it away.
      isUnfreezeResidualAmount: 'FALSE',
    };
  },
  succeeded(answer, { body }) {
    const divided = dividedIn(answer.divideDetail);
    const isAsAsked = divided && contentOf(divided) === contentOf((body as DivideRequest).parts);
    return isAsAsked ? done(answer.uniqueDivideNo, answer.divideSuccessDate, { divided }) : undefined;
  },
};

const divideQuery: Interface = {
  ...apply,
  ...{ method: 'GET', path: paths.divideQuery },
  parameters: ({ requestNo }) => ({ divideRequestId: requestNo }),
};

/** What receivers got, whatever was asked for. */
const detailsQuery: Interface = {
  ...divideQuery,
  succeeded(answer) {
    const divided = dividedIn(answer.divideDetail);
    return divided && done(answer.uniqueDivideNo, answer.divideSuccessDate, { divided });
  },
};

const complete: Interface = {
  ...{ method: 'POST', path: paths.complete, state: 'divideStatus' },
  parameters: ({ requestNo, body }) => ({
    divideRequestId: requestNo,
    divideDetailDesc: (body as DivideCompleteRequest).description,
  }),
  // This answer has neither number nor time of what was done. The query has, and is asked next.
  succeeded: () => ({ status: 'PROCESSING' }),
};

const completeQuery: Interface = {
  ...divideQuery,
  succeeded(answer, { body }) {
    const given = dividedIn(answer.divideDetail);
    const [part] = given ?? [];
    const isToTheMerchant = given?.length === 1 && part?.ledgerNo === (body as YeepayOrder).merchantNo;
    if (!isToTheMerchant) return undefined;
    const completed = { amountMinor: part.amountMinor };
    return done(answer.uniqueDivideNo, answer.divideSuccessDate, { completed });
  },
};

const back: Interface = {
  ...{ method: 'POST', path: paths.back, state: 'status' },
  parameters({ requestNo, body }) {
    const { divideRequestId, parts } = body as DivideBackRequest;
    const details = parts.map(({ detailNo, amountMinor, reason }) => ({
      ...{ divideDetailNo: detailNo, amount: yuan(amountMinor), divideBackReason: reason },
    }));
    return {
      ...{ divideRequestId, divideBackRequestId: requestNo },
      divideBackDetail: JSON.stringify(details),
    };
  },
  succeeded: (answer) => done(answer.uniqueDivideBackNo, answer.divideBackSuccessDate, {}),
};

const backQuery: Interface = {
  ...back,
  ...{ method: 'GET', path: paths.backQuery },
  parameters: ({ requestNo, body }) => ({
    divideRequestId: (body as DivideBackRequest).divideRequestId,
    divideBackRequestId: requestNo,
  }),
};

/** One signed exchange about a request: each sending has an id and a time of its own, and the request's number stays. */
async function ask(
  connection: YeepayConnection | undefined,
  asked: Interface,
  row: OutsideRequestRow,
): Promise<Word> {
  if (!connection) throw new Error(NOT_CONFIGURED);
  const { orderId, uniqueOrderNo, merchantNo } = row.body as YeepayOrder;
  const { method, path } = asked;
  const ours = {
    ...{ parentMerchantNo: connection.parentMerchantNo, merchantNo, orderId, uniqueOrderNo },
    ...asked.parameters(row),
  };
  const signed = await exchangeSigned(connection, { method, path, content: { parameters: ours } });
  const answer = 'silence' in signed ? signed : jsonIn(signed.text);
  return 'silence' in answer
    ? unknown(answer.silence)
    : wordOf(answer.value, asked, { row, ours, connection });
}

/** As long as a statement may be, in bytes: some 100,000 lines. */
const MAX_STATEMENT_BYTES = 16 * 1024 * 1024;

/**
 * Makes the function that fetches Yeepay's statement of a day.
 *
 * @returns a function of the day (yyyy-MM-dd). It throws when Yeepay gives none, or one that cannot be read: there is nothing that
 *   could be gone on with.
 */
export const yeepayStatements =
  (connection: YeepayConnection | undefined) =>
  async (day: string): Promise<StatementLine[]> => {
    if (!connection) throw new Error(NOT_CONFIGURED);
    const parameters = { parentMerchantNo: connection.parentMerchantNo, dayString: day };
    const request: YeepayRequest = { method: 'GET', path: paths.statement, content: { parameters } };
    const signed = await exchangeSigned(connection, request, MAX_STATEMENT_BYTES);
    if ('silence' in signed) throw new Error(`Yeepay gives no statement of ${day}: ${signed.silence}.`);
    // A refusal is JSON, as every other answer.
    const refused = jsonIn(signed.text);
    if (!('silence' in refused)) {
      const { code } = Object(refused.value) as Answer;
      throw new Error(`Yeepay gives no statement of ${day}: the code ${textIn(code) || 'that is none'}.`);
    }
    return statementIn(signed.text, day);
  };

/** One signed exchange; what Yeepay has not signed is a silence. */
async function exchangeSigned(
  connection: YeepayConnection,
  request: YeepayRequest,
  maxAnswerBytes?: number,
): Promise<{ text: string } | { silence: string }> {
  const { method, path } = request;
  const { pathAndQuery, headers, body } = signRequest(request, connection, {
    ...{ requestId: randomUUID(), at: new Date() },
  });
  const { url, answerTimeoutMs } = connection;
  const reply = await exchange({
    ...{ what: `${method} ${path}`, url: url + pathAndQuery, method, headers, body, answerTimeoutMs },
    ...(maxAnswerBytes !== undefined && { maxAnswerBytes }),
  });
  return signedIn(reply, connection);
}

/** What Yeepay has signed, over the bytes as they came; nothing else of an answer is looked at. */
function signedIn(
  reply: Reply,
  { platformKey }: Pick<YeepayAccess, 'platformKey'>,
): { text: string } | { silence: string } {
  if ('silence' in reply) return reply;
  const { httpStatus, headers, text } = reply;
  if (httpStatus === 401 || httpStatus === 403) {
    throw new Error(
      `Yeepay does not take us for who we are: HTTP ${httpStatus}. Compare YEEPAY_APP_KEY and our key.`,
    );
  }
  if (!verifyResponse(text, headers.get('x-yop-sign') ?? '', platformKey)) {
    return { silence: `an answer that Yeepay has not signed (HTTP ${httpStatus})` };
  }
  return { text };
}

function wordOf(
  value: unknown,
  asked: Interface,
  about: { row: OutsideRequestRow; ours: Answer; connection: YeepayConnection },
): Word {
  const answer = Object(value) as Answer;
  const isQuery = asked.method === 'GET';
  const code = textIn(answer.code);
  if (code !== SUCCESS_CODE) {
    if (isQuery && about.connection.notKnownCodes.includes(code)) return { status: 'NOT_KNOWN' };
    // A query that fails says nothing of what was asked about.
    const isOpen = isQuery || code === '' || OPEN_CODES.includes(code);
    return isOpen ? unknown(`the code ${code || 'that is none'}`) : failed(code, answer.message);
  }
  if (!isAbout(answer, about.ours)) return unknown('an answer about another request');
  switch (answer[asked.state]) {
    case 'PROCESSING':
      return { status: 'PROCESSING' };
    case 'SUCCESS':
      return asked.succeeded(answer, about.row) ?? { ...unknown(NOT_AS_ASKED), isContradiction: true };
    case 'FAIL':
      return failed('FAIL', answer.failReason ?? answer.errorMessage ?? answer.message);
    default:
      return unknown('an answer that is not of the protocol');
  }
}

const numbers = ['orderId', 'uniqueOrderNo', 'merchantNo', 'divideRequestId', 'divideBackRequestId'];

/** Yeepay's notes do not say which of our numbers an answer repeats: those that it does must be ours. */
const isAbout = (answer: Answer, ours: Answer): boolean =>
  numbers.every((name) => answer[name] === undefined || answer[name] === ours[name]);

/** What receivers got, in the words of an answer: a list, or the JSON of one, as the request has it. */
function dividedIn(given: unknown): DividedPart[] | undefined {
  const json = typeof given === 'string' ? jsonIn(given) : { value: given };
  if ('silence' in json || !Array.isArray(json.value)) return undefined;
  const parts = json.value.map((one: unknown) => {
    const { divideDetailNo, ledgerNo, amount } = Object(one) as Answer;
    return { detailNo: textIn(divideDetailNo), ledgerNo: textIn(ledgerNo), amountMinor: fenIn(amount) };
  });
  const isWhole = (part: (typeof parts)[number]): part is DividedPart =>
    part.detailNo !== '' && part.ledgerNo !== '' && part.amountMinor !== undefined;
  return parts.every(isWhole) ? parts : undefined;
}

/** Who gets how much, whatever the order in which it is said. */
const contentOf = (parts: readonly { ledgerNo: string; amountMinor: number }[]): string =>
  parts
    .map(({ ledgerNo, amountMinor }) => `${ledgerNo} ${amountMinor}`)
    .sort()
    .join('\n');

/** That it was done; undefined where the number or the time is none. */
function done(transactionNo: unknown, at: unknown, what: object): Exchange | undefined {
  const [number, paidAt] = [textIn(transactionNo), instantIn(at)];
  return number && paidAt ? { status: 'SUCCEEDED', transactionNo: number, paidAt, ...what } : undefined;
}

const unknown = (why: string): { status: 'UNKNOWN'; why: string } => ({ status: 'UNKNOWN', why });

const failed = (code: string, message: unknown): Exchange => ({
  ...{ status: 'FAILED', failure: { code, message: textIn(message) || 'Yeepay gives no reason.' } },
});

/** A number, code or reason of Yeepay's, when it is a text that can be stored and shown in one line; else nothing. */
const textIn = (given: unknown): string =>
  typeof given === 'string' && /^[^\p{Cc}\p{Cs}]{1,200}$/u.test(given) ? given : '';
