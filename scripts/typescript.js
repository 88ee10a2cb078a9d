const { isMainThread } = require('node:worker_threads');

// Lets a process run TypeScript as it is: `node -r ./scripts/typescript.js <file>`. What is required on the command line is
// required in each thread too, and the threads in which Temporal runs flows get JavaScript that is bundled already: they would
// load the TypeScript compiler for nothing, 0.2 s of each start of a worker.
if (isMainThread) require('@swc-node/register');
