import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { apiConfig } from '../../api/config';

// docs/security.md says what shows each of its answers: what it names must be there.

const project = path.join(__dirname, '..', '..');
const text = readFileSync(path.join(project, 'docs', 'security.md'), 'utf8');
const sections = text.split(/^### (?=API\d)/m).slice(1);

test('each risk of the OWASP API Security Top 10 is answered, in order', () => {
  expect(sections.map((section) => /^API\d+/.exec(section)![0])).toEqual(
    Array.from({ length: 10 }, (_, index) => `API${index + 1}`),
  );
});

test.each(sections.map((section): [string, string] => [section.split('\n')[0]!, section]))(
  '%s names tests that exist',
  (_title, section) => {
    const files = [...section.matchAll(/`(test\/[\w/.-]+\.test\.ts)`/g)].map(([, file = '']) => file);
    expect(files.length).toBeGreaterThan(0);
    expect(files.filter((file) => !existsSync(path.join(project, file)))).toEqual([]);
  },
);

test('the limits on requests are those that hold where nothing is configured', () => {
  const { rateLimits } = apiConfig({ DATABASE_URL: 'x', TEMPORAL_ADDRESS: 'x', PARTY_SECRETS: '{}' });
  expect(text).toContain(`\`RATE_LIMIT_PER_CLIENT\`, ${rateLimits.perClient} in ten seconds`);
  expect(text).toContain(`\`RATE_LIMIT_PER_ADDRESS\`, ${rateLimits.perAddress} in ten seconds`);
});
