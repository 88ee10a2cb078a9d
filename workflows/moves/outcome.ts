import { allHandlersFinished, condition, defineUpdate, setHandler } from '@temporalio/workflow';

/** Asked by the API when a client is ready to wait; answers when the flow has ended, with the flow's result. */
const outcome = defineUpdate<unknown>('outcome');

/**
 * A flow that can be asked for its outcome while it runs. The handler is set before anything is waited for, so that the
 * question may come together with the start (Update-with-Start).
 */
export const withOutcome =
  <Args extends unknown[], Result>(flow: (...args: Args) => Promise<Result>) =>
  async (...args: Args): Promise<Result> => {
    const running = flow(...args);
    setHandler(outcome, () => running);
    const result = await running;
    // Else the flow could close before those who wait have been answered.
    await condition(allHandlersFinished);
    return result;
  };
