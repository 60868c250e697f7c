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
    /** @param {import("./connection.js").Connection} connection */
    constructor(connection: import("./connection.js").Connection);
    /** @type {Stats} */
    stats: Stats;
    connection: import("./connection.js").Connection;
    /** @param {any} data Of a `$stats`. */
    served(data: any): void;
    /**
     * @param {Record<string, TrackStats>} read As the worker read them, by its own clock.
     * @param {string} transport
     * @returns {Stats}
     */
    update(read: Record<string, TrackStats>, transport: string): Stats;
}
export type TrackStats = import("./frames/meter.js").TrackStats;
export type Stats = {
    tracks: Record<string, TrackStats & {
        drops: number;
    }>;
    /**
     * `stream`, `ws`, or empty while nothing is watched.
     */
    transport: string;
    /**
     * To the bridge and back, at best.
     */
    roundTripMs: number;
    /**
     * What makes this browser's time the bridge's.
     */
    offsetMs: number;
    /**
     * How many watch, as the bridge says.
     */
    viewers: number;
    /**
     * What the bridge says of each track.
     */
    served: Record<string, any>;
};
