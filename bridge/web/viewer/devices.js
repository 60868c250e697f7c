/** The person's camera and microphone, given to the model's input tracks. */

import { h, icon, the, toast } from "./dom.js";

/** @typedef {import("../reactor.js").Reactor} Reactor */
/** @typedef {import("../reactor.js").TrackInfo} TrackInfo */

export class Devices {
  /** @type {Map<string, MediaStreamTrack>} */
  #open = new Map();

  /** @param {Reactor} reactor */
  constructor(reactor) {
    this.reactor = reactor;
  }

  /** Offer one button for each input track. */
  offer() {
    const inputs = this.reactor.getTracks().filter((t) => t.direction === "in" && t.kind !== "tensor");
    the("inputs").hidden = !inputs.length;
    the("inputs").replaceChildren(...inputs.map((info) => this.#button(info)));
  }

  /** @param {TrackInfo} info */
  #button(info) {
    const { name, kind } = info;
    const text = kind === "audio" ? "Microphone" : "Camera";
    const on = this.#open.has(name);
    const button = h(
      "button",
      { type: "button", className: `icon-button labelled${on ? " live" : ""}`, "aria-pressed": String(on), "data-input": name, "aria-label": text, title: `Send your ${text.toLowerCase()} to “${name}”` },
      icon(kind === "audio" ? "mic" : "camera"),
      h("span", {}, text),
    );
    button.addEventListener("click", () => void this.#toggle(info));
    return button;
  }

  /** @param {TrackInfo} info */
  async #toggle(info) {
    try {
      if (this.#open.has(info.name)) await this.#close(info.name);
      else await this.#start(info);
    } catch (error) {
      await this.#close(info.name).catch(() => {});
      toast(reasonOf(error), "bad");
    }
    this.offer();
    the("inputs").querySelector(`[data-input="${CSS.escape(info.name)}"]`)?.focus();
  }

  /** @param {TrackInfo} info */
  async #start({ name, kind }) {
    if (!navigator.mediaDevices) throw new Error("Cameras are only there on https or on this machine's own address.");
    const wanted = kind === "audio" ? { audio: true } : { video: { width: { ideal: 640 }, height: { ideal: 480 } } };
    const stream = await navigator.mediaDevices.getUserMedia(wanted);
    const [track] = stream.getTracks();
    if (!track) return;
    this.#open.set(name, track);
    await this.reactor.publishTrack(name, track, { fps: 20, width: 640 });
    if (kind === "video") {
      the("self").srcObject = stream;
      the("self").hidden = false;
      await the("self").play();
    }
  }

  /** @param {string} name */
  async #close(name) {
    const track = this.#open.get(name);
    this.#open.delete(name);
    track?.stop();
    if (track?.kind === "video") {
      the("self").srcObject = null;
      the("self").hidden = true;
    }
    await this.reactor.unpublishTrack(name);
  }
}

/** @param {unknown} error */
function reasonOf(error) {
  if (!(error instanceof Error)) return String(error);
  if (error.name === "NotAllowedError") return "The browser was not allowed to use it.";
  if (error.name === "NotFoundError") return "There is no such device.";
  return error.message;
}
