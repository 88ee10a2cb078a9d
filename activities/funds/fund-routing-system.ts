import { fundingAgreementsFor, heldBusinessDate } from '../../db/reference';
import { chooseRoute } from '../../domain/funding-route';
import { derivedId } from '../../schemas/identity';
import { message } from '../../schemas/message';
import { service } from '../service';

/** 资金路由系统: chooses who funds a payout: by product, market, quota, cost, channel state, agreement, priority, weight. */
export const fundRoutingSystem = service('fund-routing-system', {
  async 'route-funds'({ data, market }, { tx, refuse }) {
    const { applicationId, attempt, productId, amount, excludedPartnerIds } = data;
    const candidates = await fundingAgreementsFor(tx, productId, amount.currency);
    const { chosen, weighed } = chooseRoute(candidates, {
      payoutMinor: amount.amountMinor,
      businessDate: await heldBusinessDate(tx, market),
      excludedPartnerIds,
      draw: drawOf(applicationId, attempt),
    });
    const outcome = weighed.map(({ candidate, excludedBecause }) => ({
      partnerId: candidate.partnerId,
      excludedBecause,
    }));
    if (!chosen) {
      const why = outcome
        .map(({ partnerId, excludedBecause }) => `${partnerId}: ${excludedBecause}`)
        .join(', ');
      return refuse(
        'NO_FUNDING_PARTNER',
        `No funding partner is left for the payout (${why || 'the product has no agreement'}).`,
      );
    }
    const { partnerId, payoutBy, paymentChannelId, annualCostRate, agreementId } = chosen;
    await tx('fund_routing_system.fund_route').insert({
      application_id: applicationId,
      attempt,
      partner_id: partnerId,
      agreement_id: agreementId,
      candidates: JSON.stringify(outcome),
    });
    return [
      message('fund-route-selected', {
        applicationId,
        attempt,
        partnerId,
        payoutBy,
        ...(paymentChannelId ? { paymentChannelId } : {}),
        annualCostRate,
        candidates: outcome,
      }),
    ];
  },
});

/** The draw among equals, in [0, 1): the same for an application's attempt however often it is routed. */
const drawOf = (applicationId: string, attempt: number): number =>
  parseInt(derivedId('fund-route', applicationId, attempt).slice(0, 8), 16) / 2 ** 32;
