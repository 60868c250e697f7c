/** What a person gives a value with, one for each kind of field. */

import { fileWidget } from "./file_widget.js";
import { h } from "./dom.js";
import { shown, stepOf } from "./schema.js";

/** @typedef {import("./schema.js").Field} Field */

/**
 * @typedef {object} Widget
 * @property {HTMLElement} body
 * @property {HTMLElement | null} [aside] Stands beside the label.
 * @property {string} [labels] Id of the input that the label is for.
 * @property {() => any} read
 * @property {(value: any) => void} write
 */

/**
 * @typedef {object} WidgetListener
 * @property {(value: any) => void} changed
 * @property {() => void} held
 * @property {() => void} released
 */

/**
 * @typedef {object} Uploader
 * @property {(file: File, onProgress: (sent: number, total: number) => void) => Promise<any>} upload
 */

const SEGMENTS = 6;
const SEGMENT_LETTERS = 40;

/**
 * @param {Field} field
 * @param {string} id
 * @param {WidgetListener} listener
 * @param {Uploader} uploader
 * @returns {Widget}
 */
export function widgetFor(field, id, listener, uploader) {
  if (field.kind === "toggle") return toggle(field, id, listener);
  if (field.kind === "choice") return isShort(field) ? segments(field, id, listener) : select(field, id, listener);
  if (field.kind === "file") return fileWidget(field, id, listener, uploader);
  if (field.kind === "json") return json(field, id, listener);
  if (field.kind === "text") return text(field, id, listener);
  return field.min !== undefined && field.max !== undefined ? slider(field, id, listener) : number(field, id, listener);
}

/** @param {Field} field */
function isShort({ choices }) {
  return choices.length <= SEGMENTS && choices.join("").length <= SEGMENT_LETTERS;
}

/**
 * @param {Field} field
 * @param {string} id
 * @param {WidgetListener} listener
 * @returns {Widget}
 */
function slider(field, id, listener) {
  const { min = 0, max = 1, unit } = field;
  const step = stepOf(field);
  const range = h("input", { type: "range", id, min, max, step });
  const exact = h("input", { type: "number", min, max, step: "any", "aria-label": `${field.label}, exact value` });
  const write = (/** @type {any} */ value) => {
    const number = Number(value ?? min);
    range.value = String(number);
    range.style.setProperty("--fill", `${(100 * (number - min)) / (max - min || 1)}%`);
    range.setAttribute("aria-valuetext", `${shown(number, step)} ${unit}`.trim());
    if (document.activeElement !== exact) exact.value = shown(number, step);
  };
  range.addEventListener("input", () => {
    write(range.valueAsNumber);
    listener.changed(range.valueAsNumber);
  });
  for (const name of ["pointerdown", "keydown"]) range.addEventListener(name, listener.held);
  for (const name of ["pointerup", "pointercancel", "keyup", "blur"]) range.addEventListener(name, listener.released);
  exact.addEventListener("focus", listener.held);
  exact.addEventListener("blur", listener.released);
  exact.addEventListener("change", () => {
    if (!Number.isFinite(exact.valueAsNumber)) return;
    write(exact.valueAsNumber);
    listener.changed(exact.valueAsNumber);
  });
  const ends = h("div", { className: "ends", "aria-hidden": "true" }, h("span", {}, String(min)), h("span", {}, String(max)));
  const aside = h("span", { className: "value" }, exact, unit);
  return { body: h("div", {}, range, ends), aside, labels: id, read: () => Number(exact.value), write };
}

/**
 * @param {Field} field
 * @param {string} id
 * @param {WidgetListener} listener
 * @returns {Widget}
 */
function number(field, id, listener) {
  const step = field.integer ? 1 : "any";
  const input = h("input", { type: "number", id, min: field.min ?? "", max: field.max ?? "", step });
  input.addEventListener("focus", listener.held);
  input.addEventListener("blur", listener.released);
  input.addEventListener("change", () => Number.isFinite(input.valueAsNumber) && listener.changed(input.valueAsNumber));
  const write = (/** @type {any} */ value) => (input.value = value ?? "");
  const read = () => (input.value === "" ? undefined : input.valueAsNumber);
  return { body: input, aside: h("span", { className: "value" }, field.unit), labels: id, read, write };
}

