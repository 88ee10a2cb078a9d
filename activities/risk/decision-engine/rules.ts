import { Engine } from 'json-rules-engine';
import type { Strategy } from './strategy';

export type Outcome = 'APPROVE' | 'REJECT' | 'REVIEW';

/**
 * Applies a strategy's rules to what is known of an application.
 * In: facts by name (features, the model's score, the application's terms); a rule about a fact that is not known does
 * not hold. Out: REJECT if any rule rejects, else REVIEW if any asks for it, else APPROVE; and the codes of the reasons.
 */
export async function decide(
  strategy: Strategy,
  facts: Record<string, unknown>,
): Promise<{ outcome: Outcome; reasonCodes: string[] }> {
  const engine = new Engine([...strategy.rules], { allowUndefinedFacts: true });
  const { events } = await engine.run(facts);
  const outcome =
    (['REJECT', 'REVIEW'] as const).find((wanted) => events.some(({ type }) => type === wanted)) ?? 'APPROVE';
  const reasonCodes = events
    .filter(({ type }) => type === outcome)
    .map(({ params }) => String(params?.reasonCode));
  return { outcome, reasonCodes: [...new Set(reasonCodes)].sort() };
}
