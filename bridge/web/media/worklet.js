/** Sound in and out, on the browser's audio thread. */

/** Blocks wait for so long before they are played: it evens out how they arrive. */
const CUSHION_S = 0.06;
/** More than this is late: the oldest goes. */
const MOST_S = 0.25;
const CAPTURE_S = 0.02;

/** Plays blocks of interleaved s16 that come through a port. */
class Player extends AudioWorkletProcessor {
  /** @type {Int16Array[]} */
  blocks = [];
  channels = 1;
  waiting = 0;
  at = 0;
  started = false;

  constructor() {
    super();
    this.port.onmessage = ({ data }) => {
      data.port.onmessage = (/** @type {MessageEvent} */ event) => this.take(event.data);
    };
  }

  /** @param {{channels: number, samples: ArrayBuffer}} block */
  take({ channels, samples }) {
    const block = new Int16Array(samples);
    this.channels = channels;
    this.blocks.push(block);
    this.waiting += block.length / channels;
    while (this.waiting > MOST_S * sampleRate && this.blocks.length > 1) this.drop();
  }

  drop() {
    const gone = this.blocks.shift();
    this.waiting -= (gone ? gone.length - this.at : 0) / this.channels;
    this.at = 0;
  }

  /**
   * @param {Float32Array[][]} _inputs
   * @param {Float32Array[][]} outputs
   */
  process(_inputs, outputs) {
    const out = outputs[0] ?? [];
    this.started ||= this.waiting >= CUSHION_S * sampleRate;
    if (!this.started) return true;
    for (let i = 0; i < (out[0]?.length ?? 0); i += 1) {
      const block = this.blocks[0];
      if (!block) {
        this.started = false;
        break;
      }
      out.forEach((plane, c) => {
        plane[i] = (block[this.at + Math.min(c, this.channels - 1)] ?? 0) / 32768;
      });
      this.at += this.channels;
      this.waiting -= 1;
      if (this.at >= block.length) {
        this.blocks.shift();
        this.at = 0;
      }
    }
    return true;
  }
}

/** Hands out blocks of interleaved s16 of what it hears. */
class Recorder extends AudioWorkletProcessor {
  /** @type {number[]} */
  samples = [];

  /** @param {Float32Array[][]} inputs */
  process(inputs) {
    const planes = inputs[0] ?? [];
    for (let i = 0; i < (planes[0]?.length ?? 0); i += 1) {
      for (const plane of planes) {
        this.samples.push(Math.round(Math.max(-1, Math.min(1, plane[i] ?? 0)) * 32767));
      }
    }
    if (planes.length && this.samples.length >= CAPTURE_S * sampleRate * planes.length) {
      const block = Int16Array.from(this.samples.splice(0)).buffer;
      this.port.postMessage({ samples: block, channels: planes.length }, [block]);
    }
    return true;
  }
}

registerProcessor("reactor-player", Player);
registerProcessor("reactor-recorder", Recorder);
