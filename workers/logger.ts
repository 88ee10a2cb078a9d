import type { Logger as TemporalLogger, LogMetadata } from '@temporalio/worker';
import type { Logger } from 'pino';

const PINO_LEVELS = { TRACE: 'trace', DEBUG: 'debug', INFO: 'info', WARN: 'warn', ERROR: 'error' } as const;
type Level = keyof typeof PINO_LEVELS;

/** Temporal's logger over ours, so that all that a worker process says is one kind of JSON line. */
export function temporalLogger(logger: Logger): TemporalLogger {
  const log = (level: Level, message: string, { error, ...meta }: LogMetadata = {}): void =>
    logger[PINO_LEVELS[level]]({ ...meta, ...(error !== undefined && { err: error as unknown }) }, message);
  return {
    log,
    trace: (message, meta) => log('TRACE', message, meta),
    debug: (message, meta) => log('DEBUG', message, meta),
    info: (message, meta) => log('INFO', message, meta),
    warn: (message, meta) => log('WARN', message, meta),
    error: (message, meta) => log('ERROR', message, meta),
  };
}
