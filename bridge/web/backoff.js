/** How long to wait before the next attempt. */

export const DELAYS_MS = Object.freeze([0, 300, 1200, 2700, 4800, 7000]);
const JITTER = 0.25;

/** Grows with each attempt, up to seven seconds and a quarter. */
export class Backoff {
  #attempts = 0;

  /** @param {() => number} [random] From 0 to 1. */
  constructor(random = Math.random) {
    this.random = random;
  }

  /** @returns {number} Milliseconds until the next attempt; the first is at once. */
  next() {
    const delay = DELAYS_MS[Math.min(this.#attempts, DELAYS_MS.length - 1)] ?? 0;
    this.#attempts += 1;
    return delay * (1 + JITTER * this.random());
  }

  /** Begin anew: the last attempt held. */
  reset() {
    this.#attempts = 0;
  }

  /** How many attempts there were since the last that held. */
  get attempts() {
    return this.#attempts;
  }
}
