/** Each question gets an id and exactly one end: its answer, a refusal, a timeout, or a lost link. */
export class Requests {
    /** @param {(text: string) => boolean} send Sends now, or says that there is no link. */
    constructor(send: (text: string) => boolean);
    send: (text: string) => boolean;
    /** How many wait. */
    get size(): number;
    /**
     * Ask, as soon as there is a link.
     * @param {string} type
     * @param {any} data
     * @param {AskOptions} [options]
     * @returns {Promise<Message>} The answer; rejects with a `ReactorError`.
     */
    ask(type: string, data: any, { timeoutMs, signal }?: AskOptions): Promise<Message>;
    /**
     * Take in a message from the bridge.
     * @param {Message} message
     * @returns {boolean} Whether it was an answer.
     */
    answered(message: Message): boolean;
    /**
     * There is a link again. Events that were on their way are sent once more where the session was
     * kept, marked as such: they are applied once. Control words speak of the old link.
     * @param {boolean} resumed
     */
    linked(resumed: boolean): void;
    /** @param {ReactorError} error Why nothing will be answered any more. */
    failAll(error: ReactorError): void;
    #private;
}
/**
 * A message of the protocol, either way.
 */
export type Message = {
    type: string;
    data: any;
    id?: string;
};
export type AskOptions = {
    /**
     * How long to wait for the answer; 10 s unless said.
     */
    timeoutMs?: number | undefined;
    /**
     * Gives up waiting; what was sent stays sent.
     */
    signal?: AbortSignal | undefined;
};
export type Waiting = {
    resolve: (reply: Message) => void;
    reject: (error: ReactorError) => void;
    release: () => void;
    question: Message;
    sent: boolean;
};
import { ReactorError } from "./errors.js";
