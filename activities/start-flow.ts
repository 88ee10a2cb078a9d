import { Context } from '@temporalio/activity';
import { startOptions, type FlowStart } from '../schemas/flow-start';

/** What flows have done about other flows: the activities that are no step of a service. */
export const flowActivities = {
  /**
   * Starts a flow, or finds it started: now, or by the same step before. It is no child of the flow that starts it: a reset of
   * a parent starts its children anew, which Temporal refuses under an id that is taken (ARCHITECTURE.md).
   */
  async 'flow.start'(start: FlowStart): Promise<void> {
    try {
      await Context.current().client.workflow.start(start.flow, startOptions(start));
    } catch (error) {
      if ((error as Error).name !== 'WorkflowExecutionAlreadyStartedError') throw error;
    }
  },
};

export type FlowActivities = typeof flowActivities;
