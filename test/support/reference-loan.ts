// A loan under way, worked out in the plainest way: its schedule, and a list of what was taken of each payment, for what, on
// which day. Written from docs/servicing.md and the terms of cn-cash-instalment (30/360, three days of grace, penalty by
// ACT/360, no fees, ended for interest to date and no fee); it shares no code with domain/servicing, which it is held against.

const annualRate = 0.094822;
const penaltyRate = 0.142233;
const graceDays = 3;
const windowDays = 7;
const extension = { feeRate: 0.005, maxPeriods: 3, maxTimes: 2, maxOverdueDays: 30, maxTotalPeriods: 36 };

export interface ReferenceInstalment {
  number: number;
  periodStart: string;
  dueDate: string;
  principalMinor: number;
  interestMinor: number;
  feeMinor: number;
}
export interface ReferencePayment {
  id: string;
  /** On which it counts. */
  day: string;
  amountMinor: number;
  /** The instalments that it is meant for; all if left out. */
  only?: number[];
  /** Where it is meant to end the loan, before its time: how, and the day that it was quoted for. */
  ends?: { by: Ending; quotedFor: string };
}
export type Ending = 'EARLY_SETTLEMENT' | 'CANCELLATION';
type Component = 'penalty' | 'fee' | 'interest' | 'principal';
export type Owed = Record<Component, number>;
const order: readonly Component[] = ['penalty', 'fee', 'interest', 'principal'];

/** What was taken of a payment; or, by no money, what is asked for less (PRICE) or was paid in vain and moved (NETTED). */
interface Taking {
  of: string;
  number: number;
  component: Component;
  day: string;
  minor: number;
  by: 'MONEY' | 'PRICE' | 'NETTED';
  /** What of it has not been given back on a later day. */
  standsMinor: number;
}

export interface ReferenceLoan {
  startDate: string;
  instalments: ReferenceInstalment[];
  takings: Taking[];
  /** In the order in which they were heard of. */
  payments: ReferencePayment[];
  /** By the payments of the extensions. */
  extended: { id: string; day: string; periods: number }[];
  /** How often anything of it has changed. */
  changes: number;
}

export const referenceLoan = (startDate: string, instalments: ReferenceInstalment[]): ReferenceLoan => ({
  ...{ startDate, instalments, takings: [], payments: [], extended: [], changes: 0 },
});

const dayNumber = (day: string): number => Date.parse(`${day}T00:00:00Z`) / 86_400_000;
const dayOf = (number: number): string => new Date(number * 86_400_000).toISOString().slice(0, 10);
const latest = (...days: string[]): string => days.sort().at(-1)!;
const sum = (ones: readonly number[]): number => ones.reduce((total, one) => total + one, 0);
const halfUp = (minor: number): number => Math.floor(minor + 0.5 + 1e-9);
const parts = (day: string) => day.split('-').map(Number) as [number, number, number];
const lastOfMonth = (year: number, month: number): number => new Date(Date.UTC(year, month, 0)).getUTCDate();

/** Days of 30E/360; the loan's day stands for itself in months that lack it. */
function days360(from: string, to: string, startDate: string): number {
  const [[y1, m1, d1], [y2, m2, d2]] = [from, to].map((date) => {
    const [year, month, day] = parts(date);
    return [
      year,
      month,
      Math.min(30, day === lastOfMonth(year, month) ? Math.max(day, parts(startDate)[2]) : day),
    ];
  }) as [[number, number, number], [number, number, number]];
  return (y2 - y1) * 360 + (m2 - m1) * 30 + d2 - d1;
}

/** The day of the loan some months after another of its days. */
function monthsAfter(loan: ReferenceLoan, date: string, months: number): string {
  const [year, month] = parts(date);
  const to = new Date(Date.UTC(year, month - 1 + months, 1));
  const day = Math.min(parts(loan.startDate)[2], lastOfMonth(to.getUTCFullYear(), to.getUTCMonth() + 1));
  return `${to.toISOString().slice(0, 8)}${String(day).padStart(2, '0')}`;
}
const monthsBetween = (from: string, to: string): number =>
  (parts(to)[0] - parts(from)[0]) * 12 + parts(to)[1] - parts(from)[1];

/** What was taken for some components of an instalment up to and with a day. */
function takenOn(
  loan: ReferenceLoan,
  { number }: ReferenceInstalment,
  day: string,
  ...components: Component[]
): number {
  const own = loan.takings.filter((one) => one.number === number && components.includes(one.component));
  return sum(own.filter((one) => one.day <= day).map(({ minor }) => minor));
}

