export { ReactorError };
/** @typedef {"disconnected" | "connecting" | "waiting" | "ready" | "reconnecting"} Status */
/** @typedef {{index: number, name: string, kind: "video" | "audio" | "tensor",
 *   direction: "in" | "out", sample_rate?: number}} TrackInfo */
/** @typedef {{state: string, epoch?: number, reason?: string, missing?: string[],
 *   progress?: {done: number, total: number, text: string} | null, clients?: number,
 *   viewers?: number}} ModelStatus */
/** @typedef {import("./upload.js").UploadReference} UploadReference */
/** @typedef {import("./statistics.js").Stats} Stats */
/**
 * A frame as it is told of: `data` is there for tensors.
 * @typedef {{track: string, epoch: number, seq: number, width: number, height: number,
 *   codec: string, missing: number, madeMs: number, drawnMs: number, metadata: any,
 *   data?: Uint8Array}} FrameInfo
 */
/**
 * @typedef {object} ReactorEvents
 * @property {{status: Status, model: ModelStatus, error: ReactorError | null}} statusChanged
 * @property {{type: string, data: any}} message What the model says by itself.
 * @property {Record<string, any>} stateChanged Public fields that have changed, all at first.
 * @property {ReactorError} error
 * @property {any} schemaReceived The OpenAPI document.
 * @property {any} recordingChanged How the bridge's recording goes; told to those who may steer.
 * @property {Stats} statsUpdate Twice a second while a track is watched.
 * @property {TrackInfo[]} tracksChanged The model has other tracks than before, as `getTracks()` says.
 * @property {TrackInfo} trackReceived The first frame of a track is there.
 * @property {FrameInfo} frame Every frame that was shown, while somebody listens.
 */
/**
 * @typedef {object} ReactorOptions
 * @property {string | URL} [url] Of the bridge, with the token in its fragment; the page's own
 *   unless said.
 * @property {string} [token] Instead of the fragment.
 * @property {("i420" | "rgba" | "h264" | "jpeg")[]} [codecs] What to take, of what the browser can.
 * @property {"auto" | "stream" | "ws"} [transport] `auto`: the WebSocket where no stream opens.
 * @property {boolean} [reconnect] Come back by itself; true unless said.
 * @property {string} [name] For people.
 */
