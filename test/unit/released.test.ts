import { breakingChanges } from '../../scripts/released/breaking-changes';
import { current, released, type Promises } from '../../scripts/released/released';

// Changed in place by the tests, each on a copy of its own; what the changes touch is there in every release.
/* eslint-disable @typescript-eslint/no-explicit-any, @typescript-eslint/no-unsafe-member-access,
   @typescript-eslint/no-unsafe-call, @typescript-eslint/no-unsafe-return */
type Changeable = any;

const promises = released();

/** What would break if this were changed in what was released last. */
function breaksAfter(change: (promises: Changeable) => unknown): string[] {
  const changed = structuredClone(promises) as Changeable;
  change(changed);
  return breakingChanges(promises, changed as Promises);
}

function requireNew(schema: Changeable): void {
  schema.properties.x = {};
  schema.required.push('x');
}

test('nothing breaks those who rely on what was released last', () => {
  expect(breakingChanges(promises, current())).toEqual([]);
});

test('what is the same breaks nothing', () => {
  expect(breaksAfter(() => undefined)).toEqual([]);
});

describe('in the contract of a message', () => {
  const event = ({ contracts }: Changeable) => contracts.events['risk-decision-made'];
  const data = (all: Changeable) => event(all).$defs.data;
  const command = ({ contracts }: Changeable) => contracts.commands['reserve-funds'];

  test.each<[string, string, (all: Changeable) => unknown]>([
    ['a message is gone', 'the message is gone', (all) => delete all.contracts.events['risk-decision-made']],
    ['a field is gone', '/data/applicationId is gone', (all) => delete data(all).properties.applicationId],
    ['a field is required now', 'is required now', (all) => requireNew(data(all))],
    [
      'a field may be absent now',
      '/data/customerId may be absent',
      (all) => (data(all).required = data(all).required.filter((name: string) => name !== 'customerId')),
    ],
    [
      'a value is gone',
      'the value "REVIEW"',
      (all) =>
        data(all).properties.outcome.enum.splice(data(all).properties.outcome.enum.indexOf('REVIEW'), 1),
    ],
    ['a value is new', 'the new value "LATER"', (all) => data(all).properties.outcome.enum.push('LATER')],
    [
      'a type is another one',
      '/data/modelScore has another type',
      (all) => (data(all).properties.modelScore.type = 'string'),
    ],
    [
      'a format is another one',
      'has another format',
      (all) => (all.contracts.common.instant.format = 'date'),
    ],
    [
      'a pattern is another one',
      'has another pattern',
      (all) => (all.contracts.common['application-id'].pattern = '^A'),
    ],
    [
      'a bound is tighter',
      'has another maximum',
      (all) => (all.contracts.common['positive-money'].properties.amountMinor.maximum = 1),
    ],
    [
      'a bound is looser',
      'has another minimum',
      (all) => (all.contracts.common['positive-money'].properties.amountMinor.minimum = -1),
    ],
    [
      'none of its forms is the one that it had',
      'has no form that is the one it had',
      (all) => (event(all).$defs.data = { oneOf: [{ type: 'object', required: ['kind'], properties: {} }] }),
    ],
    [
      'a refusal is gone',
      'the refusal INSUFFICIENT_FUNDS is gone',
      (all) => delete command(all)['x-command'].errors.INSUFFICIENT_FUNDS,
    ],
    [
      'a refusal means something else',
      'INSUFFICIENT_FUNDS means',
      (all) => (command(all)['x-command'].errors.INSUFFICIENT_FUNDS = 'It rains.'),
    ],
    [
      'the idempotency key is another one',
      'idempotencyKey means',
      (all) => (command(all)['x-command'].idempotencyKey = 'the weather'),
    ],
    [
      'what was personal is not any more',
      'has another x-personal',
      (all) => delete all.contracts.common['account-token']['x-personal'],
    ],
  ])('it is found that %s', (_kind, found, change) => {
    expect(breaksAfter(change)).toEqual(expect.arrayContaining([expect.stringContaining(found)]));
  });

  test('a further form, beside the one it had and then beside several, breaks nothing', () => {
    const other = { type: 'object', required: ['kind'], properties: { kind: { const: 'OTHER' } } };
    const further = (all: Changeable) => (event(all).$defs.data = { oneOf: [data(all), other] });
    expect(breaksAfter(further)).toEqual([]);
    const grown = structuredClone(promises) as Changeable;
    further(grown);
    const grownAgain = structuredClone<Changeable>(grown);
    data(grownAgain).oneOf.push({ ...other, properties: { kind: { const: 'THIRD' } } });
    expect(breakingChanges(grown as Promises, grownAgain as Promises)).toEqual([]);
  });

  test('a new optional field, a new message and other words break nothing', () => {
    expect(
      breaksAfter((all) => {
        data(all).properties.note = { type: 'string' };
        data(all).description = 'Other words.';
        all.contracts.events['quite-new'] = event(all);
      }),
    ).toEqual([]);
  });
});

