/** What is known of how well frames get here. */

/** @typedef {import("./frames/meter.js").TrackStats} TrackStats */

/**
 * @typedef {object} Stats
 * @property {Record<string, TrackStats & {drops: number}>} tracks
 * @property {string} transport `stream`, `ws`, or empty while nothing is watched.
 * @property {number} roundTripMs To the bridge and back, at best.
 * @property {number} offsetMs What makes this browser's time the bridge's.
 * @property {number} viewers How many watch, as the bridge says.
 * @property {Record<string, any>} served What the bridge says of each track.
 */

export class Statistics {
  /** @type {Stats} */
  stats = { tracks: {}, transport: "", roundTripMs: 0, offsetMs: 0, viewers: 0, served: {} };

  /** @param {import("./connection.js").Connection} connection */
  constructor(connection) {
    this.connection = connection;
  }

  /** @param {any} data Of a `$stats`. */
  served(data) {
    this.stats = { ...this.stats, served: data.track ?? {}, viewers: data.viewers ?? 0 };
  }

  /**
   * @param {Record<string, TrackStats>} read As the worker read them, by its own clock.
   * @param {string} transport
   * @returns {Stats}
   */
  update(read, transport) {
    const { offsetMs = 0, roundTripMs = 0 } = this.connection.clock ?? {};
    const tracks = Object.entries(read).map(([name, track]) => [name, corrected(track, offsetMs)]);
    this.stats = { ...this.stats, tracks: Object.fromEntries(tracks), transport, offsetMs, roundTripMs };
    return this.stats;
  }
}

/**
 * @param {TrackStats} track
 * @param {number} offsetMs
 */
function corrected(track, offsetMs) {
  const shift = (/** @type {number} */ ms) => (track.fps ? Math.max(0, ms + offsetMs) : 0);
  const latencyMs = shift(track.latencyMs);
  const latencyP99Ms = shift(track.latencyP99Ms);
  return { ...track, latencyMs, latencyP99Ms, drops: track.missed + track.thrown };
}
