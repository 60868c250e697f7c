/** Figures over the picture. */

import { sizeText } from "./file_widget.js";
import { h, the } from "./dom.js";

/** @typedef {import("../reactor.js").Stats} Stats */

const SLOW_MS = 120;

/**
 * @param {string} name
 * @param {string} value
 * @param {string} unit
 * @param {{wide?: boolean, warn?: boolean, title?: string}} [more]
 */
function figure(name, value, unit, { wide = false, warn = false, title = "" } = {}) {
  return h(
    "div",
    { className: wide ? "wide" : "", title, "data-figure": name.toLowerCase(), "data-tone": warn ? "warn" : null },
    h("dt", {}, name),
    h("dd", {}, value, unit ? h("small", {}, ` ${unit}`) : null),
  );
}

/**
 * @param {Stats} stats
 * @param {string | undefined} track
 */
export function showFigures({ tracks, transport, roundTripMs, viewers }, track) {
  const read = tracks[track ?? ""];
  if (!read) return;
  const { fps, latencyMs, latencyP99Ms, drops, codec, width, height, nbytesPerS } = read;
  const worst = `99 of 100 frames within ${latencyP99Ms.toFixed(0)} ms; round trip ${roundTripMs.toFixed(1)} ms`;
  const [rate, unit] = sizeText(nbytesPerS).split(" ");
  the("hud").replaceChildren(
    figure("Frames", fps.toFixed(fps < 10 ? 1 : 0), "fps"),
    figure("Latency", latencyMs.toFixed(latencyMs < 10 ? 1 : 0), "ms", { warn: latencyMs > SLOW_MS, title: worst }),
    figure("Drops", String(drops), "", { title: "Frames that were made and not shown here" }),
    figure("Codec", codec.toUpperCase(), transport, {}),
    figure("Rate", rate ?? "", `${unit}/s`, { wide: true }),
    figure("Size", width ? `${width} × ${height}` : "–", "", { wide: true }),
    figure("Viewers", String(viewers || 1), "", { wide: true }),
  );
}
