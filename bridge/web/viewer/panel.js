/** The controls: the model's state, its actions, and its newest messages. */

import { ActionCard, actionButton } from "./actions.js";
import { h, the } from "./dom.js";
import { FieldRow } from "./field_row.js";
import { describe, labelOf } from "./schema.js";

/** @typedef {import("../reactor.js").Reactor} Reactor */
/** @typedef {(type: string, data: Record<string, any>) => Promise<any>} Send */

export class Panel {
  /** @type {Map<string, FieldRow>} By the name of the field. */
  rows = new Map();
  /** @type {Map<string, ActionCard>} */
  cards = new Map();
  /** @type {Map<string, any>} */
  buttons = new Map();
  /** @type {import("./schema.js").Described} */
  described = describe(null);
  #shape = "";

  /**
   * @param {Send} send
   * @param {import("./widgets.js").Uploader} uploader
   */
  constructor(send, uploader) {
    this.send = send;
    this.uploader = uploader;
  }

  /**
   * Make the controls; those that are there stay when the schema is the same.
   * @param {any} schema
   * @param {boolean} steerable
   * @returns {boolean} Whether there are new ones.
   */
  build(schema, steerable) {
    const shape = JSON.stringify([schema?.paths, steerable]);
    if (!schema?.paths || shape === this.#shape) return false;
    this.#shape = shape;
    this.described = describe(schema);
    the("skeleton").hidden = true;
    the("readonly").hidden = steerable;
    this.#buildFields();
    this.#buildActions();
    for (const control of the("page-controls").querySelectorAll("#fields :is(input, select, textarea, button), #actions :is(input, select, textarea, button)")) {
      control.disabled = !steerable;
    }
    return true;
  }

  /** @param {Record<string, any>} state Fields that have changed. */
  follow(state) {
    for (const [name, value] of Object.entries(state)) this.rows.get(name)?.heard(value);
  }

  /** @param {{type: string, data: any}} message The newest of its type is shown. */
  read({ type, data }) {
    const box = the("readings");
    box.hidden = false;
    let reading = box.querySelector(`[data-message="${CSS.escape(type)}"]`);
    if (!reading) {
      reading = h("div", { className: "reading", "data-message": type }, h("h3", {}, labelOf(type)), h("dl"));
      box.append(reading);
    }
    const list = reading.querySelector("dl");
    const fields = Object.entries(data ?? {});
    const names = fields.map(([name]) => name).join();
    if (list.dataset.names !== names) {
      list.dataset.names = names;
      list.replaceChildren(...fields.map(([name]) => h("div", {}, h("dt", {}, labelOf(name)), h("dd"))));
    }
    fields.forEach(([, value], place) => {
      const shown = list.children[place].lastElementChild;
      const text = valueText(value);
      shown.textContent = text;
      shown.className = text.length > 14 ? "long" : "";
    });
  }

  #buildFields() {
    this.rows.clear();
    for (const { event, field } of this.described.fields) {
      const send = (/** @type {any} */ value) => this.send(event, value === undefined ? {} : { [field.name]: value });
      this.rows.set(field.name, new FieldRow(field, send, this.uploader));
    }
    the("fields").replaceChildren(...[...this.rows.values()].map(({ element }) => element));
    the("fields").hidden = !this.rows.size;
  }

  #buildActions() {
    this.cards.clear();
    this.buttons.clear();
    const { actions } = this.described;
    for (const action of actions) {
      if (action.params.length) this.cards.set(action.event, new ActionCard(action, this.send, this.uploader));
      else this.buttons.set(action.event, actionButton(action, this.send));
    }
    const row = h("div", { className: "buttons" }, ...this.buttons.values());
    const title = the("actions-title");
    the("actions").replaceChildren(title, ...(this.buttons.size ? [row] : []), ...[...this.cards.values()].map((c) => c.element));
    the("actions").hidden = !actions.length;
  }
}

/** @param {any} value */
function valueText(value) {
  if (typeof value === "number") return Number.isInteger(value) ? value.toLocaleString("en") : value.toPrecision(4);
  return typeof value === "string" ? value : JSON.stringify(value);
}
