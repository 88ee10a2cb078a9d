import { parseArgs } from 'node:util';

/** The port that each part takes when it is free; otherwise it takes the next free one. */
export interface DemoPorts {
  postgres: number;
  temporal: number;
  webUi: number;
  api: number;
  sandbox: number;
}

export interface DemoOptions {
  /** End after the story, with status 0 only if every figure is as it must be. */
  exit: boolean;
  /** Remove what earlier runs left in var/demo first. */
  fresh: boolean;
  ports: DemoPorts;
}

export const HELP = `Usage: npm run demo [-- options]

Brings up PostgreSQL, Temporal with its Web UI, the sandbox of outside parties, the API and the workers, sends
loan applications and a mall's order through the REST API, shows how each goes and what became of the money, and stays
up until Ctrl-C.

  --exit    end after the story; the status is 0 only if every figure is as it must be
  --fresh   remove what earlier runs left in var/demo, instead of going on with it
  --help    show this

A port that is taken is passed over for the next free one. The first ones tried, by environment variable:
  DEMO_PG_PORT        PostgreSQL         15432
  DEMO_TEMPORAL_PORT  Temporal            7233
  DEMO_UI_PORT        Temporal's Web UI   8233
  DEMO_API_PORT       the REST API        8080
  DEMO_SANDBOX_PORT   outside parties     9900

Servers of your own are used instead of started ones where these are set:
  DATABASE_URL        PostgreSQL, as a user who owns or may create the schemas and may create roles
  TEMPORAL_ADDRESS    Temporal's host and port; TEMPORAL_NAMESPACE names the namespace (default)

It writes var/demo/trace.ndjson (every message that was handled), var/demo/summary.json and var/demo/logs/.`;

/**
 * Reads what the demo was asked for.
 *
 * @param args the command line's arguments
 * @returns the options, or 'HELP' when they were asked for
 * @throws Error that names the argument or variable and says what to do
 */
export function demoOptions(args: readonly string[], env: NodeJS.ProcessEnv): DemoOptions | 'HELP' {
  const { exit, fresh, help } = flagsIn(args);
  if (help) return 'HELP';
  if (fresh) refuseFreshOnServersOfOthers(env);
  return {
    exit,
    fresh,
    ports: {
      postgres: portIn(env, 'DEMO_PG_PORT', 15_432),
      temporal: portIn(env, 'DEMO_TEMPORAL_PORT', 7_233),
      webUi: portIn(env, 'DEMO_UI_PORT', 8_233),
      api: portIn(env, 'DEMO_API_PORT', 8_080),
      sandbox: portIn(env, 'DEMO_SANDBOX_PORT', 9_900),
    },
  };
}

function flagsIn(args: readonly string[]): { exit: boolean; fresh: boolean; help: boolean } {
  const flag = { type: 'boolean', default: false } as const;
  try {
    return parseArgs({ args: [...args], options: { exit: flag, fresh: flag, help: flag } }).values;
  } catch {
    throw new Error(`The demo knows --exit, --fresh and --help, not: ${args.join(' ')}`);
  }
}

/** What stands on a server that the demo did not start may be anybody's: it is never removed. */
function refuseFreshOnServersOfOthers(env: NodeJS.ProcessEnv): void {
  for (const name of ['DATABASE_URL', 'TEMPORAL_ADDRESS']) {
    if (env[name]) {
      throw new Error(
        `--fresh removes only what the demo itself keeps, and ${name} names a server of yours: unset it, or run ` +
          'without --fresh.',
      );
    }
  }
}

function portIn(env: NodeJS.ProcessEnv, name: string, preferred: number): number {
  const text = env[name];
  if (!text) return preferred;
  const port = Number(text);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw new Error(`Set ${name} to a port from 1 to 65535, or unset it; it is "${text}".`);
  }
  return port;
}
