/** Pictures and sound out of a MediaStreamTrack. */

const WORKLET = new URL("./worklet.js", import.meta.url);
const QUALITY = 0.85;

/**
 * @typedef {object} Picture
 * @property {Uint8Array} payload A JPEG.
 * @property {number} width
 * @property {number} height
 */

/**
 * Take pictures of a video track at a steady rate.
 * @param {MediaStreamTrack} track
 * @param {{fps: number, width: number}} options Wider pictures are made smaller.
 * @param {(picture: Picture) => void} take
 * @param {() => boolean} wanted Whether the next one would be sent.
 * @returns {Promise<() => void>} What stops it.
 */
export async function capturePictures(track, { fps, width }, take, wanted) {
  const video = document.createElement("video");
  Object.assign(video, { muted: true, playsInline: true, srcObject: new MediaStream([track]) });
  await video.play();
  const canvas = document.createElement("canvas");
  let busy = false;
  const shoot = async () => {
    if (busy || !wanted() || !video.videoWidth) return;
    busy = true;
    try {
      const picture = await shot(video, canvas, width);
      if (picture) take(picture);
    } finally {
      busy = false;
    }
  };
  const timer = setInterval(shoot, 1000 / fps);
  return () => {
    clearInterval(timer);
    video.srcObject = null;
  };
}

/**
 * @param {HTMLVideoElement} video
 * @param {HTMLCanvasElement} canvas
 * @param {number} mostWidth
 * @returns {Promise<Picture | null>}
 */
async function shot(video, canvas, mostWidth) {
  const scale = Math.min(1, mostWidth / video.videoWidth);
  canvas.width = even(video.videoWidth * scale);
  canvas.height = even(video.videoHeight * scale);
  canvas.getContext("2d", { alpha: false })?.drawImage(video, 0, 0, canvas.width, canvas.height);
  /** @type {Blob | null} */
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", QUALITY));
  if (!blob) return null;
  const payload = new Uint8Array(await blob.arrayBuffer());
  return { payload, width: canvas.width, height: canvas.height };
}

/** @param {number} size */
function even(size) {
  return Math.max(2, Math.round(size / 2) * 2);
}

/**
 * @typedef {object} Sound
 * @property {Uint8Array} payload Interleaved s16.
 * @property {number} rate
 * @property {number} channels
 */

/**
 * Take blocks of 20 ms from an audio track.
 * @param {MediaStreamTrack} track
 * @param {{sampleRate: number}} options
 * @param {(sound: Sound) => void} take
 * @returns {Promise<() => void>} What stops it.
 */
export async function captureSound(track, { sampleRate }, take) {
  const context = new AudioContext({ sampleRate });
  await context.audioWorklet.addModule(WORKLET);
  const node = new AudioWorkletNode(context, "reactor-recorder");
  node.port.onmessage = ({ data }) => {
    take({ payload: new Uint8Array(data.samples), rate: sampleRate, channels: data.channels });
  };
  context.createMediaStreamSource(new MediaStream([track])).connect(node).connect(context.destination);
  return () => void context.close();
}
