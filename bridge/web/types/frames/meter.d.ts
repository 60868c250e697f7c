/**
 * @param {number[]} sorted
 * @param {number} share
 */
export function quantile(sorted: number[], share: number): number;
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
    codec: string;
    width: number;
    height: number;
    shown: number;
    missed: number;
    thrown: number;
    /**
     * A frame was drawn.
     * @param {{codec: string, width: number, height: number, madeMs: number, nbytes: number}} record
     * @param {number} receivedMs
     * @param {number} drawnMs
     */
    show(record: {
        codec: string;
        width: number;
        height: number;
        madeMs: number;
        nbytes: number;
    }, receivedMs: number, drawnMs: number): void;
    /**
     * @param {number} nowMs
     * @param {number} offsetMs What makes our time the bridge's.
     * @returns {TrackStats}
     */
    read(nowMs: number, offsetMs: number): TrackStats;
    #private;
}
export type TrackStats = {
    codec: string;
    width: number;
    height: number;
    /**
     * Shown per second.
     */
    fps: number;
    /**
     * Median from the making of a frame to its drawing.
     */
    latencyMs: number;
    latencyP99Ms: number;
    /**
     * Median from the last byte to the drawing.
     */
    decodeMs: number;
    nbytesPerS: number;
    /**
     * Since the track was first watched.
     */
    shown: number;
    /**
     * Made, but not sent to this viewer.
     */
    missed: number;
    /**
     * Received, but older than what was shown.
     */
    thrown: number;
};
