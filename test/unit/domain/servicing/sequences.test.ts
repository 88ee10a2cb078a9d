import fc from 'fast-check';
import { addDays, type IsoDate } from '../../../../domain/calendar';
import { Exact, roundHalfUp, sumMinor } from '../../../../domain/money';
import { applyExtension, extensionProblem, quoteExtension } from '../../../../domain/servicing/extension';
import { components, livePostings, type Loan } from '../../../../domain/servicing/loan';
import { applyPayment, undo, type Posted } from '../../../../domain/servicing/payment';
import { positionOf } from '../../../../domain/servicing/position';
import { quote, quoteProblem } from '../../../../domain/servicing/quote';
import { extraFeesMinor } from '../../../../domain/servicing/settlement';
import { anyLoan, payment } from './loan-example';

/** Something that happens to a loan; `days` pass before it. */
const anyStep = fc.oneof(
  fc.record({
    kind: fc.constant('PAY'),
    days: fc.integer({ min: 0, max: 40 }),
    /** By how many days it is heard late. */
    late: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 60 })),
    percent: fc.integer({ min: 1, max: 150 }),
    intent: fc.constantFrom('AMOUNT', 'DUE', 'EARLY_SETTLEMENT', 'CANCELLATION'),
    couponMinor: fc.constantFrom(0, 0, 20),
  }),
  fc.record({
    kind: fc.constant('UNDO'),
    days: fc.integer({ min: 0, max: 40 }),
    which: fc.nat(),
    percent: fc.integer({ min: 1, max: 100 }),
    customerAtFault: fc.boolean(),
  }),
  fc.record({ kind: fc.constant('EXTEND'), days: fc.integer({ min: 0, max: 40 }) }),
);
type Step = typeof anyStep extends fc.Arbitrary<infer T> ? T : never;
type Pay = Extract<Step, { kind: 'PAY' }>;
type Undo = Extract<Step, { kind: 'UNDO' }>;

interface World {
  loan: Loan;
  today: IsoDate;
  /** What of each payment is neither allocated nor undone. */
  excessMinor: Map<string, number>;
  undoneMinor: Map<string, number>;
}

function keep(world: World, { loan, excess }: Pick<Posted, 'loan' | 'excess'>): void {
  world.loan = loan;
  for (const { paymentId, amountMinor } of excess) {
    world.excessMinor.set(paymentId, (world.excessMinor.get(paymentId) ?? 0) + amountMinor);
  }
}

function pay(world: World, { late, percent, intent, couponMinor }: Pay, id: string): void {
  const { loan, today } = world;
  const early = addDays(today, -late);
  const valueDate = early < loan.startDate ? loan.startDate : early;
  const request = { kind: intent === 'AMOUNT' || intent === 'DUE' ? 'NORMAL' : intent } as const;
  const isQuoted = intent !== 'AMOUNT' && !quoteProblem(loan, today, request);
  const quoted = isQuoted ? quote(loan, today, request, couponMinor) : undefined;
  const wantedMinor = quoted?.totalMinor ?? loan.instalments[0]!.totalMinor;
  const amountMinor = Math.floor((wantedMinor * percent) / 100);
  keep(world, applyPayment(loan, payment(id, valueDate, amountMinor, quoted?.intent, couponMinor)));
}

function undoSome(world: World, { which, percent, customerAtFault }: Undo): void {
  const { loan, today } = world;
  const undoable = loan.payments.filter(({ id }) => allocatedMinor(loan, id) > 0);
  if (undoable.length === 0) return;
  const { id } = undoable[which % undoable.length]!;
  const amountMinor = Math.ceil((allocatedMinor(loan, id) * percent) / 100);
  keep(world, undo(loan, { paymentId: id, amountMinor, day: today, customerAtFault }));
  world.undoneMinor.set(id, (world.undoneMinor.get(id) ?? 0) + amountMinor);
}

function extend(world: World, id: string): void {
  const { loan, today } = world;
  const isAfterAll = loan.postings.every(({ valueDate }) => valueDate <= today);
  if (!isAfterAll || extensionProblem(loan, today, 1)) return;
  const { totalMinor } = quoteExtension(loan, today, 1);
  const intent = { kind: 'EXTENSION', quotedFor: today, periods: 1 } as const;
  keep(world, applyExtension(loan, payment(id, today, totalMinor, intent)));
}

const allocatedMinor = (loan: Loan, id: string): number =>
  sumMinor(
    livePostings(loan, id)
      .filter(({ by }) => by === 'PAYMENT')
      .map(({ amountMinor }) => amountMinor),
  );

/** What an instalment has borne as penalty, counted day by day; for ACT/360 and terms without days of grace. */
function penaltyByDays(loan: Loan, number: number, asOf: IsoDate): number {
  const { dueDate, principalMinor } = loan.instalments[number - 1]!;
  const { annualRate } = loan.terms.penalty;
  const own = loan.postings.filter(
    ({ instalment, component }) => instalment === number && component === 'PRINCIPAL',
  );
  let [totalMinor, minorDays] = [0, 0];
  const bornMinor = (): number => roundHalfUp(new Exact(annualRate).times(minorDays).div(360));
  for (let day = dueDate; day < asOf; day = addDays(day, 1)) {
    const paid = own.filter(({ valueDate }) => valueDate <= day).map(({ amountMinor }) => amountMinor);
    const openMinor = Math.max(0, principalMinor - sumMinor(paid));
    if (openMinor === 0) {
      totalMinor += bornMinor();
      minorDays = 0;
    }
    minorDays += openMinor;
  }
  return totalMinor + bornMinor();
}

