import { customerOf } from '../../db/reference';
import { score } from '../../domain/scorecard';
import { message } from '../../schemas/message';
import { service } from '../service';
import { decide } from './decision-engine/rules';
import { strategy } from './decision-engine/strategy';

/** 决策引擎: decides by the published strategy: its model scores the customer's features, its rules decide. */
export const decisionEngine = service('decision-engine', {
  async 'loan-application-created'({ data, market }, { tx }) {
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
    return [
      message('risk-decision-made', {
        applicationId,
        customerId,
        outcome,
        strategyVersion: strategy.version,
        modelScore,
        reasonCodes,
      }),
    ];
  },
});
