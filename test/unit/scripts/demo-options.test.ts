import { demoOptions, HELP } from '../../../scripts/demo/options';

test('without arguments it stays up, goes on with the state of earlier runs, and takes the usual ports', () => {
  expect(demoOptions([], {})).toEqual({
    exit: false,
    fresh: false,
    ports: { postgres: 15_432, temporal: 7_233, webUi: 8_233, api: 8_080, sandbox: 9_900 },
  });
});

test('each port can be set by its own variable', () => {
  const env = {
    ...{ DEMO_PG_PORT: '1', DEMO_TEMPORAL_PORT: '2', DEMO_UI_PORT: '3', DEMO_API_PORT: '4' },
    DEMO_SANDBOX_PORT: '65535',
  };
  expect(demoOptions(['--exit', '--fresh'], env)).toEqual({
    exit: true,
    fresh: true,
    ports: { postgres: 1, temporal: 2, webUi: 3, api: 4, sandbox: 65_535 },
  });
});

test.each(['0', '65536', '80.5', 'http', '-1'])('%s is refused as a port, by name', (text) => {
  expect(() => demoOptions([], { DEMO_API_PORT: text })).toThrow(/DEMO_API_PORT.*1 to 65535/);
});

test.each(['DATABASE_URL', 'TEMPORAL_ADDRESS'])('--fresh is refused where %s names a server', (name) => {
  expect(() => demoOptions(['--fresh'], { [name]: 'somewhere' })).toThrow(name);
});

test.each([['--frsh'], ['story'], ['--exit=yes']])('%s is refused', (argument) => {
  expect(() => demoOptions([argument], {})).toThrow('--exit, --fresh and --help');
});

test('the help names every variable that is read', () => {
  expect(demoOptions(['--help'], {})).toBe('HELP');
  const read: string[] = [];
  const env = new Proxy({}, { get: (_target, name) => void read.push(String(name)) });
  demoOptions([], env);
  for (const name of read) expect(HELP).toContain(name);
});
