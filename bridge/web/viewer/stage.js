/** The pictures, what a click on them does, and files that are dropped on them. */

import { h, icon, the, toast } from "./dom.js";
import { Newest } from "./newest.js";

/** @typedef {import("../reactor.js").Reactor} Reactor */
/** @typedef {import("./schema.js").Tool} Tool */

export class Stage {
  /** @type {Map<string, {tile: any, canvas: HTMLCanvasElement}>} */
  #tiles = new Map();
  /** @type {Tool | null} */
  #tool = null;
  #places = new Newest(
    (place) => this.#apply(place),
    (error) => error && toast(error.message, "bad"),
  );

  /**
   * @param {Reactor} reactor
   * @param {import("./panel.js").Panel} panel
   */
  constructor(reactor, panel) {
    this.reactor = reactor;
    this.panel = panel;
    reactor.on("trackReceived", ({ name }) => this.#live(name));
  }

  /** The canvas of the first picture; undefined before there is one. */
  get canvas() {
    return [...this.#tiles.values()][0]?.canvas;
  }

  /** Name of the first track that is shown. */
  get track() {
    return [...this.#tiles.keys()][0];
  }

  /** Show every video track that the model has. */
  show() {
    const names = this.reactor.getTracks().filter((t) => t.kind === "video" && t.direction === "out").map((t) => t.name);
    for (const name of names) if (!this.#tiles.has(name)) this.#add(name);
    const columns = Math.ceil(Math.sqrt(this.#tiles.size));
    the("tiles").style.setProperty("--columns", String(columns));
    for (const { tile } of this.#tiles.values()) tile.querySelector("figcaption").hidden = this.#tiles.size < 2;
  }

  /** @param {Tool[]} tools */
  offer(tools) {
    const box = the("tools");
    box.hidden = !tools.length;
    const choice = (/** @type {Tool | null} */ tool, /** @type {string} */ text, /** @type {string} */ sign) =>
      h("button", { type: "button", role: "radio", className: "icon-button labelled", "data-tool": tool?.event ?? "", "aria-label": text, onclick: () => this.choose(tool) }, icon(sign), tool ? h("span", {}, text) : null);
    box.replaceChildren(choice(null, "No tool", "hand"), ...tools.map((tool) => choice(tool, tool.label, "aim")));
    this.choose(tools[0] ?? null);
  }

  /** @param {Tool | null} tool What a click on the picture does. */
  choose(tool) {
    this.#tool = tool;
    the("stage").toggleAttribute("data-tool", Boolean(tool));
    for (const button of the("tools").children) {
      const chosen = button.dataset.tool === (tool?.event ?? "");
      button.setAttribute("aria-checked", String(chosen));
      button.tabIndex = chosen ? 0 : -1;
    }
  }

  /** @param {string} name */
  #add(name) {
    const canvas = h("canvas", { "aria-label": `Track ${name}`, role: "img" });
    const tile = h("figure", { className: "tile", "data-track": name }, canvas, h("figcaption", {}, name));
    the("tiles").append(tile);
    this.#tiles.set(name, { tile, canvas });
    this.reactor.attach(canvas, { track: name });
    canvas.addEventListener("pointerdown", (/** @type {PointerEvent} */ event) => {
      if (!this.#tool || event.button) return;
      canvas.setPointerCapture(event.pointerId);
      this.#point(canvas, event);
    });
    canvas.addEventListener("pointermove", (/** @type {PointerEvent} */ event) => {
      if (canvas.hasPointerCapture(event.pointerId)) this.#point(canvas, event);
    });
  }

  /** @param {string} name */
  #live(name) {
    this.#tiles.get(name)?.tile.classList.add("live");
  }

  /**
   * @param {HTMLCanvasElement} canvas
   * @param {PointerEvent} event
   */
  #point(canvas, { clientX, clientY }) {
    const place = placeIn(canvas, clientX, clientY);
    if (place) this.#places.offer(place);
  }

  /** @param {[number, number]} place */
  async #apply([x, y]) {
    const tool = this.#tool;
    if (!tool) return;
    const values = this.panel.cards.get(tool.event)?.values({ x: within(x, tool.x), y: within(y, tool.y) });
    await this.panel.send(tool.event, values ?? {});
  }
}

/**
 * @param {number} share From 0 to 1.
 * @param {import("./schema.js").Field} field
 */
function within(share, { min = 0, max = 1, integer }) {
  const value = min + share * (max - min);
  return integer ? Math.round(value) : Math.round(value * 1e4) / 1e4;
}

/**
 * Where in the picture a point of the page lies: the picture keeps its shape inside the canvas.
 * @param {HTMLCanvasElement} canvas
 * @param {number} clientX
 * @param {number} clientY
 * @returns {[number, number] | null} Fractions; null outside of the picture.
 */
function placeIn(canvas, clientX, clientY) {
  const box = canvas.getBoundingClientRect();
  const scale = Math.min(box.width / canvas.width, box.height / canvas.height);
  const x = 0.5 + (clientX - box.left - box.width / 2) / (canvas.width * scale);
  const y = 0.5 + (clientY - box.top - box.height / 2) / (canvas.height * scale);
  return x >= 0 && x <= 1 && y >= 0 && y <= 1 ? [x, y] : null;
}

/**
 * Take files that are dropped anywhere on the picture.
 * @param {() => import("./field_row.js").FieldRow[]} rows Those that take a file.
 */
export function takeDrops(rows) {
  const stage = the("stage");
  let depth = 0;
  const show = (/** @type {boolean} */ over) => {
    the("drop").hidden = !over || !rows().length;
    the("drop-text").textContent = `Drop it here: ${rows()[0]?.field.label ?? ""}`;
  };
  addEventListener("dragover", (event) => event.preventDefault());
  addEventListener("drop", (event) => event.preventDefault());
  stage.addEventListener("dragenter", () => show((depth += 1) > 0));
  stage.addEventListener("dragleave", () => show((depth -= 1) > 0));
  stage.addEventListener("drop", (/** @type {DragEvent} */ event) => {
    depth = 0;
    show(false);
    const file = event.dataTransfer?.files[0];
    const widget = /** @type {any} */ (rows()[0]?.widget);
    if (file && widget) void widget.take(file);
  });
}
