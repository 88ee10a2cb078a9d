import { service } from '../service';

/**
 * 市场 APP: what customers see, which follows from the posted journal. It keeps nothing and decides nothing, as the API reads what the
 * services keep; that it was told is on record.
 */
export const app = service('app', {
  async 'extension-succeeded'() {
    return [];
  },

  async 'repayment-refunded'() {
    return [];
  },
});
