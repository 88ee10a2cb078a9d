import type { Knex } from 'knex';
import type { FundingCandidate } from '../domain/funding-route';
import type { Currency } from '../domain/money';
import type { ProductTerms } from '../domain/product-terms';
import type { Collector } from '../domain/repayment-route';
import type { MarketId, ProductName } from '../schemas/generated/messages';

// Reference data: what every service and the API read. It has one writer (db/seeds.ts for now).

export interface Market {
  id: MarketId;
  timeZone: string;
  currency: Currency;
  /** How long a flow waits for a person who reviews an application. */
  reviewWithinSeconds: number;
  /** Up to which amount what was never put towards a loan goes back without a person's approval. */
  refundUnapprovedUpToMinor: number;
  /** How long a method to pay by takes money. */
  methodExpiresInSeconds: number;
}

export interface Customer {
  id: string;
  market: MarketId;
  language: 'zh' | 'id' | 'en';
  features: Record<string, number>;
}

export interface ProductVersion {
  productId: string;
  version: number;
  market: MarketId;
  name: ProductName;
  terms: ProductTerms;
}

/** An agreement with a funding partner, as routing weighs it. */
export interface FundingAgreement extends FundingCandidate {
  payoutBy: 'PARTNER' | 'CUSTODY';
  paymentChannelId: string | null;
}

/** A market, and the day that it is in. */
interface MarketOnDay extends Market {
  businessDate: string;
}

/** What running transactions hold already: the day cannot change before they end, so it is asked for once. */
const heldMarkets = new WeakMap<Knex.Transaction, Map<MarketId, Promise<MarketOnDay>>>();

/**
 * A market by its id; its day is held with it, as most who ask for the one ask for the other. Throws when there is none: markets are set
 * up before anything happens in them.
 */
export const marketOf: (tx: Knex.Transaction, id: MarketId) => Promise<Market> = heldMarket;

/** The day that a market is in, held until the transaction ends, so that all it writes lands in one day. */
export const heldBusinessDate = async (tx: Knex.Transaction, market: MarketId): Promise<string> =>
  (await heldMarket(tx, market)).businessDate;

function heldMarket(tx: Knex.Transaction, id: MarketId): Promise<MarketOnDay> {
  const held = heldMarkets.get(tx) ?? new Map<MarketId, Promise<MarketOnDay>>();
  heldMarkets.set(tx, held);
  const market = held.get(id) ?? holdMarket(tx, id);
  held.set(id, market);
  return market;
}

async function holdMarket(tx: Knex.Transaction, id: MarketId): Promise<MarketOnDay> {
  const { rows } = await tx.raw<{ rows: MarketOnDay[] }>(
    `select id, time_zone as "timeZone", currency, review_within_seconds as "reviewWithinSeconds",
            refund_unapproved_up_to_minor as "refundUnapprovedUpToMinor",
            method_expires_in_seconds as "methodExpiresInSeconds", reference.hold_business_date(id)::text as "businessDate"
       from reference.market where id = ?`,
    [id],
  );
  if (!rows[0]) throw new Error(`There is no market ${id}: run the seeds.`);
  return rows[0];
}

/** The customers that running transactions have read already: several services of a step look at the same one. */
const readCustomers = new WeakMap<Knex, Map<string, Promise<Customer | undefined>>>();

/** A customer by its id; undefined when there is none. A transaction sees one as it was when it first asked. */
export function customerOf(db: Knex, id: string): Promise<Customer | undefined> {
  const read = readCustomers.get(db) ?? new Map<string, Promise<Customer | undefined>>();
  if (db.isTransaction === true) readCustomers.set(db, read);
  const customer = read.get(id) ?? readCustomer(db, id);
  read.set(id, customer);
  return customer;
}

const readCustomer = async (db: Knex, id: string): Promise<Customer | undefined> =>
  db('reference.customer').where({ id }).first('id', 'market', 'language', 'features');

/** The product versions that this process has read, of each database: none ever changes (the trigger product_version_is_final). */
const readVersions = new WeakMap<object, Map<string, ProductVersion>>();

/** A version of a product, or its newest one when no version is named; undefined when there is none. */
export async function productOf(
  db: Knex,
  productId: string,
  version?: number,
): Promise<ProductVersion | undefined> {
  if (version === undefined) return readProduct(db, { product_id: productId });
  // A pool's, which its transactions share.
  const { config } = db.client as { config: object };
  const read = readVersions.get(config) ?? new Map<string, ProductVersion>();
  readVersions.set(config, read);
  const key = JSON.stringify([productId, version]);
  const product = read.get(key) ?? (await readProduct(db, { product_id: productId, version }));
  if (product) read.set(key, product);
  return product;
}

const readProduct = (
  db: Knex,
  which: { product_id: string; version?: number },
): Promise<ProductVersion | undefined> =>
  db('reference.product_version')
    .where(which)
    .orderBy('version', 'desc')
    .first('product_id as productId', 'version', 'market', 'name', 'terms');

/**
 * The agreements under which a product can be funded, with the states of the channels that each needs, and how much of the
 * partner's money is engaged in a currency by the funds book: the quotas of agreements limit this.
 */
