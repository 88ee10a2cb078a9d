import type { WorkflowHandle } from '@temporalio/client';
import { inBetweenFeatures, goodFeatures } from '../../../db/seeds';
import { startPlatform, type Platform } from '../../support/platform';

let platform: Platform;
beforeAll(async () => {
  platform = await startPlatform();
});
afterAll(() => platform.stop());

const address = '/v1/loan-applications';
let keys = 0;
const newKey = (): string => `prefer-${(keys += 1)}`;

/** What makes an application wait for a person. */
const needsReview = { features: inBetweenFeatures };

/** An application by a customer of its own. */
async function newApplication(change: { features?: object } = {}) {
  return {
    customerId: await platform.newCustomer('ID', change),
    productId: 'id-cash-instalment',
    principal: { currency: 'IDR', amountMinor: 5_000_000 },
    instalmentCount: 6,
    payoutAccountToken: 'tok_test_account',
  };
}
const submit = (body: object, prefer: string | undefined, key = newKey()) =>
  platform.post(address, body, 'app', { 'idempotency-key': key, ...(prefer && { prefer }) });
const flowOf = (headers: Headers): WorkflowHandle =>
  platform.client.workflow.getHandle(headers.get('location')!.replace('/v1/flows/', ''));

test('who waits long enough gets the outcome: the application as it has ended', async () => {
  const { status, headers, body } = await submit(await newApplication(), 'wait=20');
  expect(status).toBe(200);
  expect(body).toMatchObject({
    state: 'DISBURSED',
    links: { loan: expect.stringMatching(/^\/v1\/loans\//) },
  });
  expect(headers.get('content-location')).toBe((body.links as { self: string }).self);
  expect(headers.get('preference-applied')).toBe('wait=20');
  expect((await flowOf(headers).describe()).status.name).toBe('COMPLETED');
});

test('a rejection is an outcome, too', async () => {
  const { status, body } = await submit(
    await newApplication({ features: { ...goodFeatures, blocklisted: 1 } }),
    'wait=20',
  );
  expect([status, body.state]).toEqual([200, 'REJECTED']);
});

test('who does not wait long enough gets 202, and the flow goes on', async () => {
  const { status, headers, body } = await submit(await newApplication(needsReview), 'wait=1');
  expect([status, headers.get('preference-applied')]).toEqual([202, 'wait=1']);
  const flow = flowOf(headers);
  expect((await flow.describe()).status.name).toBe('RUNNING');

  await platform.post(`${address}/${String(body.applicationId)}/withdrawals`, { reason: 'the test is over' });
  expect(await flow.result()).toMatchObject({ outcome: 'REJECTED' });
});

test('who does not ask to wait is answered at once, with 202', async () => {
  const { status, headers } = await submit(await newApplication(), undefined);
  expect([status, headers.get('preference-applied')]).toEqual([202, null]);
  await flowOf(headers).result();
});

test('whoever sends the same request again waits for the same flow', async () => {
  const [application, key] = [await newApplication(), newKey()];
  /** Sends it again for as long as another one is being handled, as a client has to. */
  const insist = async (prefer?: string): ReturnType<typeof submit> => {
    const reply = await submit(application, prefer, key);
    return reply.status === 409 ? insist(prefer) : reply;
  };
  const replies = await Promise.all([insist(), ...Array.from({ length: 12 }, () => insist('wait=20'))]);
  expect(new Set(replies.map(({ body }) => body.applicationId)).size).toBe(1);
  expect(replies.slice(1).map(({ status }) => status)).toEqual(Array(12).fill(200));
});

test('the outcome of a flow that has ended is given again', async () => {
  const [application, key] = [await newApplication(), newKey()];
  const first = await submit(application, 'wait=20', key);
  const again = await submit(application, 'wait=20', key);
  expect([again.status, again.body]).toEqual([200, first.body]);
});

test('a flow that was ended from outside has no outcome: 202', async () => {
  const [application, key] = [await newApplication(needsReview), newKey()];
  const { headers } = await submit(application, undefined, key);
  await flowOf(headers).terminate('the test ends it');
  const { status } = await submit(application, 'wait=20', key);
  expect(status).toBe(202);
});
