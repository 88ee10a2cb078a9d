import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import { setCurrentDetails, upsertSearchAttributes } from '@temporalio/workflow';

/** Set while a flow cannot go on without a person: what operators search for in the Web UI. */
export const needsAttention = defineSearchAttributeKey('NeedsAttention', SearchAttributeType.BOOL);

/** What keeps a flow, in words; shown in the Web UI as the flow's current details. */
export interface Attention {
  /** Asks for a person while `work` goes on, and says why. */
  while<T>(reason: string, work: Promise<T>): Promise<T>;
}

/** Keeps the reasons for which a flow needs a person; it needs none when there is none. */
export function attentionOfFlow(): Attention {
  const reasons: string[] = [];
  const show = (): void => {
    upsertSearchAttributes([{ key: needsAttention, value: reasons.length > 0 }]);
    setCurrentDetails(reasons.map((reason) => `- ${reason}`).join('\n'));
  };
  return {
    async while(reason, work) {
      reasons.push(reason);
      show();
      try {
        return await work;
      } finally {
        reasons.splice(reasons.indexOf(reason), 1);
        show();
      }
    },
  };
}
