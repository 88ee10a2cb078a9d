import { service } from '../service';

/**
 * 市场 BFF: the client side of the platform, which the API serves. It keeps nothing and decides nothing; that it was told
 * is on record.
 */
export const bffSystem = service('bff-system', {
  async 'asset-due-list-queried'() {
    return [];
  },

  async 'repayment-method-created'() {
    return [];
  },

  async 'repayment-posting-calculated'() {
    return [];
  },
});
