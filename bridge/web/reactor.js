/** A model in the browser: steer it, watch it, give it pictures. See docs/browsers.md. */

import { Connection } from "./connection.js";
import { Emitter } from "./emitter.js";
import { ReactorError } from "./errors.js";
import { Publishing } from "./publishing.js";
import { Sounds } from "./sounds.js";
import { Statistics } from "./statistics.js";
import { upload } from "./upload.js";
import { Viewing } from "./viewing.js";

export { ReactorError };

/** @typedef {"disconnected" | "connecting" | "waiting" | "ready" | "reconnecting"} Status */
/** @typedef {{index: number, name: string, kind: "video" | "audio" | "tensor",
 *   direction: "in" | "out", sample_rate?: number}} TrackInfo */
/** @typedef {{state: string, epoch?: number, reason?: string, missing?: string[],
 *   progress?: {done: number, total: number, text: string} | null, clients?: number,
 *   viewers?: number}} ModelStatus */
/** @typedef {import("./upload.js").UploadReference} UploadReference */
/** @typedef {import("./statistics.js").Stats} Stats */

/**
 * A frame as it is told of: `data` is there for tensors.
 * @typedef {{track: string, epoch: number, seq: number, width: number, height: number,
 *   codec: string, missing: number, madeMs: number, drawnMs: number, metadata: any,
 *   data?: Uint8Array}} FrameInfo
 */

/**
 * @typedef {object} ReactorEvents
 * @property {{status: Status, model: ModelStatus, error: ReactorError | null}} statusChanged
 * @property {{type: string, data: any}} message What the model says by itself.
 * @property {Record<string, any>} stateChanged Public fields that have changed, all at first.
 * @property {ReactorError} error
 * @property {any} schemaReceived The OpenAPI document.
 * @property {any} recordingChanged How the bridge's recording goes; told to those who may steer.
 * @property {Stats} statsUpdate Twice a second while a track is watched.
 * @property {TrackInfo[]} tracksChanged The model has other tracks than before, as `getTracks()` says.
 * @property {TrackInfo} trackReceived The first frame of a track is there.
 * @property {FrameInfo} frame Every frame that was shown, while somebody listens.
 */

/**
 * @typedef {object} ReactorOptions
 * @property {string | URL} [url] Of the bridge, with the token in its fragment; the page's own
 *   unless said.
 * @property {string} [token] Instead of the fragment.
 * @property {("i420" | "rgba" | "h264" | "jpeg")[]} [codecs] What to take, of what the browser can.
 * @property {"auto" | "stream" | "ws"} [transport] `auto`: the WebSocket where no stream opens.
 * @property {boolean} [reconnect] Come back by itself; true unless said.
 * @property {string} [name] For people.
 */

/** @extends {Emitter<ReactorEvents>} */
export class Reactor extends Emitter {
  /** @type {Status} */
  #status = "disconnected";
  /** @type {any} */
  #welcome = null;
  /** @type {any} */
  #schema = null;
  /** @type {ModelStatus} */
  #model = { state: "unknown" };
  /** @type {Record<string, any>} */
  #state = {};
  #linked = false;
  /** A page that goes for good can't resume: its session need not be kept. */
  #leave = (/** @type {PageTransitionEvent} */ { persisted }) => persisted || this.disconnect();

