import type { Knex } from 'knex';

/** The currency that a funding partner lends in; undefined when there is no such partner. */
export async function currencyOfFundingPartner(db: Knex, partnerId: string): Promise<string | undefined> {
  const row = await db('reference.party as p')
    .join('reference.market as m', 'm.id', 'p.market')
    .where({ 'p.id': partnerId, 'p.kind': 'FUNDING_PARTNER' })
    .first<{ currency: string } | undefined>('m.currency');
  return row?.currency;
}
