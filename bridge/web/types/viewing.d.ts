export class Viewing {
    /**
     * @param {Connection} connection
     * @param {{codecs?: string[], transport: "auto" | "stream" | "ws", origin: string}} options
     * @param {() => TrackInfo[]} tracks What the bridge offers.
     * @param {ViewingListener} listener
     */
    constructor(connection: Connection, options: {
        codecs?: string[];
        transport: "auto" | "stream" | "ws";
        origin: string;
    }, tracks: () => TrackInfo[], listener: ViewingListener);
    /** How frames get here at this moment. */
    transport: string;
    /** What the bridge sends, by track.
     * @type {Record<string, string>} */
    codecs: Record<string, string>;
    connection: import("./connection.js").Connection;
    options: {
        codecs?: string[];
        transport: "auto" | "stream" | "ws";
        origin: string;
    };
    tracks: () => TrackInfo[];
    listener: ViewingListener;
    mjpeg: MjpegScreens;
    /**
     * @param {Watch} watch
     * @returns {() => void} What ends it.
     */
    add(watch: Watch): () => void;
    /** Tell the bridge what is watched; what is asked for in one go is told in one. */
    ask(): void;
    /** A new link: what was agreed on over the last one is gone. */
    linked(): void;
    /** The link is gone. */
    unlinked(): void;
    /** @param {boolean} told Whether every frame is to be told of. */
    tell(told: boolean): void;
    /** @param {ArrayBuffer} buffer A record that came over the WebSocket. */
    record(buffer: ArrayBuffer): void;
    /**
     * @param {string} track
     * @param {MessagePort} port
     */
    sound(track: string, port: MessagePort): void;
    /**
     * @param {string} track
     * @param {string} type
     * @param {number} [quality]
     * @returns {Promise<Blob>}
     */
    snapshot(track: string, type: string, quality?: number): Promise<Blob>;
    close(): void;
    #private;
}
export type Connection = import("./connection.js").Connection;
export type TrackInfo = import("./reactor.js").TrackInfo;
export type Watch = {
    track: string;
    canvas: HTMLCanvasElement | null;
    maxWidth: number | null;
};
export type ViewingListener = {
    /**
     * A track's first frame is on its canvas.
     */
    first: (track: string) => void;
    frame: (frame: any) => void;
    stats: (tracks: Record<string, any>) => void;
    trouble: (error: ReactorError) => void;
};
import { MjpegScreens } from "./mjpeg.js";
import { ReactorError } from "./errors.js";