  /** @param {ReactorOptions} [options] */
  constructor({ url, token, codecs, transport = "auto", reconnect = true, name = "browser" } = {}) {
    super();
    const bridge = new URL(url ?? globalThis.location.href);
    const secret = token ?? new URLSearchParams(bridge.hash.slice(1)).get("token") ?? "";
    this.origin = bridge.origin;
    const link = new URL("/ws", bridge);
    link.protocol = bridge.protocol === "https:" ? "wss:" : "ws:";
    this.connection = new Connection(
      { url: link.href, token: secret, name, reconnect },
      {
        linkChanged: (_state, error) => this.#linkChanged(error),
        welcomed: (welcome) => this.#welcomed(welcome),
        said: (message) => this.#hear(message),
        showed: (record) => this.viewing.record(record),
      },
    );
    const tracks = () => this.getTracks();
    this.statistics = new Statistics(this.connection);
    this.viewing = new Viewing(this.connection, { codecs, transport, origin: this.origin }, tracks, {
      first: (name) => this.#firstFrame(name),
      frame: (frame) => this.emit("frame", frame),
      stats: (read) => this.emit("statsUpdate", this.statistics.update(read, this.viewing.transport)),
      trouble: (error) => this.emit("error", error),
    });
    this.publishing = new Publishing(this.connection, tracks);
    this.sounds = new Sounds(this.viewing);
  }

