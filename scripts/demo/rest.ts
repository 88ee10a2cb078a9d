import { setTimeout as delay } from 'node:timers/promises';

/** Speaks JSON to one server. */
export interface RestClient {
  get<Answer>(path: string): Promise<Answer>;
  post<Answer>(path: string, body: object, headers?: Record<string, string>): Promise<Answer>;
  put(path: string, body: object): Promise<void>;
  delete(path: string): Promise<void>;
}

/** How long a server may say 503 before the demo gives up. */
const AWAY_AT_MOST_MS = 30_000;

/**
 * A client for the API or for the sandbox's control address. An answer 503 means "come again with the same request",
 * which is safe for all that the demo sends, so that is done for a while.
 *
 * @param token an API key; the sandbox needs none
 * @param signed the headers that sign what is sent, for those who sign instead of having a key; made anew for each sending
 * @param signal ends all requests
 * @returns the client; it throws Error, with what was asked and answered, for every answer that is not 2xx
 */
export function restClient({
  baseUrl,
  token,
  signed,
  signal,
}: {
  baseUrl: string;
  token?: string;
  signed?: (rawBody: string) => Record<string, string>;
  signal: AbortSignal;
}): RestClient {
  async function send(method: string, path: string, body?: object, headers?: Record<string, string>) {
    const rawBody = body && JSON.stringify(body);
    const deadline = Date.now() + AWAY_AT_MOST_MS;
    for (;;) {
      const response = await fetch(`${baseUrl}${path}`, {
        method,
        headers: {
          ...(token !== undefined && { authorization: `Bearer ${token}` }),
          ...(rawBody && { 'content-type': 'application/json', ...signed?.(rawBody) }),
          ...headers,
        },
        ...(rawBody && { body: rawBody }),
        signal,
      });
      const text = await response.text();
      if (response.ok) return text === '' ? undefined : (JSON.parse(text) as unknown);
      if (response.status !== 503 || Date.now() > deadline) {
        throw new Error(`${method} ${baseUrl}${path} was answered ${response.status}: ${text.slice(0, 500)}`);
      }
      await delay(1_000, undefined, { signal });
    }
  }
  return {
    get: async <Answer>(path: string) => (await send('GET', path)) as Answer,
    post: async <Answer>(path: string, body: object, headers?: Record<string, string>) =>
      (await send('POST', path, body, headers)) as Answer,
    put: async (path, body) => void (await send('PUT', path, body)),
    delete: async (path) => void (await send('DELETE', path)),
  };
}
