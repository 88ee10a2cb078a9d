import { ApplicationFailure } from '@temporalio/common';
import type { Knex } from 'knex';
import { approvedAnswer, isAnswered } from '../db/acts';
import { recordAccepted, type NewIntervention } from '../db/interventions';

export type { Intervention } from '../db/interventions';

export type OperatorActivities = ReturnType<typeof operatorActivities>;

/**
 * What a flow does to take an operator's Update; workflows/moves/operator.ts. Not messages of the catalog: what people
 * do about a flow, and not what the flow does.
 */
export const operatorActivities = (db: Knex) => ({
  /**
   * Records that the flow takes an intervention, and says which question's answer it carries out, if it needs one.
   * Fails for good when the approval that it names does not stand.
   */
  async 'operator.intervene'(wanted: NewIntervention): Promise<{ question?: string }> {
    const { flowId, act, approvalId } = wanted;
    const approved = approvalId === undefined ? undefined : await approvedAnswer(db, flowId, approvalId);
    if (approvalId !== undefined && (!approved || (act === 'abandon') !== (approved.answer === 'ABANDON'))) {
      throw refused('NOT_APPROVED', `No answer that stands for this flow, and lets it ${act}, has this id.`);
    }
    if (!(await recordAccepted(db, wanted))) {
      throw refused('UPDATE_ID_REUSED', 'This Update id was used for something else before.');
    }
    return approved ? { question: approved.question } : {};
  },

  /** Whether one of the questions has an answer on record. */
  'operator.is-answered': ({
    flowId,
    questions,
  }: {
    flowId: string;
    questions: string[];
  }): Promise<boolean> => isAnswered(db, flowId, questions),
});

const refused = (code: string, reason: string): ApplicationFailure =>
  ApplicationFailure.nonRetryable(reason, code);
