import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';

// There is no key that works unless somebody made it: none is written down, and none is taken for lack of another.

const project = path.join(__dirname, '..', '..');
const files = execFileSync('git', ['ls-files'], { cwd: project, encoding: 'utf8' })
  .split('\n')
  .filter((file) => file !== '' && !file.startsWith('test/') && file !== 'package-lock.json');
const holding = (secret: RegExp): string[] =>
  files.filter((file) => secret.test(readFileSync(path.join(project, file), 'utf8')));

test.each([
  ['API key', /ck_[a-z0-9]{12}_[\w-]{43}/],
  ['signing secret', /whsec_[A-Za-z0-9+/]{32,}/],
  ['private key', /-----BEGIN [A-Z ]*PRIVATE KEY-----/],
  ['JSON Web Token', /\beyJ[\w-]{10,}\.[\w-]+\.[\w-]*/],
  ['password in an address', /postgres(?:ql)?:\/\/[^\s:@/]+:[^\s@/<$]+@/],
])('no file outside the tests holds an %s', (_what, secret) => {
  expect(holding(secret)).toEqual([]);
});
