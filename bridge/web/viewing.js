/** Which tracks are watched, how their frames get here, and what is told of them. */

import { ReactorError } from "./errors.js";
import { MjpegScreens } from "./mjpeg.js";
import { Screen, canDrawInWorker, handOver, supportedCodecs } from "./screens.js";

/** @typedef {import("./connection.js").Connection} Connection */
/** @typedef {import("./reactor.js").TrackInfo} TrackInfo */
/** @typedef {{track: string, canvas: HTMLCanvasElement | null, maxWidth: number | null}} Watch */

/**
 * @typedef {object} ViewingListener
 * @property {(track: string) => void} first A track's first frame is on its canvas.
 * @property {(frame: any) => void} frame
 * @property {(tracks: Record<string, any>) => void} stats
 * @property {(error: ReactorError) => void} trouble
 */

const RETRIES = 3;
const RETRY_MS = 400;
const SNAPSHOT_MS = 5000;
const WINDOW = { still: 2, h264: 3, audio: 16 };

export class Viewing {
  /** @type {Set<Watch>} */
  #watches = new Set();
  /** @type {Map<number, (blob: Blob | null) => void>} */
  #snapshots = new Map();
  /** @type {Screen | null} */
  #screen = null;
  #asked = false;
  #told = false;
  #generation = 0;
  #broken = 0;
  #count = 0;
  /** How frames get here at this moment. */
  transport = "";
  /** What the bridge sends, by track.
   * @type {Record<string, string>} */
  codecs = {};

  /**
   * @param {Connection} connection
   * @param {{codecs?: string[], transport: "auto" | "stream" | "ws", origin: string}} options
   * @param {() => TrackInfo[]} tracks What the bridge offers.
   * @param {ViewingListener} listener
   */
  constructor(connection, options, tracks, listener) {
    this.connection = connection;
    this.options = options;
    this.tracks = tracks;
    this.listener = listener;
    this.mjpeg = new MjpegScreens(connection, options.origin, listener.first);
  }

