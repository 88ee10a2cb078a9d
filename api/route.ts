import type { Logger } from 'pino';
import type { ApiClient, Role } from '../db/access/api-keys';
import type { Reading } from '../db/access/key-locks';
import type { Problem, ProblemCode } from './problem';
import type { Schema } from './schema';

/** A parameter of a route. All values arrive as text, so its schema is one of strings. */
export interface Parameter {
  in: 'path' | 'query' | 'header';
  name: string;
  description: string;
  schema: Schema;
  required: boolean;
  example: string;
  /** The problem that answers a missing or malformed value, where it has a code of its own. */
  missing?: ProblemCode;
  invalid?: ProblemCode;
}

export type BodyType = 'application/json' | 'application/x-www-form-urlencoded';

/** A request whose body nobody has looked into yet. */
export interface RawCall {
  /** Parameters by name; what is optional and absent has no entry. */
  parameters: Readonly<Record<string, string>>;
  headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Exactly what was received; empty for a GET. */
  rawBody: Buffer;
  log: Logger;
}

/** A request that has passed all checks of its route. */
export interface Call extends RawCall {
  /** Valid by the route's body schema. */
  body: unknown;
  /** Throws where the route is not for API keys and tokens. */
  client: () => ApiClient;
  /** Fails where the client's key is not good; undefined where it is known to be, and where there is none. */
  proof: Promise<unknown> | undefined;
}

export interface Answer {
  status: number;
  body: unknown;
  headers?: Readonly<Record<string, string>>;
  /** Gives the answer that is sent instead. It may take long: the request counts as handled before it is called. */
  later?(): Promise<Answer>;
}

/** An answer as it is documented. A header is described by a text; it is always there unless it says that it is not. */
interface DocumentedAnswer {
  description: string;
  /** A text as it is; JSON if left out. */
  type?: 'text/plain';
  schema: Schema;
  example: unknown;
  headers?: Readonly<Record<string, string | { description: string; optional: true }>>;
}

/**
 * What a caller who is one customer gets of a route:
 * - `ALL_ALIKE`: what everybody gets, because it is about no customer;
 * - `owner`: the call's object, if this says that it is the customer's (undefined where there is none);
 * - `filter`: a list, narrowed to the customer by the query parameter of this name.
 * What is not the customer's is answered with `absent`, as if it did not exist.
 */
export type CustomerAccess =
  | 'ALL_ALIKE'
  | { owner(call: Call): Promise<string | undefined> | string; absent(call: Call): Problem }
  | { filter: string; absent(call: Call): Problem };

/**
 * One route: how it is served and how it is documented, in one place, so that neither can drift from the other.
 * `api/serve.ts` serves it and `api/openapi.ts` documents it.
 */
export interface Route {
  method: 'get' | 'post' | 'put';
  /** In the form of OpenAPI: '/v1/loans/{loanId}'. */
  path: string;
  operationId: string;
  tag: string;
  summary: string;
  description?: string;
  /**
   * By API keys and tokens of these roles; by a signature, checked on the raw body before anything is parsed, whose check
   * returns who has signed; or by all. A route that does not say what customers get of it refuses them.
   */
  access:
    | { roles: readonly Role[]; customers?: CustomerAccess }
    | {
        signature(call: RawCall): string;
        /** Where it is in the body, and no header has it. */
        isInBody?: true;
      }
    | 'OPEN';
  parameters?: readonly Parameter[];
  body?: {
    /** JSON if left out. */
    type?: BodyType;
    /** The most that is read of it; 64 kB if left out. */
    limitBytes?: number;
    schema: Schema;
    examples: Readonly<Record<string, unknown>>;
  };
  /** The answers other than problems, by status. */
  answers: Readonly<Record<number, DocumentedAnswer>>;
  /** The problems of its own; what its access, parameters and body bring along is added for it. */
  problems: readonly ProblemCode[];
  /**
   * What `handle` needs to have read, which the statement reads that claims the idempotency key: it may be behind what the key's last
   * holder did.
   */
  read?(call: Call): Reading;
  /** `read` is what was read. Throws a Problem to refuse. */
  handle(call: Call, read?: unknown): Promise<Answer>;
}

/** The problems that a route can answer with, its own and those of its checks. */
export function problemsOf(route: Route): ProblemCode[] {
  const parameters = route.parameters ?? [];
  const ofParameters = parameters.flatMap(({ missing, invalid, required }): ProblemCode[] => [
    ...(required && missing ? [missing] : []),
    invalid ?? 'INVALID_PARAMETER',
  ]);
  const codes: ProblemCode[] = [
    'RATE_LIMITED',
    // The key is read from the database, which may be away.
    ...(route.access !== 'OPEN' && 'roles' in route.access
      ? (['KEY_MISSING', 'KEY_INVALID', 'FORBIDDEN', 'TEMPORARILY_UNAVAILABLE'] as const)
      : []),
    // An address can carry a parameter that is not documented anywhere, and be malformed where a part of it is free.
    'INVALID_PARAMETER',
    ...(route.path.includes('{') ? (['UNREADABLE_REQUEST'] as const) : []),
    ...ofParameters,
    ...(route.body ? (['UNSUPPORTED_MEDIA_TYPE', 'BODY_TOO_LARGE', 'INVALID_BODY'] as const) : []),
    ...(route.body ? [isForm(route.body) ? ('NOT_A_FORM' as const) : ('INVALID_JSON' as const)] : []),
    ...(takesIdempotencyKey(route) ? (['REQUEST_IN_PROGRESS', 'IDEMPOTENCY_KEY_REUSED'] as const) : []),
    ...route.problems,
    'INTERNAL_ERROR',
  ];
  return [...new Set(codes)];
}

/** Whether a body is a form, and not JSON. */
export const isForm = ({ type }: NonNullable<Route['body']>): boolean =>
  type === 'application/x-www-form-urlencoded';

/** Whether a route's requests carry an Idempotency-Key. */
export const takesIdempotencyKey = ({ parameters = [] }: Route): boolean =>
  parameters.some(({ in: place, name }) => place === 'header' && name === 'Idempotency-Key');

/** Whether a route's requests are signed, and carry no key. */
export const isSigned = ({ access }: Route): boolean => access !== 'OPEN' && 'signature' in access;
