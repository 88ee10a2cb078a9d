/**
 * The sandbox as a process. Environment:
 * - `PORT`: where to listen; any free port by default
 * - `PARTY_SECRETS`: JSON `{ "<partyId>": ["whsec_<base64>", …] }`; the first secret signs, all verify
 * - `CALLBACK_BASE_URL`: address of the platform
 * - `YEEPAY_PLATFORM_PRIVATE_KEY`: optional; Yeepay's own key, and there is a Yeepay. Then `YEEPAY_MERCHANT_KEY`, the platform's
 *   public one, `YEEPAY_APP_KEY` and `YEEPAY_PARENT_MERCHANT_NO` too. Keys in PEM, or by `…_FILE` in a file
 * - `SANDBOX_STATE_FILE`: optional; where what the parties did is kept from one start to the next
 *
 * It prints one line of JSON, `{ "event": "ready", "url": "…" }`, when it serves.
 */
import { parsePartySecrets } from '../schemas/outside/signature';
import { startSandbox } from './app';
import { yeepaySide } from './yeepay/side';

async function main(env: NodeJS.ProcessEnv): Promise<void> {
  const sandbox = await startSandbox({
    port: portFrom(env['PORT'] ?? '0'),
    secrets: parsePartySecrets(required(env, 'PARTY_SECRETS')),
    callbackBaseUrl: baseUrlFrom(required(env, 'CALLBACK_BASE_URL')),
    yeepay: yeepaySide(env),
    stateFile: env['SANDBOX_STATE_FILE'],
  });
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => void sandbox.close().catch(fail));
  }
  console.log(JSON.stringify({ event: 'ready', url: sandbox.url }));
}

function required(env: NodeJS.ProcessEnv, name: string): string {
  const value = env[name];
  if (!value)
    throw new Error(`The environment variable ${name} is missing; sandbox/main.ts says what it holds.`);
  return value;
}

function portFrom(text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new Error(`PORT must be an integer from 0 to 65535, not "${text}".`);
  }
  return port;
}

function baseUrlFrom(text: string): string {
  if (!/^https?:\/\/./.test(text) || !URL.canParse(text)) {
    throw new Error(`CALLBACK_BASE_URL must be an address such as http://127.0.0.1:3000, not "${text}".`);
  }
  return text.replace(/\/+$/, '');
}

function fail(error: Error): void {
  console.error(`The sandbox stopped: ${error.message}`);
  process.exit(1);
}

main(process.env).catch(fail);
