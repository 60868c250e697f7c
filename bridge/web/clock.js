/** The bridge's clock as seen from here. */

const SAMPLES = 24;

/**
 * Unix time in milliseconds with a fraction; the same in a page and in its workers.
 * @returns {number}
 */
export function nowMs() {
  return performance.timeOrigin + performance.now();
}

/**
 * Offset of another clock, from the quickest of the last round trips: its error is at most half of
 * that round trip.
 */
export class Clock {
  /** @type {{roundTripMs: number, offsetMs: number}[]} */
  #samples = [];

  /**
   * Take in one round trip.
   * @param {number} sentMs When the question left, by our clock.
   * @param {number} theirMs What their clock said.
   * @param {number} receivedMs When the answer was here, by our clock.
   */
  add(sentMs, theirMs, receivedMs) {
    const roundTripMs = receivedMs - sentMs;
    if (!(roundTripMs >= 0)) return;
    this.#samples.push({ roundTripMs, offsetMs: theirMs - (sentMs + receivedMs) / 2 });
    if (this.#samples.length > SAMPLES) this.#samples.shift();
  }

  /** Forget everything: the next answers come from another clock. */
  reset() {
    this.#samples.length = 0;
  }

  get #best() {
    return this.#samples.reduce(
      (best, sample) => (sample.roundTripMs < best.roundTripMs ? sample : best),
      { roundTripMs: Infinity, offsetMs: 0 },
    );
  }

  /** What to add to our time to get theirs; 0 before the first answer. */
  get offsetMs() {
    return this.#best.offsetMs;
  }

  /** The quickest of the last round trips; infinite before the first answer. */
  get roundTripMs() {
    return this.#best.roundTripMs;
  }
}
