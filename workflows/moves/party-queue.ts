/** The task queue of the steps that ask one outside party, so that a slow party starves nothing else. */
export const partyQueue = (taskQueue: string, party: string): string => `${taskQueue}/${party}`;
