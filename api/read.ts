import { createHash } from 'node:crypto';
import type { Request, Response } from 'express';

/**
 * Answers a read with a strong ETag, made from the very bytes of the body; or with 304 and no body where the client's
 * If-None-Match names it. What is read may change at any moment and is nobody else's business, so a client may keep it
 * but has to ask each time.
 *
 * Express's own check is not used: it gives the whole body to every client that sends Cache-Control: no-cache, and
 * `fetch` sends that along with each If-None-Match.
 */
export function answerRead(request: Request, response: Response, body: unknown): void {
  const json = JSON.stringify(body);
  const etag = `"${createHash('sha256').update(json).digest('base64url')}"`;
  response.set({ ETag: etag, 'Cache-Control': 'private, no-cache' });
  if (names(request.headers['if-none-match'], etag)) response.status(304).end();
  else response.type('json').send(json);
}

/** Whether an If-None-Match names an ETag: by RFC 9110 weak ones count as well, and * stands for all. */
const names = (ifNoneMatch: string | undefined, etag: string): boolean =>
  ifNoneMatch !== undefined &&
  ifNoneMatch.split(',').some((one) => ['*', etag, `W/${etag}`].includes(one.trim()));
