/** Sound of tracks, from the drawing worker to the speakers without a stop in the page. */

const WORKLET = new URL("./worklet.js", import.meta.url);

/** One track's sound. Browsers play only after the person has touched the page: call `resume`. */
export class Playback {
  /**
   * @param {AudioContext} context
   * @param {GainNode} gain
   */
  constructor(context, gain) {
    this.context = context;
    this.gain = gain;
  }

  /**
   * @param {number} sampleRate Of the track.
   * @param {MessagePort} port By which its blocks come.
   * @returns {Promise<Playback>}
   */
  static async open(sampleRate, port) {
    const context = new AudioContext({ sampleRate, latencyHint: "interactive" });
    await context.audioWorklet.addModule(WORKLET);
    const node = new AudioWorkletNode(context, "reactor-player", { outputChannelCount: [2] });
    node.port.postMessage({ port }, [port]);
    const gain = context.createGain();
    node.connect(gain).connect(context.destination);
    return new Playback(context, gain);
  }

  /** @param {number} volume From 0 to 1. */
  set volume(volume) {
    this.gain.gain.setTargetAtTime(volume, this.context.currentTime, 0.02);
  }

  /** @returns {MediaStream} The same sound, for a recorder. */
  stream() {
    const destination = this.context.createMediaStreamDestination();
    this.gain.connect(destination);
    return destination.stream;
  }

  resume() {
    return this.context.resume();
  }

  close() {
    return this.context.close();
  }
}
