// The platform's gateway against the sandbox: what each behaviour of a party is to the platform.
import { partyGateway } from '../../../activities/gateways/party';
import type { OutsideRequestRow } from '../../../db/outside';
import type { Behaviour } from '../../../sandbox/behaviours';
import { messageRequest, newSecret, PARTNER, payoutRequest, SECRETS, startedSandbox } from './support';
import type { PlatformView } from './support';

let view: PlatformView;
beforeEach(async () => {
  view = await startedSandbox();
});
afterEach(() => view.sandbox.close());

const access = (given: object = {}) => ({ baseUrl: view.sandbox.url, secrets: SECRETS, ...given });
const gateway = (given: object = {}) => partyGateway('funding-partners', 'payout', access(given));

function rowOf({ requestNo, ...body }: { requestNo: string }): OutsideRequestRow {
  return { requestNo, party: PARTNER, body } as OutsideRequestRow;
}

const done = { status: 'SUCCEEDED', transactionNo: expect.any(String), paidAt: expect.any(String) };
const refused = { status: 'FAILED', failure: { code: 'NO', message: expect.any(String) } };
const unknown = (why: unknown) => ({ status: 'UNKNOWN', why });

test.each<[Behaviour, object, object]>([
  [{ kind: 'ACCEPT' }, done, done],
  [{ kind: 'REFUSE', code: 'NO' }, refused, refused],
  [{ kind: 'SILENT', delayMs: 3_600_000 }, { status: 'PROCESSING' }, { status: 'PROCESSING' }],
  [{ kind: 'BREAK' }, unknown('other side closed'), done],
  [{ kind: 'ERROR' }, unknown('HTTP 500'), done],
  [{ kind: 'NOT_TAKEN', by: 'BREAK' }, unknown('other side closed'), { status: 'NOT_KNOWN' }],
  [{ kind: 'CONTRADICT', by: 'ANSWER', truth: 'SUCCEEDED', code: 'NO' }, refused, done],
])('a party that behaves as %j', async (behaviour, sent, queried) => {
  await view.behave({ behaviour });
  const row = rowOf(payoutRequest());
  expect(await gateway().send(row)).toEqual(sent);
  expect(await gateway().query(row)).toEqual(queried);
});

test('a party that hangs leaves the outcome unknown when the time for an answer is over', async () => {
  await view.behave({ behaviour: { kind: 'HANG' } });
  const row = rowOf(payoutRequest());
  const impatient = gateway({ answerTimeoutMs: 1_000 });
  expect(await impatient.send(row)).toEqual(unknown(expect.stringContaining('timeout')));
  while ((await view.effects()).length === 0);
  expect(await gateway().query(row)).toEqual(done);
});

test('a messaging party speaks of messages', async () => {
  const messaging = partyGateway('messaging', 'message', access());
  const row = rowOf(messageRequest());
  const sent = await messaging.send(row);
  expect(sent).toEqual(done);
  expect(await messaging.query(row)).toEqual(sent);
  expect(await view.messages()).toHaveLength(1);
});

test('a party that nobody listens for leaves the outcome unknown', async () => {
  const party = gateway({ baseUrl: 'http://127.0.0.1:1' });
  expect(await party.query(rowOf(payoutRequest()))).toMatchObject({ status: 'UNKNOWN' });
});

test('a request that the party turns away is thrown for operators to see', async () => {
  const row = rowOf(payoutRequest({ reference: '' }));
  await expect(gateway().send(row)).rejects.toThrow(`turned request ${row.requestNo} away: HTTP 400`);
});

test('a secret that the party does not share is thrown, not mistaken for an unknown number', async () => {
  const party = gateway({ secrets: new Map([[PARTNER, [newSecret()]]]) });
  await expect(party.query(rowOf(payoutRequest()))).rejects.toThrow('HTTP 401, SIGNATURE_INVALID');
});

test('a party without a secret is thrown, by its name', async () => {
  const party = gateway({ secrets: new Map() });
  await expect(party.send(rowOf(payoutRequest()))).rejects.toThrow(`no secret for the party ${PARTNER}`);
});
