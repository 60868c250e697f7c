/**
 * @typedef {object} Picture
 * @property {Uint8Array} payload A JPEG.
 * @property {number} width
 * @property {number} height
 */
/**
 * Take pictures of a video track at a steady rate.
 * @param {MediaStreamTrack} track
 * @param {{fps: number, width: number}} options Wider pictures are made smaller.
 * @param {(picture: Picture) => void} take
 * @param {() => boolean} wanted Whether the next one would be sent.
 * @returns {Promise<() => void>} What stops it.
 */
export function capturePictures(track: MediaStreamTrack, { fps, width }: {
    fps: number;
    width: number;
}, take: (picture: Picture) => void, wanted: () => boolean): Promise<() => void>;
/**
 * @typedef {object} Sound
 * @property {Uint8Array} payload Interleaved s16.
 * @property {number} rate
 * @property {number} channels
 */
/**
 * Take blocks of 20 ms from an audio track.
 * @param {MediaStreamTrack} track
 * @param {{sampleRate: number}} options
 * @param {(sound: Sound) => void} take
 * @returns {Promise<() => void>} What stops it.
 */
export function captureSound(track: MediaStreamTrack, { sampleRate }: {
    sampleRate: number;
}, take: (sound: Sound) => void): Promise<() => void>;
export type Picture = {
    /**
     * A JPEG.
     */
    payload: Uint8Array;
    width: number;
    height: number;
};
export type Sound = {
    /**
     * Interleaved s16.
     */
    payload: Uint8Array;
    rate: number;
    channels: number;
};
