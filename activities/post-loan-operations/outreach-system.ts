import type { Knex } from 'knex';
import type { OutsideAnswer } from '../../db/outside';
import { customerOf, type Customer } from '../../db/reference';
import { messageRequestNoOf, messagingPartyOf } from '../../domain/identifiers';
import { formatMoney, type Money } from '../../domain/money';
import type { Message, MessageType } from '../../schemas/message';
import { message } from '../../schemas/message';
import { service, type OutsideHandler } from '../service';
import { bodyOf, type Template } from './outreach-system/templates';

/** What a customer is told, made from the message that tells us of it. */
interface Notification {
  /** The fact that it tells of, so that it is told once. */
  notificationId: string;
  customerId: string;
  template: Template;
  /** What it is about, such as a loan application or a loan. */
  reference: string;
  amount?: Money;
}

/**
 * 触达系统: tells customers what happened to them, one message for each fact, in their language: by the market's messaging
 * party, and where that cannot deliver, as an in-app message (站内信).
 */
export const outreachSystem = service('outreach-system', {
  'disbursement-succeeded': telling<'disbursement-succeeded'>(({ data: { customerId, loanId, payout } }) =>
    about({ customerId, template: 'DISBURSEMENT_SUCCEEDED', reference: loanId, amount: payout }),
  ),

  'loan-application-rejected': telling<'loan-application-rejected'>(({ data }) =>
    about({
      customerId: data.customerId,
      template: data.reasonCodes.includes('WITHDRAWN_BY_CUSTOMER')
        ? 'LOAN_APPLICATION_WITHDRAWN'
        : 'LOAN_APPLICATION_REJECTED',
      reference: data.applicationId,
    }),
  ),

  'repayment-succeeded': telling<'repayment-succeeded'>(({ data }) => {
    const { customerId, loanId, paymentNumber, outcome, amount } = data;
    const template =
      outcome === 'CANCELLED'
        ? 'LOAN_CANCELLED'
        : outcome === 'LOAN_SETTLED'
          ? 'LOAN_SETTLED'
          : 'REPAYMENT_SUCCEEDED';
    // A loan is repaid more than once: each payment is a fact of its own.
    const notificationId = `${template}:${loanId}-${paymentNumber}`;
    return { notificationId, customerId, template, reference: loanId, amount };
  }),

  'repayment-refunded': telling<'repayment-refunded'>(({ data }) => {
    const { amount } = data;
    if ('refundId' in data) {
      const { customerId, refundId } = data;
      return about({ customerId, template: 'REPAYMENT_REFUNDED', reference: refundId, amount });
    }
    const { chargebackId, payer } = data;
    if (!payer) throw new Error(`Nobody knows whom chargeback ${chargebackId} is to be told.`);
    const { customerId, claimedMinor, receivableMinor } = payer;
    const ofPayer = { currency: amount.currency, amountMinor: claimedMinor + receivableMinor };
    const template = 'REPAYMENT_CHARGED_BACK';
    return about({ customerId, template, reference: chargebackId, amount: ofPayer });
  }),
  'extension-succeeded': telling<'extension-succeeded'>(({ data }) => {
    const { orderId, customerId, loanId, currency, amounts } = data;
    const template = amounts.totalMinor === 0 ? 'EXTENSION_FREE' : 'EXTENSION_SUCCEEDED';
    const amount = { currency, amountMinor: amounts.totalMinor };
    return { notificationId: `${template}:${orderId}`, customerId, template, reference: loanId, amount };
  }),

  'send-notification': telling<'send-notification'>(({ data }) => ({
    ...data,
    template: data.template as Template,
  })),
});

/** A notification whose fact is named by its template and what it is about. */
const about = (notification: Omit<Notification, 'notificationId'>): Notification => ({
  notificationId: `${notification.template}:${notification.reference}`,
  ...notification,
});

/** What the messaging party is asked to bring to a customer. */
interface Text {
  language: Customer['language'];
  text: string;
}

/** The handler of a message that tells of something: asks the messaging party to bring it to the customer. */
function telling<T extends MessageType>(notificationIn: (received: Message<T>) => Notification) {
  return {
    async ask(received, { tx }) {
      const { notificationId, customerId, template, reference, amount } = notificationIn(received);
      const { language } = (await customerOf(tx, customerId))!;
      const text = bodyOf(template, language, { reference, amount: amount ? formatMoney(amount) : '' });
      return {
        party: messagingPartyOf(received.market),
        operation: 'send-message' as const,
        businessKey: `notification ${notificationId}`,
        requestNo: messageRequestNoOf(notificationId),
        body: {
          ...{ channel: 'SMS', recipient: customerId, template, reference },
          ...({ language, text } satisfies Text),
        },
      };
    },
    async settle(received, answer, { tx, asked }) {
      return [await dispatched(tx, notificationIn(received), asked as Text, answer)] as const;
    },
  } satisfies OutsideHandler<'outreach-system', T>;
}

/** Keeps what the customer was told; what did not reach them waits for them in the app. */
async function dispatched(
  tx: Knex,
  { notificationId, customerId, template, reference }: Notification,
  { language, text }: Text,
  answer: OutsideAnswer,
) {
  const channel = answer.status === 'SUCCEEDED' ? ('SMS' as const) : ('IN_APP' as const);
  await tx('outreach_system.dispatched_message').insert({
    ...{ notification_id: notificationId, customer_id: customerId, template, language, reference, channel },
    body: text,
  });
  return message('message-dispatched', {
    notificationId,
    customerId,
    template,
    channel,
    language,
    reference,
  });
}
