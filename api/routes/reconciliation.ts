import { acknowledge } from '../../db/access/acknowledgements';
import {
  FINDING_STATES,
  findings,
  findingView,
  reconciledDay,
  reconciledDays,
  type ComparisonView,
  type FindingAct,
  type FindingState,
  type FindingView,
  type OnTheWay,
  type ReconciledDay,
} from '../../db/reads/reconciliation';
import { reconciledMarkets } from '../../db/reference';
import { dayInZone } from '../../domain/calendar';
import { reconciliationFlowId } from '../../domain/identifiers';
import {
  debtOrderAddress,
  findingAddress,
  findingsAddress,
  journalAddress,
  reconciledDayAddress,
  reconciledDaysAddress,
} from '../addresses';
import type { FlowNeeds } from '../needs';
import { pagedList, pageOf } from '../pages';
import { MAY } from '../permissions';
import { Problem } from '../problem';
import type { Answer, Call, Parameter, Route } from '../route';
import { common, count, day, links, list, object, oneOf, text, type Schema } from '../schema';
import { startReconciliation } from '../temporal';
import { reasonSchema } from './operations';

const TAG = 'Reconciliation';

const marketParameter: Parameter = {
  ...{
    in: 'path',
    name: 'market',
    description: 'A market, by its two letters.',
    required: true,
    example: 'CN',
  },
  schema: common('market-id'),
};
const dateParameter: Parameter = {
  ...{ in: 'path', name: 'date', description: "A calendar day, in the market's time zone.", required: true },
  ...{ schema: day, example: '2026-01-22' },
};
const findingIdSchema: Schema = { type: 'integer', minimum: 1 };
const findingIdParameter: Parameter = {
  ...{ in: 'path', name: 'findingId', description: 'Number of a finding.', required: true, example: '17' },
  schema: { type: 'string', pattern: '^[1-9][0-9]{0,14}$' },
};

const stateSchema: Schema = {
  description:
    'GREEN: compared, and no finding is open. FINDINGS: some are. COMPARING: a run is under way, as when nobody has ended it.',
  ...oneOf('GREEN', 'FINDINGS', 'COMPARING'),
};
const counts = {
  compared: { description: 'How many pairs were compared.', ...count },
  inFlight: { description: 'How many differ as something of them is on its way.', ...count },
  differing: { description: 'How many differ else: findings, and what was decided to stay.', ...count },
} satisfies Record<string, Schema>;
const daySummary = {
  market: common('market-id'),
  date: common('iso-date'),
  state: stateSchema,
  ...counts,
  openFindings: {
    description: 'What of it nobody has explained yet; absent while it is compared.',
    ...count,
  },
  begunAt: common('instant'),
  comparedAt: { description: 'When its last run ended.', ...common('instant') },
} satisfies Record<string, Schema>;
const dayEntry = object({ ...daySummary, links: links(['self']) }, ['openFindings', 'comparedAt']);

const sides = {
  comparison: { description: 'What was compared: docs/reconciliation.md.', ...text },
  subject: { description: 'Of what: an order, a request and its receiver, a contract, …', ...text },
  ours: { description: 'What we have, in minor units or words; absent where we have nothing.', ...text },
  theirs: { description: 'What the other side has; absent where it has nothing.', ...text },
} satisfies Record<string, Schema>;
const finding = {
  ...{ findingId: findingIdSchema, market: common('market-id'), date: common('iso-date'), ...sides },
  orderId: common('mall-order-id'),
  state: {
    description: 'BOOKED and DECIDED: two persons have said so. GONE: a later run has not found it any more.',
    ...oneOf(...FINDING_STATES),
  },
  foundAt: common('instant'),
  question: { description: 'Of the flow: what is answered under /v1/ops/acts to explain it.', ...text },
  flowId: text,
} satisfies Record<string, Schema>;
const FINDING_OPTIONAL = ['ours', 'theirs', 'orderId'];
const findingEntry = object({ ...finding, links: links(['self'], ['order']) }, FINDING_OPTIONAL);

