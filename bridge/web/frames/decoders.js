/** Records to pictures. Each decoder answers with pictures that the caller closes. */

import { codecOf, configured } from "./h264.js";
import { blank } from "./pixels.js";

/** @typedef {import("../protocol.js").FrameRecord} FrameRecord */
/** @typedef {VideoFrame | ImageBitmap | ImageData} Picture */

/**
 * @typedef {object} Decoder
 * @property {(record: FrameRecord) => Promise<Picture | null>} decode The record's memory is read
 *   before this returns. Null: thrown away on the way to a key frame. Rejects when the browser can't
 *   decode it.
 * @property {() => void} close
 */

/** Colours as cv2 makes them; Chromium takes I420 for BT.709 unless it is told. */
/** @type {VideoColorSpaceInit} */
const BT601 = { matrix: "smpte170m", primaries: "smpte170m", transfer: "smpte170m", fullRange: false };

/**
 * @param {string} codec
 * @returns {Decoder}
 * @throws {TypeError} This browser has nothing for it.
 */
export function decoderFor(codec) {
  if (codec === "jpeg") return typeof ImageDecoder === "undefined" ? new Stills() : new Planes();
  if (codec === "h264") return new Deltas();
  if (codec === "i420" || codec === "rgba") return new Raw();
  throw new TypeError(`no decoder for ${codec}`);
}

class Stills {
  /** @param {FrameRecord} record */
  async decode({ payload }) {
    const bytes = /** @type {Uint8Array<ArrayBuffer>} */ (payload);
    return createImageBitmap(new Blob([bytes], { type: "image/jpeg" }));
  }

  close() {}
}

/** JPEG where WebCodecs is: it leaves the picture as planes, which takes two thirds of the time. */
class Planes {
  /** @param {FrameRecord} record */
  async decode({ payload }) {
    const decoder = new ImageDecoder({ data: /** @type {any} */ (payload), type: "image/jpeg" });
    try {
      return (await decoder.decode()).image;
    } finally {
      decoder.close();
    }
  }

  close() {}
}

class Raw {
  /** @param {FrameRecord} record */
  async decode({ codec, payload, width, height }) {
    if (codec === "rgba") return opaque(payload, width, height);
    const size = { codedWidth: width, codedHeight: height };
    const bytes = /** @type {Uint8Array<ArrayBuffer>} */ (payload);
    return new VideoFrame(bytes, { format: "I420", ...size, timestamp: 0, colorSpace: BT601 });
  }

  close() {}
}

/**
 * @param {Uint8Array} rgba
 * @param {number} width
 * @param {number} height
 * @returns {ImageData} Without its transparency: there is nothing behind the picture.
 */
function opaque(rgba, width, height) {
  const image = blank(width, height);
  const { data } = image;
  data.set(rgba);
  for (let at = 3; at < data.length; at += 4) data[at] = 255;
  return image;
}

/** H.264: frames that build on others, through one decoder. */
class Deltas {
  /** @type {Map<number, {resolve: (picture: Picture | null) => void, reject: (e: Error) => void}>} */
  #waiting = new Map();
  /** @type {VideoDecoder | null} */
  #decoder = null;
  #codec = "";
  #size = "";
  #count = 0;

  /** @param {FrameRecord} record */
  async decode(record) {
    if (record.key) this.#configure(record);
    if (!this.#decoder) return null;
    const timestamp = (this.#count += 1);
    const { payload: data, key } = record;
    const made = new Promise((resolve, reject) => this.#waiting.set(timestamp, { resolve, reject }));
    this.#decoder.decode(new EncodedVideoChunk({ type: key ? "key" : "delta", timestamp, data }));
    return made;
  }

  close() {
    this.#giveUp(null);
    if (this.#decoder && this.#decoder.state !== "closed") this.#decoder.close();
    this.#decoder = null;
  }

  /** @param {FrameRecord} record */
  #configure({ payload, width, height }) {
    const codec = codecOf(payload) ?? this.#codec;
    const size = `${width}x${height}`;
    if (this.#decoder?.state === "configured" && codec === this.#codec && size === this.#size) return;
    this.close();
    this.#codec = codec;
    this.#size = size;
    this.#decoder = new VideoDecoder({
      output: (frame) => this.#show(frame),
      error: (error) => this.#giveUp(error),
    });
    this.#decoder.configure(configured(codec));
  }

  /** @param {VideoFrame} frame */
  #show(frame) {
    for (const [timestamp, { resolve }] of this.#waiting) {
      if (timestamp > frame.timestamp) break;
      this.#waiting.delete(timestamp);
      resolve(timestamp === frame.timestamp ? frame : null);
    }
  }

  /** @param {Error | null} error */
  #giveUp(error) {
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { resolve, reject } of waiting) error ? reject(error) : resolve(null);
  }
}
