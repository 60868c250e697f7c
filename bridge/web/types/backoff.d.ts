/** How long to wait before the next attempt. */
export const DELAYS_MS: readonly number[];
/** Grows with each attempt, up to seven seconds and a quarter. */
export class Backoff {
    /** @param {() => number} [random] From 0 to 1. */
    constructor(random?: () => number);
    random: () => number;
    /** @returns {number} Milliseconds until the next attempt; the first is at once. */
    next(): number;
    /** Begin anew: the last attempt held. */
    reset(): void;
    /** How many attempts there were since the last that held. */
    get attempts(): number;
    #private;
}
