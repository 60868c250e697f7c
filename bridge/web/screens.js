/** The page's drawing worker, and the canvases that were handed to it. */

/** @typedef {{viewer: number, op: string, [key: string]: any}} Report */

/** @type {Worker | null} */
let worker = null;
/** @type {Map<number, (report: Report) => void>} */
const listeners = new Map();
/** A canvas can be handed over once in its life, so who attaches it again finds it here.
 * @type {WeakMap<HTMLCanvasElement, number>} */
const canvasIds = new WeakMap();
/** @type {Promise<string[]> | null} */
let codecs = null;
let count = 0;

/** Whether this browser can draw outside of the page's own thread. */
export function canDrawInWorker() {
  return (
    typeof Worker !== "undefined" &&
    typeof HTMLCanvasElement !== "undefined" &&
    "transferControlToOffscreen" in HTMLCanvasElement.prototype
  );
}

/** One viewer's part of the worker. */
export class Screen {
  id = (count += 1);

  /** @param {(report: Report) => void} listener */
  constructor(listener) {
    listeners.set(this.id, listener);
  }

  /**
   * @param {string} op
   * @param {object} [order]
   * @param {Transferable[]} [transfer]
   */
  post(op, order = {}, transfer = []) {
    theWorker().postMessage({ op, viewer: this.id, ...order }, transfer);
  }

  close() {
    listeners.delete(this.id);
    if (worker) this.post("close");
  }
}

/**
 * @param {HTMLCanvasElement} canvas
 * @returns {number} By which the worker knows it.
 */
export function handOver(canvas) {
  const known = canvasIds.get(canvas);
  if (known !== undefined) return known;
  const id = (count += 1);
  const offscreen = canvas.transferControlToOffscreen();
  canvasIds.set(canvas, id);
  theWorker().postMessage({ op: "canvas", viewer: 0, id, canvas: offscreen }, [offscreen]);
  return id;
}

/**
 * What this browser really decodes, best first; found out once.
 * @returns {Promise<string[]>}
 */
export function supportedCodecs() {
  codecs ??= new Promise((resolve) => {
    const id = (count += 1);
    listeners.set(id, (report) => {
      listeners.delete(id);
      resolve(report.codecs);
    });
    theWorker().postMessage({ op: "probe", viewer: id });
  });
  return codecs;
}

function theWorker() {
  if (!worker) {
    worker = new Worker(new URL("./frames/worker.js", import.meta.url), { type: "module" });
    worker.onmessage = ({ data }) => listeners.get(data.viewer)?.(data);
  }
  return worker;
}
