/** Audio tracks that are being played. */

import { ReactorError } from "./errors.js";
import { Playback } from "./media/playback.js";

/** @typedef {import("./reactor.js").TrackInfo} TrackInfo */

const SAMPLE_RATE = 48_000;

export class Sounds {
  /** @type {Map<string, {playback: Playback, stop: () => void}>} */
  #playing = new Map();

  /** @param {import("./viewing.js").Viewing} viewing */
  constructor(viewing) {
    this.viewing = viewing;
  }

  /**
   * @param {TrackInfo[]} tracks
   * @param {string} [name]
   * @returns {Promise<Playback>}
   */
  async play(tracks, name) {
    const audio = tracks.filter((t) => t.kind === "audio" && t.direction === "out");
    const info = name ? audio.find((t) => t.name === name) : audio[0];
    if (!info) throw new ReactorError("no_track", `the model has no audio track ${name ?? ""}`);
    const known = this.#playing.get(info.name);
    if (known) return known.playback;
    const { port1, port2 } = new MessageChannel();
    const playback = await Playback.open(info.sample_rate || SAMPLE_RATE, port2);
    this.viewing.sound(info.name, port1);
    const stop = this.viewing.add({ track: info.name, canvas: null, maxWidth: null });
    this.#playing.set(info.name, { playback, stop });
    await playback.resume();
    return playback;
  }

  close() {
    for (const { playback, stop } of this.#playing.values()) {
      stop();
      void playback.close();
    }
    this.#playing.clear();
  }
}
