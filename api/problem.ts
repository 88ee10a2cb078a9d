import type { CommandType, ErrorCodeOf } from '../schemas/message';
import { contractOf, type Violation } from '../schemas/validate';

/** What is the same for all problems of one code. */
interface ProblemKind {
  status: number;
  title: string;
  /** Headers that the answer carries, unless the request has set them to something better. */
  headers?: Readonly<Record<string, string>>;
}

// RFC 9110 asks for a challenge with every 401.
const KEY_CHALLENGE = { 'WWW-Authenticate': 'Bearer realm="consumer-credit"' };
const SIGNATURE_CHALLENGE = { 'WWW-Authenticate': 'Standard-Webhooks' };

/** What a client may be refused with, as the command's own contract lists it. */
const refusalsOf = <T extends CommandType>(command: T): Record<ErrorCodeOf<T>, ProblemKind> =>
  Object.fromEntries(
    Object.entries(contractOf(command)['x-command']?.errors ?? {}).map(([code, title]) => [
      code,
      { status: 422, title },
    ]),
  ) as Record<ErrorCodeOf<T>, ProblemKind>;

/** All problems that the API answers with. A code never changes its meaning: clients decide by it. */
export const PROBLEMS = {
  ...refusalsOf('create-pre-divide'),
  ...refusalsOf('create-repayment-refund'),
  ...refusalsOf('reverse-disbursement'),
  ...refusalsOf('create-repayment-order'),
  ...refusalsOf('calculate-repayment-posting'),
  INVALID_PARAMETER: { status: 400, title: 'A parameter is missing, malformed or not known.' },
  INVALID_JSON: { status: 400, title: 'The body is not JSON in UTF-8.' },
  UNREADABLE_REQUEST: { status: 400, title: 'The request could not be read.' },
  IDEMPOTENCY_KEY_MISSING: { status: 400, title: 'The header Idempotency-Key is missing.' },
  IDEMPOTENCY_KEY_INVALID: { status: 400, title: 'The header Idempotency-Key is malformed.' },
  KEY_MISSING: { status: 401, title: 'An API key or token is required.', headers: KEY_CHALLENGE },
  KEY_INVALID: { status: 401, title: 'The API key or token is not valid.', headers: KEY_CHALLENGE },
  SIGNATURE_MISSING: { status: 401, title: 'The request is not signed.', headers: SIGNATURE_CHALLENGE },
  SIGNATURE_INVALID: {
    status: 401,
    title: 'The signature does not fit the request.',
    headers: SIGNATURE_CHALLENGE,
  },
  SIGNATURE_EXPIRED: {
    status: 401,
    title: 'The request was signed too long ago, or in the future.',
    headers: SIGNATURE_CHALLENGE,
  },
  NOTIFICATION_REFUSED: {
    status: 403,
    title: 'The notification is not sealed to us, or not signed by its sender.',
  },
  FORBIDDEN: { status: 403, title: 'The API key or token may not do this.' },
  NOT_FOUND: { status: 404, title: 'There is nothing at this address.' },
  UNKNOWN_LOAN_APPLICATION: { status: 404, title: 'There is no such loan application.' },
  UNKNOWN_LOAN: { status: 404, title: 'There is no such loan.' },
  // UNKNOWN_CUSTOMER is what an application is refused with.
  CUSTOMER_NOT_FOUND: { status: 404, title: 'There is no such customer.' },
  UNKNOWN_REPAYMENT_QUOTE: { status: 404, title: 'There is no such repayment quote.' },
  UNKNOWN_REVERSAL: { status: 404, title: 'There is no such reversal of a disbursement.' },
  UNKNOWN_CHARGEBACK: { status: 404, title: 'There is no such chargeback.' },
  UNKNOWN_REFUND: { status: 404, title: 'There is no such refund.' },
  UNKNOWN_EXTENSION: { status: 404, title: 'There is no such order of an extension.' },
  UNKNOWN_EXTENSION_QUOTE: { status: 404, title: 'There is no such extension quote.' },
  UNKNOWN_REPAYMENT_ORDER: { status: 404, title: 'There is no such repayment order.' },
  UNKNOWN_SCHEDULE: { status: 404, title: 'The loan has no such repayment schedule.' },
  UNKNOWN_PRODUCT_VERSION: { status: 404, title: 'There is no such version of a product.' },
  UNKNOWN_MESSAGE: { status: 404, title: 'There is no such message.' },
  UNKNOWN_ACCOUNT: { status: 404, title: 'No posting has opened this account.' },
  UNKNOWN_JOURNAL: { status: 404, title: 'There is no such journal.' },
  UNKNOWN_FLOW: { status: 404, title: 'There is no such flow.' },
  UNKNOWN_PARTNER: { status: 404, title: 'There is no such funding partner.' },
  UNKNOWN_DEBT_ORDER: { status: 404, title: 'The mall has told of no such order.' },
  UNKNOWN_DEBT_CONTRACT: { status: 404, title: 'There is no such debt contract.' },
  UNKNOWN_RECONCILED_DAY: { status: 404, title: 'The day was not compared.' },
  UNKNOWN_FINDING: { status: 404, title: 'There is no such finding.' },
  UNKNOWN_PARTY: { status: 404, title: 'There is no such outside party.' },
  UNKNOWN_REQUEST: { status: 404, title: 'The party was never sent a request of this number.' },
  METHOD_NOT_ALLOWED: { status: 405, title: 'The address does not support this method.' },
  UNKNOWN_QUESTION: { status: 404, title: 'The flow does not ask this question.' },
  UNKNOWN_ACT: { status: 404, title: 'There is no such act.' },
  WRONG_STATE: { status: 409, title: 'The state does not allow it.' },
  ORDER_PAID: { status: 409, title: 'Money has come for the order.' },
  FINDING_CLOSED: { status: 409, title: 'The finding is explained, or gone.' },
  ALREADY_ANSWERED: { status: 409, title: 'The question has an answer.' },
  FLOW_ENDED: { status: 409, title: 'The flow does not run.' },
  INTERVENTION_REFUSED: { status: 409, title: 'The flow does not allow it as it stands.' },
  OWN_ACT: { status: 409, title: 'Nobody approves what they did themselves.' },
  MARKET_WITHOUT_MALL: { status: 422, title: 'The market has no mall.' },
  DAY_TO_COME: { status: 422, title: 'The day has not begun yet.' },
  ANSWER_NOT_TAKEN: { status: 422, title: 'The question does not take this answer.' },
  NOTIFICATION_REPLAYED: { status: 409, title: 'The notification was received before, with another body.' },
  RECEIPT_CONTRADICTED: {
    status: 409,
    title: 'The transaction, or its taking back, was told of before with other content.',
  },
  REFUND_TAKEN: { status: 409, title: 'The order has another refund of this number, with other content.' },
  NO_REFUND: { status: 409, title: 'No refund of the order was asked for that could be rolled back.' },
  CONTRACT_TAKEN: { status: 409, title: "The contract, or its place among the debtor's, is another's." },
  LEDGER_TAKEN: { status: 409, title: "The ledger id is another debtor's." },
  TRANSACTION_TAKEN: { status: 409, title: 'The transaction has settled another request.' },
  BODY_TOO_LARGE: { status: 413, title: 'The body is too large.' },
  UNSUPPORTED_MEDIA_TYPE: { status: 415, title: 'The body must be uncompressed application/json.' },
  NOT_A_FORM: { status: 415, title: 'The body must be application/x-www-form-urlencoded.' },
  INVALID_BODY: { status: 422, title: 'The body breaks its schema.' },
  ITEM_UNKNOWN: { status: 422, title: 'Nothing of the order is divided for this item.' },
  ITEM_REFUNDED: { status: 422, title: 'All of the item is refunded.' },
  REFUND_EXCEEDS_ORDER: { status: 422, title: 'The refunds would be more than the order.' },
  REFUND_EXCEEDS_ITEM: { status: 422, title: 'The refunds would be more than the item.' },
  PLAN_IS_NOT_DEBT: { status: 422, title: 'The months of the plan, each once, are not the whole debt.' },
  SETTLED_MORE_THAN_DEBT: { status: 422, title: 'More is said to be settled than the debt is.' },
  IDEMPOTENCY_KEY_REUSED: { status: 422, title: 'The Idempotency-Key was used for another body.' },
  REQUEST_IN_PROGRESS: {
    status: 409,
    title: 'A request with this Idempotency-Key is still being handled.',
    headers: { 'Retry-After': '1' },
  },
  ...refusalsOf('create-extension-order'),
  ...refusalsOf('submit-loan-application'),
  // The request sets the time to wait.
  RATE_LIMITED: { status: 429, title: 'Too many requests.', headers: { 'Retry-After': '1' } },
  INTERNAL_ERROR: { status: 500, title: 'Something went wrong on our side.' },
  TEMPORARILY_UNAVAILABLE: {
    status: 503,
    title: 'A part of the platform is away for the moment.',
    headers: { 'Retry-After': '5' },
  },
} as const satisfies Record<string, ProblemKind>;

