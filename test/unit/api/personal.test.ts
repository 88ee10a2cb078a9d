import { withoutPersonal } from '../../../api/personal';
import { commandContracts, eventContracts } from '../../../schemas/validate';

const dataOf = (type: string) => (commandContracts[type] ?? eventContracts[type])!.$defs.data;

test.each([...Object.keys(commandContracts), ...Object.keys(eventContracts)])(
  'the examples of %s keep everything but what is personal',
  (type) => {
    const personal = ['accountToken', 'payoutAccountToken', 'message', 'payerReference'];
    // The borrower's words; other messages have a purpose that is a code.
    if (type === 'submit-loan-application') personal.push('purpose');
    for (const example of dataOf(type).examples ?? []) {
      const kept = JSON.stringify(withoutPersonal(dataOf(type), example));
      const cleaned = JSON.stringify(example, (key, value: unknown) =>
        personal.includes(key) ? undefined : value,
      );
      expect(kept).toBe(cleaned);
    }
  },
);

test('an account token within an object is left out, and its neighbours stay', () => {
  const data = {
    applicationId: 'LA1',
    beneficiary: { customerId: 'c-1', accountToken: 'tok_7f3k9m2q5x' },
  };
  expect(withoutPersonal(dataOf('disbursement-requested'), data)).toEqual({
    applicationId: 'LA1',
    beneficiary: { customerId: 'c-1' },
  });
});

test('what the contract does not declare is left out: nobody knows what it is', () => {
  const data = { applicationId: 'LA1', nickname: 'Somebody' };
  expect(withoutPersonal(dataOf('credit-reserved'), data)).toEqual({ applicationId: 'LA1' });
});

test('where a name stands for something else in each form, all of it is kept', () => {
  const plan = { scenario: 'EARLY_SETTLEMENT', amounts: { principalMinor: 80_000, waiverMinor: 0 } };
  expect(withoutPersonal(dataOf('repayment-plan-calculated'), plan)).toEqual(plan);
});

test('what one form marks as personal is left out of every form', () => {
  const name = { type: 'string' };
  const forms = {
    oneOf: [{ properties: { name } }, { properties: { name: { ...name, 'x-personal': true } } }],
  };
  expect(withoutPersonal(forms, { name: 'Somebody' })).toEqual({});
});
