/**
 * Preloaded into the context in which flows run (workers/flows-bundle.ts). The SDK takes a stack of each promise that a flow makes, for
 * the Web UI's call stack, and that is more than a quarter of what a worker does for a flow. Operators read a flow's list of steps instead; of an
 * error in a flow three frames name its place and who called it. docs/performance.md has the figures.
 */
Error.stackTraceLimit = 3;
