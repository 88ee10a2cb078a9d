import { createServer, type Server } from 'node:http';
import type { Express } from 'express';

/** How long a client may take for what it does with its connection, in milliseconds. */
export interface SocketLimits {
  /** To send the head of a request, from the moment at which the connection is open. */
  headersTimeout: number;
  /** To send all of a request. */
  requestTimeout: number;
  /** To send the next request. Longer than a usual proxy's, so that the proxy, not we, ends an idle connection. */
  keepAliveTimeout: number;
  /** To take or send anything at all, an answer that it does not read included. */
  timeout: number;
  /** How often the first two are looked at. */
  connectionsCheckingInterval: number;
}

const LIMITS: SocketLimits = {
  ...{ headersTimeout: 10_000, requestTimeout: 20_000, keepAliveTimeout: 65_000, timeout: 70_000 },
  connectionsCheckingInterval: 2_000,
};

/** The API's HTTP server, which does not listen yet: no client holds a connection for ever. */
export function createHttpServer(app: Express, limits: SocketLimits = LIMITS): Server {
  return Object.assign(createServer(limits, app), { timeout: limits.timeout });
}
