import { CancellationScope } from '@temporalio/workflow';
import { refusalIn } from './refusal';

/** Registers what undoes a step; called before the step, so that a step of which nothing is known is undone too. */
export type Undo = (undo: () => PromiseLike<unknown>) => void;

/**
 * Runs the steps before a pivot. When they fail, what was registered is undone, newest first and to the end whatever is
 * cancelled meanwhile, and the failure goes on. Each undo is idempotent and tolerates that its step never happened.
 */
export async function undoOnFailure<T>(steps: (undo: Undo) => Promise<T>): Promise<T> {
  const undos: (() => PromiseLike<unknown>)[] = [];
  try {
    return await steps((undo) => undos.unshift(undo));
  } catch (failure) {
    await CancellationScope.nonCancellable(async () => {
      for (const undo of undos) await orStop(undo());
    });
    throw failure;
  }
}

/** An undo that is refused must not look like one more refusal of the steps: the flow stops here, where a person sees it. */
async function orStop(undo: PromiseLike<unknown>): Promise<void> {
  try {
    await undo;
  } catch (failure) {
    const refused = refusalIn(failure);
    throw refused ? new Error(`This cannot be undone: ${refused.message}`) : failure;
  }
}
