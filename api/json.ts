import { Problem } from './problem';

// PostgreSQL's jsonb can hold neither, so they are refused here and not by an error of the database.
const isUnstorable = (text: string): boolean => text.includes('\0') || /\p{Surrogate}/u.test(text);

/**
 * Parses a body of JSON in UTF-8.
 *
 * @throws Problem INVALID_JSON when it is none, or when a text in it holds U+0000 or half a surrogate pair.
 */
export function parseJson(rawBody: Uint8Array): unknown {
  let unstorable = false;
  let parsed: unknown;
  try {
    parsed = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(rawBody), (key, value: unknown) => {
      unstorable ||= isUnstorable(key) || (typeof value === 'string' && isUnstorable(value));
      return value;
    });
  } catch {
    // The parser's own message quotes the body, which may hold personal data. Nesting without end is caught here too.
    throw new Problem('INVALID_JSON', 'Send one JSON value in UTF-8.');
  }
  if (unstorable) {
    throw new Problem('INVALID_JSON', 'Leave out U+0000 and surrogates that do not come in pairs.');
  }
  return parsed;
}
