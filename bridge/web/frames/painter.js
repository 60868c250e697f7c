/** Canvases on which a track is drawn, at the moment a picture is there. */

/** @typedef {import("./decoders.js").Picture} Picture */

export class Painter {
  /** @type {OffscreenCanvasRenderingContext2D | null} */
  #context = null;

  /** @param {OffscreenCanvas} canvas Its size becomes that of the pictures. */
  constructor(canvas) {
    this.canvas = canvas;
  }

  /** @param {Picture} picture */
  draw(picture) {
    const [width, height] = sizeOf(picture);
    this.#context ??= this.canvas.getContext("2d", { alpha: false, desynchronized: true });
    if (this.canvas.width !== width || this.canvas.height !== height) {
      this.canvas.width = width;
      this.canvas.height = height;
    }
    if (picture instanceof ImageData) this.#context?.putImageData(picture, 0, 0);
    else this.#context?.drawImage(picture, 0, 0, width, height);
  }

  /**
   * @param {string} type
   * @param {number} [quality]
   * @returns {Promise<Blob>} What is on the canvas.
   */
  snapshot(type, quality) {
    return this.canvas.convertToBlob({ type, ...(quality !== undefined && { quality }) });
  }
}

/**
 * @param {Picture} picture
 * @returns {[number, number]}
 */
export function sizeOf(picture) {
  if ("displayWidth" in picture) return [picture.displayWidth, picture.displayHeight];
  return [picture.width, picture.height];
}
