/** Questions that wait for their answer. */

import { ReactorError } from "./errors.js";

/**
 * A message of the protocol, either way.
 * @typedef {{type: string, data: any, id?: string}} Message
 */

/**
 * @typedef {object} AskOptions
 * @property {number} [timeoutMs] How long to wait for the answer; 10 s unless said.
 * @property {AbortSignal} [signal] Gives up waiting; what was sent stays sent.
 */

/**
 * @typedef {object} Waiting
 * @property {(reply: Message) => void} resolve
 * @property {(error: ReactorError) => void} reject
 * @property {() => void} release
 * @property {Message} question
 * @property {boolean} sent
 */

const TIMEOUT_MS = 10_000;

/** Each question gets an id and exactly one end: its answer, a refusal, a timeout, or a lost link. */
export class Requests {
  /** @type {Map<string, Waiting>} */
  #waiting = new Map();
  #count = 0;

  /** @param {(text: string) => boolean} send Sends now, or says that there is no link. */
  constructor(send) {
    this.send = send;
  }

  /** How many wait. */
  get size() {
    return this.#waiting.size;
  }

  /**
   * Ask, as soon as there is a link.
   * @param {string} type
   * @param {any} data
   * @param {AskOptions} [options]
   * @returns {Promise<Message>} The answer; rejects with a `ReactorError`.
   */
  ask(type, data, { timeoutMs = TIMEOUT_MS, signal } = {}) {
    const id = String((this.#count += 1));
    return new Promise((resolve, reject) => {
      const giveUp = () => this.#fail(id, new ReactorError("aborted", `${type} was given up`));
      if (signal?.aborted) return reject(new ReactorError("aborted", `${type} was given up`));
      const timer = setTimeout(() => this.#fail(id, late(type, timeoutMs)), timeoutMs);
      signal?.addEventListener("abort", giveUp);
      const release = () => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", giveUp);
      };
      const question = { type, data, id };
      const sent = this.send(JSON.stringify(question));
      this.#waiting.set(id, { resolve, reject, release, question, sent });
    });
  }

  /**
   * Take in a message from the bridge.
   * @param {Message} message
   * @returns {boolean} Whether it was an answer.
   */
  answered(message) {
    const waiting = message.id === undefined ? undefined : this.#take(String(message.id));
    if (!waiting) return false;
    if (message.type === "$error") waiting.reject(ReactorError.from(message.data));
    else waiting.resolve(message);
    return true;
  }

  /**
   * There is a link again. Events that were on their way are sent once more where the session was
   * kept, marked as such: they are applied once. Control words speak of the old link.
   * @param {boolean} resumed
   */
  linked(resumed) {
    for (const [id, { question, sent }] of [...this.#waiting]) {
      if (sent && (!resumed || question.type.startsWith("$"))) this.#fail(id, lost());
      else this.#send(id, sent);
    }
  }

  /** @param {ReactorError} error Why nothing will be answered any more. */
  failAll(error) {
    for (const id of [...this.#waiting.keys()]) this.#fail(id, error);
  }

  /**
   * @param {string} id
   * @param {boolean} again
   */
  #send(id, again) {
    const waiting = this.#waiting.get(id);
    if (!waiting) return;
    // What has left once may have been applied, whether or not it leaves now.
    waiting.sent = this.send(JSON.stringify({ ...waiting.question, ...(again && { again }) })) || again;
  }

  /**
   * @param {string} id
   * @param {ReactorError} error
   */
  #fail(id, error) {
    this.#take(id)?.reject(error);
  }

  /** @param {string} id */
  #take(id) {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    waiting?.release();
    return waiting;
  }
}

function lost() {
  const text = "the link broke before this was answered; it may or may not have been applied";
  return new ReactorError("connection_lost", text, { recoverable: true });
}

/**
 * @param {string} type
 * @param {number} timeoutMs
 */
function late(type, timeoutMs) {
  return new ReactorError("timeout", `${type} was not answered within ${timeoutMs} ms`, {
    recoverable: true,
  });
}
