/** @typedef {import("./reactor.js").ReactorOptions} ReactorOptions */
/** @typedef {import("./reactor.js").ReactorEvents} ReactorEvents */
/**
 * A reactor that is connected while the component is there.
 * @param {ReactorOptions} [options] Read when the component is made.
 * @returns {Reactor}
 */
export function useReactor(options?: ReactorOptions): Reactor;
/**
 * @param {Reactor} reactor
 * @returns {{status: import("./reactor.js").Status, model: import("./reactor.js").ModelStatus}}
 */
export function useStatus(reactor: Reactor): {
    status: import("./reactor.js").Status;
    model: import("./reactor.js").ModelStatus;
};
/**
 * @param {Reactor} reactor
 * @returns {Record<string, any>} Public fields of the model's state, whoever changes them.
 */
export function useModelState(reactor: Reactor): Record<string, any>;
/**
 * @param {Reactor} reactor
 * @returns {any} The model's OpenAPI document; null before it is known.
 */
export function useSchema(reactor: Reactor): any;
/**
 * @param {Reactor} reactor
 * @returns {import("./reactor.js").Stats}
 */
export function useStats(reactor: Reactor): import("./reactor.js").Stats;
/**
 * The newest of the model's messages of one type.
 * @param {Reactor} reactor
 * @param {string} type
 * @returns {any} Its data; null before the first.
 */
export function useMessage(reactor: Reactor, type: string): any;
/**
 * A canvas that shows a track. Other properties go to the canvas.
 * @param {{reactor: Reactor, track?: string, maxWidth?: number | null} & Record<string, any>} props
 */
export function ReactorVideo({ reactor, track, maxWidth, ...rest }: {
    reactor: Reactor;
    track?: string;
    maxWidth?: number | null;
} & Record<string, any>): import("react").DetailedReactHTMLElement<import("react").HTMLAttributes<HTMLCanvasElement>, HTMLCanvasElement>;
export type ReactorOptions = import("./reactor.js").ReactorOptions;
export type ReactorEvents = import("./reactor.js").ReactorEvents;
import { Reactor } from "./reactor.js";
export { Reactor, ReactorError } from "./reactor.js";
