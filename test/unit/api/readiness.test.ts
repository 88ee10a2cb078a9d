import type { Client } from '@temporalio/client';
import type { Knex } from 'knex';
import { systemRoutes } from '../../../api/routes/system';

test('a process whose database says nothing any more is not ready, and says so before anybody gives up', async () => {
  const nothing = () => new Promise<never>(() => undefined);
  const frozen = { raw: nothing } as unknown as Knex;
  const silent = { options: { namespace: 'none' }, withDeadline: nothing } as unknown as Client;
  const routes = systemRoutes({ db: frozen, temporal: silent, openApi: () => ({}) });
  const readiness = routes.find(({ path }) => path === '/readyz')!;
  await expect(readiness.handle({} as never, undefined)).rejects.toMatchObject({
    code: 'TEMPORARILY_UNAVAILABLE',
  });
}, 10_000);
