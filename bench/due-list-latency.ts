import type { Knex } from 'knex';
import { booksOn } from '../db/books/posting';
import { productOf } from '../db/reference';
import { repaymentPlan, type Instalment } from '../domain/amortization';
import { contractIdOf } from '../domain/identifiers';
import { newAppKey } from './api-key';
import type { Benchmark } from './benchmark';
import { figuresOf, inTurns, threeDigits } from './comparison';
import { customerId, prepareReferenceData, smallLoan } from './disbursements';

const REQUESTS = 300;
const TELL_EVERY = 100;
const LOANS = 50;
const INSTALMENTS = 12;
/** So early that of the seeds' business date four instalments are due, of which two are paid. */
const START_DATE = '2025-09-10';
const PAID_INSTALMENTS = 2;
const MARKET = 'CN';

/** The time of a due list of a customer with many loans, against Express that selects the same rows. */
export const dueListLatency: Benchmark = {
  name: 'due-list-latency',
  unit: 'ms',
  goal: { atMost: 3 },
  async measure(servers, onProgress) {
    const [databaseUrl, temporal] = await Promise.all([
      servers.newDatabase(prepareLoans),
      servers.newNamespace(),
    ]);
    const addresses = { databaseUrl, ...temporal };
    const [api, bare] = await Promise.all([
      servers.newProcess('API', 'api/main.ts', [], addresses),
      servers.newProcess('bare API', 'bench/bare/due-list.ts', [], addresses),
    ]);
    const key = await newAppKey(databaseUrl);
    const pairs = await inTurns(
      REQUESTS,
      { ours: () => readMs(api.url, key), reference: () => readMs(bare.url, key) },
      ({ ours, reference }, n) => {
        if (n % TELL_EVERY === 0)
          onProgress(
            `request ${n} of ${REQUESTS}: ${threeDigits(ours)} ms, bare ${threeDigits(reference)} ms`,
          );
      },
    );
    await Promise.all([api.stop(), bare.stop()]);
    return {
      ...figuresOf(pairs),
      conditions:
        `One request at a time, ${REQUESTS} of each side in turns, over kept-alive connections. A customer with ${LOANS} ` +
        `loans of ${INSTALMENTS} instalments, ${PAID_INSTALMENTS} of them paid and two overdue. Ours checks the key, works out ` +
        `what is owed and which scenarios are open, and records two handlings with their messages; the reference selects ` +
        `loans, instalments and postings in one statement and sends the rows.`,
    };
  },
};

/** The time until all of a due list is there. */
async function readMs(url: string, key: string): Promise<number> {
  const start = performance.now();
  const response = await fetch(`${url}/v1/customers/${customerId(0)}/due-list`, {
    headers: { authorization: `Bearer ${key}` },
  });
  const answer = await response.text();
  const elapsedMs = performance.now() - start;
  if (response.status !== 200) throw new Error(`There was no due list: ${response.status} ${answer}`);
  return elapsedMs;
}

/** Writes the loans as the flow of a disbursement would leave them. */
async function prepareLoans(owner: Knex): Promise<void> {
  await prepareReferenceData(owner);
  const product = (await productOf(owner, smallLoan.productId))!;
  const { instalments } = repaymentPlan({
    principalMinor: smallLoan.principal.amountMinor,
    terms: product.terms,
    instalmentCount: INSTALMENTS,
    startDate: START_DATE,
  });
  await owner.transaction(async (tx) => {
    for (let n = 0; n < LOANS; n += 1)
      await writeLoan(tx, `LN${String(n).padStart(10, '0')}`, product.version, instalments);
  });
  await owner.raw('analyze');
}

async function writeLoan(
  tx: Knex.Transaction,
  loanId: string,
  productVersion: number,
  instalments: readonly Instalment[],
): Promise<void> {
  const { currency, amountMinor: principalMinor } = smallLoan.principal;
  const partnerId = 'bank-huaxin';
  const { journalId } = await booksOn(tx, { market: MARKET }).post({
    scenario: 'general.loan-disbursed-by-partner',
    businessKey: `payout of ${loanId}`,
    description: 'Benchmark',
    valueDate: START_DATE,
    owners: { loan: loanId, fundingPartner: partnerId },
    amounts: { principal: principalMinor, payout: principalMinor, deductedFees: 0 },
    currency,
  });
  const facts = {
    ...{ loan_id: loanId, customer_id: customerId(0) },
    ...{ product_id: smallLoan.productId, product_version: productVersion },
  };
  await tx('asset_center.loan_contract').insert({
    ...facts,
    ...{ contract_id: contractIdOf(loanId), application_id: loanId.replace('LN', 'LA') },
  });
  await tx('asset_center.loan').insert({
    ...facts,
    ...{ market: MARKET, partner_id: partnerId, currency, principal_minor: principalMinor },
    ...{ instalment_count: INSTALMENTS, interest_from: START_DATE, funding_journal_id: journalId },
    ...{ state: 'ACTIVE', schedule_version: 1 },
  });
  await tx('asset_center.schedule').insert({ loan_id: loanId, version: 1 });
  await tx('asset_center.instalment').insert(
    instalments.map(
      ({ number, periodStart, dueDate, principalMinor: principal, interestMinor, feeMinor }) => ({
        ...{ loan_id: loanId, version: 1, number, period_start: periodStart, due_date: dueDate },
        ...{ principal_minor: principal, interest_minor: interestMinor, fee_minor: feeMinor },
      }),
    ),
  );
  for (const { number, dueDate, principalMinor: principal, interestMinor } of instalments.slice(
    0,
    PAID_INSTALMENTS,
  )) {
    const payment = { loan_id: loanId, payment_id: `P${number}`, value_date: dueDate };
    await tx('asset_center.payment').insert({
      ...payment,
      ...{ number, amount_minor: principal + interestMinor, intent: 'NORMAL' },
    });
    const posting = { ...payment, instalment: number, kind: 'PAYMENT' };
    await tx('asset_center.posting').insert([
      { ...posting, number: 2 * number - 1, component: 'INTEREST', amount_minor: interestMinor },
      { ...posting, number: 2 * number, component: 'PRINCIPAL', amount_minor: principal },
    ]);
  }
}
