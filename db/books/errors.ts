/** An account of the books: a chart code of one owner in one currency. */
export interface AccountRef {
  readonly book: string;
  readonly code: string;
  readonly owner: string;
  readonly currency: string;
}

/** The account that stopped a posting, with what the posting asked of it and what it holds, in minor units. */
export interface AccountLimit extends AccountRef {
  readonly askedMinor: number;
  readonly availableMinor: number;
}

/**
 * The books refused a posting. Nothing was changed and the caller's transaction is still usable, so the caller may
 * answer with a business refusal of its own.
 */
export class BooksRefusal extends Error {
  override readonly name: string = 'BooksRefusal';
  constructor(
    readonly code: 'GUARDED_ACCOUNT_LIMIT' | 'BUSINESS_KEY_CONFLICT' | 'ALREADY_REVERSED',
    message: string,
  ) {
    super(message);
  }
}

/** A guarded account holds less than the posting takes from it. */
export class GuardedAccountLimit extends BooksRefusal {
  override readonly name = 'GuardedAccountLimit';
  constructor(readonly account: AccountLimit) {
    super(
      'GUARDED_ACCOUNT_LIMIT',
      `${account.book}/${account.code} of ${account.owner} holds ${account.availableMinor} ${account.currency} ` +
        `(minor units), but ${account.askedMinor} are asked for.`,
    );
  }
}
