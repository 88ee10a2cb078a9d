import { spawn, execFileSync } from 'node:child_process';
import knex from 'knex';
import { startPostgres } from './scripts/local/postgres';
import { migrate } from './db/migrate';
import { seed } from './db/seeds';
void (async () => {
  const pg = await startPostgres({ onProgress: console.error });
  try {
    await migrate(pg.url);
    const owner = (knex as any)({ client: 'pg', connection: pg.url }); await seed(owner, '2026-01-15'); await owner.destroy();
    const env = { ...process.env, DATABASE_URL: pg.url, TEMPORAL_ADDRESS: '127.0.0.1:1', PARTY_SECRETS: '{}', API_PORT: '0' };
    const cli = (...a: string[]) => execFileSync('node', ['-r', '@swc-node/register', 'scripts/api-key.ts', ...a], { env, cwd: '/work/main' }).toString();
    const created = cli('create', 'ops-desk', 'ops'); const token = created.trim().split('\n').pop()!; console.log(created.split('\n')[0], token.length);
    console.log(cli('list'));
    const api = spawn('node', ['-r', '@swc-node/register', 'api/main.ts'], { env, cwd: '/work/main', stdio: ['ignore', 'pipe', 'inherit'] });
    let out = ''; api.stdout.on('data', (d) => (out += d));
    while (!out.includes('"ready"')) await new Promise((r) => setTimeout(r, 50));
    const url = JSON.parse(out.split('\n')[0]!).url; console.log('url', url);
    const r = await fetch(url + '/v1/ledger/trial-balance', { headers: { authorization: 'Bearer ' + token } }); console.log(r.status, JSON.stringify(await r.json()).slice(0, 150));
    console.log(Object.fromEntries(r.headers));
    console.log((await fetch(url + '/readyz')).status);
    if (process.env.SHOT) { execFileSync('bash', ['-c', process.env.SHOT.replace('URL', url + '/docs/')], { stdio: 'inherit' }); require('fs').writeFileSync('/tmp/openapi.json', await (await fetch(url+'/openapi.json')).text()); }
    console.log(cli('revoke', token.split('_')[1]!));
    console.log((await fetch(url + '/v1/x', { headers: { authorization: 'Bearer ' + token } })).status);
    const end = new Promise((r) => api.on('exit', (c, s) => r([c, s]))); const t = Date.now(); api.kill('SIGTERM'); console.log('exit', await end, Date.now() - t, 'ms');
    console.log(out);
  } finally { await pg.stop(); }
})();
