/** A value with its label, bounds, way back to the default, and what was wrong with it. */

import { h, icon } from "./dom.js";
import { Steering } from "./steering.js";
import { widgetFor } from "./widgets.js";

/** @typedef {import("./schema.js").Field} Field */

const FLASH_MS = 900;
let count = 0;

/**
 * @param {Field} field
 * @param {import("./widgets.js").Uploader} uploader
 * @param {import("./widgets.js").WidgetListener} listener
 */
function parts(field, uploader, listener) {
  const id = `field-${(count += 1)}`;
  const widget = widgetFor(field, id, listener, uploader);
  const label = widget.labels
    ? h("label", { htmlFor: widget.labels }, field.label)
    : h("span", { className: "label" }, field.label);
  const hint = field.description ? h("p", { className: "field-hint", id: `${id}-hint` }, field.description) : null;
  const error = h("p", { className: "field-error", hidden: true, role: "alert" });
  const input = widget.labels ? widget.body.querySelector(`#${id}`) ?? widget.aside?.querySelector(`#${id}`) : null;
  if (hint) input?.setAttribute("aria-describedby", hint.id);
  return { id, widget, label, hint, error };
}

/** A field of the model's state: sent as it is changed, and following the model. */
export class FieldRow {
  /**
   * @param {Field} field
   * @param {(value: any) => Promise<unknown>} send
   * @param {import("./widgets.js").Uploader} uploader
   */
  constructor(field, send, uploader) {
    this.field = field;
    /** @type {any} What the model has. */
    this.value = field.default;
    this.steering = new Steering({
      send,
      show: (value, elsewhere) => this.#show(value, elsewhere),
      settled: (error) => this.#settled(error),
    });
    const made = parts(field, uploader, {
      changed: (value) => this.set(value, false),
      held: () => this.steering.hold(),
      released: () => this.steering.release(),
    });
    const reset = h("button", { type: "button", className: "icon-button reset", title: "Back to the default", "aria-label": `${field.label}: back to the default`, onclick: () => this.set(field.default) }, icon("reset"));
    const resettable = field.default !== undefined && field.kind !== "file";
    this.widget = made.widget;
    this.error = made.error;
    this.kbd = h("span", { className: "row" });
    this.element = h(
      "div",
      { className: "field", "data-field": field.name },
      h("div", { className: "field-head" }, made.label, this.kbd, resettable ? reset : null, made.widget.aside),
      made.hint,
      made.widget.body,
      made.error,
    );
    this.widget.write(this.value);
  }

  /**
   * The person, a key or a stick wants this value.
   * @param {any} value
   * @param {boolean} [write] Whether the widget has yet to show it.
   */
  set(value, write = true) {
    if (write) this.widget.write(value);
    this.#mark(value);
    this.steering.edit(value);
  }

  /** @param {any} value What the model says. */
  heard(value) {
    this.value = value;
    this.steering.heard(value);
  }

  /**
   * @param {any} value
   * @param {boolean} elsewhere
   */
  #show(value, elsewhere) {
    this.widget.write(value);
    this.#mark(value);
    if (!elsewhere) return;
    this.element.setAttribute("data-elsewhere", "");
    setTimeout(() => this.element.removeAttribute("data-elsewhere"), FLASH_MS);
  }

  /** @param {any} error */
  #settled(error) {
    this.element.toggleAttribute("data-error", Boolean(error));
    this.error.hidden = !error;
    this.error.textContent = error?.message ?? "";
  }

  /** @param {any} value */
  #mark(value) {
    const same = JSON.stringify(value ?? null) === JSON.stringify(this.field.default ?? null);
    this.element.toggleAttribute("data-changed", !same);
  }
}

/** A parameter of an action: kept until the action is sent. */
export class ParamRow {
  /**
   * @param {Field} field
   * @param {import("./widgets.js").Uploader} uploader
   */
  constructor(field, uploader) {
    this.field = field;
    const nothing = () => {};
    const made = parts(field, uploader, { changed: nothing, held: nothing, released: nothing });
    this.widget = made.widget;
    this.element = h(
      "div",
      { className: "field", "data-param": field.name },
      h("div", { className: "field-head" }, made.label, made.widget.aside),
      made.hint,
      made.widget.body,
    );
    this.widget.write(field.default);
  }

  /** @returns {any} Undefined when nothing was given. */
  read() {
    return this.widget.read();
  }
}
