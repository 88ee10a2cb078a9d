import { createRules, readRule, type Script } from '../../../sandbox/behaviours';
import { payoutRequest } from './support';

const refused = (code: string): Partial<Script> => ({ outcome: { status: 'FAILED', code } });
const accepted: Partial<Script> = { outcome: { status: 'SUCCEEDED' }, settleAfterMs: null };
const refuse = (code: string) => ({ kind: 'REFUSE', code }) as const;

describe('rules', () => {
  test('let a party accept what no rule matches', () => {
    expect(createRules().scriptFor('partner', payoutRequest())).toMatchObject(accepted);
  });

  test('decide by the newest that matches', () => {
    const rules = createRules();
    rules.add({ party: 'partner', behaviour: refuse('OLDER') });
    rules.add({ party: 'partner', behaviour: refuse('NEWER') });
    rules.add({ party: 'partner', match: { reference: 'LA9' }, behaviour: refuse('ELSEWHERE') });
    expect(rules.scriptFor('partner', payoutRequest({ reference: 'LA1' }))).toMatchObject(refused('NEWER'));
  });

  test('leave other parties alone', () => {
    const rules = createRules();
    rules.add({ party: 'partner', behaviour: refuse('NO') });
    expect(rules.scriptFor('other', payoutRequest())).toMatchObject(accepted);
  });

  test('no longer match when their times are used up', () => {
    const rules = createRules();
    rules.add({ party: 'partner', behaviour: refuse('ONCE'), times: 1 });
    expect(rules.scriptFor('partner', payoutRequest())).toMatchObject(refused('ONCE'));
    expect(rules.scriptFor('partner', payoutRequest())).toMatchObject(accepted);
  });

  test.each([
    ['reference', { reference: 'LA1' }],
    ['requestNo', { requestNo: 'PO-1' }],
    ['amountMinor', { amountMinor: 7 }],
    ['customerId', { customerId: 'C-7' }],
  ])('match by %s', (_name, match) => {
    const rules = createRules();
    rules.add({ party: 'partner', match, behaviour: refuse('MATCHED') });
    const fitting = payoutRequest({
      reference: 'LA1',
      requestNo: 'PO-1',
      amount: { currency: 'IDR', amountMinor: 7 },
      beneficiary: { customerId: 'C-7', accountToken: 'tok' },
    });
    expect(rules.scriptFor('partner', fitting)).toMatchObject(refused('MATCHED'));
    const different = payoutRequest({ reference: 'LA2', requestNo: 'PO-2' });
    expect(rules.scriptFor('partner', different)).toMatchObject(accepted);
  });

  test('are gone once cleared', () => {
    const rules = createRules();
    rules.add({ party: 'partner', behaviour: refuse('NO') });
    rules.clear();
    expect(rules.scriptFor('partner', payoutRequest())).toMatchObject(accepted);
  });
});

describe('a rule from outside', () => {
  test('is taken if it is complete', () => {
    const rule = {
      party: 'p',
      match: { reference: 'LA1' },
      behaviour: { kind: 'SILENT', delayMs: 5 },
      times: 2,
    };
    expect(readRule(rule)).toBe(rule);
  });

  test.each([
    ['without a party', { behaviour: { kind: 'ACCEPT' } }, "must have required property 'party'"],
    ['with an unknown behaviour', { party: 'p', behaviour: { kind: 'DANCE' } }, 'must be in oneOf'],
    ['with a delay missing', { party: 'p', behaviour: { kind: 'SILENT' } }, "required property 'delayMs'"],
    ['with a misspelt match', { party: 'p', match: { ref: 'x' }, behaviour: { kind: 'HANG' } }, 'additional'],
    ['with no times left', { party: 'p', behaviour: { kind: 'HANG' }, times: 0 }, 'must be >= 1'],
  ])('%s is refused in words', (_what, rule, words) => {
    expect(readRule(rule)).toEqual({ problem: expect.stringContaining(words) });
  });
});