export async function fundingAgreementsFor(
  db: Knex,
  productId: string,
  currency: Currency,
): Promise<FundingAgreement[]> {
  const { rows } = await db.raw<{ rows: FundingAgreement[] }>(
    `select a.id as "agreementId", a.partner_id as "partnerId", a.payout_by as "payoutBy",
            a.payment_channel_id as "paymentChannelId", a.annual_cost_rate as "annualCostRate", a.priority, a.weight,
            a.valid_from as "validFrom", a.valid_to as "validTo", a.min_payout_minor as "minPayoutMinor",
            a.max_payout_minor as "maxPayoutMinor", a.quota_minor as "quotaMinor",
            array_remove(array[p.channel_state, c.channel_state], null) as "channelStates",
            (select coalesce(sum(f.balance_minor), 0)::bigint from books.account_position f
              where f.book = 'funds' and f.owner = a.partner_id and f.currency = :currency
                and f.code in ('frozen', 'in-transit', 'paid-out')) as "engagedMinor"
       from reference.funding_agreement a
       join reference.party p on p.id = a.partner_id
       left join reference.party c on c.id = a.payment_channel_id
      where a.product_id = :productId
      order by a.priority, a.id`,
    { productId, currency },
  );
  return rows;
}

/** `DIVIDING`: divides what a mall's buyers have paid. */
export type PartyKind = 'FUNDING_PARTNER' | 'PAYMENT_CHANNEL' | 'MESSAGING' | 'DIVIDING';

/** What a party is to us. Throws when there is no such party. */
export async function partyKindOf(db: Knex, id: string): Promise<PartyKind> {
  const party = await db('reference.party').where({ id }).first<{ kind: PartyKind } | undefined>('kind');
  if (!party) throw new Error(`There is no party ${id}: run the seeds.`);
  return party.kind;
}

/** The outside parties, each with the rate at which it may be asked. */
export const parties = (db: Knex): Promise<{ id: string; kind: PartyKind; maxRequestsPerSecond: number }[]> =>
  db('reference.party').orderBy('id').select('id', 'kind', 'max_requests_per_second as maxRequestsPerSecond');

/** Those of some funding partners that there are, and the payment channel that collects what no partner of a market does. */
export async function collectorsFor(
  db: Knex,
  market: MarketId,
  partnerIds: readonly string[],
): Promise<{ partners: Collector[]; defaultCollector: Collector | undefined }> {
  const { rows } = await db.raw<{ rows: (Collector & { isDefault: boolean })[] }>(
    `select id as party, collected_by as "collectedBy", collects_from as "collectsFrom",
            channel_state as "channelState", is_default_collector as "isDefault"
       from reference.party
      where id = any(:partnerIds) or (market = :market and is_default_collector)
      order by id`,
    { market, partnerIds },
  );
  const collectors = rows.map(({ isDefault, ...collector }) => ({ isDefault, collector }));
  return {
    partners: collectors.filter(({ isDefault }) => !isDefault).map(({ collector }) => collector),
    defaultCollector: collectors.find(({ isDefault }) => isDefault)?.collector,
  };
}

/** A mall whose orders settle debts. */
export interface Mall {
  id: string;
  market: MarketId;
  /** Its market's. */
  currency: Currency;
  /** How long an order waits for Yeepay's notice that it is cleared, before Yeepay is asked. */
  clearingWithinSeconds: number;
  /** How long an order waits for the confirmation of its receipt. */
  confirmWithinSeconds: number;
  /** Whether its debts are settled without a confirmation once that time is over. */
  settlesByItself: boolean;
}

/** A mall by its id; undefined when there is none. */
export const mallOf = (db: Knex, id: string): Promise<Mall | undefined> =>
  db('reference.mall as m')
    .join('reference.market as k', 'k.id', 'm.market')
    .where('m.id', id)
    .first(
      ...(['m.id', 'market', 'currency', 'clearing_within_seconds as clearingWithinSeconds'] as const),
      'confirm_within_seconds as confirmWithinSeconds',
      'settles_by_itself as settlesByItself',
    );

/** A market whose malls' orders Yeepay divides, and whose days are compared. */
export interface ReconciledMarket {
  market: MarketId;
  timeZone: string;
}

/** The markets that have a mall. */
export const reconciledMarkets = (db: Knex): Promise<ReconciledMarket[]> =>
  db('reference.market as m')
    .whereExists(db('reference.mall').whereRaw('market = m.id'))
    .orderBy('m.id')
    .select('m.id as market', 'm.time_zone as timeZone');

/** What is done about a refusal of Yeepay's; see the table. */
export type YeepayCode =
  { meaning: 'RETRY'; retryAfterSeconds: number } | { meaning: 'ASK' | 'REFUSE'; retryAfterSeconds: null };

/** What a code of Yeepay's means; a person is asked about one that nobody has told us of. */
export async function yeepayCodeOf(db: Knex, code: string): Promise<YeepayCode> {
  const known = await db('reference.yeepay_code')
    .where({ code })
    .first<YeepayCode | undefined>('meaning', 'retry_after_seconds as retryAfterSeconds');
  return known ?? { meaning: 'ASK', retryAfterSeconds: null };
}

/**
 * Whether what a party tells of cannot have happened yet: its day in the market's zone lies further ahead than the market believes, by
 * our clock and by the market's business date, which may be ahead of the clock where days are closed by hand.
 *
 * @param instant RFC 3339
 */
export async function isInFuture(db: Knex, party: string, instant: string): Promise<boolean> {
  // As good as always: no market's day need be looked up for what the clock has passed.
  if (Date.parse(instant) <= Date.now()) return false;
  const { rows } = await db.raw<{ rows: [{ isInFuture: boolean }] }>(
    `select (?::timestamptz at time zone m.time_zone)::date
              > greatest(d.business_date, (now() at time zone m.time_zone)::date) + m.believed_days_ahead as "isInFuture"
       from reference.party p
       join reference.market m on m.id = p.market
       join reference.business_date d on d.market = m.id
      where p.id = ?`,
    [instant, party],
  );
  return rows[0].isInFuture;
}
