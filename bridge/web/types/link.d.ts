export class Link {
    /**
     * @param {string} url
     * @param {Hello} hello
     * @param {LinkListener} listener
     * @param {typeof WebSocket} Socket
     */
    constructor(url: string, hello: Hello, listener: LinkListener, Socket?: typeof WebSocket);
    clock: Clock;
    welcomed: boolean;
    listener: LinkListener;
    socket: WebSocket;
    /**
     * @param {string} type
     * @param {any} data
     */
    send(type: string, data: any): void;
    /**
     * @param {string} text
     * @returns {boolean} Whether there was a way to send it.
     */
    sendText(text: string): boolean;
    /** @param {Uint8Array<ArrayBuffer>} bytes */
    sendBytes(bytes: Uint8Array<ArrayBuffer>): void;
    /** Say goodbye for good: the session is not to be kept. */
    bye(): void;
    #private;
}
export type Message = import("./requests.js").Message;
export type Hello = {
    token: string;
    name: string;
    resume: string | null;
};
export type LinkListener = {
    welcomed: (welcome: any) => void;
    said: (message: Message) => void;
    showed: (record: ArrayBuffer) => void;
    /**
     * Called once, last.
     */
    ended: (error: ReactorError) => void;
};
import { Clock } from "./clock.js";
import { ReactorError } from "./errors.js";
