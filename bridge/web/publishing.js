/** Input tracks: a camera, a microphone or any other MediaStreamTrack to the model. */

import { nowMs } from "./clock.js";
import { ReactorError } from "./errors.js";
import { capturePictures, captureSound } from "./media/capture.js";
import { Kind, encodeRecord } from "./protocol.js";

/** @typedef {import("./connection.js").Connection} Connection */
/** @typedef {import("./reactor.js").TrackInfo} TrackInfo */

/**
 * @typedef {object} PublishOptions
 * @property {number} [fps] Pictures per second; 15 unless said.
 * @property {number} [width] Wider pictures are made smaller; 640 unless said.
 */

/** More than this waiting in the socket: the newest picture is worth more later. */
const MOST_WAITING_NBYTES = 256 * 1024;
const SAMPLE_RATE = 48_000;

/**
 * @typedef {object} Publication
 * @property {TrackInfo} info
 * @property {boolean} paused
 * @property {number} seq
 * @property {() => void} stop
 */

export class Publishing {
  /** @type {Map<string, Publication>} */
  #tracks = new Map();

  /**
   * @param {Connection} connection
   * @param {() => TrackInfo[]} tracks
   */
  constructor(connection, tracks) {
    this.connection = connection;
    this.tracks = tracks;
  }

  /** Names of what is being published. */
  get names() {
    return [...this.#tracks.keys()];
  }

  /**
   * @param {string} name
   * @param {MediaStreamTrack} media
   * @param {PublishOptions} [options]
   */
  async publish(name, media, { fps = 15, width = 640 } = {}) {
    await this.unpublish(name);
    const info = this.tracks().find((t) => t.name === name && t.direction === "in");
    if (!info) throw new ReactorError("no_track", `the model has no input track ${name}`);
    await this.#announce(info);
    /** @type {Publication} */
    const publication = { info, paused: false, seq: 0, stop: () => {} };
    const wanted = () => this.#wanted(publication);
    publication.stop =
      media.kind === "audio"
        ? await captureSound(media, { sampleRate: info.sample_rate || SAMPLE_RATE }, (sound) => {
            if (wanted()) this.#send(publication, "pcm_s16", Kind.AUDIO, sound.rate, sound.channels, sound.payload);
          })
        : await capturePictures(
            media,
            { fps, width },
            (p) => this.#send(publication, "jpeg", Kind.VIDEO, p.width, p.height, p.payload),
            wanted,
          );
    this.#tracks.set(name, publication);
    media.addEventListener("ended", () => void this.unpublish(name), { once: true });
  }

  /** @param {string} name */
  async unpublish(name) {
    const publication = this.#tracks.get(name);
    if (!publication) return;
    this.#tracks.delete(name);
    publication.stop();
    if (this.connection.state !== "connected") return;
    await this.connection.requests.ask("$unpublish", { track: name });
  }

  /**
   * @param {string} name
   * @param {boolean} paused Nothing is sent, and the track stays ours.
   */
  pause(name, paused) {
    const publication = this.#tracks.get(name);
    if (publication) publication.paused = paused;
  }

  /** A new link: the bridge has to hear again what is published. */
  linked() {
    for (const { info } of this.#tracks.values()) {
      this.#announce(info).catch(({ code }) => {
        // A link that broke again is followed by one that announces it anew.
        if (code !== "connection_lost") void this.unpublish(info.name);
      });
    }
  }

  close() {
    for (const { stop } of this.#tracks.values()) stop();
    this.#tracks.clear();
  }

  /** @param {TrackInfo} info */
  #announce({ name, kind }) {
    return this.connection.requests.ask("$publish", { track: name, kind });
  }

  /** @param {Publication} publication */
  #wanted({ paused }) {
    return !paused && this.connection.waitingNbytes < MOST_WAITING_NBYTES;
  }

  /**
   * @param {Publication} publication
   * @param {string} codec
   * @param {number} kind
   * @param {number} width Or sample rate.
   * @param {number} height Or channels.
   * @param {Uint8Array} payload
   */
  #send(publication, codec, kind, width, height, payload) {
    const { info } = publication;
    const seq = publication.seq++;
    const madeMs = nowMs() + (this.connection.clock?.offsetMs ?? 0);
    const record = { kind, codec, track: info.index, seq, madeMs, width, height, payload };
    this.connection.postBytes(encodeRecord(record));
  }
}
