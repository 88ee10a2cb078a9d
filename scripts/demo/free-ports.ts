import { freePort } from '../local/ports';

/**
 * Starts something on the first free ports from the wanted ones on. Between finding a port free and listening on it
 * another program may take it; then the next one is tried.
 *
 * @param wanted a port in 1…65535 for each one that is needed
 * @param start gets the ports in the same order
 * @throws what `start` throws, when its ports were not taken by another program
 */
export async function onFreePorts<Started>(
  wanted: readonly number[],
  start: (...ports: number[]) => Promise<Started>,
): Promise<Started> {
  const ports = await Promise.all(wanted.map(freePort));
  try {
    return await start(...ports);
  } catch (error) {
    const next = await Promise.all(ports.map(freePort));
    if (next.every((port, index) => port === ports[index])) throw error;
    return onFreePorts(next, start);
  }
}
