import type { FlowName } from '../../schemas/generated/catalog';
import { pictures } from '../../schemas/generated/pictures';

/** Messages that one step of a flow passed, and the services that handled them. */
export interface Passed {
  messages: readonly string[];
  services: readonly string[];
}

/**
 * A flow's picture in the catalog as a list in Markdown: what was passed, what is being passed, what is still to come.
 * Steps that only some branches take stay open on the others.
 */
export function checklist(
  flow: FlowName,
  passed: readonly Passed[],
  current: { stage: string; services: readonly string[] } | undefined,
): string {
  const { title, arrows } = pictures[flow];
  const wasPassed = ([message, service]: readonly [string, string, string]): boolean =>
    passed.some(({ messages, services }) => messages.includes(message) && services.includes(service));
  const isCurrent = ([message, service]: readonly [string, string, string]): boolean =>
    message === current?.stage && current.services.includes(service);
  const lines = arrows.map((arrow) => {
    const [message, service, label] = arrow;
    const text = `${message} → ${service}${label && ` · ${label}`}`;
    if (isCurrent(arrow)) return `- ▶ **${text}**`;
    return wasPassed(arrow) ? `- ✓ ${text}` : `- ○ ${text}`;
  });
  const isOutside = current && !arrows.some(isCurrent);
  return [
    `**${title}**`,
    '',
    ...lines,
    ...(isOutside ? [`- ▶ **${[current.stage, ...current.services].join(' → ')}**`] : []),
  ].join('\n');
}