export type ProblemCode = keyof typeof PROBLEMS;

/** An answer that refuses: thrown anywhere in a request, and turned into application/problem+json in one place. */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly kind: ProblemKind;
  /**
   * @param code stable code, which fixes the status and the title
   * @param detail a sentence about this very request: what was wrong, and what to do
   * @param errors the places in the body that are wrong
   * @param cause what happened, for the log only
   */
  constructor(
    readonly code: ProblemCode,
    readonly detail: string,
    readonly errors?: readonly Violation[],
    cause?: unknown,
  ) {
    super(`${code}: ${detail}`, { cause });
    this.kind = PROBLEMS[code];
  }
}

/** The body of a problem, by RFC 9457. */
export interface ProblemBody {
  type: string;
  title: string;
  status: number;
  code: ProblemCode;
  detail: string;
  errors?: readonly Violation[];
}

const TYPE_BASE = 'https://reference-credit-platform.example/problems/';

/** The body that a problem is answered with. */
export function problemBody({ code, detail, errors, kind: { status, title } }: Problem): ProblemBody {
  const type = TYPE_BASE + code.toLowerCase().replaceAll('_', '-');
  return { type, title, status, code, detail, ...(errors && { errors }) };
}

/**
 * The problem that any thrown value is answered with; what is not known becomes INTERNAL_ERROR, of which the client
 * learns nothing: an error's own text may hold SQL or data.
 */
