/** How often an outside party is asked in vain before people are asked what became of a request. */
export const attentionAfterAsks = 4;
