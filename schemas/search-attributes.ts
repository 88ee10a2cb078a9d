import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';

// What operators search for in Temporal's Web UI. They are never encrypted: no personal data here.

/** The flow, by its catalog id. */
export const flowAttribute = defineSearchAttributeKey('Flow', SearchAttributeType.KEYWORD);

/** The catalog id of the message that a flow is passing on, or the question that it asks. */
export const stage = defineSearchAttributeKey('Stage', SearchAttributeType.KEYWORD);

/** The market, by its two letters. */
export const market = defineSearchAttributeKey('Market', SearchAttributeType.KEYWORD);

/** The funding partner whose money the flow moves; a flow that has changed partners shows the last one. */
export const partner = defineSearchAttributeKey('Partner', SearchAttributeType.KEYWORD);

/** The market's business date on which the flow began: text, so that it is a day and not an instant. */
export const businessDate = defineSearchAttributeKey('BusinessDate', SearchAttributeType.KEYWORD);

/** Set while a flow cannot go on without a person. */
export const needsAttention = defineSearchAttributeKey('NeedsAttention', SearchAttributeType.BOOL);

/** What a namespace needs for the flows to run in it. */
export const searchAttributes = [flowAttribute, stage, market, partner, businessDate, needsAttention];
