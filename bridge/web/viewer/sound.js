/** Sound of the model: off until the person asks for it, as browsers want it. */

import { icon, the, toast } from "./dom.js";

export class Sound {
  /** @type {import("../media/playback.js").Playback | null} */
  #playback = null;
  #on = false;

  /** @param {import("../reactor.js").Reactor} reactor */
  constructor(reactor) {
    this.reactor = reactor;
    the("sound").addEventListener("click", () => void this.toggle());
    the("volume").addEventListener("input", () => this.#apply());
  }

  /** Show the button where there is something to hear. */
  offer() {
    const heard = this.reactor.getTracks().some((t) => t.kind === "audio" && t.direction === "out");
    the("sound").hidden = !heard;
    if (!heard) the("volume").hidden = true;
  }

  async toggle() {
    if (the("sound").hidden) return;
    try {
      this.#playback ??= await this.reactor.playAudio();
      this.#on = !this.#on;
      this.#apply();
    } catch (error) {
      toast(error instanceof Error ? error.message : String(error), "bad");
    }
  }

  /** @returns {MediaStream | null} For a recorder. */
  stream() {
    return this.#on ? this.#playback?.stream() ?? null : null;
  }

  #apply() {
    if (this.#playback) this.#playback.volume = this.#on ? the("volume").valueAsNumber : 0;
    the("sound").setAttribute("aria-pressed", String(this.#on));
    the("sound").replaceChildren(icon(this.#on ? "sound" : "mute"));
    the("volume").hidden = !this.#on;
  }
}
