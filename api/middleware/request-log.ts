import { randomUUID } from 'node:crypto';
import type { RequestHandler } from 'express';
import type { Logger } from 'pino';
import { localsOf } from './locals';

/**
 * Gives each request an id, which its answer carries as X-Request-Id, and writes one line when it is over. Neither
 * headers nor bodies are logged, and of the address only the path: the rest may hold secrets or personal data.
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
      const { keyId } = locals.client ?? {};
      const isAnswered = response.writableFinished;
      locals.log.info(
        { method, path, status: isAnswered ? response.statusCode : null, durationMs, keyId },
        isAnswered ? 'request answered' : 'client went away',
      );
    });
    next();
  };
}