const daysFrom = (from: string, to: string): string[] =>
  Array.from({ length: Math.max(0, dayNumber(to) - dayNumber(from)) }, (_, index) =>
    dayOf(dayNumber(from) + index),
  );

/** Penalty that an instalment has borne by a day: day by day, each time in which principal was overdue by itself. */
function borne(loan: ReferenceLoan, one: ReferenceInstalment, asOf: string): number {
  let [total, minorDays, days] = [0, 0, 0];
  const end = (): void => {
    if (days > graceDays) total += halfUp((minorDays * penaltyRate) / 360);
    [minorDays, days] = [0, 0];
  };
  for (const day of daysFrom(one.dueDate, asOf)) {
    const open = one.principalMinor - takenOn(loan, one, day, 'principal');
    if (open > 0) [minorDays, days] = [minorDays + open, days + 1];
    else end();
  }
  end();
  return total;
}

function owedOf(loan: ReferenceLoan, one: ReferenceInstalment, asOf: string): Owed {
  const left = (asked: number, component: Component): number => asked - takenOn(loan, one, asOf, component);
  return {
    penalty: left(borne(loan, one, asOf), 'penalty'),
    fee: left(one.feeMinor, 'fee'),
    interest: left(one.interestMinor, 'interest'),
    principal: left(one.principalMinor, 'principal'),
  };
}

/** Since when an instalment is due: its due date, or the day on which it was opened again after it had been paid. */
function dueSince(loan: ReferenceLoan, one: ReferenceInstalment, asOf: string): string {
  const asked = one.feeMinor + one.interestMinor + one.principalMinor;
  const paidDays = daysFrom(one.dueDate, asOf).filter(
    (day) => takenOn(loan, one, day, 'fee', 'interest', 'principal') >= asked,
  );
  const lastPaid = paidDays.at(-1);
  return lastPaid ? dayOf(dayNumber(lastPaid) + 1) : one.dueDate;
}

const timings = ['PAST_DUE', 'DUE', 'IN_ADVANCE'] as const;
function timingOf(loan: ReferenceLoan, one: ReferenceInstalment, day: string): (typeof timings)[number] {
  if (day < one.dueDate) return 'IN_ADVANCE';
  return dayNumber(day) - dayNumber(dueSince(loan, one, day)) > graceDays ? 'PAST_DUE' : 'DUE';
}

/** What can be paid on a day: what is owed then, and on no later day for which something is known already less. */
function payableOf(loan: ReferenceLoan, one: ReferenceInstalment, day: string): Owed {
  const later = loan.takings.filter((each) => each.number === one.number && each.day > day);
  const all = [day, ...later.map((each) => each.day)].map((each) => owedOf(loan, one, each));
  const least = (component: Component) => Math.max(0, Math.min(...all.map((owed) => owed[component])));
  return {
    ...{ penalty: least('penalty'), fee: least('fee') },
    ...{ interest: least('interest'), principal: least('principal') },
  };
}

const payableMinor = (loan: ReferenceLoan, day: string): number =>
  sum(loan.instalments.flatMap((one) => Object.values(payableOf(loan, one, day))));

function take(loan: ReferenceLoan, taking: Omit<Taking, 'standsMinor'>): void {
  if (taking.minor === 0) return;
  loan.changes += 1;
  loan.takings.push({ ...taking, standsMinor: taking.minor });
}

/** Gives a taking back: on its own day as if it had never been, later as from then on. */
function giveBack(loan: ReferenceLoan, taking: Taking, minor: number, day: string): void {
  loan.changes += 1;
  taking.standsMinor -= minor;
  if (day === taking.day) taking.minor -= minor;
  else loan.takings.push({ ...taking, day, minor: -minor, standsMinor: 0 });
}

const standing = (loan: ReferenceLoan, id: string): Taking[] =>
  loan.takings.filter((one) => one.of === id && one.standsMinor !== 0);

/** What of a payment's money stands with the loan. */
export const takenOf = (loan: ReferenceLoan, id: string): number =>
  sum(
    standing(loan, id)
      .filter(({ by }) => by === 'MONEY')
      .map((one) => one.standsMinor),
  );

/** Money that stands with the loan, less what it gives back of it because more was paid than is asked for in the end. */
export const appliedOf = ({ takings }: ReferenceLoan): number =>
  sum(takings.filter(({ by }) => by !== 'PRICE').map(({ minor }) => minor));

