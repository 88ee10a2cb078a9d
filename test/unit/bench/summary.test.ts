import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { writeSummary } from '../../../bench/summary';

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'bench-summary-'));
  file = path.join(folder, 'bench', 'summary.json');
});
afterEach(() => rmSync(folder, { recursive: true }));

const row = (name: string, ours: number) => ({
  ...{ name, ours, reference: 10, ratio: ours / 10, unit: 'things/s', conditions: 'as they were' },
});
const written = (): unknown => JSON.parse(readFileSync(file, 'utf8'));

test('the summary is a list of rows, in the order of their names', () => {
  writeSummary(file, [row('b', 1), row('a', 2)]);
  expect(written()).toEqual([row('a', 2), row('b', 1)]);
});

test('a run replaces the rows that it measured, and leaves those of other benchmarks', () => {
  writeSummary(file, [row('a', 1), row('b', 1)]);
  writeSummary(file, [row('b', 5)]);
  expect(written()).toEqual([row('a', 1), row('b', 5)]);
});

test.each(['not JSON', '{}', '[{"unit":"ms"}]'])(
  'a file that is no summary, %s, is left as it is',
  (text) => {
    writeSummary(file, []);
    writeFileSync(file, text);
    expect(() => writeSummary(file, [row('a', 1)])).toThrow('is not a summary of benchmarks');
    expect(readFileSync(file, 'utf8')).toBe(text);
  },
);