const dayBody = object(
  {
    ...daySummary,
    comparisons: list(object({ comparison: sides.comparison, ...counts })),
    findings: {
      description: 'What the last run has found, whatever has become of it.',
      ...list(findingEntry),
    },
    onTheWay: {
      description: 'What differs as something of it is on its way.',
      ...list(object(sides, ['ours', 'theirs'])),
    },
    links: links(['self']),
  },
  ['openFindings', 'comparedAt'],
);
const findingBody = object(
  {
    ...finding,
    acts: {
      description: 'What was done about it, the first first.',
      ...list(
        object(
          {
            act: oneOf('ACKNOWLEDGED', 'PROPOSED', 'APPROVED', 'GONE'),
            answer: { description: 'BOOKED or DECIDED.', ...text },
            actor: text,
            reason: text,
            at: common('instant'),
            links: links([], ['journal']),
          },
          ['answer'],
        ),
      ),
    },
    links: links(['self'], ['order']),
  },
  FINDING_OPTIONAL,
);

const days = pagedList<[string, string]>(
  [
    {
      ...{ in: 'query', name: 'market', description: 'One market, by its two letters.', required: false },
      ...{ schema: common('market-id'), example: 'CN' },
    },
  ],
  { type: 'array', minItems: 2, prefixItems: [day, common('market-id')], items: false },
);
const found = pagedList<number>(
  [
    {
      ...{
        in: 'query',
        name: 'state',
        description: 'open (acknowledged ones too), or closed.',
        required: false,
      },
      ...{ schema: oneOf('open', 'closed'), example: 'open' },
    },
  ],
  findingIdSchema,
);
const STATES: Readonly<Record<string, readonly FindingState[]>> = {
  open: ['OPEN', 'ACKNOWLEDGED'],
  closed: ['BOOKED', 'DECIDED', 'GONE'],
};

/** What was compared day by day, and what is done about what differs. */
export function reconciliationRoutes(needs: Pick<FlowNeeds, 'db' | 'temporal' | 'config'>): Route[] {
  const { db } = needs;
  return [
    {
      method: 'get',
      path: reconciledDaysAddress,
      operationId: 'listReconciledDays',
      tag: TAG,
      summary: 'List the days that were compared, the newest first',
      access: { roles: MAY.readReconciliation },
      parameters: days.parameters,
      answers: {
        200: {
          description: 'A page of days, each by its last run.',
          schema: pageOf(dayEntry),
          example: { entries: [summaryOf(exampleDay)], links: { self: reconciledDaysAddress } },
        },
      },
      problems: [],
      async handle({ parameters }) {
        const { rows, links: pageLinks } = await days.read(
          reconciledDaysAddress,
          parameters,
          ({ after, limit }) => reconciledDays(db, { market: parameters['market'], after, limit }),
          (one) => [one.day, one.market],
        );
        return { status: 200, body: { entries: rows.map(summaryOf), links: pageLinks } };
      },
    },
    {
      method: 'get',
      path: '/v1/reconciliation/days/{market}/{date}',
      operationId: 'getReconciledDay',
      tag: TAG,
      summary: 'Read what was compared of a day, and what was found',
      access: { roles: MAY.readReconciliation },
      parameters: [marketParameter, dateParameter],
      answers: {
        200: { description: 'The day, by its last run.', schema: dayBody, example: bodyOfDay(exampleDay) },
      },
      problems: ['UNKNOWN_RECONCILED_DAY'],
      async handle({ parameters }) {
        const view = await reconciledDay(db, parameters['market']!, parameters['date']!);
        if (!view) throw new Problem('UNKNOWN_RECONCILED_DAY', 'The day was not compared yet.');
        return { status: 200, body: bodyOfDay(view) };
      },
    },
    {
      method: 'post',
      path: '/v1/reconciliation/days/{market}/{date}/runs',
      operationId: 'compareDay',
      tag: TAG,
      summary: 'Compare a day now',
      description:
        'Starts the flow of the day, or has it compare again. Safe to repeat: a finding that is there is not found twice.',
      access: { roles: MAY.reconcile },
      parameters: [marketParameter, dateParameter],
      answers: {
        202: {
          description: 'It is being compared.',
          schema: object({
            market: common('market-id'),
            date: common('iso-date'),
            flowId: text,
            links: links(['day']),
          }),
          example: startedBody('CN', '2026-01-22'),
        },
      },
      problems: ['MARKET_WITHOUT_MALL', 'DAY_TO_COME'],
      handle: (call) => start(needs, call),
    },
    {
      method: 'get',
      path: findingsAddress,
      operationId: 'listFindings',
      tag: TAG,
      summary: 'List findings, the newest first',
      access: { roles: MAY.readReconciliation },
      parameters: found.parameters,
      answers: {
        200: {
          description: 'A page of findings.',
          schema: pageOf(findingEntry),
          example: { entries: [entryOf(exampleFinding)], links: { self: findingsAddress } },
        },
      },
      problems: [],
      async handle({ parameters }) {
        const { rows, links: pageLinks } = await found.read(
          findingsAddress,
          parameters,
          ({ after, limit }) => findings(db, { states: STATES[parameters['state'] ?? ''], after, limit }),
          ({ findingId }) => findingId,
        );
        return { status: 200, body: { entries: rows.map(entryOf), links: pageLinks } };
      },
    },
    {
      method: 'get',
      path: '/v1/reconciliation/findings/{findingId}',
      operationId: 'getFinding',
      tag: TAG,
      summary: 'Read a finding, and what was done about it',
      access: { roles: MAY.readReconciliation },
      parameters: [findingIdParameter],
      answers: {
        200: {
          description: 'The finding as it stands now.',
          schema: findingBody,
          example: bodyOfFinding({ ...exampleFinding, acts: exampleActs }),
        },
      },
      problems: ['UNKNOWN_FINDING'],
      handle: async ({ parameters }) => ({
        status: 200,
        body: await readFinding(needs, parameters['findingId']!),
      }),
    },
    {
      method: 'post',
      path: '/v1/reconciliation/findings/{findingId}/acknowledgements',
      operationId: 'acknowledgeFinding',
      tag: TAG,
      summary: 'Say that you look into a finding',
      description:
        'Once for each person; the same again changes nothing. It closes nothing: a finding is explained under /v1/ops/acts, as the ' +
        'answer to its question.',
      access: { roles: MAY.reconcile },
      parameters: [findingIdParameter],
      body: {
        schema: object({ reason: reasonSchema }),
        examples: { usual: { reason: 'Asking Yeepay: ticket 4711.' } },
      },
      answers: {
        200: {
          description: 'The finding as it stands now.',
          schema: findingBody,
          example: bodyOfFinding({ ...exampleFinding, state: 'ACKNOWLEDGED', acts: exampleActs.slice(0, 1) }),
        },
      },
      problems: ['UNKNOWN_FINDING', 'FINDING_CLOSED'],
      handle: (call) => acknowledgeFinding(needs, call),
    },
  ];
}

