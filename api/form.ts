/** The fields of a form; of a name that stands there twice, the last. */
export const formIn = (rawBody: Buffer): Record<string, string> =>
  Object.fromEntries(new URLSearchParams(rawBody.toString()));
