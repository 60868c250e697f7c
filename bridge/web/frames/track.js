/** One watched track: decode, keep order, show, acknowledge. */

import { nowMs } from "../clock.js";
import { Kind, isOlder, metadataOf } from "../protocol.js";
import { decoderFor } from "./decoders.js";
import { Meter } from "./meter.js";

/** @typedef {import("../protocol.js").FrameRecord} FrameRecord */
/** @typedef {import("./decoders.js").Decoder} Decoder */
/** @typedef {import("./painter.js").Painter} Painter */

/**
 * @typedef {object} TrackListener
 * @property {(record: FrameRecord) => void} done The record was shown or thrown away: more may come.
 * @property {(record: FrameRecord, extra: object) => void} shown
 * @property {(codec: string, message: string) => void} failed
 * @property {(record: FrameRecord) => void} heard A block of sound.
 */

export class Track {
  meter = new Meter();
  /** @type {Set<Painter>} */
  painters = new Set();
  #codec = "";
  /** @type {Decoder | null} */
  #decoder = null;
  /** @type {{epoch: number, seq: number} | null} */
  #newest = null;

  /** @param {TrackListener} listener */
  constructor(listener) {
    this.listener = listener;
  }

  /** @param {FrameRecord} record Its memory is taken over. */
  accept(record) {
    this.meter.missed += record.missing;
    if (record.kind === Kind.VIDEO) void this.#video(record, nowMs());
    else this.#other(record);
  }

  /** Take whatever comes next for new: it is of another stream, perhaps of another bridge. */
  renew() {
    this.#newest = null;
  }

  close() {
    this.#decoder?.close();
    this.#decoder = null;
    this.#codec = "";
  }

  /**
   * @param {FrameRecord} record
   * @param {number} receivedMs
   */
  async #video(record, receivedMs) {
    try {
      const picture = await this.#decoderOf(record.codec).decode(record);
      if (picture) this.#show(record, picture, receivedMs);
    } catch (error) {
      this.close();
      this.listener.failed(record.codec, error instanceof Error ? error.message : String(error));
    }
    this.listener.done(record);
  }

  /** @param {string} codec */
  #decoderOf(codec) {
    if (this.#decoder && this.#codec === codec) return this.#decoder;
    this.#decoder?.close();
    this.#codec = codec;
    return (this.#decoder = decoderFor(codec));
  }

  /**
   * @param {FrameRecord} record
   * @param {import("./decoders.js").Picture} picture
   * @param {number} receivedMs
   */
  #show(record, picture, receivedMs) {
    if (this.#newest && isOlder(record, this.#newest)) this.meter.thrown += 1;
    else {
      this.#newest = record;
      for (const painter of this.painters) painter.draw(picture);
      this.#shown(record, receivedMs, {});
    }
    picture.close();
  }

  /** @param {FrameRecord} record */
  #other(record) {
    if (record.kind === Kind.AUDIO) this.listener.heard(record);
    const data = record.kind === Kind.TENSOR ? { data: record.payload.slice() } : {};
    this.#shown(record, nowMs(), data);
    this.listener.done(record);
  }

  /**
   * @param {FrameRecord} record
   * @param {number} receivedMs
   * @param {object} extra
   */
  #shown(record, receivedMs, extra) {
    const drawnMs = nowMs();
    this.meter.show(record, receivedMs, drawnMs);
    const { epoch, seq, width, height, codec, missing, madeMs } = record;
    const metadata = metadataOf(record);
    const told = { epoch, seq, width, height, codec, missing, madeMs, drawnMs, metadata, ...extra };
    this.listener.shown(record, told);
  }
}
