import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT, UnsecuredJWT, type JWK, type KeyLike } from 'jose';
import { tokenReader, type TokenConfig } from '../../../api/tokens';
import { startApi, type ApiUnderTest } from './api-under-test';

/** An identity provider: its keys, and how often they were asked for. */
interface Provider {
  server: Server;
  config: TokenConfig;
  published: JWK[];
  askedCount: number;
}

const NAMES = { issuer: 'https://identity.example', audience: 'consumer-credit' };
let provider: Provider;
let keys: Record<'published' | 'unpublished', KeyLike>;
let api: ApiUnderTest;

beforeAll(async () => {
  const published = await generateKeyPair('ES256');
  const unpublished = await generateKeyPair('ES256');
  keys = { published: published.privateKey, unpublished: unpublished.privateKey };
  provider = await startProvider([{ ...(await exportJWK(published.publicKey)), kid: 'published' }]);
  api = await startApi({ tokens: provider.config });
});
afterAll(async () => {
  await api.stop();
  provider.server.close();
});

async function startProvider(published: JWK[]): Promise<Provider> {
  const server = createServer((_request, response) => {
    started.askedCount += 1;
    response.setHeader('content-type', 'application/json').end(JSON.stringify({ keys: started.published }));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const jwksUrl = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks.json`);
  const config = { ...NAMES, jwksUrl, roleClaim: 'role', customerClaim: 'customer_id' };
  const started = { server, config, published, askedCount: 0 };
  return started;
}

interface Wanted {
  claims?: Record<string, unknown>;
  kid?: keyof typeof keys;
  key?: KeyLike | Uint8Array;
  alg?: string;
  issuer?: string;
  audience?: string;
  expires?: string | number;
}

const token = (wanted: Wanted = {}): Promise<string> => {
  const { claims = { role: 'ops' }, kid = 'published', alg = 'ES256' } = wanted;
  return new SignJWT({ sub: 'person-1', ...claims })
    .setProtectedHeader({ alg, kid })
    .setIssuer(wanted.issuer ?? NAMES.issuer)
    .setAudience(wanted.audience ?? NAMES.audience)
    .setExpirationTime(wanted.expires ?? '5 minutes')
    .sign(wanted.key ?? keys[kid]);
};
const getWith = (bearer: string, path = '/v1/ops/questions', at = api) =>
  at.call('GET', path, { headers: { authorization: `Bearer ${bearer}` } });

test('a token of the provider opens what its role may', async () => {
  expect((await getWith(await token())).status).toBe(200);
  const { body } = await getWith(await token({ claims: { role: 'finance' } }));
  expect(body.code).toBe('FORBIDDEN');
});

test("a customer's token opens that customer's things only", async () => {
  const customer = await token({ claims: { role: 'app', customer_id: 'ID-C001' } });
  expect((await getWith(customer, '/v1/customers/ID-C001/loans')).status).toBe(200);
  const { status, body } = await getWith(customer, '/v1/customers/ID-C002/loans');
  expect([status, body.code]).toEqual([404, 'CUSTOMER_NOT_FOUND']);
});

const nowSeconds = (): number => Math.floor(Date.now() / 1_000);
test.each<[string, () => Wanted]>([
  ['was signed with another key', () => ({ key: keys.unpublished })],
  ['names a key that the provider does not have', () => ({ kid: 'unpublished' })],
  ['is of another issuer', () => ({ issuer: 'https://elsewhere.example' })],
  ['is for another audience', () => ({ audience: 'another-platform' })],
  ['has ended', () => ({ expires: nowSeconds() - 120 })],
  ['is signed with a secret that both sides know', () => ({ alg: 'HS256', key: Buffer.alloc(32, 1) })],
  ['names no role', () => ({ claims: {} })],
  ['names a role that does not exist', () => ({ claims: { role: 'root' } })],
  ['names the role of a partner', () => ({ claims: { role: 'partner' } })],
  ['is of the role app and names no customer', () => ({ claims: { role: 'app' } })],
  ['names a customer beside a role for all', () => ({ claims: { role: 'ops', customer_id: 'ID-C001' } })],
  ['has a mail address as its subject', () => ({ claims: { role: 'ops', sub: 'a@b.example' } })],
])('a token that %s is refused', async (_what, wanted) => {
  const { status, body } = await getWith(await token(wanted()));
  expect([status, body.code]).toEqual([401, 'KEY_INVALID']);
});

test('a token without a signature is refused', async () => {
  const unsigned = new UnsecuredJWT({ sub: 'person-1', role: 'ops' })
    .setIssuer(NAMES.issuer)
    .setAudience(NAMES.audience)
    .setExpirationTime('5 minutes')
    .encode();
  expect((await getWith(unsigned)).body.code).toBe('KEY_INVALID');
});

test('a token that ended just now is taken, because clocks differ', async () => {
  expect((await getWith(await token({ expires: nowSeconds() - 2 }))).status).toBe(200);
});

test('the keys of the provider are asked for once, not for each token', async () => {
  const read = tokenReader(provider.config);
  const before = provider.askedCount;
  for (const role of ['ops', 'finance', 'bff']) {
    expect(await read(await token({ claims: { role } }))).toMatchObject({ role });
  }
  expect(provider.askedCount - before).toBe(1);
});

test('a key that the provider publishes later is found', async () => {
  const { publicKey, privateKey } = await generateKeyPair('ES256');
  const other = await startProvider([...provider.published]);
  const read = tokenReader(other.config, 0);
  const later = await token({ key: privateKey, kid: 'later' as 'published' });
  expect(await read(later)).toBeUndefined();
  other.published.push({ ...(await exportJWK(publicKey)), kid: 'later' });
  expect(await read(later)).toEqual({ clientId: 'jwt:person-1', role: 'ops' });
  other.server.close();
});

test('while the provider is away and its keys are needed, the answer is 503; API keys are taken all the same', async () => {
  const gone = await startProvider([]);
  gone.server.close();
  const lonely = await api.beside({ tokens: gone.config });
  const { status, body } = await getWith(await token(), undefined, lonely);
  expect([status, body.code]).toEqual([503, 'TEMPORARILY_UNAVAILABLE']);
  expect((await getWith(lonely.tokens.ops, undefined, lonely)).status).toBe(200);
  await lonely.stop();
});

test('where no provider is configured, no token is taken', async () => {
  const keysOnly = await api.beside({});
  expect((await getWith(await token(), undefined, keysOnly)).body.code).toBe('KEY_INVALID');
  await keysOnly.stop();
});

test('no token gets into the log', () => {
  expect(JSON.stringify(api.log)).not.toContain('eyJ');
});