function allocate(loan: ReferenceLoan, of: string, day: string, amountMinor: number, only?: number[]): void {
  let left = amountMinor;
  const due = loan.instalments
    .filter(({ number }) => !only || only.includes(number))
    .map((one) => ({ ...one, when: timingOf(loan, one, day), payable: payableOf(loan, one, day) }));
  for (const when of timings) {
    for (const component of order) {
      for (const { number, payable } of due.filter((one) => one.when === when)) {
        const minor = Math.min(left, payable[component]);
        take(loan, { of, number, component, day, minor, by: 'MONEY' });
        left -= minor;
      }
    }
  }
}

/** Asks for no more interest than was earned; what was paid beyond it is moved to principal, or goes back. */
function endOn(loan: ReferenceLoan, of: string, day: string): void {
  let surplus = 0;
  for (const [index, one] of loan.instalments.entries()) {
    if (one.dueDate <= day) continue;
    const balance = sum(loan.instalments.slice(index).map(({ principalMinor }) => principalMinor));
    const days = one.periodStart < day ? days360(one.periodStart, day, loan.startDate) : 0;
    const earned = Math.min(one.interestMinor, halfUp((balance * annualRate * days) / 360));
    const vain = Math.max(0, takenOn(loan, one, day, 'interest') - earned);
    const change = { of, number: one.number, component: 'interest', day } as const;
    take(loan, { ...change, by: 'PRICE', minor: one.interestMinor - earned });
    take(loan, { ...change, by: 'NETTED', minor: -vain });
    surplus += vain;
  }
  for (const one of loan.instalments) {
    const minor = Math.min(surplus, payableOf(loan, one, day).principal);
    take(loan, { of, number: one.number, component: 'principal', day, by: 'NETTED', minor });
    surplus -= minor;
  }
}

/** Whether, and how, a loan can be ended on a day. */
export const canEnd = (loan: ReferenceLoan, by: Ending, day: string): boolean =>
  (by === 'EARLY_SETTLEMENT' || dayNumber(day) - dayNumber(loan.startDate) <= windowDays) &&
  payableMinor(loan, day) > 0;

/** What ending the loan on a day costs. */
export function endingMinor(loan: ReferenceLoan, day: string): number {
  const thought = structuredClone(loan);
  endOn(thought, '', day);
  return payableMinor(thought, day);
}

function enter(loan: ReferenceLoan, payment: ReferencePayment): void {
  const { id, day, amountMinor, only, ends } = payment;
  if (!ends) return allocate(loan, id, day, amountMinor, only);
  const isInTime = day <= ends.quotedFor && canEnd(loan, ends.by, day);
  if (isInTime && endingMinor(loan, day) <= amountMinor) endOn(loan, id, day);
  allocate(loan, id, day, amountMinor);
}

/** Enters money before all that counts on a later day: that is taken out, and entered again after it. */
function insert(loan: ReferenceLoan, entry: ReferencePayment): void {
  const later = loan.payments
    .filter(({ id }) => (standing(loan, id)[0]?.day ?? '') > entry.day)
    .map((one) => ({ ...one, day: standing(loan, one.id)[0]!.day, amountMinor: takenOf(loan, one.id) }))
    .sort((one, other) => dayNumber(one.day) - dayNumber(other.day));
  for (const { id } of later)
    for (const one of standing(loan, id)) giveBack(loan, one, one.standsMinor, one.day);
  for (const one of [entry, ...later]) enter(loan, one);
}

/** Nothing goes behind an extension. */
const notBehindExtensions = (loan: ReferenceLoan, day: string): string =>
  latest(day, loan.startDate, ...loan.extended.map((one) => one.day));

/** Hears of a payment. Returns what the loan takes of it. */
export function hear(loan: ReferenceLoan, payment: ReferencePayment): number {
  loan.payments.push(payment);
  insert(loan, { ...payment, day: notBehindExtensions(loan, payment.day) });
  return takenOf(loan, payment.id);
}

/**
 * Takes money back from the loan, what was allocated last first: a refund, or a chargeback.
 *
 * @param amountMinor what is taken back, of what stands of the payment
 * @param atFault whether the customer is at fault: then the money has never come
 */
