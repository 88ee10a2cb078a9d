import type { Knex } from 'knex';
import { customerOf } from '../../db/reference';
import { formatMoney, type Money } from '../../domain/money';
import { message } from '../../schemas/message';
import { service } from '../service';
import { bodyOf, type Template } from './outreach-system/templates';

/** 触达系统: tells customers what happened to them, one message for each fact, as an in-app message (站内信). */
export const outreachSystem = service('outreach-system', {
  'disbursement-succeeded': async ({ data }, { tx }) => [
    await dispatch(tx, {
      customerId: data.customerId,
      template: 'DISBURSEMENT_SUCCEEDED',
      reference: data.loanId,
      amount: data.payout,
    }),
  ],
  'loan-application-rejected': async ({ data }, { tx }) => [
    await dispatch(tx, {
      customerId: data.customerId,
      template: 'LOAN_APPLICATION_REJECTED',
      reference: data.applicationId,
    }),
  ],
  'send-notification': async ({ data }, { tx }) => [
    await dispatch(tx, {
      customerId: data.customerId,
      template: data.template as Template,
      reference: data.reference,
    }),
  ],
});

async function dispatch(
  tx: Knex,
  {
    customerId,
    template,
    reference,
    amount,
  }: { customerId: string; template: Template; reference: string; amount?: Money },
) {
  const { language } = (await customerOf(tx, customerId))!;
  // The fact names the notification, so that whoever tells of it again finds it sent.
  const notificationId = `${template}:${reference}`;
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
  return message('message-dispatched', {
    notificationId,
    customerId,
    template,
    channel: 'IN_APP',
    language,
    reference,
  });
}
