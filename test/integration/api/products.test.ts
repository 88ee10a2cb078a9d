import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { advanceBusinessDate } from '../../../db/business-date';
import { publishProductVersion, type ProductDraft } from '../../../db/products';
import { productOf } from '../../../db/reference';
import { startApi, type ApiUnderTest } from './api-under-test';

let api: ApiUnderTest;
let published: ProductDraft;
beforeAll(async () => {
  api = await startApi();
  const { version: _version, ...draft } = (await productOf(api.db, 'id-cash-instalment'))!;
  published = draft;
});
afterAll(() => api.stop());

let products = 0;
/** A product of its own for each test; `terms` are those of a sound one, but for the changes. */
const draftOf = (terms: Partial<ProductDraft['terms']> = {}): ProductDraft => ({
  ...published,
  productId: `test-product-${(products += 1)}`,
  terms: { ...published.terms, ...terms },
});
const versionsOf = async (productId: string): Promise<number[]> =>
  api.db('reference.product_version').where({ product_id: productId }).orderBy('version').pluck('version');
const eventsOf = (productId: string): Promise<{ body: object }[]> =>
  api
    .db('messages.message')
    .where({ message_type: 'product-version-published' })
    .whereRaw(`body #>> '{data,productId}' = ?`, [productId])
    .orderBy('id')
    .select('body');

describe('publishing a product version', () => {
  test('gives the next number, and tells of it by an event with the terms', async () => {
    const first = draftOf();
    const second = { ...first, terms: { ...first.terms, annualRate: '0.21' } };
    expect(await publishProductVersion(api.db, first)).toEqual({ version: 1, isNew: true });
    expect(await publishProductVersion(api.db, second)).toEqual({ version: 2, isNew: true });
    expect((await eventsOf(first.productId)).map(({ body }) => body)).toMatchObject([
      {
        ...{ source: 'financial-product-center', market: 'ID' },
        data: { version: 1, terms: first.terms, publishedOn: '2026-01-15' },
      },
      { data: { version: 2, terms: second.terms } },
    ]);
  });

  test('the same content again publishes nothing', async () => {
    const draft = draftOf();
    await publishProductVersion(api.db, draft);
    const reordered = {
      ...draft,
      terms: Object.fromEntries(Object.entries(draft.terms).reverse()),
    };
    expect(await publishProductVersion(api.db, reordered)).toEqual({ version: 1, isNew: false });
    expect(await eventsOf(draft.productId)).toHaveLength(1);
  });

  test('of many that publish the same at once, one does', async () => {
    const draft = draftOf();
    const all = await Promise.all(Array.from({ length: 4 }, () => publishProductVersion(api.db, draft)));
    expect(all.filter(({ isNew }) => isNew)).toHaveLength(1);
    expect(await versionsOf(draft.productId)).toEqual([1]);
  });

  test('many that publish different versions at once get numbers without gaps', async () => {
    const draft = draftOf();
    await Promise.all(
      ['0.20', '0.21', '0.22', '0.23'].map((annualRate) =>
        publishProductVersion(api.db, { ...draft, terms: { ...draft.terms, annualRate } }),
      ),
    );
    expect(await versionsOf(draft.productId)).toEqual([1, 2, 3, 4]);
  });

  test.each<[string, (draft: ProductDraft) => object, RegExp[]]>([
    [
      'form, with each place that is wrong',
      (draft) => ({ ...draft, nickname: 'x', terms: { ...draft.terms, annualRate: 0.24 } }),
      [/nickname/, /^\/terms\/annualRate /],
    ],
    [
      'terms, with each problem',
      (draft) => ({ ...draft, market: 'CN', terms: { ...draft.terms, graceDays: 2 } }),
      [/currency must be CNY/],
    ],
    [
      'terms that cost more than the law allows',
      (draft) => ({ ...draft, terms: { ...draft.terms, annualRate: '0.72' } }),
      [/more than 0.1 % a day/],
    ],
  ])('is refused for its %s, and nothing is written', async (_what, wrong, problems) => {
    const draft = draftOf();
    const refusal = publishProductVersion(api.db, wrong(draft));
    await expect(refusal).rejects.toMatchObject({
      name: 'ProductRefused',
      problems: problems.map((problem) => expect.stringMatching(problem) as string),
    });
    expect([await versionsOf(draft.productId), await eventsOf(draft.productId)]).toEqual([[], []]);
  });

  test('a product stays in its market', async () => {
    const draft = draftOf();
    await publishProductVersion(api.db, draft);
    const { terms } = (await productOf(api.db, 'cn-cash-instalment'))!;
    await expect(publishProductVersion(api.db, { ...draft, market: 'CN', terms })).rejects.toThrow(
      /is a product of market ID/,
    );
  });

  test('a published version is never changed, not even by the owner', async () => {
    await expect(api.owner('reference.product_version').update({ market: 'CN' })).rejects.toThrow(
      /never changed/,
    );
    await expect(api.db('reference.product_version').del()).rejects.toThrow();
  });

  test('the command publishes a file, and lists what is wrong with one', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'product-'));
    const run = async (draft: object) => {
      const file = path.join(folder, 'product.json');
      await writeFile(file, JSON.stringify(draft));
      return promisify(execFile)(
        process.execPath,
        ['-r', './scripts/typescript.js', 'scripts/product.ts', 'publish', file],
        { env: { ...process.env, DATABASE_URL: api.database.url } },
      );
    };
    try {
      const draft = draftOf();
      expect((await run(draft)).stdout).toBe('Version 1 is published.\n');
      expect((await run(draft)).stdout).toBe('Version 1 says the same already.\n');
      await expect(run({ ...draft, terms: { ...draft.terms, annualRate: '24' } })).rejects.toMatchObject({
        ...{ code: 1, stderr: expect.stringContaining('\n- ') },
      });
    } finally {
      await rm(folder, { recursive: true });
    }
  }, 30_000);
});

