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
export function upload(origin: string, session: string, file: Blob, { name, signal, onProgress }?: UploadOptions): Promise<UploadReference>;
/**
 * What an event takes where it wants a file.
 */
export type UploadReference = {
    upload_id: string;
    name?: string;
    mime_type?: string;
    size?: number;
};
export type UploadOptions = {
    /**
     * For people; the file's own unless said.
     */
    name?: string | undefined;
    /**
     * Gives it up.
     */
    signal?: AbortSignal | undefined;
    /**
     * Bytes so far, bytes in all.
     */
    onProgress?: ((sent: number, total: number) => void) | undefined;
};