async function start(
  { db, temporal, config }: Pick<FlowNeeds, 'db' | 'temporal' | 'config'>,
  { parameters }: Call,
): Promise<Answer> {
  const [market, date] = [parameters['market']!, parameters['date']!];
  const reconciled = (await reconciledMarkets(db)).find((one) => one.market === market);
  if (!reconciled)
    throw new Problem('MARKET_WITHOUT_MALL', `${market} has no mall, so there is nothing to compare.`);
  if (date > dayInZone(new Date().toISOString(), reconciled.timeZone))
    throw new Problem('DAY_TO_COME', `${date} has not begun in ${market}.`);
  await startReconciliation(temporal, { taskQueue: config.taskQueue, market, day: date });
  return { status: 202, body: startedBody(market, date) };
}

const startedBody = (market: string, date: string) => ({
  ...{ market, date, flowId: reconciliationFlowId(market, date) },
  links: { day: reconciledDayAddress(market, date) },
});

async function acknowledgeFinding(needs: Pick<FlowNeeds, 'db'>, call: Call): Promise<Answer> {
  const { state } = await viewOf(needs, call.parameters['findingId']!);
  if (!STATES['open']!.includes(state))
    throw new Problem('FINDING_CLOSED', `The finding is ${state}: nobody needs to look into it.`);
  await acknowledge(needs.db, {
    ...{ findingId: Number(call.parameters['findingId']), actor: call.client().clientId },
    reason: (call.body as { reason: string }).reason,
  });
  return { status: 200, body: await readFinding(needs, call.parameters['findingId']!) };
}

async function viewOf({ db }: Pick<FlowNeeds, 'db'>, findingId: string) {
  const view = await findingView(db, Number(findingId));
  if (!view) throw new Problem('UNKNOWN_FINDING', `There is no finding ${findingId}.`);
  return view;
}