export function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error;
  const { status, type, limit } = Object(error) as { status?: unknown; type?: unknown; limit?: unknown };
  // These are Express's own errors about a request: its body parser names a type, its router only a status.
  if (status === 413) return new Problem('BODY_TOO_LARGE', `Send at most ${Number(limit) / 1024} kB.`);
  if (status === 415) {
    return new Problem('UNSUPPORTED_MEDIA_TYPE', 'Send the body without Content-Encoding.');
  }
  if (status === 400) {
    const detail = type === 'request.aborted' ? 'The body ended too early.' : 'The address is malformed.';
    return new Problem('UNREADABLE_REQUEST', detail);
  }
  if (isDatabaseAway(error)) {
    const detail = 'The database is away. Send the same request again.';
    return new Problem('TEMPORARILY_UNAVAILABLE', detail, undefined, error);
  }
  const detail = 'Nothing more can be said here. Tell us the X-Request-Id of this answer.';
  return new Problem('INTERNAL_ERROR', detail, undefined, error);
}

/** What pg says, behind the statement, when the server no longer answers or a connection has gone: these have no code. */
const SILENT =
  /(^| - )(timeout expired|Query read timeout|Connection terminated( unexpectedly)?|Client (has encountered a connection error and|was closed and) is not queryable)$/;

/** Network errors, PostgreSQL's classes 08 (connection), 53 (resources) and 57 (it shuts down), a full pool, silence. */
function isDatabaseAway(error: unknown): boolean {
  const { code, name } = Object(error) as { code?: unknown; name?: unknown };
  if (name === 'KnexTimeoutError') return true;
  if (error instanceof Error && SILENT.test(error.message)) return true;
  return typeof code === 'string' && /^(ECONN[A-Z]+|ENOTFOUND|EPIPE|08...|53...|57P0.)$/.test(code);
}