  /**
   * @param {Watch} watch
   * @returns {() => void} What ends it.
   */
  add(watch) {
    this.#watches.add(watch);
    if (watch.canvas && !canDrawInWorker()) this.mjpeg.add(watch.canvas, () => this.#named(watch));
    else if (watch.canvas) handOver(watch.canvas);
    this.ask();
    return () => {
      this.#watches.delete(watch);
      if (watch.canvas) this.mjpeg.delete(watch.canvas);
      this.ask();
    };
  }

  /** Tell the bridge what is watched; what is asked for in one go is told in one. */
  ask() {
    if (this.#asked) return;
    this.#asked = true;
    queueMicrotask(() => {
      this.#asked = false;
      void this.#view();
    });
  }

  /** A new link: what was agreed on over the last one is gone. */
  linked() {
    this.#broken = 0;
    if (this.#watches.size) this.ask();
    this.mjpeg.linked();
  }

  /** The link is gone. */
  unlinked() {
    this.#generation += 1;
    this.#screen?.post("renew");
  }

  /** @param {boolean} told Whether every frame is to be told of. */
  tell(told) {
    this.#told = told;
    this.#screen?.post("tell", { told });
  }

  /** @param {ArrayBuffer} buffer A record that came over the WebSocket. */
  record(buffer) {
    this.#screen?.post("record", { buffer }, [buffer]);
  }

  /**
   * @param {string} track
   * @param {MessagePort} port
   */
  sound(track, port) {
    this.#theScreen().post("sound", { track, port }, [port]);
  }

  /**
   * @param {string} track
   * @param {string} type
   * @param {number} [quality]
   * @returns {Promise<Blob>}
   */
  async snapshot(track, type, quality) {
    const watch = [...this.#watches].find((w) => w.canvas && this.#named(w) === track);
    if (!watch?.canvas) throw new ReactorError("not_watched", `no canvas shows ${track}`);
    if (!canDrawInWorker()) return this.mjpeg.snapshot(watch.canvas, type, quality);
    const id = (this.#count += 1);
    const canvas = handOver(watch.canvas);
    const blob = await new Promise((resolve) => {
      this.#snapshots.set(id, resolve);
      setTimeout(resolve, SNAPSHOT_MS, null);
      this.#theScreen().post("snapshot", { id, canvas, type, quality });
    });
    this.#snapshots.delete(id);
    if (!blob) throw new ReactorError("no_picture", `nothing of ${track} was drawn yet`);
    return blob;
  }

  close() {
    this.unlinked();
    this.mjpeg.close();
    this.#screen?.close();
    this.#screen = null;
  }

  /** @param {Watch} watch */
  #named({ track }) {
    const video = this.tracks().find((t) => t.direction === "out" && t.kind === "video");
    return track || video?.name || "";
  }

  #theScreen() {
    if (this.#screen) return this.#screen;
    const screen = (this.#screen = new Screen((report) => this.#hear(report)));
    screen.post("tell", { told: this.#told });
    return screen;
  }

  /** Watched tracks that the bridge has, each with its canvases. */
  #wanted() {
    /** @type {Map<string, {info: TrackInfo, canvases: number[], maxWidth: number | null}>} */
    const wanted = new Map();
    for (const watch of this.#watches) {
      if (watch.canvas && !canDrawInWorker()) continue;
      const name = this.#named(watch);
      const info = this.tracks().find((t) => t.name === name && t.direction === "out");
      if (!info) continue;
      const entry = wanted.get(name) ?? { info, canvases: [], maxWidth: watch.maxWidth };
      if (watch.canvas) entry.canvases.push(handOver(watch.canvas));
      if (entry.maxWidth !== null) entry.maxWidth = watch.maxWidth && Math.max(entry.maxWidth, watch.maxWidth);
      wanted.set(name, entry);
    }
    return wanted;
  }

  async #view() {
    if (this.connection.state !== "connected") return;
    const wanted = this.#wanted();
    if (!wanted.size && !this.#screen) return;
    const generation = (this.#generation += 1);
    const screen = this.#theScreen();
    const able = await supportedCodecs();
    screen.post("watch", { tracks: [...wanted.values()].map(({ info, canvases }) => ({ info, canvases })) });
    const tracks = Object.fromEntries([...wanted].map(([n, { maxWidth }]) => [n, { max_width: maxWidth }]));
    const codecs = this.options.codecs?.filter((c) => able.includes(c)) ?? able;
    const asked = { tracks, codecs, transport: this.#transport(), window: WINDOW };
    try {
      const { data } = await this.connection.requests.ask("$view", asked);
      if (generation === this.#generation) this.#viewing(screen, data);
    } catch (error) {
      if (generation === this.#generation) this.#trouble(error);
    }
  }

  #transport() {
    if (this.options.transport !== "auto") return this.options.transport;
    return this.#broken >= RETRIES ? "ws" : "stream";
  }

  /**
   * @param {Screen} screen
   * @param {any} data Of the `$viewing`.
   */
  #viewing(screen, data) {
    this.transport = data.transport;
    this.codecs = { ...data.codecs };
    if (data.transport !== "stream") return screen.post("renew");
    const url = new URL(data.path, this.options.origin).href;
    screen.post("stream", { url, ticket: data.stream_ticket });
  }

  /** @param {import("./screens.js").Report} report */
  #hear(report) {
    const post = (/** @type {string} */ type, /** @type {object} */ data) => this.connection.post(type, data);
    const { track, codec, message } = report;
    switch (report.op) {
      case "ack":
        return post("$ack", { track, seq: report.seq, epoch: report.epoch });
      case "decoder_failed":
        return post("$decoder_failed", { track, codec, message });
      case "opened":
        return void (this.#broken = 0);
      case "broken":
        return this.#streamBroke(report.opened);
      case "first":
        return this.listener.first(track);
      case "frame":
        return this.listener.frame(report.frame);
      case "stats":
        return this.listener.stats(report.tracks);
      case "snapshot":
        return this.#snapshots.get(report.id)?.(report.blob);
    }
  }

  /**
   * Ask anew. A stream that does not even open has all connections of this browser before it: the
   * WebSocket is there already.
   * @param {boolean} opened
   */
  #streamBroke(opened) {
    this.#broken = opened ? this.#broken + 1 : RETRIES;
    const generation = this.#generation;
    const again = () => generation === this.#generation && this.ask();
    setTimeout(again, this.#broken < RETRIES ? RETRY_MS * this.#broken : 0);
  }

  /** @param {unknown} error */
  #trouble(error) {
    if (error instanceof ReactorError) this.listener.trouble(error);
  }
}
