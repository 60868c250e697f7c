/** Whether this browser can draw outside of the page's own thread. */
export function canDrawInWorker(): boolean;
/**
 * @param {HTMLCanvasElement} canvas
 * @returns {number} By which the worker knows it.
 */
export function handOver(canvas: HTMLCanvasElement): number;
/**
 * What this browser really decodes, best first; found out once.
 * @returns {Promise<string[]>}
 */
export function supportedCodecs(): Promise<string[]>;
/** One viewer's part of the worker. */
export class Screen {
    /** @param {(report: Report) => void} listener */
    constructor(listener: (report: Report) => void);
    id: number;
    /**
     * @param {string} op
     * @param {object} [order]
     * @param {Transferable[]} [transfer]
     */
    post(op: string, order?: object, transfer?: Transferable[]): void;
    close(): void;
}
export type Report = {
    viewer: number;
    op: string;
    [key: string]: any;
};
