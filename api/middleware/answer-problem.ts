import type { ErrorRequestHandler } from 'express';
import { problemBody, problemOf } from '../problem';
import { localsOf } from './locals';

/** Answers whatever was thrown as application/problem+json. What is our own fault is logged with its cause. */
export const answerProblem: ErrorRequestHandler = (error: unknown, _request, response, next) => {
  const problem = problemOf(error);
  const { status, headers } = problem.kind;
  const locals = localsOf(response);
  locals.problem = problem.code;
  if (status >= 500) locals.log.error({ err: problem.cause }, problem.message);
  if (response.headersSent) {
    // The answer has begun, so all that is left is to end the connection, which Express does.
    next(error);
    return;
  }
  for (const [name, value] of Object.entries(headers ?? {})) {
    if (!response.hasHeader(name)) response.set(name, value);
  }
  response
    .status(status)
    .type('application/problem+json')
    .send(JSON.stringify(problemBody(problem)));
};
