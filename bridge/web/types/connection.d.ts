export class Connection {
    /**
     * @param {ConnectionOptions} options
     * @param {ConnectionListener} listener
     */
    constructor(options: ConnectionOptions, listener: ConnectionListener);
    /** @type {LinkState} */
    state: LinkState;
    options: ConnectionOptions;
    listener: ConnectionListener;
    backoff: Backoff;
    requests: Requests;
    /** The bridge's clock; null without a link. */
    get clock(): import("./clock.js").Clock | null;
    /** Bytes that wait to be sent; infinite without a link. */
    get waitingNbytes(): number;
    /**
     * Get in. Trying goes on until it worked, was refused, or `close` was called.
     * @returns {Promise<any>} The welcome.
     */
    open(): Promise<any>;
    /** Leave for good. */
    close(): void;
    /** Try at once, whether a link is there or an attempt is due later. */
    retry(): Promise<any>;
    /**
     * @param {string} type
     * @param {any} data
     */
    post(type: string, data: any): void;
    /** @param {Uint8Array<ArrayBuffer>} bytes */
    postBytes(bytes: Uint8Array<ArrayBuffer>): void;
    #private;
}
export type Message = import("./requests.js").Message;
export type LinkState = "disconnected" | "connecting" | "connected" | "reconnecting";
export type ConnectionListener = {
    linkChanged: (state: LinkState, error: ReactorError | null) => void;
    /**
     * At the first link and at each one after it.
     */
    welcomed: (welcome: any) => void;
    /**
     * What is no answer.
     */
    said: (message: Message) => void;
    showed: (record: ArrayBuffer) => void;
};
export type ConnectionOptions = {
    /**
     * Of the WebSocket.
     */
    url: string;
    token: string;
    name: string;
    reconnect: boolean;
    Socket?: {
        new (url: string | URL, protocols?: string | string[]): WebSocket;
        prototype: WebSocket;
        readonly CONNECTING: 0;
        readonly OPEN: 1;
        readonly CLOSING: 2;
        readonly CLOSED: 3;
    } | undefined;
    random?: (() => number) | undefined;
};
import { Backoff } from "./backoff.js";
import { Requests } from "./requests.js";
import { ReactorError } from "./errors.js";
