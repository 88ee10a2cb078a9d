import { json, Router } from 'express';
import { readRule, type Rules } from './behaviours';
import { problem, type ReceivedRequest } from './party-routes';
import type { Payouts } from './payouts';

/**
 * The control address, for tests and demos: it sets how parties behave and shows what they were asked and
 * what they did. It asks for no key, which is why the sandbox listens on the loopback address only.
 *
 * - `GET /health` → `{ status: 'ok' }`
 * - `POST /behaviours` with a `Rule` → 204; the newest rule that matches wins
 * - `DELETE /behaviours` → 204; every party accepts again
 * - `GET /effects?party=&reference=` → `{ count, effects: Effect[] }`
 * - `GET /requests` → `{ requests: ReceivedRequest[] }`, the oldest first
 */
export function controlRoutes(rules: Rules, payouts: Payouts, requests: readonly ReceivedRequest[]): Router {
  const routes = Router();
  routes.get('/health', (_req, res) => {
    res.json({ status: 'ok' });
  });
  routes.post('/behaviours', json(), (req, res) => {
    const rule = readRule(req.body);
    if ('problem' in rule) return problem(res, 400, 'INVALID_REQUEST', rule.problem);
    rules.add(rule);
    res.status(204).end();
  });
  routes.delete('/behaviours', (_req, res) => {
    rules.clear();
    res.status(204).end();
  });
  routes.get('/effects', (req, res) => {
    const { party, reference } = req.query;
    const effects = payouts
      .effects()
      .filter((effect) => party === undefined || effect.party === party)
      .filter((effect) => reference === undefined || effect.reference === reference);
    res.json({ count: effects.length, effects });
  });
  routes.get('/requests', (_req, res) => {
    res.json({ requests });
  });
  return routes;
}
