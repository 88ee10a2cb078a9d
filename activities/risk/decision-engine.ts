import { answerOrDeadline, openQuestion, standingAnswer } from '../../db/acts';
import { customerOf, marketOf } from '../../db/reference';
import { score } from '../../domain/scorecard';
import { message } from '../../schemas/message';
import { service } from '../service';
import { decide } from './decision-engine/rules';
import { strategy } from './decision-engine/strategy';

/** 决策引擎: decides by the published strategy: its model scores the customer's features, its rules decide. */
export const decisionEngine = service('decision-engine', {
  async 'loan-application-created'({ data, flowId, market }, { tx }) {
    const { applicationId, customerId, principal, instalmentCount } = data;
    const { features } = (await customerOf(tx, customerId))!;
    const modelScore = score(strategy.scorecard, features);
    const inputs = {
      ...features,
      modelScore,
      principalMinor: principal.amountMinor,
      instalmentCount,
      market,
    };
    const { outcome, reasonCodes } = await decide(strategy, inputs);
    await tx('decision_engine.risk_decision').insert({
      application_id: applicationId,
      customer_id: customerId,
      outcome,
      strategy_version: strategy.version,
      model_score: modelScore,
      reason_codes: reasonCodes,
      inputs: JSON.stringify(inputs),
    });
    const decided = {
      applicationId,
      customerId,
      outcome,
      strategyVersion: strategy.version,
      modelScore,
      reasonCodes,
    };
    if (outcome !== 'REVIEW') return [message('risk-decision-made', decided)];

    const { reviewWithinSeconds } = await marketOf(tx, market);
    await openQuestion(tx, {
      flowId,
      question: 'review',
      answers: ['APPROVE', 'REJECT'],
      withinSeconds: reviewWithinSeconds,
    });
    return [message('risk-decision-made', { ...decided, reviewWithinSeconds })];
  },

  async 'execute-risk-review'({ data, flowId }, { tx }) {
    const { applicationId, customerId } = data;
    const withdrawal = await standingAnswer(tx, flowId, 'withdrawal');
    const standing =
      withdrawal ??
      (await answerOrDeadline(tx, flowId, 'review', {
        answer: 'REJECT',
        reason: 'Nobody answered in time.',
      }));
    const isCustomers = standing.answer === 'WITHDRAW';
    const by = isCustomers ? 'CUSTOMER' : standing.actor === 'deadline' ? 'DEADLINE' : 'PERSON';
    const outcome = standing.answer === 'APPROVE' ? 'APPROVE' : 'REJECT';
    const reason = standing.answer === 'ABANDON' ? 'ABANDONED_BY_OPERATORS' : reviewReasons[by];
    const reasonCodes = outcome === 'APPROVE' ? [] : [reason];
    const asked = await tx('decision_engine.risk_decision')
      .where({ application_id: applicationId, stage: 'STRATEGY' })
      .first<{ strategy_version: string; model_score: number; inputs: object }>(
        'strategy_version',
        'model_score',
        'inputs',
      );
    await tx('decision_engine.risk_decision').insert({
      ...{ application_id: applicationId, customer_id: customerId, stage: 'REVIEW', decided_by: by, outcome },
      ...{
        strategy_version: asked.strategy_version,
        model_score: asked.model_score,
        reason_codes: reasonCodes,
      },
      inputs: JSON.stringify(asked.inputs),
    });
    const { strategy_version: strategyVersion, model_score: modelScore } = asked;
    return [
      message('risk-decision-made', {
        applicationId,
        customerId,
        outcome,
        strategyVersion,
        modelScore,
        reasonCodes,
      }),
    ];
  },
});

/** Why a review ended without approval, by who ended it. */
const reviewReasons = {
  PERSON: 'REVIEW_REJECTED',
  DEADLINE: 'REVIEW_NOT_ANSWERED',
  CUSTOMER: 'WITHDRAWN_BY_CUSTOMER',
} as const;
