/** Files to the bridge, by POST. */

import { ReactorError } from "./errors.js";

/**
 * What an event takes where it wants a file.
 * @typedef {{upload_id: string, name?: string, mime_type?: string, size?: number}} UploadReference
 */

/**
 * @typedef {object} UploadOptions
 * @property {string} [name] For people; the file's own unless said.
 * @property {AbortSignal} [signal] Gives it up.
 * @property {(sent: number, total: number) => void} [onProgress] Bytes so far, bytes in all.
 */

/**
 * @param {string} origin Of the bridge.
 * @param {string} session
 * @param {Blob} file
 * @param {UploadOptions} [options]
 * @returns {Promise<UploadReference>} Rejects with a `ReactorError`.
 */
export function upload(origin, session, file, { name, signal, onProgress } = {}) {
  const label = name ?? (file instanceof File ? file.name : "file");
  return new Promise((resolve, reject) => {
    // fetch() can't tell how far a body has got.
    const request = new XMLHttpRequest();
    const giveUp = () => request.abort();
    const fail = (/** @type {string} */ code, /** @type {string} */ text) =>
      reject(new ReactorError(code, text, { recoverable: true }));
    request.open("POST", new URL("/uploads", origin));
    request.responseType = "json";
    request.setRequestHeader("Authorization", `Bearer ${session}`);
    request.setRequestHeader("Content-Type", file.type || "application/octet-stream");
    request.setRequestHeader("X-Upload-Name", encodeURIComponent(label));
    request.upload.onprogress = ({ loaded, total }) => onProgress?.(loaded, total);
    request.onload = () => settle(request, resolve, reject);
    request.onerror = () => fail("connection_lost", `${label} did not reach the bridge`);
    request.onabort = () => fail("aborted", `${label} was given up`);
    request.onloadend = () => signal?.removeEventListener("abort", giveUp);
    if (signal?.aborted) return fail("aborted", `${label} was given up`);
    signal?.addEventListener("abort", giveUp);
    request.send(file);
  });
}

/**
 * @param {XMLHttpRequest} request
 * @param {(reference: UploadReference) => void} resolve
 * @param {(error: ReactorError) => void} reject
 */
function settle({ status, response }, resolve, reject) {
  if (status === 201 && response?.upload) resolve(response.upload);
  else reject(ReactorError.from({ code: `http_${status}`, message: `refused (${status})`, ...response }));
}