export function takeBack(
  loan: ReferenceLoan,
  id: string,
  { amountMinor, day, atFault }: { amountMinor: number; day: string; atFault: boolean },
): void {
  const all = standing(loan, id);
  const paidOn = all[0]!.day;
  const on = atFault ? paidOn : latest(day, paidOn);
  const restMinor = takenOf(loan, id) - amountMinor;
  const isExtension = loan.extended.some((one) => one.id === id);
  if (isExtension || (restMinor > 0 && all.every(({ by }) => by === 'MONEY'))) {
    let left = amountMinor;
    for (const one of all.filter(({ by }) => by === 'MONEY').reverse()) {
      const minor = Math.min(left, one.standsMinor);
      if (minor > 0) giveBack(loan, one, minor, on);
      // An extension stays: its price goes with the money, unless the customer is at fault.
      const price = isExtension && !atFault && all.find(({ by }) => by === 'PRICE');
      if (minor > 0 && price) giveBack(loan, price, -minor, on);
      left -= minor;
    }
    return;
  }
  // Whatever came with an ending goes with it; what is left of the money is a normal repayment.
  for (const one of all) giveBack(loan, one, one.standsMinor, on);
  if (restMinor > 0) insert(loan, { id, day: notBehindExtensions(loan, on), amountMinor: restMinor });
}

const isOwing = (owed: Owed): boolean => sum(Object.values(owed)) > 0;
const moving = (loan: ReferenceLoan, day: string): ReferenceInstalment[] =>
  loan.instalments.filter((one) => one.dueDate >= day && isOwing(owedOf(loan, one, day)));

/** Whether a loan can be extended on a day. */
export function canExtend(loan: ReferenceLoan, day: string, periods: number): boolean {
  const overdue = owed(loan, day)
    .filter((one) => one.timing === 'PAST_DUE')
    .map((one) => dayNumber(day) - dayNumber(dueSince(loan, loan.instalments[one.number - 1]!, day)));
  const end = latest(...loan.instalments.map(({ dueDate }) => dueDate));
  const total = monthsBetween(loan.startDate, end) + periods;
  const added = sum([periods, ...loan.extended.map((one) => one.periods)]);
  return (
    moving(loan, day).length > 0 &&
    periods <= extension.maxPeriods &&
    Math.max(0, ...overdue) <= extension.maxOverdueDays &&
    loan.extended.length < extension.maxTimes &&
    total <= Math.min(extension.maxTotalPeriods, 2 * (total - added))
  );
}

/** What an extension costs on a day where the cost cap leaves room for it, and the schedule that it makes. */
export function extensionOn(loan: ReferenceLoan, day: string, periods: number) {
  const moves = moving(loan, day);
  const principal = sum(moves.map((one) => owedOf(loan, one, day).principal));
  const interestFor = (balance: number, from: string, to: string): number =>
    halfUp((balance * annualRate * days360(from, to, loan.startDate)) / 360);
  const instalments = loan.instalments.map((one, index): ReferenceInstalment => {
    if (!moves.includes(one)) return one;
    const isFirst = one === moves[0];
    const dueDate = monthsAfter(loan, one.dueDate, periods);
    const periodStart = isFirst ? one.periodStart : monthsAfter(loan, one.periodStart, periods);
    const balance = sum(loan.instalments.slice(index).map(({ principalMinor }) => principalMinor));
    const interestMinor = isFirst
      ? one.interestMinor + interestFor(principal, one.dueDate, dueDate)
      : Math.max(interestFor(balance, periodStart, dueDate), takenOn(loan, one, day, 'interest'));
    return { ...one, periodStart, dueDate, interestMinor };
  });
  return { feeMinor: halfUp(extension.feeRate * principal), instalments };
}

/** Extends the loan by a payment of the fee. */
export function extend(
  loan: ReferenceLoan,
  { id, day, periods, feeMinor }: { id: string; day: string; periods: number; feeMinor: number },
): void {
  const { instalments } = extensionOn(loan, day, periods);
  const fee = { of: id, number: moving(loan, day)[0]!.number, component: 'fee', day } as const;
  loan.payments.push({ id, day, amountMinor: feeMinor });
  loan.instalments = instalments;
  loan.extended.push({ id, day, periods });
  take(loan, { ...fee, by: 'PRICE', minor: -feeMinor });
  take(loan, { ...fee, by: 'MONEY', minor: feeMinor });
}

/** What is owed on a day of each instalment that owes something, and whether it is due. */
export const owed = (loan: ReferenceLoan, asOf: string) =>
  loan.instalments
    .map((one) => ({ number: one.number, timing: timingOf(loan, one, asOf), owed: owedOf(loan, one, asOf) }))
    .filter((one) => isOwing(one.owed));
