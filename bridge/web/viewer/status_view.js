/** How things stand, always to be seen: in the bar, and over the picture while there is none. */

import { the } from "./dom.js";

/** @typedef {import("../reactor.js").Status} Status */
/** @typedef {import("../reactor.js").ModelStatus} ModelStatus */

/**
 * @typedef {object} Said
 * @property {"good" | "busy" | "bad"} tone
 * @property {string} word In the bar.
 * @property {string} title Over the picture; empty: nothing lies over it.
 * @property {string} text
 * @property {boolean} [retry]
 * @property {boolean} [token]
 */

/** @type {Record<string, Said>} */
const LINKS = {
  connecting: { tone: "busy", word: "Connecting", title: "Connecting", text: "Looking for the bridge.", retry: true },
  reconnecting: { tone: "busy", word: "Reconnecting", title: "Reconnecting", text: "The link broke. It is tried again by itself.", retry: true },
  disconnected: { tone: "bad", word: "Disconnected", title: "Disconnected", text: "", retry: true },
};

/** @type {Record<string, Said>} */
const MODELS = {
  ready: { tone: "good", word: "Live", title: "", text: "" },
  loading: { tone: "busy", word: "Loading", title: "The model is loading", text: "" },
  restarting: { tone: "busy", word: "Restarting", title: "The model is restarting", text: "Its state is kept." },
  waiting: { tone: "busy", word: "Waiting", title: "The model waits for you", text: "" },
  failed: { tone: "bad", word: "Failed", title: "The model has failed", text: "The log of the run says why." },
  stopping: { tone: "bad", word: "Stopping", title: "The run is ending", text: "" },
};

const REFUSED = new Set(["unauthenticated", "forbidden"]);

/**
 * @param {Status} status
 * @param {ModelStatus} model
 * @param {{code: string, message: string} | null} error Why the link is gone.
 * @returns {Said}
 */
export function say(status, model, error) {
  const link = LINKS[status];
  if (link && error && REFUSED.has(error.code)) {
    return { ...link, tone: "bad", word: "No access", title: "This link doesn't open", text: error.message, token: true, retry: false };
  }
  const why = error && (status === "disconnected" || error.code !== "connection_lost") ? error.message : link?.text;
  if (link) return { ...link, text: why ?? "" };
  const said = MODELS[model.state] ?? { tone: "busy", word: model.state, title: model.state, text: "" };
  const missing = model.missing?.length ? `It needs a value for ${model.missing.join(", ")}.` : "";
  return { ...said, text: model.progress?.text || missing || said.text };
}

/**
 * @param {Status} status
 * @param {ModelStatus} model
 * @param {{code: string, message: string} | null} error
 */
export function showStatus(status, model, error) {
  const said = say(status, model, error);
  the("status").dataset.tone = said.tone;
  if (the("status-text").textContent !== said.word) the("status-text").textContent = said.word;
  the("veil").hidden = !said.title;
  the("veil-title").textContent = said.title;
  the("veil-text").textContent = said.text;
  the("veil-spinner").hidden = said.tone !== "busy";
  the("veil-retry").hidden = !said.retry;
  the("veil-token").hidden = !said.token;
  the("stage").toggleAttribute("data-stale", Boolean(said.title));
  const { done = 0, total = 0 } = model.progress ?? {};
  the("veil-progress").hidden = !(total && status === "waiting");
  if (total) the("veil-progress").value = done / total;
}
