/** One session with the bridge, over as many links as it takes. */

import { Backoff } from "./backoff.js";
import { ReactorError } from "./errors.js";
import { Link } from "./link.js";
import { Requests } from "./requests.js";

/** @typedef {import("./requests.js").Message} Message */
/** @typedef {"disconnected" | "connecting" | "connected" | "reconnecting"} LinkState */

/**
 * @typedef {object} ConnectionListener
 * @property {(state: LinkState, error: ReactorError | null) => void} linkChanged
 * @property {(welcome: any) => void} welcomed At the first link and at each one after it.
 * @property {(message: Message) => void} said What is no answer.
 * @property {(record: ArrayBuffer) => void} showed
 */

/**
 * @typedef {object} ConnectionOptions
 * @property {string} url Of the WebSocket.
 * @property {string} token
 * @property {string} name
 * @property {boolean} reconnect
 * @property {typeof WebSocket} [Socket]
 * @property {() => number} [random]
 */

/** A link that held for so long counts as good: the next attempt is at once. */
const HELD_MS = 2000;

export class Connection {
  /** @type {LinkState} */
  state = "disconnected";
  /** @type {Link | null} */
  #link = null;
  /** @type {string | null} */
  #session = null;
  /** When the newest link was welcomed; null before the first.
   * @type {number | null} */
  #since = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** @type {PromiseWithResolvers<any> | null} */
  #first = null;

  /**
   * @param {ConnectionOptions} options
   * @param {ConnectionListener} listener
   */
  constructor(options, listener) {
    this.options = options;
    this.listener = listener;
    this.backoff = new Backoff(options.random);
    this.requests = new Requests((text) => this.#welcomed?.sendText(text) ?? false);
  }

  /** The link, when it may be used. */
  get #welcomed() {
    return this.#link?.welcomed ? this.#link : null;
  }

  /** The bridge's clock; null without a link. */
  get clock() {
    return this.#welcomed?.clock ?? null;
  }

  /** Bytes that wait to be sent; infinite without a link. */
  get waitingNbytes() {
    return this.#welcomed?.socket.bufferedAmount ?? Infinity;
  }

  /**
   * Get in. Trying goes on until it worked, was refused, or `close` was called.
   * @returns {Promise<any>} The welcome.
   */
  open() {
    if (this.#first) return this.#first.promise;
    this.#first = withResolvers();
    this.#first.promise.catch(() => {}); // Whoever awaits it hears of it; nobody has to.
    this.#become("connecting");
    this.#attempt();
    return this.#first.promise;
  }

  /** Leave for good. */
  close() {
    const link = this.#link;
    this.#link = null; // What it says of its end is for nobody.
    link?.bye();
    this.#give(new ReactorError("disconnected", "disconnected on request"), null);
  }

  /** Try at once, whether a link is there or an attempt is due later. */
  retry() {
    clearTimeout(this.#timer);
    this.backoff.reset();
    const link = this.#link;
    this.#link = null;
    link?.socket.close(4000);
    if (!this.#first) return this.open();
    this.#become(this.#session ? "reconnecting" : "connecting");
    this.#attempt();
    return this.#first.promise;
  }

  /**
   * @param {string} type
   * @param {any} data
   */
  post(type, data) {
    this.#welcomed?.send(type, data);
  }

  /** @param {Uint8Array<ArrayBuffer>} bytes */
  postBytes(bytes) {
    this.#welcomed?.sendBytes(bytes);
  }

  #attempt() {
    const { url, token, name, Socket } = this.options;
    /** @type {Link} */
    const link = new Link(url, { token, name, resume: this.#session }, {
      welcomed: (welcome) => this.#link === link && this.#welcome(welcome),
      said: (message) => this.#link === link && this.#hear(message),
      showed: (record) => this.#link === link && this.listener.showed(record),
      ended: (error) => this.#link === link && this.#ended(error),
    }, Socket);
    this.#link = link;
  }

  /** @param {any} welcome */
  #welcome(welcome) {
    // Before anybody hears of the link: what they ask then belongs to it.
    this.requests.linked(welcome.resumed);
    this.#session = welcome.session;
    this.#since = Date.now();
    this.#become("connected");
    this.listener.welcomed(welcome);
    this.#first?.resolve(welcome);
  }

  /** @param {Message} message */
  #hear(message) {
    if (!this.requests.answered(message)) this.listener.said(message);
  }

  /** @param {ReactorError} error */
  #ended(error) {
    const held = this.#link?.welcomed && Date.now() - (this.#since ?? 0) >= HELD_MS;
    this.#link = null;
    if (!error.recoverable || !this.options.reconnect) return this.#give(error, error);
    if (held) this.backoff.reset();
    if (error.code !== "connection_lost") this.#session = null;
    this.#become(this.#since !== null ? "reconnecting" : "connecting", error);
    this.#timer = setTimeout(() => this.#attempt(), this.backoff.next());
  }

  /**
   * Stop, and tell everybody who waits.
   * @param {ReactorError} error
   * @param {ReactorError | null} told
   */
  #give(error, told) {
    clearTimeout(this.#timer);
    this.#link = null;
    this.#session = null;
    this.#since = null;
    this.requests.failAll(error);
    this.#first?.reject(error);
    this.#first = null;
    this.#become("disconnected", told);
  }

  /**
   * @param {LinkState} state
   * @param {ReactorError | null} [error]
   */
  #become(state, error = null) {
    const changed = state !== this.state;
    this.state = state;
    if (changed || error) this.listener.linkChanged(state, error);
  }
}

/** @returns {PromiseWithResolvers<any>} */
function withResolvers() {
  /** @type {any} */
  const made = {};
  made.promise = new Promise((resolve, reject) => Object.assign(made, { resolve, reject }));
  return made;
}
