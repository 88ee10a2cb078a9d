import pino, { type DestinationStream, type Logger } from 'pino';

/**
 * A logger that writes JSON lines, and of an error only its type, code, message and stack: database errors carry the
 * row that was refused in other fields. Should a request ever be logged whole, its credentials are left out.
 */
export const createLogger = (level: string, destination: DestinationStream = pino.destination(1)): Logger =>
  pino(
    {
      level,
      base: { process: 'api' },
      redact: ['authorization', '*.authorization', '*.headers.authorization'],
      serializers: { err: errorInBrief },
    },
    destination,
  );

function errorInBrief(error: unknown): object {
  if (!(error instanceof Error)) return { type: typeof error };
  const { name, message, stack, code } = error as Error & { code?: unknown };
  return { type: name, code, message, stack };
}
