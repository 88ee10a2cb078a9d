/** An account of the books: a chart code of one owner in one currency. */
export interface AccountRef {
  readonly book: string;
  readonly code: string;
  readonly owner: string;
  readonly currency: string;
}

/** The account that stopped a posting or a hold: what was asked of it, and what it has that is not held; minor units. */
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
    readonly code: 'GUARDED_ACCOUNT_LIMIT' | 'HOLD_LIMIT' | 'BUSINESS_KEY_CONFLICT' | 'ALREADY_REVERSED',
    message: string,
  ) {
    super(message);
  }
}

/** A guarded account has less than is to be taken from it or set aside. What holds set aside is not available. */
export class GuardedAccountLimit extends BooksRefusal {
  override readonly name = 'GuardedAccountLimit';
  constructor(readonly account: AccountLimit) {
    super(
      'GUARDED_ACCOUNT_LIMIT',
      `${account.book}/${account.code} of ${account.owner} has ${account.availableMinor} ${account.currency} ` +
        `(minor units) available, but ${account.askedMinor} are asked for.`,
    );
  }
}

/** The hold that was asked for more than is open of it, in minor units. */
export interface OpenHold {
  readonly book: string;
  readonly businessKey: string;
  readonly askedMinor: number;
  readonly openMinor: number;
}

/** Less of a hold is open than is to be committed or released. */
export class HoldLimit extends BooksRefusal {
  override readonly name = 'HoldLimit';
  constructor(readonly hold: OpenHold) {
    super(
      'HOLD_LIMIT',
      `Of hold "${hold.businessKey}" ${hold.openMinor} (minor units) are open, but ${hold.askedMinor} are asked for.`,
    );
  }
}

/** A reader asked for a statement or a history that cannot be given as asked: a mistake of the caller. */
export class BooksQueryError extends Error {
  override readonly name = 'BooksQueryError';
  constructor(
    readonly code: 'UNKNOWN_ACCOUNT' | 'INVALID_RANGE' | 'INVALID_CURSOR',
    message: string,
  ) {
    super(message);
  }
}
