/** Frame records: what the bytes mean. The layout is the table in docs/bridge.md. */

export const VERSION = 1;
export const HEADER_NBYTES = 48;
/** Longest record that is believed: one 8K RGBA picture and its metadata. */
export const MOST_NBYTES = 160 * 1024 * 1024;

export const Kind = Object.freeze({ VIDEO: 1, AUDIO: 2, TENSOR: 3, KEEP_ALIVE: 4 });
export const Flag = Object.freeze({ KEY: 1, DISCONTINUITY: 2 });

/** Names of the codecs; the place is the number on the wire. */
export const CODECS = Object.freeze(["rgba", "i420", "jpeg", "h264", "pcm_s16", "tensor"]);

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
export function decodeHeader(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const nbytes = view.getUint32(0, true) + 4;
  const codec = CODECS[view.getUint8(6)];
  const flags = view.getUint8(7);
  const metadataNbytes = view.getUint32(44, true);
  check(view.getUint8(4) === VERSION, `version ${view.getUint8(4)} is not ${VERSION}`);
  check(nbytes <= MOST_NBYTES, `${nbytes} bytes are more than ${MOST_NBYTES}`);
  check(HEADER_NBYTES + metadataNbytes <= nbytes, `${metadataNbytes} bytes of metadata in ${nbytes}`);
  if (codec === undefined) throw new RangeError(`bad frame record: codec ${view.getUint8(6)} is not known`);
  return {
    nbytes,
    kind: view.getUint8(5),
    codec,
    key: (flags & Flag.KEY) !== 0,
    discontinuity: (flags & Flag.DISCONTINUITY) !== 0,
    track: view.getUint16(8, true),
    epoch: view.getUint32(12, true),
    seq: Number(view.getBigUint64(16, true)),
    madeMs: view.getFloat64(24, true),
    width: view.getUint32(32, true),
    height: view.getUint32(36, true),
    missing: view.getUint32(40, true),
    metadataNbytes,
  };
}

/**
 * Put a record together from its fixed part and what follows it.
 * @param {Header} header
 * @param {Uint8Array} rest Metadata and payload; kept, not copied.
 * @returns {FrameRecord}
 */
export function withRest(header, rest) {
  const metadata = rest.subarray(0, header.metadataNbytes);
  return { ...header, metadata, payload: rest.subarray(header.metadataNbytes) };
}

/**
 * Read one whole record, as a binary message brings it.
 * @param {Uint8Array} bytes
 * @returns {FrameRecord}
 * @throws {RangeError} It is none.
 */
export function decodeRecord(bytes) {
  check(bytes.byteLength >= HEADER_NBYTES, `${bytes.byteLength} bytes are no record`);
  const header = decodeHeader(bytes);
  check(header.nbytes === bytes.byteLength, `says ${header.nbytes} bytes, has ${bytes.byteLength}`);
  return withRest(header, bytes.subarray(HEADER_NBYTES));
}

/**
 * Write a record.
 * @param {{kind: number, codec: string, track: number, seq: number, madeMs: number, width: number,
 *   height: number, epoch?: number, missing?: number, key?: boolean, discontinuity?: boolean,
 *   metadata?: Uint8Array, payload: Uint8Array}} record
 * @returns {Uint8Array<ArrayBuffer>}
 */
export function encodeRecord(record) {
  const { metadata = new Uint8Array(0), payload, key = true, discontinuity = false } = record;
  const bytes = new Uint8Array(HEADER_NBYTES + metadata.byteLength + payload.byteLength);
  const view = new DataView(bytes.buffer);
  const codec = CODECS.indexOf(record.codec);
  check(codec >= 0, `codec ${record.codec} is not known`);
  view.setUint32(0, bytes.byteLength - 4, true);
  view.setUint8(4, VERSION);
  view.setUint8(5, record.kind);
  view.setUint8(6, codec);
  view.setUint8(7, (key ? Flag.KEY : 0) | (discontinuity ? Flag.DISCONTINUITY : 0));
  view.setUint16(8, record.track, true);
  view.setUint32(12, record.epoch ?? 0, true);
  view.setBigUint64(16, BigInt(record.seq), true);
  view.setFloat64(24, record.madeMs, true);
  view.setUint32(32, record.width, true);
  view.setUint32(36, record.height, true);
  view.setUint32(40, record.missing ?? 0, true);
  view.setUint32(44, metadata.byteLength, true);
  bytes.set(metadata, HEADER_NBYTES);
  bytes.set(payload, HEADER_NBYTES + metadata.byteLength);
  return bytes;
}

/**
 * Read a record's metadata.
 * @param {FrameRecord} record
 * @returns {any} What the author attached; null when there is nothing, or no JSON.
 */
export function metadataOf(record) {
  if (!record.metadata.byteLength) return null;
  try {
    return JSON.parse(new TextDecoder().decode(record.metadata));
  } catch {
    return null;
  }
}

/**
 * Whether `a` was made before `b`, of the same track.
 * @param {{epoch: number, seq: number}} a
 * @param {{epoch: number, seq: number}} b
 */
export function isOlder(a, b) {
  return a.epoch < b.epoch || (a.epoch === b.epoch && a.seq < b.seq);
}

/**
 * @param {boolean} good
 * @param {string} why
 */
function check(good, why) {
  if (!good) throw new RangeError(`bad frame record: ${why}`);
}
