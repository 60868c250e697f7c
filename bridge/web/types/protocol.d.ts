/**
 * The fixed part of a record.
 * @typedef {object} Header
 * @property {number} nbytes Length of the whole record, this part included.
 * @property {number} kind One of `Kind`.
 * @property {string} codec One of `CODECS`.
 * @property {boolean} key Whether it can be decoded without others.
 * @property {boolean} discontinuity First after a drop, of a new epoch or of a new size.
 * @property {number} track Index of the track in the welcome.
 * @property {number} epoch Generation of the actor.
 * @property {number} seq Position among the track's frames of this epoch.
 * @property {number} madeMs When the model made it: Unix time by the bridge's clock.
 * @property {number} width Pixels; the sample rate of audio.
 * @property {number} height Pixels; the channels of audio.
 * @property {number} missing Frames made since the previous record that were not sent.
 * @property {number} metadataNbytes Length of the metadata.
 */
/**
 * A record; `metadata` and `payload` are views of the bytes that it was read from.
 * @typedef {Header & {metadata: Uint8Array, payload: Uint8Array}} FrameRecord
 */
/**
 * Read the fixed part.
 * @param {Uint8Array} bytes At least `HEADER_NBYTES`.
 * @returns {Header}
 * @throws {RangeError} It is of another version, too long, or contradicts itself.
 */
export function decodeHeader(bytes: Uint8Array): Header;
/**
 * Put a record together from its fixed part and what follows it.
 * @param {Header} header
 * @param {Uint8Array} rest Metadata and payload; kept, not copied.
 * @returns {FrameRecord}
 */
export function withRest(header: Header, rest: Uint8Array): FrameRecord;
/**
 * Read one whole record, as a binary message brings it.
 * @param {Uint8Array} bytes
 * @returns {FrameRecord}
 * @throws {RangeError} It is none.
 */
export function decodeRecord(bytes: Uint8Array): FrameRecord;
/**
 * Write a record.
 * @param {{kind: number, codec: string, track: number, seq: number, madeMs: number, width: number,
 *   height: number, epoch?: number, missing?: number, key?: boolean, discontinuity?: boolean,
 *   metadata?: Uint8Array, payload: Uint8Array}} record
 * @returns {Uint8Array<ArrayBuffer>}
 */
export function encodeRecord(record: {
    kind: number;
    codec: string;
    track: number;
    seq: number;
    madeMs: number;
    width: number;
    height: number;
    epoch?: number;
    missing?: number;
    key?: boolean;
    discontinuity?: boolean;
    metadata?: Uint8Array;
    payload: Uint8Array;
}): Uint8Array<ArrayBuffer>;
/**
 * Read a record's metadata.
 * @param {FrameRecord} record
 * @returns {any} What the author attached; null when there is nothing, or no JSON.
 */
export function metadataOf(record: FrameRecord): any;
/**
 * Whether `a` was made before `b`, of the same track.
 * @param {{epoch: number, seq: number}} a
 * @param {{epoch: number, seq: number}} b
 */
export function isOlder(a: {
    epoch: number;
    seq: number;
}, b: {
    epoch: number;
    seq: number;
}): boolean;
/** Frame records: what the bytes mean. The layout is the table in docs/bridge.md. */
export const VERSION: 1;
export const HEADER_NBYTES: 48;
/** Longest record that is believed: one 8K RGBA picture and its metadata. */
export const MOST_NBYTES: number;
export const Kind: Readonly<{
    VIDEO: 1;
    AUDIO: 2;
    TENSOR: 3;
    KEEP_ALIVE: 4;
}>;
export const Flag: Readonly<{
    KEY: 1;
    DISCONTINUITY: 2;
}>;
/** Names of the codecs; the place is the number on the wire. */
export const CODECS: readonly string[];
/**
 * The fixed part of a record.
 */
export type Header = {
    /**
     * Length of the whole record, this part included.
     */
    nbytes: number;
    /**
     * One of `Kind`.
     */
    kind: number;
    /**
     * One of `CODECS`.
     */
    codec: string;
    /**
     * Whether it can be decoded without others.
     */
    key: boolean;
    /**
     * First after a drop, of a new epoch or of a new size.
     */
    discontinuity: boolean;
    /**
     * Index of the track in the welcome.
     */
    track: number;
    /**
     * Generation of the actor.
     */
    epoch: number;
    /**
     * Position among the track's frames of this epoch.
     */
    seq: number;
    /**
     * When the model made it: Unix time by the bridge's clock.
     */
    madeMs: number;
    /**
     * Pixels; the sample rate of audio.
     */
    width: number;
    /**
     * Pixels; the channels of audio.
     */
    height: number;
    /**
     * Frames made since the previous record that were not sent.
     */
    missing: number;
    /**
     * Length of the metadata.
     */
    metadataNbytes: number;
};
/**
 * A record; `metadata` and `payload` are views of the bytes that it was read from.
 */
export type FrameRecord = Header & {
    metadata: Uint8Array;
    payload: Uint8Array;
};
