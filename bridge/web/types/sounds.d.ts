export class Sounds {
    /** @param {import("./viewing.js").Viewing} viewing */
    constructor(viewing: import("./viewing.js").Viewing);
    viewing: import("./viewing.js").Viewing;
    /**
     * @param {TrackInfo[]} tracks
     * @param {string} [name]
     * @returns {Promise<Playback>}
     */
    play(tracks: TrackInfo[], name?: string): Promise<Playback>;
    close(): void;
    #private;
}
export type TrackInfo = import("./reactor.js").TrackInfo;
import { Playback } from "./media/playback.js";
