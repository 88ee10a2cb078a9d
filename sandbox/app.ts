import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import express, { type ErrorRequestHandler } from 'express';
import { partyKinds, type PartyKind } from '../schemas/outside/protocol';
import type { PartySecrets } from '../schemas/outside/signature';
import { YEEPAY } from '../schemas/outside/yeepay/divide';
import { createCallbacks, createTell, createTellSigned, type CallBack } from './callbacks';
import { createClock } from './clock';
import { controlRoutes } from './control-routes';
import { openOrderLog } from './order-log';
import { playOrders } from './orders';
import { createOutages } from './outages';
import { createPayments } from './payments';
import { partyRoutes, problem, type ReceivedRequest } from './party-routes';
import { createRules } from './rules';
import { whyYeepayCannot } from './yeepay/holdings';
import { createNotices } from './yeepay/notices';
import { yeepayRoutes } from './yeepay/routes';
import type { YeepaySide } from './yeepay/side';
import type { Misprint } from './yeepay/statement';

/** A few minutes: whoever calls back for money does not give up because the platform is away for a moment. */
const DEFAULT_RETRY_DELAYS_MS = [500, 1_000, 2_000, ...Array.from({ length: 50 }, () => 4_000)];

export interface SandboxOptions {
  /** 0 takes any free port. */
  port: number;
  /** Only these parties exist, and Yeepay, if it is given. */
  secrets: PartySecrets;
  yeepay?: YeepaySide | undefined;
  /** Address of the platform to which the parties call back, without a trailing slash. */
  callbackBaseUrl: string;
  /** Where what the parties did is kept; without it they are forgotten at the end. */
  stateFile?: string;
  /** How long a party waits before each further attempt to call back. */
  callbackRetryDelaysMs?: readonly number[];
}

export interface Sandbox {
  /** Address of the sandbox, without a trailing slash. */
  url: string;
  /** Ends all connections, timers and callbacks; what was still to come stays in the state file. */
  close: () => Promise<void>;
}

/**
 * Starts the outside world: every party of `secrets`, and the control address under `/control`, on the
 * loopback address.
 * @throws Error if the port is taken or the state file cannot be read.
 */
export async function startSandbox(options: SandboxOptions): Promise<Sandbox> {
  const stop = new AbortController();
  const log = openOrderLog(options.stateFile);
  const rules = createRules();
  const outages = createOutages();
  const clock = createClock();
  const requests: ReceivedRequest[] = [];
  const tell = createTell({
    baseUrl: options.callbackBaseUrl,
    retryDelaysMs: options.callbackRetryDelaysMs ?? DEFAULT_RETRY_DELAYS_MS,
    stop: stop.signal,
  });
  const { secrets, yeepay } = options;
  const tellSigned = createTellSigned(tell, secrets);
  const callBackOf: Record<string, CallBack> = yeepay ? { [YEEPAY]: createNotices(tell, log, yeepay) } : {};
  const callBackSigned = createCallbacks(tellSigned);
  const orders = playOrders(
    log,
    { rules, clock },
    {
      callBack: (told, notification) => (callBackOf[told.order.party] ?? callBackSigned)(told, notification),
      whyNot: (order) => whyYeepayCannot(order, log.all()),
      stop: stop.signal,
    },
  );
  const payments = createPayments(tellSigned, clock, stop.signal);

  const app = express().disable('x-powered-by').disable('etag');
  const misprints = new Map<string, Misprint>();
  const withheldDays = new Set<string>();
  const world = { orders, outages, rules, log, requests, secrets, yeepay, misprints, withheldDays };
  for (const kind of Object.keys(partyKinds) as PartyKind[]) app.use(partyRoutes(kind, world));
  if (yeepay) app.use(`/${YEEPAY}`, yeepayRoutes({ ...world, yeepay }));
  app.use('/control', controlRoutes({ ...world, payments, clock }));
  app.use(answerError);

  const server = createServer(app).listen(options.port, '127.0.0.1');
  const close = async (): Promise<void> => {
    server.close();
    server.closeAllConnections();
    stop.abort();
    await Promise.all([orders.close(), payments.close()]);
    log.close();
  };
  try {
    await once(server, 'listening');
  } catch (error) {
    await close();
    throw error;
  }
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close };
}

/** A body that is too large or not JSON carries its own status; all else is a defect of the sandbox. */
const answerError: ErrorRequestHandler = (error: { status?: number; message: string }, _req, res, _next) => {
  if (error.status !== undefined && error.status < 500) {
    return problem(res, error.status, 'INVALID_REQUEST', error.message);
  }
  console.error(error);
  problem(res, 500, 'INTERNAL_ERROR', 'The sandbox failed; its own output says why.');
};
