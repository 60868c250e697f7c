/** A place for a file: click, drop or keyboard; thumbnail and progress. */

import { h, icon } from "./dom.js";

const SIZES = ["B", "kB", "MB", "GB"];

/**
 * @param {number} nbytes
 * @returns {string}
 */
export function sizeText(nbytes) {
  let size = nbytes;
  let place = 0;
  for (; size >= 1000 && place < SIZES.length - 1; place += 1) size /= 1000;
  return `${place && size < 10 ? size.toFixed(1) : Math.round(size)} ${SIZES[place]}`;
}

/**
 * @param {import("./schema.js").Field} field
 * @param {string} id
 * @param {import("./widgets.js").WidgetListener} listener
 * @param {import("./widgets.js").Uploader} uploader
 * @returns {import("./widgets.js").Widget & {take: (file: File) => Promise<void>}}
 */
export function fileWidget(field, id, listener, uploader) {
  const input = h("input", { type: "file", id });
  const thumb = h("span", { className: "file-thumb" }, icon("file"));
  const name = h("b", {}, "Choose a file");
  const note = h("span", {}, "or drop it here");
  const progress = h("progress", { max: 1, hidden: true, "aria-label": `Upload of ${field.label}` });
  const body = h("div", { className: "file" }, thumb, h("div", { className: "file-text" }, name, note), progress, input);
  /** @type {any} */
  let reference;
  /** @type {string} */
  let shownId = "";

  const preview = (/** @type {File} */ file) => {
    if (!file.type.startsWith("image/")) return thumb.replaceChildren(icon("file"));
    const url = URL.createObjectURL(file);
    const loaded = () => URL.revokeObjectURL(url);
    thumb.replaceChildren(h("img", { src: url, alt: "", onload: loaded, onerror: loaded }));
  };
  const take = async (/** @type {File} */ file) => {
    listener.held();
    preview(file);
    name.textContent = file.name;
    note.textContent = sizeText(file.size);
    progress.hidden = false;
    progress.value = 0;
    try {
      reference = await uploader.upload(file, (sent, total) => (progress.value = total ? sent / total : 0));
      shownId = reference.upload_id;
      listener.changed(reference);
    } catch (error) {
      note.textContent = error instanceof Error ? error.message : String(error);
    }
    progress.hidden = true;
    listener.released();
  };
  const write = (/** @type {any} */ value) => {
    reference = value ?? undefined;
    if ((value?.upload_id ?? "") === shownId) return;
    shownId = value?.upload_id ?? "";
    thumb.replaceChildren(icon("file"));
    name.textContent = value ? value.name || "A file" : "Choose a file";
    note.textContent = value ? sizeText(value.size ?? 0) : "or drop it here";
  };
  input.addEventListener("change", () => {
    const file = input.files?.[0];
    if (file) void take(file);
    input.value = "";
  });
  for (const [kind, over] of /** @type {const} */ ([["dragenter", true], ["dragover", true], ["dragleave", false], ["drop", false]])) {
    body.addEventListener(kind, (/** @type {DragEvent} */ event) => {
      event.preventDefault();
      event.stopPropagation();
      body.classList.toggle("over", over);
      const file = kind === "drop" ? event.dataTransfer?.files[0] : null;
      if (file) void take(file);
    });
  }
  return { body, labels: id, read: () => reference, write, take };
}
