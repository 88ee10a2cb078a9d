import type { Knex } from 'knex';
import { customerOf } from '../../db/reference';
import { formatMoney, type Money } from '../../domain/money';
import { message } from '../../schemas/message';
import { service } from '../service';
import { bodyOf, type Template } from './outreach-system/templates';

interface Notification {
  customerId: string;
  template: Template;
  /** The application or loan that it is about. */
  reference: string;
  amount?: Money;
}

/** 触达系统: tells customers what happened to them, one message for each fact, as an in-app message (站内信). */
export const outreachSystem = service('outreach-system', {
  async 'disbursement-succeeded'({ data: { customerId, loanId, payout } }, { tx }) {
    return [
      await dispatch(tx, {
        customerId,
        template: 'DISBURSEMENT_SUCCEEDED',
        reference: loanId,
        amount: payout,
      }),
    ];
  },

  async 'loan-application-rejected'({ data: { customerId, applicationId } }, { tx }) {
    return [
      await dispatch(tx, { customerId, template: 'LOAN_APPLICATION_REJECTED', reference: applicationId }),
    ];
  },

  async 'send-notification'({ data: { notificationId, customerId, template, reference } }, { tx }) {
    return [await dispatch(tx, { customerId, template: template as Template, reference }, notificationId)];
  },
});

/** Writes the message, once: the fact that it tells of is its id. */
async function dispatch(
  tx: Knex,
  { customerId, template, reference, amount }: Notification,
  notificationId = `${template}:${reference}`,
) {
  const { language } = (await customerOf(tx, customerId))!;
  await tx('outreach_system.dispatched_message')
    .insert({
      notification_id: notificationId,
      customer_id: customerId,
      template,
      language,
      reference,
      body: bodyOf(template, language, { reference, amount: amount ? formatMoney(amount) : '' }),
    })
    .onConflict('notification_id')
    .ignore();
  const dispatched = { notificationId, customerId, template, language, reference };
  return message('message-dispatched', { ...dispatched, channel: 'IN_APP' });
}