function expectSound({ loan, today, excessMinor, undoneMinor }: World): void {
  const position = positionOf(loan, today);
  for (const { number, owedMinor } of position.instalments) {
    const instalment = loan.instalments[number - 1]!;
    const postedMinor = (component: (typeof components)[number]): number =>
      sumMinor(
        loan.postings
          .filter((one) => one.instalment === number && one.component === component)
          .map(({ amountMinor }) => amountMinor),
      );
    const chargedMinor = {
      PENALTY: loan.terms.graceDays === 0 ? penaltyByDays(loan, number, today) : undefined,
      FEE: instalment.feeMinor,
      INTEREST: instalment.interestMinor,
      PRINCIPAL: instalment.principalMinor,
    };
    for (const component of components) {
      expect(owedMinor[component]).toBeGreaterThanOrEqual(0);
      const charged = chargedMinor[component] ?? owedMinor[component] + postedMinor(component);
      expect(owedMinor[component]).toBe(charged - postedMinor(component));
    }
  }
  for (const { id, amountMinor } of loan.payments) {
    const accountedMinor = allocatedMinor(loan, id) + (excessMinor.get(id) ?? 0) + (undoneMinor.get(id) ?? 0);
    expect({ id, accountedMinor }).toEqual({ id, accountedMinor: amountMinor });
    expect(excessMinor.get(id) ?? 0).toBeGreaterThanOrEqual(0);
  }
  expect(loan.postings.map(({ number }) => number)).toEqual(loan.postings.map((_one, index) => index + 1));
}

test('whatever happens: owed = schedule + penalty − postings, nothing is negative, and no money is lost', () => {
  fc.assert(
    fc.property(anyLoan, fc.array(anyStep, { maxLength: 12 }), (fresh, steps) => {
      const world: World = {
        ...{ loan: fresh, today: fresh.startDate, excessMinor: new Map(), undoneMinor: new Map() },
      };
      steps.forEach((step, index) => {
        world.today = addDays(world.today, step.days);
        if (step.kind === 'PAY') pay(world, step, `P${index}`);
        else if (step.kind === 'UNDO') undoSome(world, step);
        else extend(world, `E${index}`);
        expectSound(world);
      });

      const { instalments } = world.loan;
      for (const { id } of world.loan.payments) {
        if (livePostings(world.loan, id).length === 0) continue;
        keep(world, undo(world.loan, { paymentId: id, day: world.today, customerAtFault: true }));
      }
      // With nothing allocated any more the loan owes its schedule whole, the penalty on it, and what its extensions cost.
      const nothingPaid = { ...world.loan, payments: [], postings: [] };
      const { FEE, INTEREST, PRINCIPAL } = positionOf(world.loan, world.today).owedMinor;
      expect({ FEE, INTEREST, PRINCIPAL }).toEqual({
        FEE: sumMinor(instalments.map(({ feeMinor }) => feeMinor)) + extraFeesMinor(world.loan),
        INTEREST: sumMinor(instalments.map(({ interestMinor }) => interestMinor)),
        PRINCIPAL: positionOf(nothingPaid, world.today).owedMinor.PRINCIPAL,
      });
    }),
    { numRuns: 60 },
  );
}, 60_000);

test('undoing every payment, as if never made, gives back the start', () => {
  const anyPayments = fc.array(
    fc.tuple(fc.integer({ min: 0, max: 100 }), fc.integer({ min: 1, max: 10 ** 6 })),
    { maxLength: 5 },
  );
  fc.assert(
    fc.property(anyLoan, anyPayments, (fresh, payments) => {
      const today = addDays(fresh.startDate, 200);
      const running = payments.reduce(
        (loan, [days, minor], index) =>
          applyPayment(loan, payment(`P${index}`, addDays(fresh.startDate, days), minor)).loan,
        fresh,
      );
      const undone = running.payments
        .filter(({ id }) => livePostings(running, id).length > 0)
        .reduce(
          (loan, { id }) => undo(loan, { paymentId: id, day: today, customerAtFault: true }).loan,
          running,
        );
      expect(positionOf(undone, today)).toEqual(positionOf(fresh, today));
    }),
  );
});

test('payments come to the same in whichever order they are heard', () => {
  const anyPayments = fc.uniqueArray(
    fc.tuple(fc.integer({ min: 0, max: 150 }), fc.integer({ min: 1, max: 10 ** 5 })),
    { maxLength: 5, selector: ([days]) => days },
  );
  fc.assert(
    fc.property(anyLoan, anyPayments, (fresh, payments) => {
      const inOrder = [...payments].sort(([one], [other]) => one - other);
      const [heard, paid] = [payments, inOrder].map((each) =>
        each.reduce(
          (loan, [days, minor]) =>
            applyPayment(loan, payment(`P${days}`, addDays(fresh.startDate, days), minor)).loan,
          fresh,
        ),
      );
      const today = addDays(fresh.startDate, 200);
      expect(positionOf(heard!, today)).toEqual(positionOf(paid!, today));
    }),
  );
});
