import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { keyIn } from '../../schemas/outside/yeepay/access';

/** What Yeepay knows of whom it serves, and what it signs with. */
export interface YeepaySide {
  /** Its own. */
  platformPrivateKey: KeyObject;
  /** The platform's, by which requests are verified and to which notices are sealed. */
  merchantKey: KeyObject;
  appKey: string;
  parentMerchantNo: string;
}

/**
 * Reads what Yeepay has to know from the environment; `../main.ts` names the variables.
 *
 * @returns undefined where Yeepay's own key is not set: then there is no Yeepay
 * @throws Error that names what is missing or cannot be used, never what it holds
 */
export function yeepaySide(env: NodeJS.ProcessEnv): YeepaySide | undefined {
  if (!env.YEEPAY_PLATFORM_PRIVATE_KEY && !env.YEEPAY_PLATFORM_PRIVATE_KEY_FILE) return undefined;
  const { YEEPAY_APP_KEY: appKey, YEEPAY_PARENT_MERCHANT_NO: parentMerchantNo } = env;
  if (!appKey || !parentMerchantNo) {
    throw new Error('Set YEEPAY_APP_KEY and YEEPAY_PARENT_MERCHANT_NO; sandbox/main.ts says what they hold.');
  }
  return {
    platformPrivateKey: keyIn(env, 'YEEPAY_PLATFORM_PRIVATE_KEY', createPrivateKey),
    merchantKey: keyIn(env, 'YEEPAY_MERCHANT_KEY', createPublicKey),
    ...{ appKey, parentMerchantNo },
  };
}
