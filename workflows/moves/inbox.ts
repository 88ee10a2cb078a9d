import { defineSignal, setHandler } from '@temporalio/workflow';
import { idOf, typeOf, type Message, type MessageType } from '../../schemas/message';

/** Told by the API what has come for the flow from outside; nothing at all only wakes it. */
const told = defineSignal<[messages: Message[]]>('told');

/** What a flow was told, and has not taken yet, in the order in which it came. */
export interface Inbox {
  /** The first message, or the first of some types; it is taken by that. Undefined where there is none. */
  take<T extends MessageType>(...types: T[]): Message<T> | undefined;
  /** What nobody has taken. */
  untaken(): Message[];
  /** How often the flow was told nothing, which only wakes it. */
  wakeCount(): number;
}

/** Opens the running workflow's inbox. In: what an earlier run has left in its own. What is told again is not taken again. */
export function openInbox(left: readonly Message[]): Inbox {
  const messages = [...left];
  const seen = new Set(left.map(idOf));
  let wakes = 0;
  setHandler(told, (more) => {
    const unseen = more.filter((one) => !seen.has(idOf(one)));
    unseen.forEach((one) => seen.add(idOf(one)));
    messages.push(...unseen);
    if (more.length === 0) wakes += 1;
  });
  return {
    take(...types) {
      const wanted = (one: Message): boolean =>
        types.length === 0 || types.some((type) => type === typeOf(one));
      const index = messages.findIndex(wanted);
      return index < 0 ? undefined : (messages.splice(index, 1)[0] as never);
    },
    untaken: () => [...messages],
    wakeCount: () => wakes,
  };
}
