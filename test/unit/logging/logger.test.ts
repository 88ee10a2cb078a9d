import { createLogger } from '../../../logging/logger';
import { temporalLogger } from '../../../workers/logger';

const TOKEN = `ck_${'a'.repeat(12)}_${'b'.repeat(43)}`;
const logger = (lines: string[]) =>
  createLogger({
    ...{ process: 'workers', level: 'trace' },
    destination: { write: (line) => void lines.push(line) },
  });
const logged = (what: object): string => {
  const lines: string[] = [];
  logger(lines).info(what, 'a line');
  return lines.join('');
};

test('credentials are kept out, wherever a request is logged', () => {
  const headers = { authorization: 'Bearer secret' };
  expect(logged({ ...headers, headers, request: { headers } })).not.toContain('secret');
});

test.each(['body', 'command', 'payload'])('what may hold personal data is kept out: %s', (name) => {
  expect(
    logged({ [name]: 'Siti', inside: { [name]: 'Siti' }, deep: { inside: { [name]: 'Siti' } } }),
  ).not.toContain('Siti');
});

test.each([
  TOKEN,
  'tok_7f3k9m2q5x',
  'whsec_bm90IGEgc2VjcmV0IGF0IGFsbCE=',
  'eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.',
  'Bearer abc',
])('an error that quotes a secret is logged without it: %s', (secret) => {
  const line = logged({ err: new Error(`It was "${secret}" that failed`) });
  expect(line).not.toContain(secret);
  expect(line).toContain('that failed');
});

test('an error of the database is logged by names alone', () => {
  const error = Object.assign(new Error(`insert into t values ($1) - Failing row: (Siti)`), {
    ...{ severity: 'ERROR', code: '23514', detail: 'Failing row: (Siti)', where: 'SQL statement "select 1"' },
    ...{ schema: 'access', table: 'submission', constraint: 'some_check' },
  });
  const line = logged({ err: error });
  expect(line).not.toMatch(/Siti|insert|select/);
  expect(JSON.parse(line)).toMatchObject({
    err: { code: '23514', schema: 'access', table: 'submission', constraint: 'some_check' },
  });
});

test('an error of a parser is logged without what it could not parse', () => {
  const thrownBy = (parse: () => unknown): unknown => {
    try {
      return parse();
    } catch (error) {
      return error;
    }
  };
  const error = thrownBy(() => JSON.parse('Siti'));
  expect(String(error)).toContain('Siti');
  expect(logged({ err: error })).not.toContain('Siti');
});

test('an error is logged with the places in our code, and not with its stack', () => {
  const line = logged({ err: new Error('no') });
  expect(JSON.parse(line)).toMatchObject({
    err: { at: [expect.stringMatching(/^test\/unit\/logging\/logger\.test\.ts:\d+$/)] },
  });
  expect(line).not.toMatch(/node_modules|stack/);
});

test('its cause is told of an error, by the same rules', () => {
  const line = logged({ err: new Error('outer', { cause: new Error(`inner ${TOKEN}`) }) });
  expect(line).toContain('inner');
  expect(line).not.toContain(TOKEN);
});

test("Temporal's lines become lines of ours, with the flow and without secrets", () => {
  const lines: string[] = [];
  temporalLogger(logger(lines)).warn('Activity failed', {
    workflowId: 'loan-application-disbursement:LA1',
    error: new Error(`no account ${TOKEN}`),
  });
  expect(JSON.parse(lines[0]!)).toMatchObject({
    ...{
      level: 40,
      process: 'workers',
      msg: 'Activity failed',
      workflowId: 'loan-application-disbursement:LA1',
    },
    err: { type: 'Error', message: 'no account [redacted]' },
  });
});
