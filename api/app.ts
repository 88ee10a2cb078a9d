import type { Client } from '@temporalio/client';
import express, { type Express } from 'express';
import helmet from 'helmet';
import type { Knex } from 'knex';
import type { Logger } from 'pino';
import type { PartySecrets } from '../schemas/outside/signature';
import { callbackRoutes } from './callbacks';
import { docs } from './docs';
import { answerProblem } from './middleware/answer-problem';
import { authenticate } from './middleware/authenticate';
import { requestLog } from './middleware/request-log';
import { openApiDocument } from './openapi';
import { Problem } from './problem';
import type { Route } from './route';
import { booksRoutes } from './routes/books';
import { flowRoutes } from './routes/flows';
import { interventionRoutes } from './routes/interventions';
import { ledgerRoutes } from './routes/ledger';
import { loanApplicationRoutes } from './routes/loan-applications';
import { loanRoutes } from './routes/loans';
import { operationsRoutes } from './routes/operations';
import { productRoutes } from './routes/products';
import { recordRoutes } from './routes/records';
import { systemRoutes } from './routes/system';
import { serve } from './serve';

/** What the API works with. */
export interface ApiNeeds {
  db: Knex;
  temporal: Client;
  config: { taskQueue: string; partySecrets: PartySecrets };
}

/** All routes; /docs, a page and not a route, stands beside them. */
export function apiRoutes(needs: ApiNeeds): Route[] {
  const routes: Route[] = [
    ...loanApplicationRoutes(needs),
    ...loanRoutes(needs),
    ...flowRoutes(needs),
    ...operationsRoutes(needs),
    ...interventionRoutes(needs),
    ...productRoutes(needs),
    ...recordRoutes(needs),
    ...booksRoutes(needs),
    ...ledgerRoutes(needs),
    ...callbackRoutes(needs),
    ...systemRoutes({ ...needs, openApi: () => document }),
  ];
  const document = openApiDocument(routes);
  return routes;
}

/** The API as an Express application that does not listen yet. */
export function createApi(needs: ApiNeeds & { logger: Logger }): Express {
  const app = express();
  app.set('query parser', 'simple');
  app.use(requestLog(needs.logger));
  // Without "upgrade-insecure-requests" the docs also work over HTTP, where TLS ends in front of us.
  app.use(helmet({ contentSecurityPolicy: { directives: { 'upgrade-insecure-requests': null } } }));
  app.use('/v1', authenticate(needs.db));
  app.use(serve(apiRoutes(needs)));
  app.use(docs());
  app.use((request) => {
    throw new Problem('NOT_FOUND', `Nothing is at ${request.path}; /openapi.json lists what there is.`);
  });
  app.use(answerProblem);
  return app;
}
