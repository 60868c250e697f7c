export class MjpegScreens {
    /**
     * @param {Connection} connection
     * @param {string} origin
     * @param {() => void} first A first picture was drawn.
     */
    constructor(connection: Connection, origin: string, first: () => void);
    connection: import("./connection.js").Connection;
    origin: string;
    first: () => void;
    /**
     * @param {HTMLCanvasElement} canvas
     * @param {string} track
     */
    add(canvas: HTMLCanvasElement, track: string): void;
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
