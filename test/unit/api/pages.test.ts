import { pagedList } from '../../../api/pages';
import type { Parameter } from '../../../api/route';

const market: Parameter = {
  in: 'query',
  ...{ name: 'market', required: false, example: 'ID', schema: { type: 'string' } },
  description: 'One market.',
};
const numbers = pagedList<number>([market], { type: 'integer', minimum: 1 });
const upTo = (last: number) => Array.from({ length: last }, (_, index) => index + 1);

/** Reads a page of the numbers from 1 to 5, or of others, as a client that follows a link. */
function read(link = '/v1/numbers', rows = upTo(5)) {
  const [address = '', query] = link.split('?');
  const parameters = Object.fromEntries(new URLSearchParams(query));
  return numbers.read(
    address,
    parameters,
    async ({ after = 0, limit }) => rows.filter((row) => row > after).slice(0, limit),
    (row) => row,
  );
}

test('the pages of a list hold each entry once, in order, and the last one has no next', async () => {
  const seen: number[][] = [];
  for (let link: string | undefined = '/v1/numbers?limit=2'; link !== undefined;) {
    const page: Awaited<ReturnType<typeof read>> = await read(link);
    seen.push(page.rows);
    link = page.links.next;
  }
  expect(seen).toEqual([[1, 2], [3, 4], [5]]);
});

test('a full last page has no next', async () => {
  expect((await read('/v1/numbers?limit=5')).links).toEqual({ self: '/v1/numbers?limit=5' });
});

test('entries that come or go between two pages move no other one', async () => {
  const { links } = await read('/v1/numbers?limit=2', [1, 3, 5, 7]);
  expect((await read(links.next, [2, 3, 5, 6, 7])).rows).toEqual([5, 6]);
});

test('the links keep the filters', async () => {
  const { links } = await read('/v1/numbers?market=ID&limit=1');
  expect(links.next).toMatch(/^\/v1\/numbers\?market=ID&limit=1&cursor=[A-Za-z0-9_-]+$/);
});

test('a cursor goes on with another limit', async () => {
  const { links } = await read('/v1/numbers?limit=2');
  expect((await read(links.next!.replace('limit=2', 'limit=3'))).rows).toEqual([3, 4, 5]);
});

const cursorOf = (parts: unknown): string => Buffer.from(JSON.stringify(parts)).toString('base64url');

test.each([
  ['other filters', async () => (await read('/v1/numbers?limit=2')).links.next + '&market=ID'],
  ['another list', async () => (await read('/v1/numbers?limit=2')).links.next!.replace('numbers', 'figures')],
  ['nothing', () => '/v1/numbers?cursor=abc'],
  ['a key of another form', () => `/v1/numbers?cursor=${cursorOf(['xxxxxxxx', 'x'])}`],
])('a cursor of %s is refused', async (_what, link) => {
  await expect(read(await link())).rejects.toMatchObject({ code: 'INVALID_PARAMETER' });
});

test('a cursor whose key was changed into something else is refused', async () => {
  const { links } = await read('/v1/numbers?limit=2');
  const [, cursor = ''] = links.next!.split('cursor=');
  const [listed] = JSON.parse(Buffer.from(cursor, 'base64url').toString()) as [string, number];
  for (const key of ['2', 0, null, { $gt: 1 }]) {
    await expect(read(`/v1/numbers?limit=2&cursor=${cursorOf([listed, key])}`)).rejects.toMatchObject({
      code: 'INVALID_PARAMETER',
    });
  }
});
