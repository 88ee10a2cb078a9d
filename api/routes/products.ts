import type { Knex } from 'knex';
import { publishedVersion, publishedVersions, type PublishedVersion } from '../../db/reads/products';
import type { ProductTerms } from '../../domain/product-terms';
import { commonSchemas } from '../../schemas/validate';
import { productVersionAddress, productVersionsAddress } from '../addresses';
import { pagedList, pageOf } from '../pages';
import { MAY } from '../permissions';
import { Problem } from '../problem';
import type { Parameter, Route } from '../route';
import { common, links, object, type Schema } from '../schema';

const facts = {
  productId: common('product-id'),
  version: common('product-version'),
  market: common('market-id'),
  name: common('product-name'),
  publishedAt: common('instant'),
};
const listed: Schema = object({ ...facts, links: links(['self']) });
const productVersion: Schema = object({
  ...facts,
  terms: common('product-terms'),
  links: links(['self', 'versions']),
});

const product: Omit<Parameter, 'in' | 'required'> = {
  name: 'productId',
  description: 'Id of a product.',
  schema: common('product-id'),
  example: 'id-cash-instalment',
};

const versions = pagedList<[string, number]>(
  [
    {
      ...{ in: 'query', name: 'market', required: false, example: 'ID', schema: common('market-id') },
      description: 'The versions of one market, by its two letters.',
    },
    { ...product, in: 'query', required: false },
  ],
  {
    ...{ type: 'array', minItems: 2, items: false },
    prefixItems: [common('product-id'), common('product-version')],
  },
);

/** The routes of products: what is published, and on what terms. */
export function productRoutes({ db }: { db: Knex }): Route[] {
  return [
    {
      method: 'get',
      path: '/v1/product-versions',
      operationId: 'listProductVersions',
      tag: 'Products',
      summary: 'List the published versions of products, by product and number',
      access: { roles: MAY.readProducts, customers: 'ALL_ALIKE' },
      parameters: versions.parameters,
      answers: {
        200: {
          description: 'One page.',
          schema: pageOf(listed),
          example: { entries: [entryOf(example)], links: { self: productVersionsAddress } },
        },
      },
      problems: [],
      async handle({ parameters }) {
        const { market, productId } = parameters;
        const page = await versions.read(
          productVersionsAddress,
          parameters,
          (wanted) => publishedVersions(db, { market, productId, ...wanted }),
          (row) => [row.productId, row.version],
        );
        return { status: 200, body: { entries: page.rows.map(entryOf), links: page.links } };
      },
    },
    {
      method: 'get',
      path: '/v1/product-versions/{productId}/{version}',
      operationId: 'getProductVersion',
      tag: 'Products',
      summary: 'Read a version of a product with its terms, which never change',
      access: { roles: MAY.readProducts, customers: 'ALL_ALIKE' },
      parameters: [
        { ...product, in: 'path', required: true },
        {
          in: 'path',
          name: 'version',
          description: 'Number of the version, from 1.',
          schema: { type: 'string', pattern: '^[1-9][0-9]{0,8}$' },
          required: true,
          example: '1',
        },
      ],
      answers: { 200: { description: 'The version.', schema: productVersion, example: bodyOf(example) } },
      problems: ['UNKNOWN_PRODUCT_VERSION'],
      async handle({ parameters }) {
        const [productId, version] = [parameters['productId']!, Number(parameters['version'])];
        const found = await publishedVersion(db, productId, version);
        if (!found) {
          const detail = `Version ${version} of ${productId} is not published; ${productVersionsAddress} lists what is.`;
          throw new Problem('UNKNOWN_PRODUCT_VERSION', detail);
        }
        return { status: 200, body: bodyOf(found) };
      },
    },
  ];
}

const entryOf = ({ terms: _terms, ...version }: PublishedVersion) => ({
  ...version,
  links: { self: productVersionAddress(version.productId, version.version) },
});

const bodyOf = (version: PublishedVersion) => ({
  ...version,
  links: {
    self: productVersionAddress(version.productId, version.version),
    versions: `${productVersionsAddress}?productId=${version.productId}`,
  },
});

const example: PublishedVersion = {
  ...{ productId: 'id-cash-instalment', version: 1, market: 'ID' },
  name: { en: 'Cash instalment loan', id: 'Pinjaman tunai' },
  terms: (commonSchemas['product-terms'] as unknown as { examples: [ProductTerms] }).examples[0],
  publishedAt: '2026-01-15T08:00:00.000Z',
};