describe('in the API', () => {
  const post = ({ openApi }: Changeable) => openApi.paths['/v1/loan-applications'].post;
  const get = ({ openApi }: Changeable) => openApi.paths['/v1/loan-applications/{applicationId}'].get;
  const list = ({ openApi }: Changeable) => openApi.paths['/v1/flows'].get;
  const asked = (all: Changeable) => post(all).requestBody.content['application/json'].schema;
  const given = (all: Changeable) => get(all).responses['200'].content['application/json'].schema;
  const refused = (all: Changeable) => post(all).responses['422'].content['application/problem+json'];

  test.each<[string, string, (all: Changeable) => unknown]>([
    ['a route is gone', 'the route is gone', (all) => delete all.openApi.paths['/v1/flows']],
    ['an operation has another id', 'operationId is', (all) => (get(all).operationId = 'other')],
    [
      'other credentials are asked for',
      'other credentials',
      (all) => (get(all).security = [{ signature: [] }]),
    ],
    [
      'a parameter is gone',
      'the query parameter market is gone',
      (all) =>
        (list(all).parameters = list(all).parameters.filter(({ name }: Changeable) => name !== 'market')),
    ],
    [
      'a parameter is required now',
      'parameter market is required',
      (all) => (list(all).parameters.find(({ name }: Changeable) => name === 'market').required = true),
    ],
    [
      'a new parameter is required',
      'parameter x is new and required',
      (all) => list(all).parameters.push({ in: 'query', name: 'x', required: true, schema: {} }),
    ],
    ['a field of a request is gone', '/purpose is gone', (all) => delete asked(all).properties.purpose],
    ['a request must have a new field', '/x is required now', (all) => requireNew(asked(all))],
    [
      'a request may hold less',
      '/customerId has another maxLength',
      (all) => (asked(all).properties.customerId.maxLength = 1),
    ],
    ['a field of an answer is gone', '/principal is gone', (all) => delete given(all).properties.principal],
    [
      'a field of an answer may be absent',
      '/principal may be absent',
      (all) => (given(all).required = given(all).required.filter((name: string) => name !== 'principal')),
    ],
    [
      'a field of an answer has another type',
      '/state has another type',
      (all) => (given(all).properties.state.type = 'integer'),
    ],
    [
      'a value of an answer is gone',
      'the value "REJECTED"',
      (all) =>
        given(all).properties.state.enum.splice(given(all).properties.state.enum.indexOf('REJECTED'), 1),
    ],
    ['an answer is gone', 'the answer 202 is gone', (all) => delete post(all).responses['202']],
    [
      'a header is gone',
      'without the header Location',
      (all) => delete post(all).responses['202'].headers.Location,
    ],
    [
      'a problem code is gone',
      'the value "TERM_NOT_OFFERED"',
      (all) =>
        refused(all).schema.properties.code.enum.splice(
          refused(all).schema.properties.code.enum.indexOf('TERM_NOT_OFFERED'),
          1,
        ),
    ],
    [
      'a problem code means something else',
      'TERM_NOT_OFFERED means',
      (all) => (refused(all).examples.TERM_NOT_OFFERED.value.title = 'It rains.'),
    ],
  ])('it is found that %s', (_kind, found, change) => {
    expect(breaksAfter(change)).toEqual(expect.arrayContaining([expect.stringContaining(found)]));
  });

  test('new routes, optional parameters, fields, values of answers and problem codes break nothing', () => {
    expect(
      breaksAfter((all) => {
        all.openApi.paths['/v1/new'] = { get: get(all) };
        list(all).parameters.push({ in: 'query', name: 'x', required: false, schema: { type: 'string' } });
        asked(all).properties.x = { type: 'string' };
        asked(all).properties.purpose.maxLength += 1;
        given(all).properties.x = { type: 'string' };
        given(all).required.push('x');
        given(all).properties.state.enum.push('PAUSED');
        refused(all).schema.properties.code.enum.push('QUITE_NEW');
        post(all).responses['418'] = post(all).responses['422'];
      }),
    ).toEqual([]);
  });
});
