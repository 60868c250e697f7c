/** Exact numbers of bytes, and then records, out of a stream that comes in pieces. */

import { HEADER_NBYTES, decodeHeader, withRest } from "../protocol.js";

/** @typedef {import("../protocol.js").FrameRecord} FrameRecord */

/**
 * Reads into memory that is given, always the same: for a raw picture, fresh memory costs as much as
 * its reading.
 */
class ByobSource {
  #memory = new ArrayBuffer(0);

  /** @param {ReadableStreamBYOBReader} reader */
  constructor(reader) {
    this.reader = reader;
  }

  /**
   * @param {number} nbytes
   * @returns {Promise<Uint8Array<ArrayBuffer> | null>} Null when the stream ended before that; good
   *   until the next call.
   */
  async take(nbytes) {
    let memory = this.#memory.byteLength < nbytes ? new ArrayBuffer(nbytes) : this.#memory;
    for (let filled = 0; filled < nbytes; ) {
      const { value } = await this.reader.read(new Uint8Array(memory, filled, nbytes - filled));
      if (!value?.byteLength) return null;
      filled += value.byteLength;
      memory = /** @type {ArrayBuffer} */ (value.buffer);
    }
    this.#memory = memory;
    return new Uint8Array(memory, 0, nbytes);
  }
}

/** The same for streams that bring memory of their own. */
class ChunkSource {
  /** @type {Uint8Array} */
  #left = new Uint8Array(0);

  /** @param {ReadableStreamDefaultReader<Uint8Array>} reader */
  constructor(reader) {
    this.reader = reader;
  }

  /**
   * @param {number} nbytes
   * @returns {Promise<Uint8Array<ArrayBuffer> | null>} As above.
   */
  async take(nbytes) {
    const whole = new Uint8Array(nbytes);
    for (let filled = 0; filled < nbytes; ) {
      if (!this.#left.byteLength && !(await this.#more())) return null;
      const part = this.#left.subarray(0, nbytes - filled);
      whole.set(part, filled);
      filled += part.byteLength;
      this.#left = this.#left.subarray(part.byteLength);
    }
    return whole;
  }

  async #more() {
    const { value, done } = await this.reader.read();
    if (value) this.#left = value;
    return !done;
  }
}

/**
 * @param {ReadableStream<Uint8Array<ArrayBuffer>>} body
 * @returns {ByobSource | ChunkSource}
 */
export function sourceOf(body) {
  try {
    return new ByobSource(body.getReader({ mode: "byob" }));
  } catch {
    return new ChunkSource(body.getReader());
  }
}

/**
 * Read records until the stream ends.
 * @param {ReadableStream<Uint8Array<ArrayBuffer>>} body
 * @returns {AsyncGenerator<FrameRecord, void, void>} The memory of each is good until the next.
 */
export async function* readRecords(body) {
  const source = sourceOf(body);
  for (;;) {
    const head = await source.take(HEADER_NBYTES);
    if (!head) return;
    const header = decodeHeader(head);
    const restNbytes = header.nbytes - HEADER_NBYTES;
    const rest = restNbytes ? await source.take(restNbytes) : new Uint8Array(0);
    if (!rest) return;
    yield withRest(header, rest);
  }
}
