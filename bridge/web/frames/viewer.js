/** One viewer in the worker: a stream, or records that the page hands on, and its tracks. */

import { nowMs } from "../clock.js";
import { Kind, decodeRecord } from "../protocol.js";
import { readRecords } from "./source.js";
import { Track } from "./track.js";

/** @typedef {import("../protocol.js").FrameRecord} FrameRecord */
/** @typedef {{index: number, name: string, kind: string}} TrackInfo */
/** @typedef {(message: object) => void} Post */

const STATS_MS = 500;
const OPEN_MS = 4000;

export class Viewer {
  /** @type {Map<number, {info: TrackInfo, track: Track, seen: boolean}>} */
  #tracks = new Map();
  /** @type {Map<string, MessagePort>} */
  ports = new Map();
  /** Whether the page wants to hear of every frame. */
  told = false;
  #abort = new AbortController();
  #receivedNbytes = 0;

  /**
   * @param {Post} post
   */
  constructor(post) {
    this.post = post;
    this.timer = setInterval(() => this.#report(), STATS_MS);
  }

  /**
   * Say which tracks may come and where they are drawn. What is watched already goes on.
   * @param {{info: TrackInfo, painters: import("./painter.js").Painter[]}[]} wanted
   */
  watch(wanted) {
    const kept = new Set(wanted.map(({ info }) => info.index));
    for (const [index, { track }] of this.#tracks) {
      if (kept.has(index)) continue;
      track.close();
      this.#tracks.delete(index);
    }
    for (const { info, painters } of wanted) {
      const entry = this.#tracks.get(info.index) ?? this.#make(info);
      this.#tracks.set(info.index, entry);
      entry.track.painters = new Set(painters);
    }
  }

  /**
   * Read records from the bridge until told otherwise.
   * @param {string} url
   * @param {string} ticket
   */
  async stream(url, ticket) {
    this.renew();
    const abort = (this.#abort = new AbortController());
    const late = setTimeout(() => abort.abort(new Error("the stream did not open")), OPEN_MS);
    let opened = false;
    try {
      const headers = { Authorization: `Bearer ${ticket}` };
      const init = { headers, signal: abort.signal, cache: /** @type {const} */ ("no-store") };
      const response = await fetch(url, init);
      if (!response.ok || !response.body) throw new Error(`the stream answered ${response.status}`);
      clearTimeout(late);
      opened = true;
      this.post({ op: "opened" });
      for await (const record of readRecords(response.body)) {
        if (abort !== this.#abort) return;
        this.#take(record);
      }
      throw new Error("the stream ended");
    } catch (error) {
      clearTimeout(late);
      if (abort !== this.#abort) return;
      const message = error instanceof Error ? error.message : String(error);
      this.post({ op: "broken", opened, message });
    }
  }

  /** @param {ArrayBuffer} buffer One record, as a binary message brought it. */
  record(buffer) {
    try {
      this.#take(decodeRecord(new Uint8Array(buffer)));
    } catch (error) {
      this.post({ op: "broken", opened: true, message: String(error) });
    }
  }

  /** What comes from here on is not compared with what came before. */
  renew() {
    this.stopStream();
    for (const { track } of this.#tracks.values()) track.renew();
  }

  stopStream() {
    const abort = this.#abort;
    this.#abort = new AbortController();
    abort.abort();
  }

  close() {
    clearInterval(this.timer);
    this.stopStream();
    for (const { track } of this.#tracks.values()) track.close();
    this.#tracks.clear();
  }

  /** @param {FrameRecord} record */
  #take(record) {
    this.#receivedNbytes += record.nbytes;
    if (record.kind === Kind.KEEP_ALIVE) return;
    const entry = this.#tracks.get(record.track);
    if (entry) entry.track.accept(record);
    else this.#done(record);
  }

  /** @param {FrameRecord} record Shown or thrown away: the bridge may send another. */
  #done({ track, seq, epoch }) {
    this.post({ op: "ack", track, seq, epoch });
  }

  /** @param {TrackInfo} info */
  #make(info) {
    const name = info.name;
    const entry = {
      info,
      seen: false,
      track: new Track({
        done: (record) => this.#done(record),
        failed: (codec, message) => this.post({ op: "decoder_failed", track: name, codec, message: message.slice(0, 500) }),
        heard: (record) => this.#sound(name, record),
        shown: (_record, frame) => {
          if (!entry.seen) this.post({ op: "first", track: name });
          entry.seen = true;
          if (this.told || "data" in frame) this.post({ op: "frame", frame: { track: name, ...frame } });
        },
      }),
    };
    return entry;
  }

  /**
   * @param {string} name
   * @param {FrameRecord} record
   */
  #sound(name, { payload, width, height }) {
    const samples = payload.slice().buffer;
    this.ports.get(name)?.postMessage({ rate: width, channels: height, samples }, [samples]);
  }

  #report() {
    const tracks = [...this.#tracks.values()];
    const read = tracks.map(({ info, track }) => [info.name, track.meter.read(nowMs(), 0)]);
    this.post({ op: "stats", tracks: Object.fromEntries(read), nbytes: this.#receivedNbytes });
  }
}
