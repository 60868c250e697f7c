/** Keys: shortcuts of the page, and what the model's fields are bound to. */

import { h, the } from "./dom.js";
import { keyName } from "./bindings.js";

/** @typedef {import("./bindings.js").Bindings} Bindings */
/** @typedef {import("./bindings.js").Hold} Hold */

/** A shortcut of the page itself.
 * @typedef {{key: string, label: string, run: () => void}} Shortcut */

export class Keyboard {
  /** @type {Bindings} */
  bindings = { holds: [], presses: [], axes: [] };
  /** Codes of keys that are down, the newest last.
   * @type {Map<string, Hold>} */
  #down = new Map();

  /**
   * @param {Shortcut[]} shortcuts
   * @param {{set: (field: string, value: any) => void, press: (event: string) => void}} target
   */
  constructor(shortcuts, target) {
    this.shortcuts = shortcuts;
    this.target = target;
    addEventListener("keydown", (event) => this.#pressed(event));
    addEventListener("keyup", ({ code }) => this.#let(code));
    addEventListener("blur", () => this.release());
    document.addEventListener("visibilitychange", () => document.hidden && this.release());
    the("help").addEventListener("click", () => this.help());
    the("keys-close").addEventListener("click", () => the("keys").close());
  }

  /** Let every key go: who looks elsewhere steers no more. */
  release() {
    for (const code of [...this.#down.keys()]) this.#let(code);
  }

  /** Show what the keys do. */
  help() {
    const { holds, presses } = this.bindings;
    const steering = holds.map(({ label, codes }) => /** @type {const} */ ([label, codes.map(keyName)]));
    const actions = presses.map(({ label, code }) => /** @type {const} */ ([label, [keyName(code)]]));
    const page = this.shortcuts.map(({ label, key }) => /** @type {const} */ ([label, [key.toUpperCase()]]));
    the("keys-list").replaceChildren(
      ...[["Steering", steering], ["Actions", actions], ["Page", page]]
        .filter(([, rows]) => rows?.length)
        .map(([title, rows]) => group(/** @type {any} */ (title), /** @type {any} */ (rows))),
    );
    the("keys").showModal();
  }

  /** @param {KeyboardEvent} event */
  #pressed(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target) || the("keys").open) return;
    const hold = this.bindings.holds.find(({ codes }) => codes.includes(event.code));
    const press = this.bindings.presses.find(({ code }) => code === event.code);
    const shortcut = this.shortcuts.find(({ key }) => key === event.key.toLowerCase());
    if (hold && !takesArrows(event)) this.#take(event, hold);
    else if (press && !event.repeat) this.target.press(press.event);
    else if (shortcut && !event.repeat) shortcut.run();
    else return;
    event.preventDefault();
  }

  /**
   * @param {KeyboardEvent} event
   * @param {Hold} hold
   */
  #take({ code, repeat }, hold) {
    if (repeat || this.#down.has(code)) return;
    this.#down.set(code, hold);
    this.target.set(hold.field, hold.on);
  }

  /** @param {string} code */
  #let(code) {
    const hold = this.#down.get(code);
    if (!hold) return;
    this.#down.delete(code);
    const other = [...this.#down.values()].findLast(({ field }) => field === hold.field);
    this.target.set(hold.field, other ? other.on : hold.off);
  }
}

/** @param {EventTarget | null} target */
function isTyping(target) {
  if (!(target instanceof HTMLElement)) return false;
  if (target instanceof HTMLInputElement) return !["range", "checkbox", "radio", "button", "file"].includes(target.type);
  return target.matches("textarea, select, [contenteditable]");
}

/** Whether the key belongs to what has the focus: arrows move sliders, the space bar presses buttons.
 * @param {KeyboardEvent} event */
function takesArrows({ code, target }) {
  if (!(target instanceof HTMLElement)) return false;
  if (code.startsWith("Arrow")) return target.matches("input, [role='tab'], [role='radio'], .log");
  return code === "Space" && target.matches("button, input, summary");
}

/**
 * @param {string} title
 * @param {[string, string[]][]} rows
 */
function group(title, rows) {
  const lines = rows.flatMap(([label, keys]) => [h("dt", {}, label), h("dd", {}, ...keys.map((key) => h("kbd", {}, key)))]);
  return h("section", {}, h("h3", {}, title), h("dl", {}, ...lines));
}
