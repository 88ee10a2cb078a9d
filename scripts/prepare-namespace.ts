/**
 * `npm run temporal:prepare`: registers the namespace and the search attributes that the flows set, where they are
 * missing. Safe to repeat; needed once for each namespace, and after an upgrade that adds an attribute.
 * Environment: TEMPORAL_ADDRESS, and TEMPORAL_NAMESPACE (`default` if left out).
 */
import { searchAttributes } from '../schemas/search-attributes';
import { prepareNamespace } from './local/temporal-namespace';

async function main(): Promise<void> {
  const address = process.env.TEMPORAL_ADDRESS;
  if (!address) throw new Error('Set TEMPORAL_ADDRESS: host and port, such as 127.0.0.1:7233.');
  const namespace = process.env.TEMPORAL_NAMESPACE ?? 'default';
  await prepareNamespace({ address, namespace, searchAttributes });
  console.log(`The namespace ${namespace} at ${address} is ready.`);
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