/**
 * @param {Field} _field
 * @param {string} id
 * @param {WidgetListener} listener
 * @returns {Widget}
 */
function toggle(_field, id, listener) {
  const box = h("input", { type: "checkbox", id, className: "switch", role: "switch" });
  box.addEventListener("change", () => listener.changed(box.checked));
  const write = (/** @type {any} */ value) => (box.checked = Boolean(value));
  return { body: h("span", { hidden: true }), aside: box, labels: id, read: () => box.checked, write };
}

/**
 * @param {Field} field
 * @param {string} id
 * @param {WidgetListener} listener
 * @returns {Widget}
 */
function segments({ choices, label }, id, listener) {
  const inputs = choices.map((choice, place) => {
    const input = h("input", { type: "radio", name: id, value: String(place) });
    input.addEventListener("change", () => listener.changed(choice));
    return input;
  });
  const labels = inputs.map((input, place) => h("label", {}, input, h("span", {}, String(choices[place]))));
  const body = h("div", { className: "segments", role: "radiogroup", "aria-label": label }, ...labels);
  const write = (/** @type {any} */ value) => inputs.forEach((input, place) => (input.checked = choices[place] === value));
  return { body, read: () => choices[inputs.findIndex((input) => input.checked)], write };
}

/**
 * @param {Field} field
 * @param {string} id
 * @param {WidgetListener} listener
 * @returns {Widget}
 */
function select({ choices }, id, listener) {
  const options = choices.map((choice, place) => h("option", { value: String(place) }, String(choice)));
  const box = h("select", { id }, ...options);
  box.addEventListener("change", () => listener.changed(choices[Number(box.value)]));
  const write = (/** @type {any} */ value) => (box.value = String(choices.indexOf(value)));
  return { body: box, labels: id, read: () => choices[Number(box.value)], write };
}

/**
 * @param {Field} field
 * @param {string} id
 * @param {WidgetListener} listener
 * @returns {Widget}
 */
function text({ maxLength, minLength = 0, label }, id, listener) {
  const area = h("textarea", { id, rows: 1, spellcheck: true, placeholder: label, "aria-describedby": `${id}-count` });
  const count = h("span", {});
  const counter = h("div", { className: "counter", id: `${id}-count` }, h("span", {}, "Enter applies, Shift+Enter breaks the line"), count);
  const weigh = () => {
    const length = [...area.value].length;
    count.textContent = maxLength === undefined ? String(length) : `${length} / ${maxLength}`;
    counter.toggleAttribute("data-over", length > (maxLength ?? Infinity) || length < minLength);
  };
  let applied = "";
  const apply = () => {
    if (area.value === applied) return;
    applied = area.value;
    listener.changed(area.value);
  };
  area.addEventListener("input", () => (listener.held(), weigh()));
  area.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    apply();
    listener.released();
  });
  area.addEventListener("blur", () => (apply(), listener.released()));
  const write = (/** @type {any} */ value) => {
    applied = area.value = value ?? "";
    weigh();
  };
  return { body: h("div", {}, area, counter), labels: id, read: () => area.value, write };
}

/**
 * @param {Field} _field
 * @param {string} id
 * @param {WidgetListener} listener
 * @returns {Widget}
 */
function json(_field, id, listener) {
  const area = h("textarea", { id, className: "code", rows: 2, spellcheck: false, placeholder: "JSON" });
  const read = () => (area.value.trim() ? JSON.parse(area.value) : undefined);
  const apply = () => {
    try {
      area.setCustomValidity("");
      const value = read();
      if (value !== undefined) listener.changed(value);
    } catch (error) {
      area.setCustomValidity(String(error));
      area.reportValidity();
    }
  };
  area.addEventListener("input", listener.held);
  area.addEventListener("change", apply);
  area.addEventListener("blur", listener.released);
  const write = (/** @type {any} */ value) => (area.value = value === undefined ? "" : JSON.stringify(value));
  return { body: area, labels: id, read, write };
}
