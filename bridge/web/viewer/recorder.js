/** Screenshots and recordings of what is shown. */

import { save, stamp, the, toast } from "./dom.js";

const FPS = 60;
const BITS_PER_S = 12_000_000;
const TYPES = ["video/webm;codecs=vp9,opus", "video/webm;codecs=vp8,opus", "video/webm", "video/mp4"];

export class Recorder {
  /** @type {MediaRecorder | null} */
  #recorder = null;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #timer;

  /**
   * @param {import("./stage.js").Stage} stage
   * @param {() => MediaStream | null} sound What is heard.
   */
  constructor(stage, sound) {
    this.stage = stage;
    this.sound = sound;
  }

  /** Save the picture that is shown. */
  async shoot() {
    try {
      const blob = await this.stage.reactor.screenshot({ track: this.stage.track });
      save(blob, `${document.title}_${stamp()}.png`);
      toast("Screenshot saved");
    } catch (error) {
      toast(error instanceof Error ? error.message : String(error), "bad");
    }
  }

  toggle() {
    if (this.#recorder) this.#recorder.stop();
    else this.#start();
  }

  #start() {
    const { canvas } = this.stage;
    const type = typeof MediaRecorder === "undefined" ? "" : TYPES.find((t) => MediaRecorder.isTypeSupported(t));
    if (!canvas || !type) return toast("There is nothing to record, or this browser can't.", "bad");
    const stream = canvas.captureStream(FPS);
    for (const track of this.sound()?.getAudioTracks() ?? []) stream.addTrack(track);
    /** @type {Blob[]} */
    const parts = [];
    const recorder = new MediaRecorder(stream, { mimeType: type, videoBitsPerSecond: BITS_PER_S });
    recorder.ondataavailable = ({ data }) => data.size && parts.push(data);
    recorder.onstop = () => {
      this.#show(null);
      save(new Blob(parts, { type }), `${document.title}_${stamp()}.${type.slice(6, type.indexOf(";") + 1 || undefined).replace(";", "")}`);
      toast("Recording saved");
    };
    recorder.start(1000);
    this.#show(recorder);
  }

  /** @param {MediaRecorder | null} recorder */
  #show(recorder) {
    this.#recorder = recorder;
    clearInterval(this.#timer);
    const button = the("record");
    button.setAttribute("aria-pressed", String(Boolean(recorder)));
    button.setAttribute("aria-label", recorder ? "Stop recording" : "Record");
    button.classList.toggle("live", Boolean(recorder));
    the("recording").hidden = !recorder;
    if (!recorder) return;
    const began = Date.now();
    const tick = () => {
      const s = Math.floor((Date.now() - began) / 1000);
      the("recording-time").textContent = `${Math.floor(s / 60)}:${String(s % 60).padStart(2, "0")}`;
    };
    tick();
    this.#timer = setInterval(tick, 1000);
  }
}
