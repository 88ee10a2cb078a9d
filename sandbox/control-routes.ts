import { json, Router, type Response } from 'express';
import type { PartySecrets } from '../schemas/outside/signature';
import { YEEPAY } from '../schemas/outside/yeepay/divide';
import { readReading, type Clock } from './clock';
import { effectsOf, refundsOf, sentMessagesOf } from './effects';
import type { OrderLog } from './order-log';
import { readOutage, type Outages } from './outages';
import { problem, type ReceivedRequest } from './party-routes';
import type { Orders } from './orders';
import { readChargeback, readPayment, type Payments } from './payments';
import { readRule, type Rules } from './rules';
import { yeepayControlRoutes } from './yeepay/control-routes';
import type { Misprint } from './yeepay/statement';

interface Controlled {
  orders: Orders;
  rules: Rules;
  outages: Outages;
  payments: Payments;
  clock: Clock;
  log: OrderLog;
  requests: readonly ReceivedRequest[];
  secrets: PartySecrets;
  /** Set where there is a Yeepay. */
  yeepay?: object | undefined;
  misprints: Map<string, Misprint>;
  /** Days of which Yeepay has no statement yet. */
  withheldDays: Set<string>;
}

/**
 * The control address, for tests and demos: it sets how parties behave and shows what they were asked and what they
 * did; docs/sandbox.md shows how. It asks for no key, which is why the sandbox listens on the loopback address only.
 *
 * - `GET /health` → `{ status: 'ok' }`
 * - `POST /behaviours` with a `Rule` → 204; the newest rule that matches wins
 * - `DELETE /behaviours` → 204; every party accepts again
 * - `POST /outages` with an `Outage` → 204; the party is down
 * - `DELETE /outages?party=` → 204; the party, or each, is up again
 * - `POST /clock` with `{ now }` → 204; parties date what they do by it, and `DELETE /clock` by the real time again
 * - `POST /payments` with a `Payment` → `{ transactionNo }`; a customer pays, and the party tells the platform of it
 * - `POST /chargebacks` with a `Chargeback` → `{ chargebackNo }`; a party takes money back, and tells the platform of it
 * - `GET /effects?party=&reference=` → `{ count, effects: Effect[] }`, money that was really paid
 * - `GET /refunds?party=&reference=` → `{ count, refunds: PaidBack[] }`, money that was really paid back
 * - `GET /messages?party=&reference=` → `{ count, messages: SentMessage[] }`, messages that were really sent
 * - `/yeepay/…`, where there is a Yeepay: `yeepay/control-routes.ts`
 * - `GET /requests` → `{ requests: ReceivedRequest[] }`, the oldest first
 */
export function controlRoutes(world: Controlled): Router {
  const { rules, outages, payments, clock, log, requests, secrets, yeepay } = world;
  const routes = Router();
  const parties = [...secrets.keys(), ...(yeepay ? [YEEPAY] : [])];

  /** A party that does not exist is a slip of the pen: the rule about it would silently do nothing. */
  const isNobody = (party: string | undefined, res: Response, known = parties): boolean => {
    if (party === undefined || known.includes(party)) return false;
    problem(res, 400, 'UNKNOWN_PARTY', `There is no party "${party}"; there are ${known.join(', ')}.`);
    return true;
  };

  routes.get('/health', (_req, res) => {
    res.json({ status: 'ok' });
  });
  routes.post('/behaviours', json(), (req, res) => {
    const rule = readRule(req.body);
    if ('problem' in rule) return problem(res, 400, 'INVALID_REQUEST', rule.problem);
    if (isNobody(rule.party, res)) return;
    rules.add(rule);
    res.status(204).end();
  });
  routes.delete('/behaviours', (_req, res) => {
    rules.clear();
    res.status(204).end();
  });
  routes.post('/outages', json(), (req, res) => {
    const outage = readOutage(req.body);
    if ('problem' in outage) return problem(res, 400, 'INVALID_REQUEST', outage.problem);
    if (isNobody(outage.party, res)) return;
    outages.start(outage);
    res.status(204).end();
  });
  routes.delete('/outages', (req, res) => {
    const { party } = req.query;
    outages.end(typeof party === 'string' ? party : undefined);
    res.status(204).end();
  });
  routes.post('/clock', json(), (req, res) => {
    const reading = readReading(req.body);
    if ('problem' in reading) return problem(res, 400, 'INVALID_REQUEST', reading.problem);
    clock.set(reading);
    res.status(204).end();
  });
  routes.delete('/clock', (_req, res) => {
    clock.reset();
    res.status(204).end();
  });
  routes.post('/payments', json(), (req, res) => {
    const payment = readPayment(req.body);
    if ('problem' in payment) return problem(res, 400, 'INVALID_REQUEST', payment.problem);
    if (isNobody(payment.party, res, [...secrets.keys()])) return;
    res.status(202).json({ transactionNo: payments.receive(payment) });
  });
  routes.post('/chargebacks', json(), (req, res) => {
    const chargeback = readChargeback(req.body);
    if ('problem' in chargeback) return problem(res, 400, 'INVALID_REQUEST', chargeback.problem);
    if (isNobody(chargeback.party, res, [...secrets.keys()])) return;
    res.status(202).json({ chargebackNo: payments.takeBack(chargeback) });
  });
  routes.get('/effects', (req, res) => {
    const effects = effectsOf(log.all()).filter(isAskedFor(req.query));
    res.json({ count: effects.length, effects });
  });
  routes.get('/refunds', (req, res) => {
    const refunds = refundsOf(log.all()).filter(isAskedFor(req.query));
    res.json({ count: refunds.length, refunds });
  });
  routes.get('/messages', (req, res) => {
    const messages = sentMessagesOf(log.all()).filter(isAskedFor(req.query));
    res.json({ count: messages.length, messages });
  });
  if (yeepay) routes.use('/yeepay', yeepayControlRoutes(world));
  routes.get('/requests', (_req, res) => {
    res.json({ requests });
  });
  return routes;
}

const isAskedFor =
  ({ party, reference }: { party?: unknown; reference?: unknown }) =>
  (done: { party: string; reference: string }): boolean =>
    (party === undefined || done.party === party) &&
    (reference === undefined || done.reference === reference);
