import { createHash } from 'node:crypto';
import { json, Router } from 'express';
import { stringify } from 'safe-stable-stringify';
import { YEEPAY } from '../../schemas/outside/yeepay/divide';
import { scriptOf, type Behaviour } from '../behaviours';
import type { OrderLog } from '../order-log';
import type { Orders } from '../orders';
import { problem } from '../party-routes';
import { behaviourSchema } from '../rules';
import { closed, reader, textUpTo } from '../schema';
import { balancesOf, holdingsOf } from './holdings';
import type { Misprint } from './statement';
import { paidOrderNo, type PaidOrder } from './wanted';

/** An order that a buyer has paid at the mall; amounts in fen. */
interface Paid extends Omit<PaidOrder, 'operation' | 'reference' | 'uniqueOrderNo' | 'feeMinor'> {
  orderId: string;
  feeMinor?: number;
  /** How it is cleared: if left out, at once, with a notice. */
  clearing?: Behaviour;
}

/**
 * What tests and demos do at Yeepay in the mall's place, and what they see of the money there:
 *
 * - `POST /orders` with a `Paid` → `{ orderId, uniqueOrderNo, merchantNo }`
 * - `GET /orders?orderId=` → `{ orders: Holding[] }`
 * - `POST /misprints` with a `Misprint` → 204; statements say it so from now on, and `DELETE /misprints` as it was again
 * - `POST /withheld-statements` with `{ day }` → 204; of that day there is no statement, until `DELETE /withheld-statements?day=`
 * - `GET /balances` → `{ balances: { [ledgerNo]: amountMinor } }`
 */
export function yeepayControlRoutes({
  orders,
  log,
  misprints,
  withheldDays,
}: {
  orders: Orders;
  log: OrderLog;
  misprints: Map<string, Misprint>;
  withheldDays: Set<string>;
}): Router {
  const routes = Router();
  routes.post('/orders', json(), async (req, res) => {
    const paid = readPaid(req.body);
    if ('problem' in paid) return problem(res, 400, 'INVALID_REQUEST', paid.problem);
    const { orderId, clearing = { kind: 'CALLBACK', delayMs: 0 }, feeMinor = 0, ...rest } = paid;
    if (feeMinor >= rest.amountMinor)
      return problem(res, 400, 'INVALID_REQUEST', 'The fee must be less than the amount.');
    const contentHash = createHash('sha256').update(stringify(paid)).digest('hex');
    const uniqueOrderNo = `Y${createHash('sha256').update(orderId).digest('hex').slice(0, 20).toUpperCase()}`;
    const wanted: PaidOrder = {
      operation: 'yeepay-order',
      reference: orderId,
      uniqueOrderNo,
      feeMinor,
      ...rest,
    };
    const told = await orders.receive(
      YEEPAY,
      { requestNo: paidOrderNo(orderId), customerId: undefined, wanted, contentHash },
      scriptOf(clearing),
    );
    if (told === 'CONFLICT')
      return problem(res, 409, 'REQUEST_CONFLICT', `${orderId} was paid before, in another way.`);
    res.status(201).json({ orderId, uniqueOrderNo, merchantNo: rest.merchantNo });
  });
  routes.get('/orders', (req, res) => {
    const { orderId } = req.query;
    const all = [...holdingsOf(log.all()).values()];
    res.json({ orders: all.filter((one) => orderId === undefined || one.orderId === orderId) });
  });
  routes.post('/misprints', json(), (req, res) => {
    const misprint = readMisprint(req.body);
    if ('problem' in misprint) return problem(res, 400, 'INVALID_REQUEST', misprint.problem);
    misprints.set(misprint.requestNo, misprint);
    res.status(204).end();
  });
  routes.delete('/misprints', (_req, res) => {
    misprints.clear();
    res.status(204).end();
  });
  routes.post('/withheld-statements', json(), (req, res) => {
    const withheld = readWithheld(req.body);
    if ('problem' in withheld) return problem(res, 400, 'INVALID_REQUEST', withheld.problem);
    withheldDays.add(withheld.day);
    res.status(204).end();
  });
  routes.delete('/withheld-statements', (req, res) => {
    const { day } = req.query;
    if (typeof day === 'string') withheldDays.delete(day);
    res.status(204).end();
  });
  routes.get('/balances', (_req, res) => {
    res.json({ balances: balancesOf(holdingsOf(log.all()).values()) });
  });
  return routes;
}

const amount = { type: 'integer', minimum: 1, maximum: 1_000_000_000_000 };

const readPaid = reader<Paid>(
  'order',
  closed(
    { orderId: textUpTo(64), merchantNo: textUpTo(64), amountMinor: amount },
    { feeMinor: { type: 'integer', minimum: 0 }, clearing: behaviourSchema },
  ),
);

const readMisprint = reader<Misprint>(
  'misprint',
  closed({ requestNo: textUpTo(128) }, { amountMinor: amount }),
);

const readWithheld = reader<{ day: string }>(
  'withheld statement',
  closed({ day: { type: 'string', pattern: '^\\d{4}-\\d\\d-\\d\\d$' } }),
);
