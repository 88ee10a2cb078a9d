/** Something that was started and can be stopped; stopping twice is the same as stopping once. */
export interface Stoppable {
  stop: () => Promise<void>;
}

/**
 * The list of what a script has started, stopped newest first: by `stop()`, and by SIGINT, SIGTERM or SIGHUP,
 * after which the script exits with 128 + the signal's number. A second signal does not wait for the stopping.
 *
 * @returns `add` puts a part on the list and hands it back; `stop` stops all parts, each one even when another
 *   fails, and then throws what failed.
 */
export function partsStoppedOnSignal(): Stoppable & { add<Part extends Stoppable>(part: Part): Part } {
  const parts: Stoppable[] = [];
  const stopAll = async (): Promise<void> => {
    const failures: unknown[] = [];
    for (let part = parts.pop(); part !== undefined; part = parts.pop()) {
      await part.stop().catch((failure: unknown) => failures.push(failure));
    }
    if (failures.length > 0) {
      throw new AggregateError(failures, 'Not everything that was started could be stopped.');
    }
  };
  let stopping: Promise<void> | undefined;
  const stop = (): Promise<void> => (stopping ??= stopAll());
  let signalled = false;
  for (const [signal, number] of Object.entries({ SIGHUP: 1, SIGINT: 2, SIGTERM: 15 })) {
    process.on(signal, () => {
      if (signalled) process.exit(128 + number);
      signalled = true;
      stop()
        .catch((failure: unknown) => console.error(failure))
        .finally(() => process.exit(128 + number));
    });
  }
  return {
    stop,
    add(part) {
      parts.push(part);
      return part;
    },
  };
}
