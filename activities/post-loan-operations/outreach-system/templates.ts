export type Language = 'zh' | 'id' | 'en';
export type Template = keyof typeof templates;

/** What a customer reads. `{reference}` and `{amount}` are filled in; nothing else varies. */
const templates = {
  DISBURSEMENT_SUCCEEDED: {
    zh: '您的借款 {reference} 已放款,到账金额 {amount}。',
    id: 'Pinjaman Anda {reference} telah dicairkan sebesar {amount}.',
    en: 'Your loan {reference} has been paid out: {amount}.',
  },
  LOAN_APPLICATION_REJECTED: {
    zh: '很抱歉,您的借款申请 {reference} 未通过审批。',
    id: 'Mohon maaf, pengajuan pinjaman Anda {reference} belum dapat disetujui.',
    en: 'We are sorry: your loan application {reference} was not approved.',
  },
  LOAN_APPLICATION_WITHDRAWN: {
    zh: '您的借款申请 {reference} 已撤销,额度已恢复,没有产生任何费用。',
    id: 'Pengajuan pinjaman Anda {reference} telah dibatalkan. Limit Anda telah dipulihkan dan tidak ada biaya.',
    en: 'Your loan application {reference} is withdrawn. Your credit line is restored and nothing was charged.',
  },
  DISBURSEMENT_FAILED: {
    zh: '您的借款申请 {reference} 放款未成功,额度已恢复,没有产生任何费用。',
    id: 'Pencairan pengajuan pinjaman Anda {reference} tidak berhasil. Limit Anda telah dipulihkan dan tidak ada biaya.',
    en: 'Your loan application {reference} could not be paid out. Your credit line is restored and nothing was charged.',
  },
  DISBURSEMENT_REVERSED: {
    zh: '您的借款申请 {reference} 的放款被退回,借款已撤销,额度已恢复,您无需还款。',
    id: 'Pencairan pengajuan pinjaman Anda {reference} dikembalikan oleh bank. Pinjaman dibatalkan, limit Anda telah dipulihkan, dan tidak ada yang perlu dibayar.',
    en: 'The payout of your loan application {reference} was returned. The loan is undone, your credit line is restored and you owe nothing of it.',
  },
  REPAYMENT_SUCCEEDED: {
    zh: '您的借款 {reference} 已收到还款 {amount}。',
    id: 'Pembayaran {amount} untuk pinjaman Anda {reference} telah kami terima.',
    en: 'Your repayment of {amount} for loan {reference} was received.',
  },
  REPAYMENT_REFUNDED: {
    zh: '退款 {reference} 已完成,退款金额 {amount}。',
    id: 'Pengembalian dana {reference} sebesar {amount} telah dibayarkan.',
    en: 'Refund {reference} has been paid back: {amount}.',
  },
  REPAYMENT_CHARGED_BACK: {
    zh: '您的一笔付款 {amount} 已被支付机构撤回,原已偿还的款项需重新偿还。',
    id: 'Pembayaran Anda sebesar {amount} telah ditarik kembali oleh penyedia pembayaran. Tagihan yang telah dibayar dengannya terutang kembali.',
    en: 'Your payment of {amount} was taken back by its payment provider. What it had paid is owed again.',
  },
  LOAN_SETTLED: {
    zh: '已收到还款 {amount},您的借款 {reference} 已全部结清。',
    id: 'Pembayaran {amount} telah kami terima. Pinjaman Anda {reference} sudah lunas.',
    en: 'Your repayment of {amount} was received. Loan {reference} is settled.',
  },
  LOAN_CANCELLED: {
    zh: '已收到还款 {amount},您的借款 {reference} 已取消。',
    id: 'Pembayaran {amount} telah kami terima. Pinjaman Anda {reference} telah dibatalkan.',
    en: 'Your repayment of {amount} was received. Loan {reference} is cancelled.',
  },
  EXTENSION_SUCCEEDED: {
    zh: '已收到 {amount},您的借款 {reference} 展期成功,请按新的还款计划还款。',
    id: 'Pembayaran {amount} telah kami terima. Pinjaman Anda {reference} diperpanjang sesuai jadwal baru.',
    en: 'Your payment of {amount} was received. Loan {reference} is extended: please repay by its new schedule.',
  },
  EXTENSION_FREE: {
    zh: '您的借款 {reference} 展期成功,没有产生任何费用,请按新的还款计划还款。',
    id: 'Pinjaman Anda {reference} diperpanjang tanpa biaya. Mohon bayar sesuai jadwal baru.',
    en: 'Loan {reference} is extended, free of charge: please repay by its new schedule.',
  },
  EXTENSION_REJECTED: {
    zh: '很抱歉,您的借款 {reference} 的展期申请未通过审批,请按原还款计划还款。',
    id: 'Mohon maaf, perpanjangan pinjaman Anda {reference} belum dapat disetujui. Mohon bayar sesuai jadwal semula.',
    en: 'We are sorry: the extension of loan {reference} was not approved. Please repay by the schedule as it was.',
  },
  EXTENSION_FAILED: {
    zh: '您的借款 {reference} 展期未成功,没有产生任何费用,请按原还款计划还款。',
    id: 'Perpanjangan pinjaman Anda {reference} tidak berhasil dan tidak ada biaya. Mohon bayar sesuai jadwal semula.',
    en: 'Loan {reference} could not be extended, and nothing was charged. Please repay by the schedule as it was.',
  },
  EXTENSION_CANCELLED: {
    zh: '您为借款 {reference} 展期支付的款项未能使展期生效,将予以退还。',
    id: 'Pembayaran Anda untuk perpanjangan pinjaman {reference} tidak dapat memperpanjangnya, dan akan dikembalikan.',
    en: 'What you have paid to extend loan {reference} could not extend it, and will be paid back.',
  },
} as const satisfies Record<string, Record<Language, string>>;

/** The text of a template in a language. Throws when there is no such template: a flow asks only for those above. */
export function bodyOf(
  template: Template,
  language: Language,
  values: { reference: string; amount: string },
): string {
  const text = templates[template]?.[language];
  if (!text) throw new Error(`There is no template ${template}.`);
  return text.replace('{reference}', values.reference).replace('{amount}', values.amount);
}
