// A loan under way, worked out again from its schedule and the list of what was paid, in the plainest way: all payments are
// put towards it from the start, in the order of their days. It shares no code with domain/servicing, which it is held against.
// For loans like those of cn-cash-instalment: 30/360, three days of grace, penalty by ACT/360, settled for interest to date.

const graceDays = 3;
const penaltyRate = 0.142233;
const annualRate = 0.094822;

export interface ReferenceInstalment {
  number: number;
  periodStart: string;
  dueDate: string;
  principalMinor: number;
  interestMinor: number;
  feeMinor: number;
}
export interface ReferencePayment {
  day: string;
  amountMinor: number;
  /** The instalments that it is meant for; all if left out. */
  only?: number[];
}
type Component = 'penalty' | 'fee' | 'interest' | 'principal';
export type Owed = Record<Component, number>;
const order: readonly Component[] = ['penalty', 'fee', 'interest', 'principal'];

const dayNumber = (day: string): number => Date.parse(`${day}T00:00:00Z`) / 86_400_000;
const sum = (ones: readonly number[]): number => ones.reduce((total, one) => total + one, 0);

/** Days of 30E/360 between two days. */
function days360(from: string, to: string): number {
  const [[y1, m1, d1], [y2, m2, d2]] = [from, to].map((day) => day.split('-').map(Number)) as [
    [number, number, number],
    [number, number, number],
  ];
  return (y2 - y1) * 360 + (m2 - m1) * 30 + Math.min(d2, 30) - Math.min(d1, 30);
}

interface Line extends ReferenceInstalment {
  paid: Owed;
  /** What of the principal was paid when. */
  principalPaid: { day: string; minor: number }[];
}

const openOn = (line: Line, day: string): number =>
  line.principalMinor - sum(line.principalPaid.filter((one) => one.day <= day).map(({ minor }) => minor));

/** Penalty that an instalment has borne by a day, counted day by day. */
function borne(line: Line, asOf: string): number {
  let [minorDays, lastOpen] = [0, dayNumber(line.dueDate)];
  for (let day = dayNumber(line.dueDate); day < dayNumber(asOf); day += 1) {
    const open = openOn(line, new Date(day * 86_400_000).toISOString().slice(0, 10));
    minorDays += open;
    if (open > 0) lastOpen = day + 1;
  }
  return lastOpen - dayNumber(line.dueDate) <= graceDays
    ? 0
    : Math.floor((minorDays * penaltyRate) / 360 + 0.5 + 1e-9);
}

const owedOf = (line: Line, asOf: string): Owed => ({
  penalty: borne(line, asOf) - line.paid.penalty,
  fee: line.feeMinor - line.paid.fee,
  interest: line.interestMinor - line.paid.interest,
  principal: line.principalMinor - line.paid.principal,
});

function timing(line: Line, day: string): 0 | 1 | 2 {
  const late = dayNumber(day) - dayNumber(line.dueDate);
  return late > graceDays ? 0 : late >= 0 ? 1 : 2;
}

/** Puts a payment towards the lines; returns what they took of it. */
function allocate(lines: readonly Line[], { day, amountMinor, only }: ReferencePayment): number {
  let left = amountMinor;
  const due = lines
    .filter(({ number }) => !only || only.includes(number))
    .map((line) => ({ line, when: timing(line, day), owed: owedOf(line, day) }));
  for (const when of [0, 1, 2]) {
    for (const component of order) {
      for (const one of due.filter((each) => each.when === when)) {
        const taken = Math.min(left, Math.max(one.owed[component], 0));
        left -= taken;
        one.line.paid[component] += taken;
        if (component === 'principal' && taken > 0) one.line.principalPaid.push({ day, minor: taken });
      }
    }
  }
  return amountMinor - left;
}

/**
 * Works a loan out again.
 *
 * @param payments in the order in which they were heard of
 * @param asOf the day for which it is looked at
 * @returns what is owed of each instalment that owes something, what the loan took of the payments, and its price
 */
export function reference(
  instalments: readonly ReferenceInstalment[],
  payments: readonly ReferencePayment[],
  asOf: string,
) {
  const lines: Line[] = instalments.map((one) => ({
    ...one,
    paid: { penalty: 0, fee: 0, interest: 0, principal: 0 },
    principalPaid: [],
  }));
  const taken = new Map<ReferencePayment, number>();
  const byDay = payments.map((payment, heard) => ({ payment, heard }));
  byDay.sort((one, other) =>
    one.payment.day < other.payment.day
      ? -1
      : one.payment.day > other.payment.day
        ? 1
        : one.heard - other.heard,
  );
  for (const { payment } of byDay) taken.set(payment, allocate(lines, payment));
  const owed = lines
    .map((line) => ({ number: line.number, owed: owedOf(line, asOf) }))
    .filter((one) => sum(Object.values(one.owed)) > 0);
  return {
    owed,
    takenMinor: sum([...taken.values()]),
    takenOf: (some: readonly ReferencePayment[]) => sum(some.map((payment) => taken.get(payment) ?? 0)),
    settlementMinor: settlementOf(lines, asOf),
  };
}

/** What ending the loan on a day costs: all principal and penalty, what is due of interest, and interest to date. */
function settlementOf(lines: readonly Line[], day: string): number {
  let total = 0;
  for (const [index, line] of lines.entries()) {
    const owed = owedOf(line, day);
    total += owed.principal + owed.penalty;
    if (line.dueDate <= day) total += owed.interest;
    else {
      const scheduled = sum(lines.slice(index).map(({ principalMinor }) => principalMinor));
      const elapsed = line.periodStart < day ? days360(line.periodStart, day) : 0;
      const earned = Math.min(
        line.interestMinor,
        Math.floor((scheduled * annualRate * elapsed) / 360 + 0.5 + 1e-9),
      );
      total += earned - line.paid.interest;
    }
  }
  return Math.max(total, 0);
}
