/** Events that do something: a button, or a form where they take values. */

import { h } from "./dom.js";
import { ParamRow } from "./field_row.js";

/** @typedef {import("./schema.js").Action} Action */

const DONE_MS = 700;

/**
 * @param {Action} action
 * @param {import("./panel.js").Send} send
 */
export function actionButton({ event, label, summary }, send) {
  const run = async () => {
    await send(event, {}).catch(() => {}); // Said by whoever sends.
    flash(button);
  };
  const button = h("button", { type: "button", className: "button", title: summary || label, "data-event": event, onclick: run }, h("span", {}, label));
  return button;
}

/** @param {HTMLElement} element */
function flash(element) {
  element.setAttribute("data-sent", "");
  setTimeout(() => element.removeAttribute("data-sent"), DONE_MS);
}

export class ActionCard {
  /**
   * @param {Action} action
   * @param {import("./panel.js").Send} send
   * @param {import("./widgets.js").Uploader} uploader
   */
  constructor(action, send, uploader) {
    this.action = action;
    this.send = send;
    this.rows = action.params.map((param) => new ParamRow(param, uploader));
    this.button = h("button", { type: "submit", className: "button primary" }, "Send");
    this.answer = h("output", { className: "answer" });
    const form = h(
      "form",
      { onsubmit: (/** @type {Event} */ event) => (event.preventDefault(), void this.run()) },
      ...this.rows.map(({ element }) => element),
      h("div", { className: "card-foot" }, this.button, this.answer),
    );
    const note = action.summary ? h("p", { className: "card-note" }, action.summary) : null;
    this.element = h("details", { className: "card", "data-event": action.event }, h("summary", {}, action.label), note, form);
  }

  /**
   * @param {Record<string, any>} [more] Over what the form holds.
   * @returns {Record<string, any>} What would be sent.
   */
  values(more = {}) {
    const given = this.rows.map((row) => [row.field.name, row.read()]).filter(([, value]) => value !== undefined);
    return { ...Object.fromEntries(given), ...more };
  }

  async run() {
    this.answer.textContent = "";
    this.answer.removeAttribute("data-tone");
    try {
      const { type, data } = await this.send(this.action.event, this.values());
      this.answer.textContent = type === "$ok" ? "Done" : `${type} ${JSON.stringify(data)}`;
      flash(this.button);
    } catch (error) {
      this.answer.dataset.tone = "bad";
      this.answer.textContent = error instanceof Error ? error.message : String(error);
    }
  }
}
