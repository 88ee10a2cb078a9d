import type { Response } from 'express';
import type { Logger } from 'pino';
import type { ApiClient } from '../../db/access/api-keys';

/** What the middleware finds out about a request, for those that come after it. */
export interface Locals {
  log: Logger;
  /** Set on all of /v1. */
  client?: ApiClient;
  /** Fails where the client's key is not good. Before it is there, nothing is changed, and nothing answered. */
  proof?: Promise<unknown>;
  /** Whether the rate limits have counted it. */
  isCounted?: boolean;
  /** The code of the problem that it was answered with. */
  problem?: string;
}

/** What is known about the request so far. */
export const localsOf = (response: Response): Locals => response.locals as Locals;
