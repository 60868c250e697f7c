/** The last resort: a picture that never ends loading, drawn in the page. */

import { ReactorError } from "./errors.js";

/** @typedef {import("./connection.js").Connection} Connection */

const RETRY_MS = 2000;

export class MjpegScreens {
  /** @type {Map<HTMLCanvasElement, {track: () => string, image: HTMLImageElement, timer: number}>} */
  #screens = new Map();

  /**
   * @param {Connection} connection
   * @param {string} origin
   * @param {(track: string) => void} first A track's first picture is there.
   */
  constructor(connection, origin, first) {
    this.connection = connection;
    this.origin = origin;
    this.first = first;
  }

  /**
   * @param {HTMLCanvasElement} canvas
   * @param {() => string} track Its name, as far as known.
   */
  add(canvas, track) {
    const image = new Image();
    image.onerror = () => setTimeout(() => this.#open(track, image), RETRY_MS);
    let seen = false;
    const draw = () => {
      if (!this.#screens.has(canvas)) return;
      const painted = paint(canvas, image);
      if (painted && !seen) this.first(track());
      seen ||= painted;
      requestAnimationFrame(draw);
    };
    this.#screens.set(canvas, { track, image, timer: requestAnimationFrame(draw) });
    void this.#open(track, image);
  }

  /** @param {HTMLCanvasElement} canvas */
  delete(canvas) {
    const screen = this.#screens.get(canvas);
    if (!screen) return;
    cancelAnimationFrame(screen.timer);
    screen.image.removeAttribute("src");
    this.#screens.delete(canvas);
  }

  linked() {
    for (const { track, image } of this.#screens.values()) void this.#open(track, image);
  }

  close() {
    for (const canvas of [...this.#screens.keys()]) this.delete(canvas);
  }

  /**
   * @param {HTMLCanvasElement} canvas
   * @param {string} type
   * @param {number} [quality]
   * @returns {Promise<Blob>}
   */
  snapshot(canvas, type, quality) {
    return new Promise((resolve, reject) => {
      const refuse = () => reject(new ReactorError("no_picture", "nothing was drawn yet"));
      canvas.toBlob((blob) => (blob ? resolve(blob) : refuse()), type, quality);
    });
  }

  /**
   * @param {() => string} track
   * @param {HTMLImageElement} image
   */
  async #open(track, image) {
    if (this.connection.state !== "connected") return;
    try {
      const { data } = await this.connection.requests.ask("$ticket", { for: "mjpeg" });
      const url = new URL(`/mjpeg/${encodeURIComponent(track())}`, this.origin);
      url.searchParams.set("ticket", data.ticket);
      image.src = url.href;
    } catch {
      // The link broke meanwhile: the next one opens it anew.
    }
  }
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {HTMLImageElement} image
 * @returns {boolean} Whether there was something to draw.
 */
function paint(canvas, image) {
  if (!image.naturalWidth) return false;
  if (canvas.width !== image.naturalWidth) canvas.width = image.naturalWidth;
  if (canvas.height !== image.naturalHeight) canvas.height = image.naturalHeight;
  canvas.getContext("2d")?.drawImage(image, 0, 0);
  return true;
}
