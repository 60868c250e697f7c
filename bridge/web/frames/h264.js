/** What WebCodecs wants to know about an H.264 stream, and whether it can really decode one. */

/** One key frame of 32 x 32 pixels, constrained baseline, Annex B. */
const SAMPLE =
  "AAAAAWdCwAraJaEAAAMAAQAAAwA8jxImoAAAAAFozg/IAAAAAWWIhDoRigACCzHAAEBOOAAIOknXXg==";
const PROBE_MS = 2000;
const SPS = 7;

/**
 * Find the codec text in a key frame.
 * @param {Uint8Array} bytes Annex B.
 * @returns {string | null} As in `avc1.42c00a`; null where there is no parameter set.
 */
export function codecOf(bytes) {
  for (let at = 0; at + 6 < bytes.length; at += 1) {
    if (bytes[at] || bytes[at + 1] || bytes[at + 2] !== 1) continue;
    if (((bytes[at + 3] ?? 0) & 31) !== SPS) continue;
    const hex = [...bytes.subarray(at + 4, at + 7)].map((b) => b.toString(16).padStart(2, "0"));
    return `avc1.${hex.join("")}`;
  }
  return null;
}

/**
 * @param {string} codec
 * @returns {VideoDecoderConfig}
 */
export function configured(codec) {
  return { codec, optimizeForLatency: true, hardwareAcceleration: "no-preference" };
}

/**
 * Decode one frame: what browsers say of themselves is not always so.
 * @returns {Promise<boolean>}
 */
export async function canDecode() {
  if (typeof VideoDecoder === "undefined") return false;
  const bytes = Uint8Array.from(atob(SAMPLE), (c) => c.charCodeAt(0));
  return new Promise((resolve) => {
    setTimeout(resolve, PROBE_MS, false);
    try {
      const decoder = new VideoDecoder({
        output: (frame) => (frame.close(), resolve(true)),
        error: () => resolve(false),
      });
      decoder.configure(configured(codecOf(bytes) ?? ""));
      decoder.decode(new EncodedVideoChunk({ type: "key", timestamp: 0, data: bytes }));
      decoder.flush().then(() => decoder.close(), () => resolve(false));
    } catch {
      resolve(false);
    }
  });
}
