/** One value that a person and others change: who is right at which moment. */

import { Newest } from "./newest.js";

/**
 * @typedef {object} SteeringListener
 * @property {(value: any) => Promise<unknown>} send
 * @property {(value: any, elsewhere: boolean) => void} show The model has another value than what is
 *   shown; `elsewhere`: somebody else set it.
 * @property {(error: any) => void} settled A send has ended; null when it was accepted.
 */

/**
 * What the person does is sent at once, one at a time, always the newest; what the model says is
 * shown as soon as the person has let go and nothing is on its way.
 */
export class Steering {
  #held = false;
  /** @type {{value: any} | null} */
  #heard = null;
  #own = false;

  /** @param {SteeringListener} listener */
  constructor(listener) {
    this.listener = listener;
    this.newest = new Newest(listener.send, (error) => {
      listener.settled(error);
      this.#settle();
    });
  }

  /** Whether the model's value must wait. */
  get busy() {
    return this.#held || this.newest.busy;
  }

  /** The person takes hold. */
  hold() {
    this.#held = true;
  }

  /** The person lets go. */
  release() {
    this.#held = false;
    this.#settle();
  }

  /** @param {any} value What the person wants. */
  edit(value) {
    this.#own = true;
    this.newest.offer(value);
  }

  /** @param {any} value What the model has. */
  heard(value) {
    this.#heard = { value };
    this.#settle();
  }

  #settle() {
    if (this.busy || !this.#heard) return;
    const { value } = this.#heard;
    this.listener.show(value, !this.#own);
    this.#own = false;
  }
}
