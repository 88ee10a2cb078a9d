import { createHash } from 'node:crypto';
import { stringify } from 'safe-stable-stringify';
import { fenIn, type YeepayOrder } from '../../schemas/outside/yeepay/divide';
import type { Asked } from '../requests';
import { closed, oneOf, reader } from '../schema';
import type { YeepayOperation, YeepayWanted } from './wanted';

/** A request that is well formed: the order that it names, and what it asks. */
export interface YeepayAsked extends YeepayOrder {
  parentMerchantNo: string;
  asked: Asked;
}

interface Fields extends YeepayOrder {
  parentMerchantNo: string;
  divideRequestId: string;
  divideBackRequestId?: string;
  divideDetail?: string;
  divideBackDetail?: string;
}

/**
 * Reads the parameters of a request.
 * @returns what is asked, or in words what is wrong with it.
 */
export function readYeepayRequest(
  operation: YeepayOperation,
  parameters: unknown,
): YeepayAsked | { problem: string } {
  const fields = readers[operation](parameters);
  if ('problem' in fields) return fields;
  const wanted = wantedIn(operation, fields);
  if ('problem' in wanted) return wanted;
  const { parentMerchantNo, orderId, uniqueOrderNo, merchantNo } = fields;
  const contentHash = createHash('sha256').update(stringify(fields)).digest('hex');
  const requestNo = fields.divideBackRequestId ?? fields.divideRequestId;
  return {
    ...{ parentMerchantNo, orderId, uniqueOrderNo, merchantNo },
    asked: { requestNo, customerId: undefined, wanted, contentHash },
  };
}

function wantedIn(
  operation: YeepayOperation,
  { orderId: reference, divideRequestId, ...fields }: Fields,
): YeepayWanted | { problem: string } {
  switch (operation) {
    case 'divide-complete':
      return { operation, reference };
    case 'divide': {
      const items = readDivideDetail(listIn(fields.divideDetail));
      if ('problem' in items) return items;
      const parts = items.map(({ ledgerNo, amount, divideDetailDesc: description }) => ({
        ...{ ledgerNo, amountMinor: fenIn(amount)!, description },
      }));
      return { operation, reference, parts };
    }
    case 'divide-back': {
      const items = readBackDetail(listIn(fields.divideBackDetail));
      if ('problem' in items) return items;
      const parts = items.map(({ divideDetailNo: detailNo, amount, divideBackReason: reason }) => ({
        ...{ detailNo, amountMinor: fenIn(amount)!, reason },
      }));
      return { operation, reference, divideRequestId, parts };
    }
  }
}

const listIn = (text: string | undefined): unknown => {
  try {
    return JSON.parse(text ?? '');
  } catch {
    return text;
  }
};

const text = { type: 'string', minLength: 1, maxLength: 200 };
/** Yuan with two decimals, above 0. */
const amount = { type: 'string', pattern: '^(?!0+\\.00$)\\d{1,12}\\.\\d\\d$' };
const order = { parentMerchantNo: text, merchantNo: text, orderId: text, uniqueOrderNo: text };
/** How many receivers one request may name: as many as an order of the platform may have lines. */
const MAX_DETAILS = 1_000;
const details = { type: 'string', minLength: 2, maxLength: 500 * MAX_DETAILS };

const fieldsOf = (more: Record<string, object>): ReturnType<typeof reader<Fields>> =>
  reader('request', closed({ ...order, divideRequestId: text, ...more }));

const readers = {
  divide: fieldsOf({ divideDetail: details, isUnfreezeResidualAmount: oneOf('FALSE') }),
  'divide-complete': fieldsOf({ divideDetailDesc: text }),
  'divide-back': fieldsOf({ divideBackRequestId: text, divideBackDetail: details }),
};

const listOf = (item: object): object => ({ type: 'array', minItems: 1, maxItems: MAX_DETAILS, items: item });

const readDivideDetail = reader<{ ledgerNo: string; amount: string; divideDetailDesc: string }[]>(
  'divideDetail',
  listOf(
    closed({
      ...{ ledgerNo: text, amount, divideDetailDesc: text },
      ledgerType: oneOf('MERCHANT2MERCHANT', 'MERCHANT2MEMBER'),
    }),
  ),
);

const readBackDetail = reader<{ divideDetailNo: string; amount: string; divideBackReason: string }[]>(
  'divideBackDetail',
  listOf(closed({ divideDetailNo: text, amount, divideBackReason: text })),
);
