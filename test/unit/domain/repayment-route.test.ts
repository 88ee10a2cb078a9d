import { chooseCollector, type Collector } from '../../../domain/repayment-route';

const bank: Collector = {
  ...{ party: 'bank', collectedBy: 'PARTNER', collectsFrom: 'BORROWER', channelState: 'UP' },
};
const trust: Collector = { ...bank, party: 'trust', collectedBy: 'CUSTODY' };
const channel: Collector = { ...trust, party: 'channel', collectsFrom: 'ANYBODY' };
const usual = {
  ...{ partners: [bank], defaultCollector: channel, payer: 'BORROWER', triedParties: [] },
} satisfies Parameters<typeof chooseCollector>[0];

const chosen = (change: Partial<Parameters<typeof chooseCollector>[0]>): string | undefined =>
  chooseCollector({ ...usual, ...change }).chosen?.party;

test.each<[string, Parameters<typeof chosen>[0], string | undefined]>([
  ['the partner of the loans, where it collects itself', {}, 'bank'],
  ['our payment system, where the money is in custody', { partners: [trust] }, 'channel'],
  [
    'our payment system, for several partners',
    { partners: [bank, { ...bank, party: 'other-bank' }] },
    'channel',
  ],
  ['our payment system, for a partner and one in custody', { partners: [bank, trust] }, 'channel'],
  [
    'our payment system, where the partner is down',
    { partners: [{ ...bank, channelState: 'DOWN' }] },
    'channel',
  ],
  ['our payment system, for somebody else than the borrower', { payer: 'OTHER' }, 'channel'],
  [
    'a partner that takes anybody’s money, for somebody else',
    { payer: 'OTHER', partners: [{ ...bank, collectsFrom: 'ANYBODY' }] },
    'bank',
  ],
  ['our payment system, once the partner was tried', { triedParties: ['bank'] }, 'channel'],
  ['nobody, once all were tried', { triedParties: ['bank', 'channel'] }, undefined],
  [
    'nobody, where the only collector is down',
    { partners: [trust], defaultCollector: { ...channel, channelState: 'DOWN' } },
    undefined,
  ],
  ['nobody, in a market without a collector', { partners: [trust], defaultCollector: undefined }, undefined],
])('an order is collected by %s', (_who, change, party) => {
  expect(chosen(change)).toBe(party);
});

test('it is told who was weighed, and why the others were passed over', () => {
  const { weighed } = chooseCollector({ ...usual, triedParties: ['bank'] });
  expect(weighed.map(({ collector, excludedBecause }) => [collector.party, excludedBecause])).toEqual([
    ['bank', 'ALREADY_TRIED'],
    ['channel', null],
  ]);
});
