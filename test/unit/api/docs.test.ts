import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createContext, runInContext } from 'node:vm';
import express from 'express';
import { docs } from '../../../api/docs';

let script: string;
beforeAll(async () => {
  const server = createServer(express().use(docs())).listen(0, '127.0.0.1');
  await once(server, 'listening');
  script = await (
    await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/docs/start.js`)
  ).text();
  server.closeAllConnections();
  server.close();
});

/** Opens the page at an address as far as its own script goes: Swagger UI and the browser only note what they are told. */
function open(hash: string) {
  const [keys, addresses]: [string[][], string[]] = [[], []];
  const ui = { preauthorizeApiKey: (...key: string[]) => void keys.push(key) };
  let onComplete = (): void => undefined;
  runInContext(
    script,
    createContext({
      ...{ URLSearchParams, location: { hash, pathname: '/docs/' } },
      history: {
        replaceState: (_state: unknown, _title: string, address: string) => void addresses.push(address),
      },
      SwaggerUIBundle: (options: { onComplete: () => void }) => {
        onComplete = () => options.onComplete();
        return ui;
      },
    }),
  );
  onComplete();
  return { keys, addresses };
}

test('a key in the fragment is sent with every request that is tried, and is taken out of the address', () => {
  expect(open('#key=ck_a_b')).toEqual({ keys: [['apiKey', 'ck_a_b']], addresses: ['/docs/'] });
});

test('a link to an operation is left alone', () => {
  expect(open('#/Flows/listFlows')).toEqual({ keys: [], addresses: [] });
});
