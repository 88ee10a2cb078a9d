import { raw, Router, type NextFunction, type Request, type Response } from 'express';
import { paths, YEEPAY } from '../../schemas/outside/yeepay/divide';
import { parametersIn, signResponse, verifyRequest } from '../../schemas/outside/yeepay/signature';
import type { Fault } from '../behaviours';
import type { OrderLog } from '../order-log';
import type { Orders, Told } from '../orders';
import type { Outages } from '../outages';
import { remember, type ReceivedRequest } from '../party-routes';
import { orderAnswer, yeepayAnswer } from './answers';
import { holdingsOf, type Holding } from './holdings';
import { readYeepayRequest } from './requests';
import type { YeepaySide } from './side';
import { statementOf, type Misprint } from './statement';
import { paidOrderNo, type YeepayOperation } from './wanted';

interface World {
  yeepay: YeepaySide;
  orders: Orders;
  outages: Outages;
  log: OrderLog;
  requests: ReceivedRequest[];
  misprints: ReadonlyMap<string, Misprint>;
  withheldDays: ReadonlySet<string>;
}

/** The codes by which this Yeepay says that it has never seen a number; the real one's are configuration. */
export const notKnownCodes = ['ORDER_NOT_EXIST', 'REQUEST_NOT_EXIST'];

type Locals = { received: ReceivedRequest; parameters: Record<string, string> };
type YeepayResponse = Response<string, Locals>;
type Handler = (req: Request, res: YeepayResponse, next: NextFunction) => void | Promise<void>;

/** What Yeepay serves below its address: `schemas/outside/yeepay/divide.ts`. Every answer is signed. */
export function yeepayRoutes(world: World): Router {
  const { yeepay, orders, outages, log, requests, misprints, withheldDays } = world;
  const say = sayer(yeepay);
  const holdingFor = ({
    orderId,
    uniqueOrderNo,
    merchantNo,
  }: Record<string, string>): Holding | undefined => {
    const holding = holdingsOf(log.all()).get(orderId ?? '');
    const isTheOne = holding?.uniqueOrderNo === uniqueOrderNo && holding?.merchantNo === merchantNo;
    return isTheOne ? holding : undefined;
  };

  const take =
    (operation: YeepayOperation): Handler =>
    async (_req, res) => {
      const { parameters, received } = res.locals;
      const read = readYeepayRequest(operation, parameters);
      if ('problem' in read) return refuse(say, res, 'INVALID_PARAMETER', read.problem);
      const { asked } = read;
      received.requestNo = asked.requestNo;
      const before = holdingFor(parameters);
      if (!before) return refuse(say, res, 'ORDER_NOT_EXIST', 'There is no such order.');
      if (!before.isCleared) return refuse(say, res, 'ORDER_NOT_CLEARED', 'Wait until the order is cleared.');
      const told = await orders.receive(YEEPAY, asked);
      if (told === 'CONFLICT') return refuse(say, res, 'REQUEST_CONFLICT', 'The number was used before.');
      if (typeof told === 'string')
        return fail(say, res, told, log.find(YEEPAY, asked.requestNo) !== undefined);
      say(res, yeepayAnswer(told, holdingFor(parameters)!, false));
    };

  const answer =
    (number: 'divideRequestId' | 'divideBackRequestId', operations: readonly string[]): Handler =>
    (_req, res) => {
      const { parameters } = res.locals;
      const holding = holdingFor(parameters);
      const told = orders.query(YEEPAY, parameters[number] ?? '');
      if (!holding || !told || !isOf(told, parameters, operations))
        return refuse(say, res, 'REQUEST_NOT_EXIST', 'There is no such request of such an order.');
      say(res, yeepayAnswer(told, holding, true));
    };

  const routes = Router();
  routes.use(remember(requests), failWhenDown(outages, say));
  routes.use(raw({ type: () => true, limit: '1mb' }), requireSignature(yeepay, say));
  routes.get(paths.order, (_req, res: YeepayResponse) => {
    const holding = holdingFor(res.locals.parameters);
    if (!holding) return refuse(say, res, 'ORDER_NOT_EXIST', 'There is no such order.');
    say(res, orderAnswer(holding, log.find(YEEPAY, paidOrderNo(holding.orderId))!.truth));
  });
  routes.post(paths.divide, take('divide'));
  routes.post(paths.complete, take('divide-complete'));
  routes.post(paths.back, take('divide-back'));
  routes.get(paths.divideQuery, answer('divideRequestId', ['divide', 'divide-complete']));
  routes.get(paths.backQuery, answer('divideBackRequestId', ['divide-back']));
  routes.get(paths.statement, (_req, res: YeepayResponse) => {
    const { dayString = '' } = res.locals.parameters;
    if (!/^\d{4}-\d\d-\d\d$/.test(dayString))
      return refuse(say, res, 'INVALID_PARAMETER', 'dayString must be a day such as 2026-01-15.');
    if (withheldDays.has(dayString))
      return refuse(say, res, 'STATEMENT_NOT_READY', 'There is no statement of this day yet.');
    say(res, statementOf(dayString, log.all(), holdingsOf(log.all()), misprints));
  });
  return routes;
}

