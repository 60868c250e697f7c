/** One watched track: decode, keep order, show, acknowledge. */

import { nowMs } from "../clock.js";
import { Kind, isOlder, metadataOf } from "../protocol.js";
import { decoderFor } from "./decoders.js";
import { Meter } from "./meter.js";
import { Ways, giveBack, pixelsOf } from "./pixels.js";

/** @typedef {import("../protocol.js").FrameRecord} FrameRecord */
/** @typedef {import("./decoders.js").Decoder} Decoder */
/** @typedef {import("./decoders.js").Picture} Picture */
/** @typedef {import("./painter.js").Painter} Painter */
/** @typedef {{receivedMs: number, metadata: any, data?: Uint8Array}} Told */

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
  #ways = new Ways();
  /** @type {{epoch: number, seq: number} | null} */
  #newest = null;

  /** @param {TrackListener} listener */
  constructor(listener) {
    this.listener = listener;
  }

  /** @param {FrameRecord} record Its memory is read before this returns. */
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
    this.#ways = new Ways();
  }

  /**
   * @param {FrameRecord} record
   * @param {number} receivedMs
   */
  async #video(record, receivedMs) {
    const metadata = metadataOf(record);
    try {
      const picture = await this.#decoderOf(record.codec).decode(record);
      if (picture) await this.#show(record, picture, { receivedMs, metadata });
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
   * @param {FrameRecord} record Its memory is gone.
   * @param {Picture} picture Closed here.
   * @param {Told} told
   */
  async #show(record, picture, told) {
    const began = nowMs();
    const frame = "copyTo" in picture && this.painters.size ? picture : null;
    const way = frame ? this.#ways.next : "draw";
    const drawable = frame && way === "copy" ? await this.#bytes(frame) : picture;
    if (this.#newest && isOlder(record, this.#newest)) this.meter.thrown += 1;
    else {
      this.#newest = record;
      for (const painter of this.painters) painter.draw(drawable);
      if (frame) this.#ways.took(way, nowMs() - began);
      this.#shown(record, told);
    }
    if ("close" in drawable) drawable.close();
    else giveBack(drawable);
  }

  /** @param {VideoFrame} frame Closed, if it is not what is returned. */
  async #bytes(frame) {
    try {
      const image = await pixelsOf(frame);
      frame.close();
      return image;
    } catch {
      this.#ways.onlyDraw();
      return frame;
    }
  }

  /** @param {FrameRecord} record */
  #other(record) {
    const metadata = metadataOf(record);
    if (record.kind === Kind.AUDIO) this.listener.heard(record);
    const data = record.kind === Kind.TENSOR ? { data: record.payload.slice() } : {};
    this.#shown(record, { receivedMs: nowMs(), metadata, ...data });
    this.listener.done(record);
  }

  /**
   * @param {FrameRecord} record
   * @param {Told} told
   */
  #shown(record, { receivedMs, ...extra }) {
    const drawnMs = nowMs();
    this.meter.show(record, receivedMs, drawnMs);
    const { epoch, seq, width, height, codec, missing, madeMs } = record;
    this.listener.shown(record, { epoch, seq, width, height, codec, missing, madeMs, drawnMs, ...extra });
  }
}
