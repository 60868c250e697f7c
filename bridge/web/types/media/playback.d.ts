/** One track's sound. Browsers play only after the person has touched the page: call `resume`. */
export class Playback {
    /**
     * @param {number} sampleRate Of the track.
     * @param {MessagePort} port By which its blocks come.
     * @returns {Promise<Playback>}
     */
    static open(sampleRate: number, port: MessagePort): Promise<Playback>;
    /**
     * @param {AudioContext} context
     * @param {GainNode} gain
     */
    constructor(context: AudioContext, gain: GainNode);
    context: AudioContext;
    gain: GainNode;
    /** @param {number} volume From 0 to 1. */
    set volume(volume: number);
    /** @returns {MediaStream} The same sound, for a recorder. */
    stream(): MediaStream;
    resume(): Promise<void>;
    close(): Promise<void>;
}
