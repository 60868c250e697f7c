/** The page's one worker for pictures: it reads, decodes and draws, whatever the page is doing. */

import { canDecode } from "./h264.js";
import { Painter } from "./painter.js";
import { Viewer } from "./viewer.js";

/** @typedef {import("./viewer.js").TrackInfo} TrackInfo */
/** @typedef {{viewer: number, [key: string]: any}} Order */

/** @type {Map<number, Viewer>} */
const viewers = new Map();
/** Canvases stay for as long as the page: they can be handed over only once.
 * @type {Map<number, Painter>} */
const painters = new Map();
/** @type {Promise<string[]> | null} */
let known = null;

/** @type {Record<string, (order: Order) => void>} */
const orders = {
  canvas: ({ id, canvas }) => void painters.set(id, new Painter(canvas)),
  probe: ({ viewer }) => {
    known ??= codecs();
    void known.then((found) => postMessage({ op: "codecs", viewer, codecs: found }));
  },
  watch: ({ viewer, tracks }) => viewerOf(viewer).watch(tracks.map(resolved)),
  stream: ({ viewer, url, ticket }) => void viewerOf(viewer).stream(url, ticket),
  renew: ({ viewer }) => viewerOf(viewer).renew(),
  record: ({ viewer, buffer }) => viewerOf(viewer).record(buffer),
  tell: ({ viewer, told }) => void (viewerOf(viewer).told = told),
  sound: ({ viewer, track, port }) => void viewerOf(viewer).ports.set(track, port),
  snapshot: ({ viewer, id, canvas, type, quality }) => void snapshot(viewer, id, canvas, type, quality),
  close: ({ viewer }) => {
    viewers.get(viewer)?.close();
    viewers.delete(viewer);
  },
};

addEventListener("message", ({ data }) => orders[data.op]?.(data));

/** @returns {Promise<string[]>} What this browser can show, best first. */
async function codecs() {
  const raw = typeof VideoFrame === "undefined" ? [] : ["i420", "rgba"];
  return [...raw, ...((await canDecode()) ? ["h264"] : []), "jpeg"];
}

/** @param {number} id */
function viewerOf(id) {
  const viewer = viewers.get(id) ?? new Viewer((message) => postMessage({ ...message, viewer: id }));
  viewers.set(id, viewer);
  return viewer;
}

/** @param {{info: TrackInfo, canvases: number[]}} wanted */
function resolved({ info, canvases }) {
  const found = canvases.map((id) => painters.get(id));
  return { info, painters: found.filter((painter) => painter !== undefined) };
}

/**
 * @param {number} viewer
 * @param {number} id
 * @param {number} canvas
 * @param {string} type
 * @param {number} [quality]
 */
async function snapshot(viewer, id, canvas, type, quality) {
  const blob = await painters.get(canvas)?.snapshot(type, quality).catch(() => null);
  postMessage({ op: "snapshot", viewer, id, blob });
}
