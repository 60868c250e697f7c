/**
 * @typedef {object} Publication
 * @property {TrackInfo} info
 * @property {boolean} paused
 * @property {number} seq
 * @property {() => void} stop
 */
export class Publishing {
    /**
     * @param {Connection} connection
     * @param {() => TrackInfo[]} tracks
     */
    constructor(connection: Connection, tracks: () => TrackInfo[]);
    connection: import("./connection.js").Connection;
    tracks: () => TrackInfo[];
    /** Names of what is being published. */
    get names(): string[];
    /**
     * @param {string} name
     * @param {MediaStreamTrack} media
     * @param {PublishOptions} [options]
     */
    publish(name: string, media: MediaStreamTrack, { fps, width }?: PublishOptions): Promise<void>;
    /** @param {string} name */
    unpublish(name: string): Promise<void>;
    /**
     * @param {string} name
     * @param {boolean} paused Nothing is sent, and the track stays ours.
     */
    pause(name: string, paused: boolean): void;
    /** A new link: the bridge has to hear again what is published. */
    linked(): void;
    close(): void;
    #private;
}
export type Connection = import("./connection.js").Connection;
export type TrackInfo = import("./reactor.js").TrackInfo;
export type PublishOptions = {
    /**
     * Pictures per second; 15 unless said.
     */
    fps?: number | undefined;
    /**
     * Wider pictures are made smaller; 640 unless said.
     */
    width?: number | undefined;
};
export type Publication = {
    info: TrackInfo;
    paused: boolean;
    seq: number;
    stop: () => void;
};
