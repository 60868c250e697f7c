/** What was said, both ways. */

import { h, the } from "./dom.js";

/** @typedef {"sent" | "reply" | "message" | "error" | "status"} LogKind */

const MOST = 300;
const WAYS = { sent: "→", reply: "←", message: "•", error: "!", status: "◦" };
const MOST_LETTERS = 400;

export class Log {
  #held = false;
  #unread = 0;
  /** @type {any} */
  #newest = null;

  constructor() {
    this.list = the("log");
    this.filter = the("log-filter");
    this.filter.addEventListener("input", () => this.#refilter());
    the("log-clear").addEventListener("click", () => this.#clear());
    the("log-pause").addEventListener("click", () => this.#hold(!this.#held));
    this.#clear();
  }

  /**
   * @param {LogKind} kind
   * @param {string} type
   * @param {any} data
   */
  add(kind, type, data) {
    if (this.#held) return;
    const text = textOf(data);
    if (kind === "message" && this.#same(kind, type)) this.#again(text);
    else this.#append(kind, type, text);
    if (kind === "error" && the("page-log").hidden) this.#count(this.#unread + 1);
  }

  /** The person looks at it. */
  seen() {
    this.#count(0);
    this.list.scrollTop = this.list.scrollHeight;
  }

  /**
   * @param {LogKind} kind
   * @param {string} type
   */
  #same(kind, type) {
    return this.#newest?.dataset.kind === kind && this.#newest.dataset.type === type;
  }

  /** @param {string} text */
  #again(text) {
    const count = Number(this.#newest.dataset.count) + 1;
    this.#newest.dataset.count = String(count);
    this.#newest.querySelector(".count").textContent = ` × ${count}`;
    this.#newest.querySelector("code").textContent = text;
    this.#newest.querySelector("time").textContent = clock();
  }

  /**
   * @param {LogKind} kind
   * @param {string} type
   * @param {string} text
   */
  #append(kind, type, text) {
    this.list.querySelector(".log-empty")?.remove();
    const atEnd = this.list.scrollHeight - this.list.scrollTop - this.list.clientHeight < 40;
    this.#newest = h(
      "li",
      { "data-kind": kind, "data-type": type, "data-count": "1" },
      h("time", {}, clock()),
      h("span", { className: "way", "aria-label": kind }, WAYS[kind]),
      h("span", {}, h("b", {}, type), h("span", { className: "count" })),
      text && text !== "{}" ? h("code", {}, text) : h("code", { hidden: true }),
    );
    this.#filtered(this.#newest);
    this.list.append(this.#newest);
    while (this.list.children.length > MOST) this.list.firstElementChild.remove();
    if (atEnd) this.list.scrollTop = this.list.scrollHeight;
  }

  /** @param {any} entry */
  #filtered(entry) {
    const wanted = this.filter.value.trim().toLowerCase();
    entry.hidden = Boolean(wanted) && !entry.textContent.toLowerCase().includes(wanted);
  }

  #refilter() {
    for (const entry of this.list.children) this.#filtered(entry);
  }

  #clear() {
    this.#newest = null;
    this.list.replaceChildren(h("li", { className: "log-empty" }, "Nothing was said yet."));
  }

  /** @param {boolean} held */
  #hold(held) {
    this.#held = held;
    the("log-pause").setAttribute("aria-pressed", String(held));
  }

  /** @param {number} unread */
  #count(unread) {
    this.#unread = unread;
    the("unread").hidden = !unread;
    the("unread").textContent = String(unread);
  }
}

function clock() {
  return new Date().toTimeString().slice(0, 8);
}

/** @param {any} data */
function textOf(data) {
  const text = typeof data === "string" ? data : JSON.stringify(data ?? {});
  return text.length > MOST_LETTERS ? `${text.slice(0, MOST_LETTERS)}…` : text;
}
