import path from 'node:path';
import pino, { type DestinationStream, type Logger } from 'pino';
import { databaseFault } from '../db/errors';

/**
 * A logger that writes JSON lines, for the processes of the platform. Of an error it writes its type, what it says and
 * where in our code it came from; never a statement, a row, a secret, or a stack as it is.
 *
 * @param about `process`: who writes; `level`: pino's name of the least level that is written; `destination`: stdout,
 *   unless a test reads along
 */
export const createLogger = ({
  process,
  level,
  destination = pino.destination(1),
}: {
  process: 'api' | 'workers';
  level: string;
  destination?: DestinationStream;
}): Logger =>
  pino(
    {
      level,
      base: { process },
      redact: {
        paths: ['authorization', 'body', 'command', 'payload'].flatMap((name) => [
          name,
          `*.${name}`,
          `*.*.${name}`,
        ]),
        censor: '[redacted]',
      },
      serializers: { err: errorInBrief },
    },
    destination,
  );

/** API keys, signing secrets, JSON Web Tokens and the tokens of accounts, wherever they stand in a text. */
const SECRETS = /\b(?:ck|whsec|tok)_[\w+/=-]+|\beyJ[\w-]+\.[\w.-]+|\bbearer\s+\S+/gi;
const PROJECT = path.join(__dirname, '..');
const PLACES_AT_MOST = 6;

function errorInBrief(error: unknown): object {
  if (!(error instanceof Error)) return { type: typeof error };
  const fault = databaseFault(error);
  const { name, cause, code } = error as Error & { code?: unknown };
  return {
    type: fault ? 'DatabaseError' : name,
    ...(fault ?? { code, ...messageOf(error) }),
    at: placesIn(error.stack ?? ''),
    ...(cause !== undefined && { cause: errorInBrief(cause) }),
  };
}

/** A parser quotes what it could not parse, which may be anything; other errors speak for themselves. */
const messageOf = (error: Error): { message?: string } =>
  error instanceof SyntaxError ? {} : { message: error.message.replaceAll(SECRETS, '[redacted]') };

/** The files and lines of our own code in a stack, the innermost first. */
const placesIn = (stack: string): string[] =>
  [...stack.matchAll(/\n\s+at (?:.*\()?(\/[^()\n]+:\d+):\d+\)?/g)]
    .map(([, place = '']) => path.relative(PROJECT, place))
    .filter((place) => !place.startsWith('..') && !place.startsWith('node_modules'))
    .slice(0, PLACES_AT_MOST);
