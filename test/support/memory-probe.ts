/** Preloaded into a process that runs with --expose-gc: on SIGUSR2 it collects garbage and prints what memory is left. */
process.on('SIGUSR2', () => {
  global.gc!();
  const { heapUsed, rss, external } = process.memoryUsage();
  console.log(JSON.stringify({ event: 'memory', heapBytes: heapUsed + external, rssBytes: rss }));
});
