/** The recording that the bridge makes: one for all tabs, so it is shown as the bridge tells it. */

import { h, the, toast } from "./dom.js";

export class Tape {
  #state = "idle";
  #name = "";
  #error = "";

  /** @param {import("../reactor.js").Reactor} reactor */
  constructor(reactor) {
    this.reactor = reactor;
    the("tape").addEventListener("click", () => void this.#ask("$record", { on: this.#state !== "recording" }));
    the("tape-file").addEventListener("click", () => void this.#fetch());
    reactor.on("recordingChanged", (told) => this.show(told));
  }

  /** @param {any} told Null where this browser may not record. */
  show(told) {
    the("tape").hidden = !told;
    if (!told) return;
    const { state, name, error, elapsed_s: elapsed = 0, nbytes = 0, dropped = 0 } = told;
    if (this.#state !== "idle" && state === "idle" && !error) toast(`${name} is recorded`);
    if (error && error !== this.#error) toast(`The recording ended: ${error}`, "bad");
    [this.#state, this.#name, this.#error] = [state, name, error];
    const on = state !== "idle";
    const button = the("tape");
    button.setAttribute("aria-pressed", String(on));
    button.setAttribute("aria-label", on ? "Stop recording at the server" : "Record at the server");
    button.classList.toggle("live", on);
    button.disabled = state === "ending";
    the("tape-figures").hidden = !on;
    const lost = dropped ? `, ${dropped} dropped` : "";
    the("tape-figures").textContent = `${clock(elapsed)} ${(nbytes / 1e6).toFixed(1)} MB${lost}`;
    the("tape-file").hidden = on || !name;
  }

  /**
   * @param {string} word
   * @param {Record<string, any>} data
   */
  async #ask(word, data) {
    try {
      return await this.reactor.sendCommand(word, data);
    } catch (error) {
      toast(error instanceof Error ? error.message : String(error), "bad");
      return null;
    }
  }

  async #fetch() {
    const reply = await this.#ask("$ticket", { for: "recording" });
    if (!reply) return;
    const url = new URL(`/recordings/${encodeURIComponent(this.#name)}`, this.reactor.origin);
    url.searchParams.set("ticket", reply.data.ticket);
    h("a", { href: url.href, download: this.#name }).click();
  }
}

/** @param {number} seconds */
function clock(seconds) {
  const s = Math.floor(seconds);
  return `${Math.floor(s / 60)}:${String(s % 60).padStart(2, "0")}`;
}
