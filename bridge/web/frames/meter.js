/** Figures of a track over the last two seconds. */

const WINDOW_MS = 2000;
/** Two frames that came together tell no rate. */
const SHORTEST_S = 0.2;

/**
 * @typedef {object} TrackStats
 * @property {string} codec
 * @property {number} width
 * @property {number} height
 * @property {number} fps Shown per second.
 * @property {number} latencyMs Median from the making of a frame to its drawing.
 * @property {number} latencyP99Ms
 * @property {number} decodeMs Median from the last byte to the drawing.
 * @property {number} nbytesPerS
 * @property {number} shown Since the track was first watched.
 * @property {number} missed Made, but not sent to this viewer.
 * @property {number} thrown Received, but older than what was shown.
 */

export class Meter {
  /** @type {{atMs: number, latencyMs: number, decodeMs: number, nbytes: number}[]} */
  #shows = [];
  codec = "";
  width = 0;
  height = 0;
  shown = 0;
  missed = 0;
  thrown = 0;

  /**
   * A frame was drawn.
   * @param {{codec: string, width: number, height: number, madeMs: number, nbytes: number}} record
   * @param {number} receivedMs
   * @param {number} drawnMs
   */
  show(record, receivedMs, drawnMs) {
    this.shown += 1;
    this.codec = record.codec;
    this.width = record.width;
    this.height = record.height;
    this.#shows.push({
      atMs: drawnMs,
      latencyMs: drawnMs - record.madeMs,
      decodeMs: drawnMs - receivedMs,
      nbytes: record.nbytes,
    });
    this.#forget(drawnMs);
  }

  /**
   * @param {number} nowMs
   * @param {number} offsetMs What makes our time the bridge's.
   * @returns {TrackStats}
   */
  read(nowMs, offsetMs) {
    this.#forget(nowMs);
    const { codec, width, height, shown, missed, thrown } = this;
    const latencies = this.#shows.map((s) => s.latencyMs + offsetMs).sort(ascending);
    const first = this.#shows[0];
    const last = this.#shows.at(-1);
    const spanS = first && last && last.atMs > first.atMs ? (last.atMs - first.atMs) / 1000 : 0;
    const nbytes = this.#shows.reduce((sum, s) => sum + s.nbytes, 0) - (first?.nbytes ?? 0);
    return {
      ...{ codec, width, height, shown, missed, thrown },
      fps: spanS > SHORTEST_S ? (this.#shows.length - 1) / spanS : 0,
      nbytesPerS: spanS > SHORTEST_S ? nbytes / spanS : 0,
      latencyMs: quantile(latencies, 0.5),
      latencyP99Ms: quantile(latencies, 0.99),
      decodeMs: quantile(this.#shows.map((s) => s.decodeMs).sort(ascending), 0.5),
    };
  }

  /** @param {number} nowMs */
  #forget(nowMs) {
    while (this.#shows[0] && this.#shows[0].atMs < nowMs - WINDOW_MS) this.#shows.shift();
  }
}

/**
 * @param {number} a
 * @param {number} b
 */
const ascending = (a, b) => a - b;

/**
 * @param {number[]} sorted
 * @param {number} share
 */
export function quantile(sorted, share) {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}
