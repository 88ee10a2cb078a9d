import { createServer } from 'node:net';

const TRIES = 100;

/**
 * Finds a TCP port that nothing listens on at 127.0.0.1.
 *
 * @param preferred the port to take when it is free; otherwise the next free one above it. 0 asks the
 *   operating system for any free port, which is what tests want, since two runs then do not meet.
 * @returns the port, in 1…65535. It is free at this moment, not reserved: start the server at once.
 * @throws Error when the hundred ports from `preferred` on are all taken.
 */
export async function freePort(preferred: number): Promise<number> {
  const last = Math.min(preferred + TRIES - 1, 65_535);
  for (let port = preferred; port <= last; port += 1) {
    const found = await tryPort(port);
    if (found !== undefined) return found;
  }
  throw new Error(
    `No free port on 127.0.0.1 from ${preferred} to ${last}: stop a server or ask for another port.`,
  );
}

function tryPort(port: number): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => {
      // EACCES is a port that only root may open: not free for us, and the search goes on.
      if (error.code === 'EADDRINUSE' || error.code === 'EACCES') resolve(undefined);
      else reject(error);
    });
    server.listen(port, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : undefined));
    });
  });
}
