import { storyOf } from '../../../scripts/demo/story';

const story = storyOf('1A2B3C4D');

test('more than a dozen applications go out, in both markets, each under an id of its own', () => {
  expect(new Set(story.map(({ id }) => id)).size).toBeGreaterThan(12);
  expect(new Set(story.map(({ id }) => id)).size).toBe(story.length);
  expect(new Set(story.map(({ customer }) => customer.market))).toEqual(new Set(['CN', 'ID']));
});

test('a customer towards whom a party behaves specially has one application only', () => {
  for (const { customer } of story.filter(({ behaviours }) => behaviours.length > 0)) {
    expect(story.filter((other) => other.customer.id === customer.id)).toHaveLength(1);
  }
});

test('customers that stand in several cases are the same everywhere', () => {
  for (const { customer } of story) {
    for (const other of story.filter((one) => one.customer.id === customer.id)) {
      expect(other.customer).toEqual(customer);
    }
  }
});

test('no two runs share a customer', () => {
  const ids = new Set(story.map(({ customer }) => customer.id));
  for (const { customer } of storyOf('5E6F7A8B')) expect(ids).not.toContain(customer.id);
});

test('every application that a party was told to treat specially is explained', () => {
  for (const { explanation } of story.filter(({ behaviours }) => behaviours.length > 0)) {
    expect(explanation).toBeDefined();
  }
});

test('each application that people act on, or that a party pays late, is explained', () => {
  const special = story.filter(
    ({ deed, requests }) => deed !== undefined || requests.some(({ paysLate }) => paysLate),
  );
  expect(special.length).toBeGreaterThan(0);
  for (const { explanation } of special) expect(explanation).toBeDefined();
});

test('people find the money of each late payout', () => {
  for (const { deed } of story.filter(({ requests }) => requests.some(({ paysLate }) => paysLate))) {
    expect(deed).toEqual({ when: 'exception', does: 'RETURNED' });
  }
});