interface Listed {
  entries: { productId: string; version: number; market: string; links: { self: string } }[];
  links: { self: string; next?: string };
}

test('the published versions are listed, and each leads to its terms', async () => {
  const { body } = await api.call<Listed>('GET', '/v1/product-versions?market=CN', { as: 'app' });
  expect(body.entries.map(({ productId }) => productId)).toEqual([
    ...['cn-cash-instalment', 'cn-equal-principal', 'cn-interest-first'],
  ]);
  const read = await api.call<{ terms: object; links: { versions: string } }>(
    'GET',
    body.entries[0]!.links.self,
    { as: 'app' },
  );
  expect(read.body.terms).toEqual((await productOf(api.db, 'cn-cash-instalment'))!.terms);
  const versions = await api.call<Listed>('GET', read.body.links.versions, { as: 'app' });
  expect(versions.body.entries.map(({ version }) => version)).toEqual([1]);
});

test('page by page every version is listed once, also when one is published in between', async () => {
  const seen: string[] = [];
  for (let link: string | undefined = '/v1/product-versions?limit=2'; link !== undefined;) {
    const { body }: { body: Listed } = await api.call<Listed>('GET', link, { as: 'ops' });
    seen.push(...body.entries.map(({ productId, version }) => `${productId} ${version}`));
    // Its name stands before all others, where a page by numbers would move them all.
    if (seen.length === 2) await publishProductVersion(api.db, { ...draftOf(), productId: 'aaa' });
    link = body.links.next;
  }
  expect(seen).toEqual([...new Set(seen)]);
  expect(seen).toEqual(expect.arrayContaining(['cn-cash-instalment 1', 'id-fortnightly 1']));
});

test.each([
  ['UNKNOWN_PRODUCT_VERSION', '/v1/product-versions/no-such-product/1'],
  ['UNKNOWN_PRODUCT_VERSION', '/v1/product-versions/id-bullet/99'],
  ['INVALID_PARAMETER', '/v1/product-versions/id-bullet/0'],
  ['INVALID_PARAMETER', '/v1/product-versions?limit=0'],
  ['INVALID_PARAMETER', '/v1/product-versions?limit=201'],
  ['INVALID_PARAMETER', '/v1/product-versions?cursor=WyJhIiwxXQ'],
])('%s answers %s', async (code, address) => {
  expect((await api.call('GET', address, { as: 'ops' })).body.code).toBe(code);
});

test('a partner reads no products', async () => {
  expect((await api.call('GET', '/v1/product-versions', { as: 'partner' })).status).toBe(403);
});

test('a product version is not sold after the cap has fallen below what it costs', async () => {
  // 0.2 % a day was within Indonesia's cap to the end of 2025; the owner goes back to that time to publish it.
  const ofMarket = () => api.owner('reference.business_date').where({ market: 'ID' });
  await ofMarket().update({ business_date: '2025-12-31' });
  const dear = draftOf({
    ...{ method: 'BULLET', annualRate: '0.72', fees: [] },
    term: { unit: 'MONTH', length: 1, counts: [1] },
  });
  const apply = (key: string) =>
    api.call('POST', '/v1/loan-applications', {
      ...{ as: 'app', headers: { 'idempotency-key': key } },
      body: {
        ...{ customerId: 'ID-C001', productId: dear.productId, instalmentCount: 1 },
        ...{ principal: { currency: 'IDR', amountMinor: 5_000_000 }, payoutAccountToken: 'tok_7f3k9m2q5x' },
      },
    });
  try {
    await publishProductVersion(api.db, dear);
    expect((await apply('before')).status).toBe(202);
  } finally {
    await advanceBusinessDate(api.db, { market: 'ID', from: '2025-12-31', to: '2026-01-15' });
  }
  const { status, body } = await apply('after');
  expect([status, body.code]).toEqual([422, 'PRODUCT_NOT_SELLABLE']);
  expect(body.detail).toContain('more than 0.1 % a day');
  // What was accepted stays accepted.
  expect((await apply('before')).status).toBe(202);
});
