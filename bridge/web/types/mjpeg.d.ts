export class MjpegScreens {
    /**
     * @param {Connection} connection
     * @param {string} origin
     * @param {(track: string) => void} first A track's first picture is there.
     */
    constructor(connection: Connection, origin: string, first: (track: string) => void);
    connection: import("./connection.js").Connection;
    origin: string;
    first: (track: string) => void;
    /**
     * @param {HTMLCanvasElement} canvas
     * @param {() => string} track Its name, as far as known.
     */
    add(canvas: HTMLCanvasElement, track: () => string): void;
    /** @param {HTMLCanvasElement} canvas */
    delete(canvas: HTMLCanvasElement): void;
    linked(): void;
    close(): void;
    /**
     * @param {HTMLCanvasElement} canvas
     * @param {string} type
     * @param {number} [quality]
     * @returns {Promise<Blob>}
     */
    snapshot(canvas: HTMLCanvasElement, type: string, quality?: number): Promise<Blob>;
    #private;
}
export type Connection = import("./connection.js").Connection;