const readFinding = async (needs: Pick<FlowNeeds, 'db'>, findingId: string) =>
  bodyOfFinding(await viewOf(needs, findingId));

const stateOf = ({ openFindings }: ReconciledDay): 'GREEN' | 'FINDINGS' | 'COMPARING' => {
  if (openFindings === null) return 'COMPARING';
  return openFindings === 0 ? 'GREEN' : 'FINDINGS';
};

function summaryOf(view: ReconciledDay) {
  const { market, day: date, compared, inFlight, differing, openFindings, begunAt, endedAt } = view;
  return {
    ...{ market, date, state: stateOf(view), compared, inFlight, differing, begunAt },
    ...(openFindings !== null && { openFindings }),
    ...(endedAt !== null && { comparedAt: endedAt }),
    links: { self: reconciledDayAddress(market, date) },
  };
}

type DayView = ReconciledDay & {
  comparisons: ComparisonView[];
  findings: FindingView[];
  onTheWay: OnTheWay[];
};

function bodyOfDay(view: DayView) {
  const { comparisons, findings: all, onTheWay } = view;
  return {
    ...{ ...summaryOf(view), comparisons, findings: all.map(entryOf) },
    onTheWay: onTheWay.map(({ comparison, subject, ...both }) => ({ comparison, subject, ...sidesOf(both) })),
  };
}

/** A side that has nothing is left out. */
const sidesOf = ({ ours, theirs }: Pick<FindingView, 'ours' | 'theirs'>) => ({
  ...(ours !== null && { ours }),
  ...(theirs !== null && { theirs }),
});

function entryOf(view: FindingView) {
  const {
    findingId,
    market,
    day: date,
    comparison,
    subject,
    orderId,
    state,
    foundAt,
    flowId,
    question,
  } = view;
  return {
    ...{ findingId, market, date, comparison, subject, ...sidesOf(view), state, foundAt, flowId, question },
    ...(orderId !== null && { orderId }),
    links: { self: findingAddress(findingId), ...(orderId !== null && { order: debtOrderAddress(orderId) }) },
  };
}

const bodyOfFinding = ({ acts, ...view }: FindingView & { acts: FindingAct[] }) => ({
  ...entryOf(view),
  acts: acts.map(({ answer, journalId, ...one }) => ({
    ...one,
    ...(answer !== null && { answer }),
    links: journalId === null ? {} : { journal: journalAddress(journalId) },
  })),
});

const exampleFinding: FindingView = {
  ...{ findingId: 17, market: 'CN', day: '2026-01-22', comparison: 'yeepay-statement' },
  ...{
    subject: 'BACK YB-MO20260115000017-1-1 D-31',
    orderId: 'MO20260115000017',
    ours: null,
    theirs: '1500',
  },
  ...{
    state: 'BOOKED',
    foundAt: '2026-01-22T18:00:09.000Z',
    flowId: reconciliationFlowId('CN', '2026-01-22'),
  },
  question: 'finding:17',
};
const exampleActs: FindingAct[] = [
  {
    ...{ act: 'ACKNOWLEDGED', answer: null, actor: 'operator-1', reason: 'Asking Yeepay: ticket 4711.' },
    ...{ journalId: null, at: '2026-01-23T01:10:00.000Z' },
  },
  {
    ...{ act: 'PROPOSED', answer: 'BOOKED', actor: 'operator-1', reason: 'Booked by hand.', journalId: 4711 },
    at: '2026-01-23T02:00:00.000Z',
  },
  {
    ...{ act: 'APPROVED', answer: 'BOOKED', actor: 'operator-2', reason: 'Seen.', journalId: null },
    at: '2026-01-23T02:05:00.000Z',
  },
];
const exampleDay: DayView = {
  ...{ market: 'CN', day: '2026-01-22', runId: 1, begunAt: '2026-01-22T18:00:00.000Z' },
  ...{ endedAt: '2026-01-22T18:00:09.000Z', openFindings: 0, compared: 1_204, inFlight: 0, differing: 1 },
  comparisons: [{ comparison: 'yeepay-statement', compared: 310, inFlight: 0, differing: 1 }],
  findings: [exampleFinding],
  onTheWay: [],
};
