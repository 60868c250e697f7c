/** One WebSocket to the bridge, from hello to close. */

import { Clock, nowMs } from "./clock.js";
import { ReactorError } from "./errors.js";

/** @typedef {import("./requests.js").Message} Message */

/**
 * @typedef {object} Hello
 * @property {string} token
 * @property {string} name
 * @property {string | null} resume
 */

/**
 * @typedef {object} LinkListener
 * @property {(welcome: any) => void} welcomed
 * @property {(message: Message) => void} said
 * @property {(record: ArrayBuffer) => void} showed
 * @property {(error: ReactorError) => void} ended Called once, last.
 */

const PING_MS = 2000;
const EAGER_PINGS = 5;
const EAGER_MS = 60;
const SILENT_PINGS = 4;
const OPEN_MS = 8000;

/** Close codes after which trying again is pointless. */
const FATAL = new Map([
  [4401, ["unauthenticated", "the token is not the one of this bridge"]],
  [4403, ["forbidden", "this page or token may not come in here"]],
]);

export class Link {
  clock = new Clock();
  welcomed = false;
  #pings = 0;
  #silent = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** @type {ReactorError | null} */
  #refusal = null;
  #over = false;

  /**
   * @param {string} url
   * @param {Hello} hello
   * @param {LinkListener} listener
   * @param {typeof WebSocket} Socket
   */
  constructor(url, hello, listener, Socket = WebSocket) {
    this.listener = listener;
    this.socket = new Socket(url, "reactor.v1");
    this.socket.binaryType = "arraybuffer";
    this.socket.onopen = () => this.send("$hello", { version: 1, follow_state: true, ...hello });
    this.socket.onmessage = ({ data }) => this.#hear(data);
    this.socket.onclose = ({ code, reason }) => this.#end(code, reason);
    this.#timer = setTimeout(() => this.#abandon("no welcome in time"), OPEN_MS);
  }

  /**
   * @param {string} type
   * @param {any} data
   */
  send(type, data) {
    this.sendText(JSON.stringify({ type, data }));
  }

  /**
   * @param {string} text
   * @returns {boolean} Whether there was a way to send it.
   */
  sendText(text) {
    const open = this.socket.readyState === 1;
    if (open) this.socket.send(text);
    return open;
  }

  /** @param {Uint8Array<ArrayBuffer>} bytes */
  sendBytes(bytes) {
    if (this.socket.readyState === 1) this.socket.send(bytes);
  }

  /** Say goodbye for good: the session is not to be kept. */
  bye() {
    this.send("$bye", {});
    this.#abandon("", 1000);
  }

  /**
   * Give the socket up without waiting for its closing handshake.
   * @param {string} why
   * @param {number} [code]
   */
  #abandon(why, code = 4000) {
    this.socket.close(code);
    this.#end(code, why);
  }

  /** @param {string | ArrayBuffer} data */
  #hear(data) {
    if (this.#over) return;
    this.#silent = 0;
    if (typeof data !== "string") return this.listener.showed(data);
    const message = parsed(data);
    if (!message) return;
    if (message.type === "$pong") this.clock.add(message.data.t, message.data.server_ms, nowMs());
    else if (this.welcomed) this.listener.said(message);
    else this.#handshake(message);
  }

  /** @param {Message} message */
  #handshake({ type, data }) {
    if (type === "$error") this.#refusal = ReactorError.from(data);
    if (type !== "$welcome") return;
    clearTimeout(this.#timer);
    this.welcomed = true;
    this.listener.welcomed(data);
    this.#ping();
  }

  /** Ask for the time, quickly at first; give the link up when nothing comes any more. */
  #ping() {
    if (this.#over) return;
    const eager = (this.#pings += 1) < EAGER_PINGS;
    if (!eager && (this.#silent += 1) > SILENT_PINGS) return this.#abandon("nothing was heard");
    this.send("$ping", { t: nowMs() });
    this.#timer = setTimeout(() => this.#ping(), eager ? EAGER_MS : PING_MS);
  }

  /**
   * @param {number} code
   * @param {string} reason
   */
  #end(code, reason) {
    if (this.#over) return;
    this.#over = true;
    clearTimeout(this.#timer);
    this.listener.ended(this.#why(code, reason));
  }

  /**
   * @param {number} code
   * @param {string} reason
   * @returns {ReactorError}
   */
  #why(code, reason) {
    const [word, text] = FATAL.get(code) ?? [];
    const recoverable = word === undefined;
    const known = this.#refusal ?? { code: word ?? "connection_lost", message: reason || text };
    const message = known.message || text || `the link to the bridge was closed (${code})`;
    return new ReactorError(known.code, message, { recoverable });
  }
}

/**
 * @param {string} text
 * @returns {Message | null}
 */
function parsed(text) {
  try {
    const { type, data = {}, id } = JSON.parse(text);
    return typeof type === "string" ? { type, data, id } : null;
  } catch {
    return null;
  }
}
