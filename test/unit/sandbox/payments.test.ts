import { verify } from '../../../schemas/outside/signature';
import { PARTNER, SECRET, startedReceiver, startedSandbox, type Answer, type PlatformView } from './support';

const amount = { currency: 'IDR', amountMinor: 895_129 };

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
  jest.restoreAllMocks();
});

async function sandboxTelling(statuses: number[] = [], callbackRetryDelaysMs: number[] = []) {
  const receiver = await startedReceiver(statuses);
  closers.push(receiver.close);
  const view = await startedSandbox({ callbackBaseUrl: receiver.url, callbackRetryDelaysMs });
  closers.push(view.sandbox.close);
  return { receiver, view };
}

const pay = (view: PlatformView, payment: object): Promise<Answer> =>
  view.send('POST', '/control/payments', {
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ party: PARTNER, amount, ...payment }),
  });

test('a party tells of money that it received, signed, with what the customer wrote', async () => {
  const { receiver, view } = await sandboxTelling();
  const told = {
    paidAt: '2026-01-31T15:00:00+07:00',
    methodNo: 'RM-RO0000000001-1',
    payerReference: 'RO0000000001',
  };
  const answer = await pay(view, told);
  const [callback] = await receiver.callbacks(1);
  const { transactionNo } = answer.body as { transactionNo: string };

  expect(answer.status).toBe(202);
  expect(callback).toMatchObject({ path: `/callbacks/${PARTNER}` });
  const { headers = {}, rawBody = '' } = callback ?? {};
  expect(JSON.parse(rawBody)).toEqual({ type: 'repayment.received', amount, ...told, transactionNo });
  expect(verify({ secrets: [SECRET], headers, rawBody })).toBe('OK');
});

test.each([
  ['the same notification twice', [1, 1], 1],
  ['two notifications of one transaction', [1, 2], 2],
])('it can tell of it twice: %s', async (_what, notifications, ids) => {
  const { receiver, view } = await sandboxTelling();
  await pay(view, { notifications });
  const callbacks = await receiver.callbacks(2);
  expect(new Set(callbacks.map(({ headers }) => headers['webhook-id'])).size).toBe(ids);
  expect(callbacks[0]!.rawBody).toBe(callbacks[1]!.rawBody);
});

test('it tells until the platform has taken it', async () => {
  jest.spyOn(console, 'error').mockImplementation(() => undefined);
  const { receiver, view } = await sandboxTelling([503, 200], [1]);
  await pay(view, {});
  const callbacks = await receiver.callbacks(2);
  expect(new Set(callbacks.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
});

test.each([
  ['UNKNOWN_PARTY', { party: 'nobody' }],
  ['INVALID_REQUEST', { amount: { currency: 'IDR', amountMinor: 0 } }],
  ['INVALID_REQUEST', { notifications: [] }],
])('a payment that makes no sense is refused: %s', async (code, payment) => {
  const { view } = await sandboxTelling();
  expect(await pay(view, payment)).toMatchObject({ status: 400, body: { code } });
});

test('a party takes money back, and tells of it as it tells of a payment', async () => {
  const { receiver, view } = await sandboxTelling();
  const told = { transactionNo: 'TX1', takenBackAt: '2026-02-03T12:00:00+07:00', reasonCode: 'R10' };
  const answer = await view.send('POST', '/control/chargebacks', {
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ party: PARTNER, amount, ...told, notifications: [1, 2] }),
  });
  const callbacks = await receiver.callbacks(2);
  const { chargebackNo } = answer.body as { chargebackNo: string };

  expect(answer.status).toBe(202);
  expect(new Set(callbacks.map(({ headers }) => headers['webhook-id'])).size).toBe(2);
  const { headers = {}, rawBody = '' } = callbacks[0]!;
  expect(JSON.parse(rawBody)).toEqual({ type: 'repayment.taken-back', amount, ...told, chargebackNo });
  expect(verify({ secrets: [SECRET], headers, rawBody })).toBe('OK');
});

test.each([
  ['UNKNOWN_PARTY', { party: 'nobody', transactionNo: 'TX1' }],
  ['INVALID_REQUEST', { party: PARTNER }],
])('a chargeback that makes no sense is refused: %s', async (code, chargeback) => {
  const { view } = await sandboxTelling();
  const answer = await view.send('POST', '/control/chargebacks', {
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ amount, ...chargeback }),
  });
  expect(answer).toMatchObject({ status: 400, body: { code } });
});
