import { randomUUID } from 'node:crypto';
import type { RequestHandler } from 'express';
import type { Logger } from 'pino';
import { localsOf } from './locals';

/**
 * Gives each request an id, which its answer carries as X-Request-Id, and writes one line when it is over. Neither
 * headers nor bodies are logged, and of the address only the route, and the path where it was not refused: anything may
 * stand in the rest, also secrets and personal data.
 */
export function requestLog(logger: Logger): RequestHandler {
  return (request, response, next) => {
    const requestId = randomUUID();
    const { method, path } = request;
    const startedMs = performance.now();
    const locals = localsOf(response);
    locals.log = logger.child({ requestId });
    response.set('X-Request-Id', requestId);
    response.once('close', () => {
      const durationMs = Math.round(performance.now() - startedMs);
      const { client, problem } = locals;
      const isAnswered = response.writableFinished;
      const status = isAnswered ? response.statusCode : null;
      const { path: route } = (request.route ?? {}) as { path?: string };
      const isRefused = status !== null && status >= 400 && status < 500;
      locals.log.info(
        {
          method,
          route,
          ...(isRefused || route === undefined ? {} : { path }),
          status,
          problem,
          durationMs,
          keyId: client?.keyId,
        },
        isAnswered ? 'request answered' : 'client went away',
      );
    });
    next();
  };
}