  /**
   * Connect, and stay so.
   * @returns {Promise<void>} Settled when the bridge has let us in, or has refused.
   */
  async connect() {
    globalThis.addEventListener?.("pagehide", this.#leave);
    await this.connection.open();
  }

  /** Leave for good; `connect` begins anew. */
  disconnect() {
    globalThis.removeEventListener?.("pagehide", this.#leave);
    this.publishing.close();
    this.sounds.close();
    this.viewing.close();
    this.connection.close();
  }

  /** Give up the link, if there is one, and try at once. */
  async reconnect() {
    await this.connection.retry();
  }

  getStatus() {
    return this.#status;
  }

  /** The model's own status, as the front end words it. */
  getModelStatus() {
    return this.#model;
  }

  /** The model's OpenAPI document; null before it is known. */
  getSchema() {
    return this.#schema;
  }

  /** Public fields of the model's state, as far as known. */
  getState() {
    return { ...this.#state };
  }

  /** @returns {TrackInfo[]} */
  getTracks() {
    return this.#welcome?.tracks ?? [];
  }

  /** @returns {any} Model, scope and limits, as the bridge said at the beginning; null before. */
  getWelcome() {
    return this.#welcome;
  }

  /** @returns {Stats} */
  getStats() {
    return this.statistics.stats;
  }

  /**
   * Send an event to the model.
   * @param {string} type
   * @param {Record<string, any>} [data]
   * @param {import("./requests.js").AskOptions} [options]
   * @returns {Promise<{type: string, data: any}>} The reply; rejects with a `ReactorError`.
   */
  async sendCommand(type, data = {}, options = {}) {
    if (this.connection.state === "disconnected") {
      throw new ReactorError("disconnected", "call connect() first");
    }
    const reply = await this.connection.requests.ask(type, data, options);
    return { type: reply.type, data: reply.data };
  }

  /**
   * Bring a file to the model's session.
   * @param {Blob} file
   * @param {import("./upload.js").UploadOptions} [options]
   * @returns {Promise<UploadReference>} To be given to events that take a file.
   */
  uploadFile(file, options = {}) {
    const session = this.#linked ? this.#welcome?.session : null;
    if (!session) return Promise.reject(new ReactorError("disconnected", "there is no link", { recoverable: true }));
    return upload(this.origin, session, file, options);
  }

  /**
   * Show a track on a canvas. The canvas is drawn on by a worker: don't ask it for a context.
   * @param {HTMLCanvasElement} canvas
   * @param {{track?: string, maxWidth?: number | null}} [options] The first video track unless said.
   * @returns {() => void} What takes it off again.
   */
  attach(canvas, { track = "", maxWidth = null } = {}) {
    return this.viewing.add({ track, canvas, maxWidth });
  }

  /**
   * Watch a track without showing it: its frames come by `on("frame")`.
   * @param {string} track
   * @returns {() => void} What ends it.
   */
  watch(track) {
    return this.viewing.add({ track, canvas: null, maxWidth: null });
  }

  /**
   * Play an audio track. Call it from a click: browsers are silent before.
   * @param {string} [track] The first audio track unless said.
   * @returns {Promise<import("./media/playback.js").Playback>} Volume and the end of it.
   */
  playAudio(track) {
    return this.sounds.play(this.getTracks(), track);
  }

  /**
   * Take the picture that is shown.
   * @param {{track?: string, type?: string, quality?: number}} [options]
   * @returns {Promise<Blob>}
   */
  screenshot({ track, type = "image/png", quality } = {}) {
    const video = this.getTracks().find((t) => t.direction === "out" && t.kind === "video");
    return this.viewing.snapshot(track ?? video?.name ?? "", type, quality);
  }

  /**
   * Send a camera's or a microphone's track to an input track of the model.
   * @param {string} name
   * @param {MediaStreamTrack} track
   * @param {import("./publishing.js").PublishOptions} [options]
   */
  publishTrack(name, track, options) {
    return this.publishing.publish(name, track, options);
  }

  /** @param {string} name */
  unpublishTrack(name) {
    return this.publishing.unpublish(name);
  }

  /** @param {string} name Stays ours; nothing is sent. */
  pauseTrack(name) {
    this.publishing.pause(name, true);
  }

  /** @param {string} name */
  resumeTrack(name) {
    this.publishing.pause(name, false);
  }

  /**
   * @template {keyof ReactorEvents} Name
   * @param {Name} name
   * @param {(data: ReactorEvents[Name]) => void} listener
   */
  on(name, listener) {
    const off = super.on(name, listener);
    if (name === "frame") this.viewing.tell(true);
    return off;
  }

  /** @param {any} welcome */
  #welcomed(welcome) {
    this.#welcome = welcome;
    this.#linked = true;
    if (welcome.status) this.#model = modelStatus(welcome.status);
    if (welcome.schema) this.#schemaIs(welcome.schema);
    this.#settle(null);
    this.viewing.linked();
    this.publishing.linked();
  }

  /** @param {ReactorError | null} error */
  #linkChanged(error) {
    this.#linked = this.connection.state === "connected";
    if (!this.#linked) this.viewing.unlinked();
    if (error) this.emit("error", error);
    this.#settle(error);
  }

  /** @param {{type: string, data: any}} message */
  #hear({ type, data }) {
    switch (type) {
      case "$state":
        this.#state = { ...this.#state, ...data };
        return this.emit("stateChanged", data);
      case "$status":
        this.#model = modelStatus(data);
        return this.#settle(null);
      case "$schema":
        return this.#schemaIs(data);
      case "$tracks":
        this.#welcome = { ...this.#welcome, tracks: data.tracks };
        this.viewing.linked();
        return this.emit("tracksChanged", data.tracks);
      case "$codec":
        this.viewing.codecs[data.track] = data.codec;
        return;
      case "$recording":
        return this.emit("recordingChanged", data);
      case "$stats":
        return this.statistics.served(data);
      case "$error":
        return this.emit("error", ReactorError.from(data));
      default:
        if (!type.startsWith("$")) this.emit("message", { type, data });
    }
  }

  /** @param {any} schema */
  #schemaIs(schema) {
    this.#schema = schema;
    this.emit("schemaReceived", schema);
  }

  /** @param {string} name */
  #firstFrame(name) {
    const info = this.getTracks().find((t) => t.name === name);
    if (info) this.emit("trackReceived", info);
  }

  /** @param {ReactorError | null} error */
  #settle(error) {
    this.#status = statusOf(this.connection.state, this.#model.state);
    this.emit("statusChanged", { status: this.#status, model: this.#model, error });
  }
}

/**
 * @param {import("./connection.js").LinkState} link
 * @param {string} model
 * @returns {Status}
 */
function statusOf(link, model) {
  if (link !== "connected") return link;
  return model === "ready" ? "ready" : "waiting";
}

/**
 * @param {any} data
 * @returns {ModelStatus}
 */
function modelStatus(data) {
  return { ...data, state: data.state ?? data.status ?? "unknown" };
}
