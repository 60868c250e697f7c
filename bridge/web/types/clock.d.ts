/**
 * Unix time in milliseconds with a fraction; the same in a page and in its workers.
 * @returns {number}
 */
export function nowMs(): number;
/**
 * Offset of another clock, from the quickest of the last round trips: its error is at most half of
 * that round trip.
 */
export class Clock {
    /**
     * Take in one round trip.
     * @param {number} sentMs When the question left, by our clock.
     * @param {number} theirMs What their clock said.
     * @param {number} receivedMs When the answer was here, by our clock.
     */
    add(sentMs: number, theirMs: number, receivedMs: number): void;
    /** Forget everything: the next answers come from another clock. */
    reset(): void;
    /** What to add to our time to get theirs; 0 before the first answer. */
    get offsetMs(): number;
    /** The quickest of the last round trips; infinite before the first answer. */
    get roundTripMs(): number;
    #private;
}
