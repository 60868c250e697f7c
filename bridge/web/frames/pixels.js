/** Pictures as bytes in memory, for canvases that take those sooner than video frames. */

const TRIALS = 12;
const KEPT = 4;

/** Fresh memory costs more than what is written to it, so it is used again.
 * @type {ImageData[]} */
const free = [];

/**
 * @param {number} width
 * @param {number} height
 * @returns {ImageData} With anything in it; `giveBack` it when it was drawn.
 */
export function blank(width, height) {
  const at = free.findIndex((image) => image.width === width && image.height === height);
  return free.splice(at, at < 0 ? 0 : 1)[0] ?? new ImageData(width, height);
}

/** @param {ImageData} image */
export function giveBack(image) {
  free.push(image);
  if (free.length > KEPT) free.shift();
}

/**
 * @param {VideoFrame} frame
 * @returns {Promise<ImageData>} Rejects where browsers can't turn frames into bytes of a colour.
 */
export async function pixelsOf(frame) {
  const image = blank(frame.displayWidth, frame.displayHeight);
  await frame.copyTo(/** @type {any} */ (image.data), /** @type {any} */ ({ format: "RGBA" }));
  return image;
}

/**
 * Which way of a video frame to the canvas is quicker here. A browser that draws without a GPU takes
 * twice as long to draw one as to turn it into bytes and put those; one with a GPU draws at once.
 * Both are tried at first, and the best time of each counts: it has the least of other work in it.
 */
export class Ways {
  #bestMs = { draw: Infinity, copy: Infinity };
  #trials = 0;

  /** @returns {"draw" | "copy"} */
  get next() {
    if (this.#trials < TRIALS) return this.#trials % 2 ? "draw" : "copy";
    return this.#bestMs.copy < this.#bestMs.draw ? "copy" : "draw";
  }

  /**
   * @param {"draw" | "copy"} way
   * @param {number} tookMs
   */
  took(way, tookMs) {
    if (this.#trials >= TRIALS) return;
    this.#trials += 1;
    this.#bestMs[way] = Math.min(this.#bestMs[way], tookMs);
  }

  /** This browser can't turn such frames into bytes. */
  onlyDraw() {
    this.#bestMs.copy = Infinity;
    this.#trials = TRIALS;
  }
}