/** Whether a query that names an order is about this request. */
const isOf = (
  { order: { wanted } }: Told,
  { orderId }: Record<string, string>,
  operations: readonly string[],
): boolean => operations.includes(wanted.operation) && wanted.reference === orderId;

type Say = (res: YeepayResponse, body: object | string, status?: number) => void;

/** Makes the function that answers: JSON, or a text as it is. */
const sayer =
  ({ platformPrivateKey }: YeepaySide): Say =>
  (res, body, status = 200) => {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    res
      .status(status)
      .type(typeof body === 'string' ? 'text/csv' : 'application/json')
      .set('x-yop-sign', signResponse(text, platformPrivateKey))
      .send(text);
  };

const refuse = (say: Say, res: YeepayResponse, code: string, message: string, status = 200): void =>
  say(res, { code, message }, status);

/** Gives no answer about the request, in the way that was wanted; a hanging connection ends with its caller. */
function fail(say: Say, res: YeepayResponse, fault: Fault, isTaken: boolean): void {
  if (fault === 'BREAK') res.destroy();
  const code = isTaken ? 'sys.service.unavailable' : 'sys.service.retryable';
  if (fault === 'ERROR') refuse(say, res, code, 'Yeepay fails, as it was told to.', 500);
}

const failWhenDown =
  (outages: Outages, say: Say): Handler =>
  (_req, res, next) => {
    const fault = outages.of(YEEPAY);
    if (fault) fail(say, res, fault, false);
    else next();
  };

/** Takes only what the platform has signed, for these parameters, and in time; and reads the parameters. */
const requireSignature =
  ({ merchantKey: publicKey, appKey, parentMerchantNo }: YeepaySide, say: Say): Handler =>
  (req, res, next) => {
    const parameters = parametersOf(req);
    const method = req.method as 'GET' | 'POST';
    const isSigned =
      parameters !== undefined &&
      req.get('x-yop-appkey') === appKey &&
      verifyRequest({ method, path: req.path, content: { parameters } }, req.headers, {
        ...{ publicKey, now: new Date() },
      });
    if (!isSigned) return refuse(say, res, 'SIGNATURE_INVALID', 'The request is not signed by the app.', 401);
    if (parameters.parentMerchantNo !== parentMerchantNo)
      return refuse(say, res, 'INVALID_PARAMETER', 'There is no such parent merchant.');
    res.locals.parameters = parameters;
    next();
  };

/** Undefined where they are not encoded as they have to be. */
function parametersOf(req: Request): Record<string, string> | undefined {
  const [, query = ''] = req.originalUrl.split('?');
  try {
    return parametersIn(Buffer.isBuffer(req.body) ? req.body.toString() : query);
  } catch {
    return undefined;
  }
}
