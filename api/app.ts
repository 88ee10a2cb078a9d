import express, { type Express } from 'express';
import helmet from 'helmet';
import type { Knex } from 'knex';
import type { Logger } from 'pino';
import { keyLocks } from '../db/access/key-locks';
import { callbackRoutes } from './callbacks';
import type { ApiConfig } from './config';
import { docs } from './docs';
import { answerProblem } from './middleware/answer-problem';
import { authenticate, badKeyFirst } from './middleware/authenticate';
import { requestLog } from './middleware/request-log';
import { openApiDocument, type OpenApiDocument } from './openapi';
import type { FlowNeeds } from './needs';
import { Problem } from './problem';
import { countRefused, rateLimits } from './rate-limits';
import { isSigned, type Route } from './route';
import { booksRoutes } from './routes/books';
import { chargebackRoutes } from './routes/chargebacks';
import { debtContractRoutes } from './routes/debt-contracts';
import { debtOrderRoutes } from './routes/debt-orders';
import { disbursementReversalRoutes } from './routes/disbursement-reversals';
import { extensionOrderRoutes } from './routes/extension-orders';
import { extensionRoutes } from './routes/extensions';
import { flowRoutes } from './routes/flows';
import { interventionRoutes } from './routes/interventions';
import { ledgerRoutes } from './routes/ledger';
import { loanApplicationRoutes } from './routes/loan-applications';
import { loanRoutes } from './routes/loans';
import { mallRoutes } from './routes/mall';
import { operationsRoutes } from './routes/operations';
import { productRoutes } from './routes/products';
import { reconciliationRoutes } from './routes/reconciliation';
import { recordRoutes } from './routes/records';
import { refundRoutes } from './routes/refunds';
import { repaymentOrderRoutes } from './routes/repayment-orders';
import { repaymentRoutes } from './routes/repayments';
import { systemRoutes } from './routes/system';
import { serve } from './serve';
import { tokenReader } from './tokens';
import { yeepayRoutes } from './yeepay';

/** What the API works with. */
export type ApiNeeds = FlowNeeds & { config: Pick<ApiConfig, 'partySecrets' | 'yeepay'> };

/** What serving it takes beside. */
export interface ServingNeeds {
  logger: Logger;
  /** A pool of one connection on the same database, for nothing but the locks of idempotency keys. */
  lockSession: Knex;
  config: Pick<ApiConfig, 'tokens' | 'rateLimits' | 'trustedProxies'>;
}

/** All routes; /docs, a page and not a route, stands beside them. */
export function apiRoutes(needs: ApiNeeds): Route[] {
  const routes: Route[] = [
    ...loanApplicationRoutes(needs),
    ...loanRoutes(needs),
    ...repaymentRoutes(needs),
    ...refundRoutes(needs),
    ...chargebackRoutes(needs),
    ...disbursementReversalRoutes(needs),
    ...extensionRoutes(needs),
    ...extensionOrderRoutes(needs),
    ...repaymentOrderRoutes(needs),
    ...mallRoutes(needs),
    ...debtOrderRoutes(needs),
    ...debtContractRoutes(needs),
    ...reconciliationRoutes(needs),
    ...flowRoutes(needs),
    ...operationsRoutes(needs),
    ...interventionRoutes(needs),
    ...productRoutes(needs),
    ...recordRoutes(needs),
    ...booksRoutes(needs),
    ...ledgerRoutes(needs),
    // Before the parties that speak our own protocol, among whom it would be one that is not known.
    ...yeepayRoutes(needs),
    ...callbackRoutes(needs),
    ...systemRoutes({ ...needs, openApi: () => document }),
  ];
  const document = openApiDocument(routes);
  return routes;
}

/** The OpenAPI document of all routes. To describe a route nothing is needed of what it works with. */
export const apiDocument = (): OpenApiDocument => openApiDocument(apiRoutes({} as ApiNeeds));

/** The API as an Express application that does not listen yet. */
export function createApi(needs: ApiNeeds & ServingNeeds): Express {
  const { db, config, logger, lockSession } = needs;
  const app = express();
  app.set('query parser', 'simple');
  app.set('trust proxy', config.trustedProxies);
  // Only reads have one: api/read.ts.
  app.set('etag', false);
  app.use(requestLog(logger));
  // Without "upgrade-insecure-requests" the docs also work over HTTP, where TLS ends in front of us.
  app.use(helmet({ contentSecurityPolicy: { directives: { 'upgrade-insecure-requests': null } } }));
  app.use('/v1', (_request, response, next) => {
    // What is about customers is kept by nobody on the way, and asked for anew each time.
    response.set('Cache-Control', 'private, no-cache');
    next();
  });
  const limits = rateLimits(config.rateLimits);
  const readToken = config.tokens && tokenReader(config.tokens);
  const locks = keyLocks(lockSession, (err) => logger.warn({ err }, 'a key lock was not given back'));
  const routes = apiRoutes(needs);
  // Who signs shows no key.
  app.use(serve(routes.filter(isSigned), { limits, keyLocks: locks }));
  app.use('/v1', authenticate({ db, readToken, limits }));
  app.use(
    serve(
      routes.filter((route) => !isSigned(route)),
      { limits, keyLocks: locks },
    ),
  );
  app.use(async (request, response, next) => {
    await limits.stranger(request, response);
    next();
  });
  app.use(docs());
  app.use((request) => {
    throw new Problem('NOT_FOUND', `Nothing is at ${request.path}; /openapi.json lists what there is.`);
  });
  app.use(badKeyFirst);
  app.use(countRefused(limits));
  app.use(answerProblem);
  return app;
}
