import { raw, Router, type Request, type RequestHandler, type Response } from 'express';
import {
  partyKinds,
  protocols,
  type Operation,
  type PartyKind,
  type PartyProblem,
} from '../schemas/outside/protocol';
import { verify, type PartySecrets } from '../schemas/outside/signature';
import { answerOf, type PartyAnswer } from './answers';
import type { Fault } from './behaviours';
import type { Orders } from './orders';
import type { Outages } from './outages';
import { readRequest } from './requests';

/** A request as it came in at a party, whether it was accepted or not. */
export interface ReceivedRequest {
  /** RFC 3339 instant. */
  receivedAt: string;
  method: string;
  path: string;
  /** The id it was signed with, if it had one. */
  webhookId: string | null;
  /** The request number of a well-signed and well-formed request, else null. */
  requestNo: string | null;
  /** HTTP status of the answer; null as long as there is none, or if the connection ended without one. */
  status: number | null;
}

interface PartyLocals {
  received: ReceivedRequest;
}
type PartyRequest = Request<{ party: string }>;
type PartyResponse = Response<PartyAnswer | PartyProblem, PartyLocals>;

interface World {
  orders: Orders;
  outages: Outages;
  secrets: PartySecrets;
  /** Every request that arrives is put at its end. */
  requests: ReceivedRequest[];
}

/** What the parties of one kind serve under their paths: the protocol of `schemas/outside/protocol.ts`. */
export function partyRoutes(kind: PartyKind, { orders, outages, secrets, requests }: World): Router {
  const routes = Router();
  routes.use(`/${kind}/:party`, remember(requests), failWhenDown(outages));
  routes.use(`/${kind}/:party`, raw({ type: () => true }), requireSignature(secrets));
  for (const operation of partyKinds[kind]) {
    const collection = `/${kind}/:party/${protocols[operation].collection}`;
    routes.post(collection, takeRequest(operation, orders));
    routes.get(`${collection}/:requestNo`, answerQuery(orders));
  }
  return routes;
}

const takeRequest =
  (operation: Operation, orders: Orders) =>
  async (req: PartyRequest, res: PartyResponse): Promise<void> => {
    const asked = readRequest(operation, req.body);
    if ('problem' in asked) return problem(res, 400, 'INVALID_REQUEST', asked.problem);
    const { requestNo } = asked;
    res.locals.received.requestNo = requestNo;

    const answer = await orders.receive(req.params.party, asked);
    if (answer === 'CONFLICT') {
      return problem(res, 409, 'REQUEST_CONFLICT', `${requestNo} was requested with other content before.`);
    }
    if (typeof answer === 'string') return fail(answer, res);
    res.json(answerOf(answer));
  };

const answerQuery =
  (orders: Orders) =>
  (req: Request<{ party: string; requestNo: string }>, res: PartyResponse): void => {
    const told = orders.query(req.params.party, req.params.requestNo);
    if (!told) return problem(res, 404, 'UNKNOWN_REQUEST', `${req.params.requestNo} was never requested.`);
    res.json(answerOf(told));
  };

/** Puts every request that arrives at the end of a list. */
export function remember(requests: ReceivedRequest[]): RequestHandler {
  return (req, res, next) => {
    const received: ReceivedRequest = {
      receivedAt: new Date().toISOString(),
      method: req.method,
      path: req.originalUrl,
      webhookId: req.get('webhook-id') ?? req.get('x-yop-request-id') ?? null,
      requestNo: null,
      status: null,
    };
    requests.push(received);
    res.locals['received'] = received;
    res.on('finish', () => {
      received.status = res.statusCode;
    });
    next();
  };
}

function failWhenDown(outages: Outages): RequestHandler<{ party: string }> {
  return (req, res, next) => {
    const fault = outages.of(req.params.party);
    if (fault) fail(fault, res);
    else next();
  };
}

function requireSignature(secrets: PartySecrets): RequestHandler<{ party: string }> {
  return (req, res, next) => {
    const { party } = req.params;
    const valid = secrets.get(party);
    if (!valid) return problem(res, 404, 'UNKNOWN_PARTY', `There is no party "${party}".`);
    // Where there is no body, the parser leaves none, and the empty body is what was signed.
    const rawBody = Buffer.isBuffer(req.body) ? req.body : '';
    const verdict = verify({ secrets: valid, headers: req.headers, rawBody });
    if (verdict !== 'OK')
      return problem(res, 401, verdict, 'Sign each request by Standard Webhooks, at once.');
    next();
  };
}

/** Gives no answer of the protocol, in the way that was wanted; a hanging connection ends with its caller. */
function fail(fault: Fault, res: Response): void {
  if (fault === 'BREAK') res.destroy();
  if (fault === 'ERROR') problem(res, 500, 'INTERNAL_ERROR', 'The party fails, as it was told to.');
}

/** Answers with a problem in the form that all parties share. */
export function problem(res: Response, status: number, code: PartyProblem['code'], message: string): void {
  res.status(status).json({ code, message } satisfies PartyProblem);
}
