import { createHash } from 'node:crypto';
import { compileSchema } from '../schemas/validate';
import { Problem } from './problem';
import type { Call, Parameter } from './route';
import { links, list, object, type Schema } from './schema';

const DEFAULT_LIMIT = 50;

/** How every list is asked for a page. */
export const pageParameters: Parameter[] = [
  {
    in: 'query',
    name: 'limit',
    description: `The most entries that a page holds, from 1 to 200; ${DEFAULT_LIMIT} if left out.`,
    schema: { type: 'string', pattern: '^([1-9][0-9]?|1[0-9][0-9]|200)$' },
    required: false,
    example: '50',
  },
  {
    in: 'query',
    name: 'cursor',
    description: 'Where the page before ended: take it as it stands in the link "next" of that page.',
    schema: { type: 'string', pattern: '^[A-Za-z0-9_-]{1,4000}$' },
    required: false,
    example: 'WyJwQ0RSSFRyUiIsNDJd',
  },
];

/** The most entries that a page holds. */
export const limitIn = (parameters: Call['parameters']): number =>
  Number(parameters['limit'] ?? DEFAULT_LIMIT);

/** An address with a query: those of the named parameters that the call has, or that are given anew. */
export function addressWith(
  address: string,
  names: readonly string[],
  parameters: Call['parameters'],
): string {
  const query = named(names, parameters);
  return query.length === 0 ? address : `${address}?${new URLSearchParams(query).toString()}`;
}

const named = (names: readonly string[], parameters: Call['parameters']): [string, string][] =>
  names.flatMap((name) => (parameters[name] === undefined ? [] : [[name, parameters[name]]]));

/** The schema of a page of entries. */
export const pageOf = (entry: Schema): Schema =>
  object({ entries: list(entry), links: links(['self'], ['next']) });

/** What a list is asked for: at most `limit` entries, those after `after` in the list's order. */
export interface PageWanted<Key> {
  after: Key | undefined;
  limit: number;
}

/**
 * A list that is read in pages. A page ends with a cursor: the key of its last entry, by which the next page goes on.
 * Keys never change, so an entry that comes or changes in between moves no other one: nothing is shown twice, and what was
 * there at the start is not left out.
 *
 * @param filters the query parameters by which the list is narrowed; a cursor holds only for the filters it was made with
 * @param key the schema of an entry's key, in the list's order
 */
export function pagedList<Key>(filters: readonly Parameter[], key: Schema) {
  const isKey = compileSchema(key);
  return {
    /** What the route declares: the filters, and how to page. */
    parameters: [...filters, ...pageParameters],
    /**
     * Reads one page.
     *
     * @param address of the list, without its query
     * @param parameters of the call
     * @param read gives the rows after a key, in order; it is asked for one more than a page holds
     * @param keyOf the key of a row
     * @returns the rows, and links to this page and to the next one, where there is one
     * @throws Problem INVALID_PARAMETER for a cursor that is not of this list and these filters
     */
    async read<Row>(
      address: string,
      parameters: Call['parameters'],
      read: (wanted: PageWanted<Key>) => Promise<Row[]>,
      keyOf: (row: Row) => Key,
    ): Promise<{ rows: Row[]; links: { self: string; next?: string } }> {
      const limit = limitIn(parameters);
      const filterNames = filters.map(({ name }) => name);
      const listed = fingerprint([address, ...named(filterNames, parameters)]);
      const after = parameters['cursor'] === undefined ? undefined : keyIn(parameters['cursor'], listed);
      const found = await read({ after, limit: limit + 1 });
      const rows = found.slice(0, limit);
      const last = found.length > limit ? rows.at(-1) : undefined;
      const linkWith = (own: Call['parameters']): string =>
        addressWith(address, [...filterNames, 'limit', 'cursor'], own);
      return {
        rows,
        links: {
          self: linkWith(parameters),
          ...(last && { next: linkWith({ ...parameters, cursor: cursorOf(listed, keyOf(last)) }) }),
        },
      };
    },
  };

  function keyIn(cursor: string, listed: string): Key {
    const parts = partsOf(cursor);
    if (!Array.isArray(parts) || parts.length !== 2 || parts[0] !== listed || !isKey(parts[1])) {
      throw new Problem(
        'INVALID_PARAMETER',
        'cursor belongs to another list or other filters: follow "next", or start without one.',
      );
    }
    return parts[1] as Key;
  }
}

/** Tells lists and filters apart; nothing is protected by it, since a cursor opens nothing that its list does not. */
const fingerprint = (list: unknown): string =>
  createHash('sha256').update(JSON.stringify(list)).digest('base64url').slice(0, 8);

const cursorOf = (listed: string, key: unknown): string =>
  Buffer.from(JSON.stringify([listed, key])).toString('base64url');

function partsOf(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
  } catch {
    // Whatever is no JSON is no cursor either, and is refused as such.
    return undefined;
  }
}
