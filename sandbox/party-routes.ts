import { Ajv2020 } from 'ajv/dist/2020';
import { raw, Router, type Request, type RequestHandler, type Response } from 'express';
import type { PartyProblem, PayoutAnswer, PayoutRequest } from '../schemas/outside/payout';
import { verify, type PartySecrets } from '../schemas/outside/signature';
import type { Payouts } from './payouts';

/** A request as it came in at a party, whether it was accepted or not. */
export interface ReceivedRequest {
  /** RFC 3339 instant. */
  receivedAt: string;
  method: string;
  path: string;
  /** The id it was signed with, if it had one. */
  webhookId: string | null;
  /** The request number of a well-signed and well-formed payout request, else null. */
  requestNo: string | null;
  /** HTTP status of the answer; null as long as there is none, or if the connection ended without one. */
  status: number | null;
}

interface PartyLocals {
  received: ReceivedRequest;
}
type PartyRequest = Request<{ party: string }>;
type PayoutResponse = Response<PayoutAnswer | PartyProblem, PartyLocals>;

/**
 * What a party serves under its path, be it a funding partner or a payment channel: both speak the payout
 * protocol of `schemas/outside/payout.ts`.
 * @param requests every request that arrives is put at its end.
 */
export function partyRoutes(payouts: Payouts, secrets: PartySecrets, requests: ReceivedRequest[]): Router {
  const routes = Router({ mergeParams: true });
  routes.use(remember(requests), raw({ type: () => true }), requireSignature(secrets));

  routes.post('/payouts', (req: PartyRequest, res: PayoutResponse) => {
    const request = readPayoutRequest(req.body);
    if ('problem' in request) return problem(res, 400, 'INVALID_REQUEST', request.problem);
    const { requestNo } = request;
    res.locals.received.requestNo = requestNo;

    const answer = payouts.receive(req.params.party, request);
    if (answer === 'CONFLICT') {
      return problem(res, 409, 'REQUEST_CONFLICT', `${requestNo} was requested with other content before.`);
    }
    if (answer !== 'NO_ANSWER') res.json(answer);
  });

  routes.get(
    '/payouts/:requestNo',
    (req: Request<{ party: string; requestNo: string }>, res: PayoutResponse) => {
      const answer = payouts.query(req.params.party, req.params.requestNo);
      if (!answer)
        return problem(res, 404, 'UNKNOWN_REQUEST', `${req.params.requestNo} was never requested.`);
      res.json(answer);
    },
  );
  return routes;
}

function remember(requests: ReceivedRequest[]): RequestHandler {
  return (req, res, next) => {
    const received: ReceivedRequest = {
      receivedAt: new Date().toISOString(),
      method: req.method,
      path: req.originalUrl,
      webhookId: req.get('webhook-id') ?? null,
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

/** Answers with a problem in the form that all parties share. */
export function problem(res: Response, status: number, code: PartyProblem['code'], message: string): void {
  res.status(status).json({ code, message } satisfies PartyProblem);
}

const ajv = new Ajv2020();
const text = { type: 'string', minLength: 1, maxLength: 100 };

const isPayoutRequest = ajv.compile<PayoutRequest>({
  type: 'object',
  required: ['requestNo', 'amount', 'beneficiary', 'reference'],
  additionalProperties: false,
  properties: {
    requestNo: text,
    amount: {
      type: 'object',
      required: ['currency', 'amountMinor'],
      additionalProperties: false,
      properties: {
        currency: { type: 'string', pattern: '^[A-Z]{3}$' },
        amountMinor: { type: 'integer', minimum: 1, maximum: Number.MAX_SAFE_INTEGER },
      },
    },
    beneficiary: {
      type: 'object',
      required: ['customerId', 'accountToken'],
      additionalProperties: false,
      properties: { customerId: text, accountToken: text },
    },
    reference: text,
  },
});

function readPayoutRequest(rawBody: unknown): PayoutRequest | { problem: string } {
  let body: unknown;
  try {
    body = JSON.parse(String(rawBody));
  } catch {
    return { problem: 'The body is not JSON.' };
  }
  if (isPayoutRequest(body)) return body;
  return { problem: ajv.errorsText(isPayoutRequest.errors, { dataVar: 'request' }) };
}
