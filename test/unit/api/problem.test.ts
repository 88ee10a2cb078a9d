import { Problem, problemBody, problemOf, PROBLEMS, type ProblemCode } from '../../../api/problem';

test('a problem is answered with its code, its status and what to do', () => {
  const problem = new Problem('UNKNOWN_LOAN', 'No loan LN1 is booked.');
  expect(problemBody(problem)).toEqual({
    type: 'https://reference-credit-platform.example/problems/unknown-loan',
    title: 'There is no such loan.',
    status: 404,
    code: 'UNKNOWN_LOAN',
    detail: 'No loan LN1 is booked.',
  });
});

test('the places in the body that are wrong are listed', () => {
  const errors = [{ pointer: '/principal', detail: 'must be object' }];
  expect(problemBody(new Problem('INVALID_BODY', 'Mend them.', errors)).errors).toEqual(errors);
});

test('a problem stays what it is', () => {
  const problem = new Problem('FORBIDDEN', 'Not you.');
  expect(problemOf(problem)).toBe(problem);
});

test.each<[ProblemCode, object]>([
  ['BODY_TOO_LARGE', { status: 413, type: 'entity.too.large', limit: 65_536 }],
  ['UNSUPPORTED_MEDIA_TYPE', { status: 415, type: 'encoding.unsupported' }],
  ['UNREADABLE_REQUEST', { status: 400, type: 'request.aborted' }],
  ['UNREADABLE_REQUEST', Object.assign(new URIError('Failed to decode param'), { status: 400 })],
  ['TEMPORARILY_UNAVAILABLE', Object.assign(new Error('connect'), { code: 'ECONNREFUSED' })],
  ['TEMPORARILY_UNAVAILABLE', Object.assign(new Error('shutting down'), { code: '57P01' })],
  ['TEMPORARILY_UNAVAILABLE', Object.assign(new Error('pool'), { name: 'KnexTimeoutError' })],
  ['TEMPORARILY_UNAVAILABLE', new Error('timeout expired')],
  ['TEMPORARILY_UNAVAILABLE', new Error('select 1 - Query read timeout')],
  ['TEMPORARILY_UNAVAILABLE', new Error('Connection terminated unexpectedly')],
  ['INTERNAL_ERROR', new Error('the timeout expired of a thing that is not the database')],
  ['INTERNAL_ERROR', Object.assign(new Error('duplicate key'), { code: '23505' })],
  ['INTERNAL_ERROR', new TypeError('x is undefined')],
  ['INTERNAL_ERROR', { thrown: 'by somebody odd' }],
])('%s answers %j', (code, error) => {
  expect(problemOf(error).code).toBe(code);
});

test.each([null, undefined, 'text'])('whatever is thrown is answered: %s', (thrown) => {
  expect(problemOf(thrown).code).toBe('INTERNAL_ERROR');
});

test('an unknown error tells the client nothing of itself', () => {
  const error = new Error("select * from access.api_key where key_id = 'k'");
  expect(JSON.stringify(problemBody(problemOf(error)))).not.toContain('select');
});

test('every kind of problem is a client or a server error with a title', () => {
  for (const [code, { status, title }] of Object.entries(PROBLEMS)) {
    expect([code, status >= 400 && status < 600, title.length > 10]).toEqual([code, true, true]);
  }
});