/** @extends {Emitter<ReactorEvents>} */
export class Reactor extends Emitter<ReactorEvents> {
    /** @param {ReactorOptions} [options] */
    constructor({ url, token, codecs, transport, reconnect, name }?: ReactorOptions);
    origin: string;
    connection: Connection;
    statistics: Statistics;
    viewing: Viewing;
    publishing: Publishing;
    sounds: Sounds;
    /**
     * Connect, and stay so.
     * @returns {Promise<void>} Settled when the bridge has let us in, or has refused.
     */
    connect(): Promise<void>;
    /** Leave for good; `connect` begins anew. */
    disconnect(): void;
    /** Give up the link, if there is one, and try at once. */
    reconnect(): Promise<void>;
    getStatus(): Status;
    /** The model's own status, as the front end words it. */
    getModelStatus(): ModelStatus;
    /** The model's OpenAPI document; null before it is known. */
    getSchema(): any;
    /** Public fields of the model's state, as far as known. */
    getState(): {
        [x: string]: any;
    };
    /** @returns {TrackInfo[]} */
    getTracks(): TrackInfo[];
    /** @returns {any} Model, scope and limits, as the bridge said at the beginning; null before. */
    getWelcome(): any;
    /** @returns {Stats} */
    getStats(): Stats;
    /**
     * Send an event to the model.
     * @param {string} type
     * @param {Record<string, any>} [data]
     * @param {import("./requests.js").AskOptions} [options]
     * @returns {Promise<{type: string, data: any}>} The reply; rejects with a `ReactorError`.
     */
    sendCommand(type: string, data?: Record<string, any>, options?: import("./requests.js").AskOptions): Promise<{
        type: string;
        data: any;
    }>;
    /**
     * Bring a file to the model's session.
     * @param {Blob} file
     * @param {import("./upload.js").UploadOptions} [options]
     * @returns {Promise<UploadReference>} To be given to events that take a file.
     */
    uploadFile(file: Blob, options?: import("./upload.js").UploadOptions): Promise<UploadReference>;
    /**
     * Show a track on a canvas. The canvas is drawn on by a worker: don't ask it for a context.
     * @param {HTMLCanvasElement} canvas
     * @param {{track?: string, maxWidth?: number | null}} [options] The first video track unless said.
     * @returns {() => void} What takes it off again.
     */
    attach(canvas: HTMLCanvasElement, { track, maxWidth }?: {
        track?: string;
        maxWidth?: number | null;
    }): () => void;
    /**
     * Watch a track without showing it: its frames come by `on("frame")`.
     * @param {string} track
     * @returns {() => void} What ends it.
     */
    watch(track: string): () => void;
    /**
     * Play an audio track. Call it from a click: browsers are silent before.
     * @param {string} [track] The first audio track unless said.
     * @returns {Promise<import("./media/playback.js").Playback>} Volume and the end of it.
     */
    playAudio(track?: string): Promise<import("./media/playback.js").Playback>;
    /**
     * Take the picture that is shown.
     * @param {{track?: string, type?: string, quality?: number}} [options]
     * @returns {Promise<Blob>}
     */
    screenshot({ track, type, quality }?: {
        track?: string;
        type?: string;
        quality?: number;
    }): Promise<Blob>;
    /**
     * Send a camera's or a microphone's track to an input track of the model.
     * @param {string} name
     * @param {MediaStreamTrack} track
     * @param {import("./publishing.js").PublishOptions} [options]
     */
    publishTrack(name: string, track: MediaStreamTrack, options?: import("./publishing.js").PublishOptions): Promise<void>;
    /** @param {string} name */
    unpublishTrack(name: string): Promise<void>;
    /** @param {string} name Stays ours; nothing is sent. */
    pauseTrack(name: string): void;
    /** @param {string} name */
    resumeTrack(name: string): void;
    #private;
}
export type Status = "disconnected" | "connecting" | "waiting" | "ready" | "reconnecting";
export type TrackInfo = {
    index: number;
    name: string;
    kind: "video" | "audio" | "tensor";
    direction: "in" | "out";
    sample_rate?: number;
};
export type ModelStatus = {
    state: string;
    epoch?: number;
    reason?: string;
    missing?: string[];
    progress?: {
        done: number;
        total: number;
        text: string;
    } | null;
    clients?: number;
    viewers?: number;
};
export type UploadReference = import("./upload.js").UploadReference;
export type Stats = import("./statistics.js").Stats;
/**
 * A frame as it is told of: `data` is there for tensors.
 */
export type FrameInfo = {
    track: string;
    epoch: number;
    seq: number;
    width: number;
    height: number;
    codec: string;
    missing: number;
    madeMs: number;
    drawnMs: number;
    metadata: any;
    data?: Uint8Array;
};
export type ReactorEvents = {
    statusChanged: {
        status: Status;
        model: ModelStatus;
        error: ReactorError | null;
    };
    /**
     * What the model says by itself.
     */
    message: {
        type: string;
        data: any;
    };
    /**
     * Public fields that have changed, all at first.
     */
    stateChanged: Record<string, any>;
    error: ReactorError;
    /**
     * The OpenAPI document.
     */
    schemaReceived: any;
    /**
     * How the bridge's recording goes; told to those who may steer.
     */
    recordingChanged: any;
    /**
     * Twice a second while a track is watched.
     */
    statsUpdate: Stats;
    /**
     * The model has other tracks than before, as `getTracks()` says.
     */
    tracksChanged: TrackInfo[];
    /**
     * The first frame of a track is there.
     */
    trackReceived: TrackInfo;
    /**
     * Every frame that was shown, while somebody listens.
     */
    frame: FrameInfo;
};
export type ReactorOptions = {
    /**
     * Of the bridge, with the token in its fragment; the page's own
     * unless said.
     */
    url?: string | URL | undefined;
    /**
     * Instead of the fragment.
     */
    token?: string | undefined;
    /**
     * What to take, of what the browser can.
     */
    codecs?: ("rgba" | "i420" | "jpeg" | "h264")[] | undefined;
    /**
     * `auto`: the WebSocket where no stream opens.
     */
    transport?: "auto" | "stream" | "ws" | undefined;
    /**
     * Come back by itself; true unless said.
     */
    reconnect?: boolean | undefined;
    /**
     * For people.
     */
    name?: string | undefined;
};
import { ReactorError } from "./errors.js";
import { Emitter } from "./emitter.js";
import { Connection } from "./connection.js";
import { Statistics } from "./statistics.js";
import { Viewing } from "./viewing.js";
import { Publishing } from "./publishing.js";
import { Sounds } from "./sounds.js";
