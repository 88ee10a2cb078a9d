/**
 * Makes what the sources promise now, the contracts and the API, what was released last: `schemas/released`. Refuses
 * while something would break those who rely on the last release; `--breaking` is for when nobody does yet.
 *
 *     npm run release:contracts
 */
import { writeFileSync } from 'node:fs';
import { breakingChanges } from './released/breaking-changes';
import { current, released, releasedFile } from './released/released';

const now = current();
const found = process.argv.includes('--breaking') ? [] : breakingChanges(released(), now);
if (found.length > 0) {
  console.error(['Not released, since this would break others:', ...found].join('\n'));
  console.error('Undo it, or give what is different a name or a version of its own.');
  process.exitCode = 1;
} else {
  for (const part of ['contracts', 'openApi'] as const) {
    writeFileSync(releasedFile(part), `${JSON.stringify(now[part], null, 1)}\n`);
  }
  console.log('schemas/released holds what the sources promise now.');
}
