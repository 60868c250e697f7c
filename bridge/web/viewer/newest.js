/** Sends the newest of many values: one at a time, and not more often than a bridge takes them. */

const GAP_MS = 15;

export class Newest {
  #sending = false;
  /** @type {{value: any} | null} */
  #next = null;

  /**
   * @param {(value: any) => Promise<unknown>} send
   * @param {(error: any) => void} settled After each; null when it was accepted.
   */
  constructor(send, settled) {
    this.send = send;
    this.settled = settled;
  }

  /** Whether something is on its way, or will be. */
  get busy() {
    return this.#sending || this.#next !== null;
  }

  /** @param {any} value Takes the place of one that was not sent yet. */
  offer(value) {
    this.#next = { value };
    void this.#pump();
  }

  async #pump() {
    if (this.#sending) return;
    this.#sending = true;
    for (;;) {
      const value = this.#next?.value;
      this.#next = null;
      const gap = new Promise((resolve) => setTimeout(resolve, GAP_MS));
      const error = await this.send(value).then(() => null, (reason) => reason);
      if (!this.#next) {
        this.#sending = false;
        return this.settled(error);
      }
      this.settled(error);
      await gap;
    }
  }
}
