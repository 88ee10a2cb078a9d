/* eslint-disable no-restricted-globals -- the one place where flows look at a clock */

/** The workflow's own time, the same in every replay, in milliseconds. For waits and what operators read, never for data. */
export const nowMs = (): number => Date.now();

export const secondsOfDay = 24 * 60 * 60;

/** A moment as operators read it, in UTC, to the second. */
export const instantOf = (atMs: number): string => `${new Date(atMs).toISOString().slice(0, 19)}Z`;

/** The same, of a moment that is so many seconds away. */
export const instantIn = (seconds: number): string => instantOf(nowMs() + seconds * 1000);
