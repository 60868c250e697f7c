/** React hooks over `Reactor`. React itself is the page's: a peer dependency. */

import { createElement, useCallback, useEffect, useMemo, useRef, useState, useSyncExternalStore } from "react";
import { Reactor } from "./reactor.js";

export { Reactor, ReactorError } from "./reactor.js";

/** @typedef {import("./reactor.js").ReactorOptions} ReactorOptions */
/** @typedef {import("./reactor.js").ReactorEvents} ReactorEvents */

/**
 * A reactor that is connected while the component is there.
 * @param {ReactorOptions} [options] Read when the component is made.
 * @returns {Reactor}
 */
export function useReactor(options) {
  const first = useRef(options);
  const reactor = useMemo(() => new Reactor(first.current), []);
  useEffect(() => {
    reactor.connect().catch(() => {}); // Told by "error" and by the status.
    return () => reactor.disconnect();
  }, [reactor]);
  return reactor;
}

/**
 * Read something of a reactor, anew at each of its events.
 * @template Value
 * @param {Reactor} reactor
 * @param {keyof ReactorEvents} name
 * @param {() => Value} read
 * @returns {Value}
 */
function useReading(reactor, name, read) {
  const kept = useRef(/** @type {{value: Value} | null} */ (null));
  kept.current ??= { value: read() };
  const latest = useRef(read);
  latest.current = read;
  const subscribe = useCallback(
    (/** @type {() => void} */ changed) => {
      const refresh = () => {
        kept.current = { value: latest.current() };
        changed();
      };
      const off = reactor.on(name, refresh);
      refresh();
      return off;
    },
    [reactor, name],
  );
  const current = () => /** @type {{value: Value}} */ (kept.current).value;
  return useSyncExternalStore(subscribe, current, current);
}

/**
 * @param {Reactor} reactor
 * @returns {{status: import("./reactor.js").Status, model: import("./reactor.js").ModelStatus}}
 */
export function useStatus(reactor) {
  return useReading(reactor, "statusChanged", () => ({
    status: reactor.getStatus(),
    model: reactor.getModelStatus(),
  }));
}

/**
 * @param {Reactor} reactor
 * @returns {Record<string, any>} Public fields of the model's state, whoever changes them.
 */
export function useModelState(reactor) {
  return useReading(reactor, "stateChanged", () => reactor.getState());
}

/**
 * @param {Reactor} reactor
 * @returns {any} The model's OpenAPI document; null before it is known.
 */
export function useSchema(reactor) {
  return useReading(reactor, "schemaReceived", () => reactor.getSchema());
}

/**
 * @param {Reactor} reactor
 * @returns {import("./reactor.js").Stats}
 */
export function useStats(reactor) {
  return useReading(reactor, "statsUpdate", () => reactor.getStats());
}

/**
 * The newest of the model's messages of one type.
 * @param {Reactor} reactor
 * @param {string} type
 * @returns {any} Its data; null before the first.
 */
export function useMessage(reactor, type) {
  const [data, setData] = useState(/** @type {any} */ (null));
  useEffect(
    () => reactor.on("message", (message) => message.type === type && setData(message.data)),
    [reactor, type],
  );
  return data;
}

/**
 * A canvas that shows a track. Other properties go to the canvas.
 * @param {{reactor: Reactor, track?: string, maxWidth?: number | null} & Record<string, any>} props
 */
export function ReactorVideo({ reactor, track, maxWidth, ...rest }) {
  const canvas = useRef(/** @type {HTMLCanvasElement | null} */ (null));
  useEffect(
    () => (canvas.current ? reactor.attach(canvas.current, { track, maxWidth }) : undefined),
    [reactor, track, maxWidth],
  );
  return createElement("canvas", { ref: canvas, ...rest });
}
