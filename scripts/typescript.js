const { isMainThread } = require('node:worker_threads');

// Lets a process run TypeScript as it is: `node -r ./scripts/typescript.js <file>`. `.swcrc` says how it is read, here as in Jest.
//
// What is required on the command line is required in each thread too, and the threads in which Temporal runs flows get JavaScript
// that is bundled already.
if (isMainThread) {
  const { transformSync } = require('@swc/core');
  const { addHook } = require('pirates');
  const sourceMaps = require('source-map-support');

  // Node's own `--enable-source-maps` would read the maps of all packages at each start, 0.3 s of it; these are read for an error's
  // stack.
  const maps = new Map();
  sourceMaps.install({
    environment: 'node',
    handleUncaughtExceptions: false,
    retrieveSourceMap: (file) => (maps.has(file) ? { url: file, map: maps.get(file) } : null),
  });
  addHook(
    (source, filename) => {
      const { code, map } = transformSync(source, { filename, sourceMaps: true });
      maps.set(filename, map);
      return code;
    },
    { exts: ['.ts'] },
  );
}
