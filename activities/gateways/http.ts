import { crashPoint } from '../../crash/point';

/** A divide to a thousand receivers, with the number of what each got, is the longest. */
const MAX_ANSWER_BYTES = 524_288;

/** What is sent to a party: a GET, or a POST with a body. */
export interface Sending {
  /** Names its crash points: what is asked, and of whom. */
  what: string;
  url: string;
  method: 'GET' | 'POST';
  headers: Readonly<Record<string, string>>;
  body: string;
  /** How long the party may take to answer; 10 s if left out. */
  answerTimeoutMs?: number | undefined;
  /** How much it may answer; 512 KiB if left out. */
  maxAnswerBytes?: number;
}

/** An answer as it came, or why there is none. */
export type Reply = { httpStatus: number; headers: Headers; text: string } | { silence: string };

/** One exchange with a party. Whatever breaks on the way, the party may have acted: that is no error but a silence. */
export async function exchange({
  what,
  url,
  method,
  headers,
  body,
  answerTimeoutMs = 10_000,
  maxAnswerBytes = MAX_ANSWER_BYTES,
}: Sending): Promise<Reply> {
  crashPoint('before-send', what);
  try {
    const response = await fetch(url, {
      method,
      headers: { ...headers },
      ...(method === 'POST' ? { body } : {}),
      // A party is asked at the address that we know; where else it points to is not followed.
      redirect: 'error',
      signal: AbortSignal.timeout(answerTimeoutMs),
    });
    crashPoint('before-receive', what);
    const text = await textOf(response, maxAnswerBytes);
    crashPoint('after-receive', what);
    return { httpStatus: response.status, headers: response.headers, text };
  } catch (error) {
    return { silence: reasonOf(error) };
  }
}

/**
 * @returns the value that a party's answer holds, or in words that it holds none. A parser quotes what it could not parse, and the
 *   reason ends in logs.
 */
export function jsonIn(text: string): { value: unknown } | { silence: string } {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return { silence: 'an answer that is not JSON' };
  }
}

/** A party's words, as they can be stored and shown in one line; '' where it says nothing. */
export const lineIn = (words: unknown): string =>
  typeof words === 'string' ? [...words.replace(/[\p{Cc}\p{Cs}]+/gu, ' ').trim()].slice(0, 500).join('') : '';

/** An answer's text. Throws when it is longer than it may be, without reading the rest. */
async function textOf(response: Response, maxBytes: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += (chunk as Uint8Array).length;
    if (bytes > maxBytes) throw new Error(`an answer of more than ${maxBytes} bytes`);
    chunks.push(chunk as Uint8Array);
  }
  return Buffer.concat(chunks).toString();
}

/** Where fetch fails, its message says no more than that; the reason is the error's cause. */
function reasonOf(error: unknown): string {
  const { message, cause } = error as Error & { cause?: Error };
  return lineIn(cause?.message ?? message);
}
