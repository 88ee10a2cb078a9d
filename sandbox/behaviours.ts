/**
 * How a party behaves, as data. A behaviour is named by what a tester wants to see and stands for a script, which says
 * separately what becomes of the request, when, what the request is answered, and what the platform is told. The rest
 * of the sandbox only plays scripts: a new fault is a new behaviour here, and at most a new value of a script's part.
 *
 * "Does it" means: pays, or sends the message. Where a behaviour takes a `code`, the party with it refuses for certain
 * instead, by that failure code, and all the rest stays as it is.
 */
export type Behaviour =
  /** Does it and says so at once. */
  | { kind: 'ACCEPT' }
  /** Refuses and says so at once. */
  | { kind: 'REFUSE'; code: string }
  /** Does it at once, and answers after the delay. */
  | { kind: 'SLOW'; delayMs: number; code?: string }
  /** Answers PROCESSING, does it after the delay, and then calls back. */
  | { kind: 'CALLBACK'; delayMs: number; code?: string }
  /** Answers PROCESSING and does it after the delay; the callback is lost, so that only a query tells. */
  | { kind: 'SILENT'; delayMs: number; code?: string }
  /** Answers PROCESSING and does it at once, so that a query tells; calls back after the delay. */
  | { kind: 'LATE_CALLBACK'; delayMs: number; code?: string }
  /** Does it and calls back; answers PROCESSING only after the platform has taken the callback. */
  | { kind: 'EARLY_CALLBACK'; code?: string }
  /** As CALLBACK, but calls back twice at the same time: one notification, or two with ids of their own. */
  | { kind: 'DOUBLE_CALLBACK'; delayMs: number; ids: 'SAME' | 'DIFFERENT'; code?: string }
  /** Does it, but the connection never answers. */
  | { kind: 'HANG'; code?: string }
  /** Does it, but the connection breaks without an answer. */
  | { kind: 'BREAK'; code?: string }
  /** Does it, but answers with HTTP 500. */
  | { kind: 'ERROR'; code?: string }
  /** Fails in that way before it has taken the request, so that a query does not know the number. */
  | { kind: 'NOT_TAKEN'; by: Fault }
  /** Answers FAILED, and so does a query, until after the delay it has done it all the same and calls back. */
  | { kind: 'LATE_SUCCESS'; delayMs: number; code: string }
  /** Tells by its answer or its callback the opposite of what became of it; only a query tells the truth. */
  | { kind: 'CONTRADICT'; by: 'ANSWER' | 'CALLBACK'; truth: Outcome['status']; code: string };

/** How a party gives no answer of its protocol: silence, a broken connection, or HTTP 500. */
export type Fault = 'HANG' | 'BREAK' | 'ERROR';

export type Outcome = { status: 'SUCCEEDED' } | { status: 'FAILED'; code: string };

/** Something that happens this long after the request was taken; in a script, later ones stand later. */
export type Step = { afterMs: number } & (
  | { does: 'SETTLE'; outcome: Outcome }
  /** Notifications of one number carry one id. */
  | { does: 'CALL_BACK'; says: 'TRUTH' | Outcome; notification: number }
);

export interface Script {
  /** Whether the party takes the request; if not, it will not know the number. */
  takes: boolean;
  /** What becomes of the request; what is due after 0 ms has happened before the request is answered. */
  steps: Step[];
  answer: {
    /** The truth at that moment, something else, or no answer at all. */
    says: 'TRUTH' | 'PROCESSING' | Outcome | Fault;
    delayMs: number;
    /** Whether all callbacks that are under way must have got through, or be given up, before. */
    afterCallbacks: boolean;
  };
}

const succeeded: Outcome = { status: 'SUCCEEDED' };
const failed = (code: string): Outcome => ({ status: 'FAILED', code });

/** The script that a behaviour stands for. */
export function scriptOf(behaviour: Behaviour): Script {
  const outcome = 'code' in behaviour && behaviour.code ? failed(behaviour.code) : succeeded;
  switch (behaviour.kind) {
    case 'ACCEPT':
    case 'REFUSE':
      return script([settle(0, outcome)]);
    case 'SLOW':
      return script([settle(0, outcome)], { delayMs: behaviour.delayMs });
    case 'CALLBACK': {
      const { delayMs } = behaviour;
      return script([settle(delayMs, outcome), callBack(delayMs)], { says: 'PROCESSING' });
    }
    case 'SILENT':
      return script([settle(behaviour.delayMs, outcome)], { says: 'PROCESSING' });
    case 'LATE_CALLBACK':
      return script([settle(0, outcome), callBack(behaviour.delayMs)], { says: 'PROCESSING' });
    case 'EARLY_CALLBACK':
      return script([settle(0, outcome), callBack(0)], { says: 'PROCESSING', afterCallbacks: true });
    case 'DOUBLE_CALLBACK': {
      const { delayMs, ids } = behaviour;
      const second = callBack(delayMs, 'TRUTH', ids === 'SAME' ? 1 : 2);
      return script([settle(delayMs, outcome), callBack(delayMs), second], { says: 'PROCESSING' });
    }
    case 'HANG':
    case 'BREAK':
    case 'ERROR':
      return script([settle(0, outcome)], { says: behaviour.kind });
    case 'NOT_TAKEN':
      return { ...script([], { says: behaviour.by }), takes: false };
    case 'LATE_SUCCESS': {
      const { delayMs } = behaviour;
      return script([settle(0, outcome), settle(delayMs, succeeded), callBack(delayMs)]);
    }
    case 'CONTRADICT': {
      const { by, truth, code } = behaviour;
      const [fact, lie] = truth === 'SUCCEEDED' ? [succeeded, failed(code)] : [failed(code), succeeded];
      return by === 'ANSWER'
        ? script([settle(0, fact)], { says: lie })
        : script([settle(0, fact), callBack(0, lie)], { says: 'PROCESSING' });
    }
  }
}

const settle = (afterMs: number, outcome: Outcome): Step => ({ afterMs, does: 'SETTLE', outcome });

const callBack = (afterMs: number, says: 'TRUTH' | Outcome = 'TRUTH', notification = 1): Step => ({
  ...{ afterMs, does: 'CALL_BACK', says, notification },
});

const script = (steps: Step[], answer: Partial<Script['answer']> = {}): Script => ({
  takes: true,
  steps,
  answer: { says: 'TRUTH', delayMs: 0, afterCallbacks: false, ...answer },
});
