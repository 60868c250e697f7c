/** Listeners by name. A listener that throws is reported and harms no other. */
/** @template {Record<string, any>} Events */
export class Emitter<Events extends Record<string, any>> {
    /**
     * Call `listener` at each `name`.
     * @template {keyof Events} Name
     * @param {Name} name
     * @param {(data: Events[Name]) => void} listener
     * @returns {() => void} What takes it away again.
     */
    on<Name extends keyof Events>(name: Name, listener: (data: Events[Name]) => void): () => void;
    /**
     * Call `listener` at the next `name` only.
     * @template {keyof Events} Name
     * @param {Name} name
     * @param {(data: Events[Name]) => void} listener
     * @returns {() => void} What takes it away again.
     */
    once<Name extends keyof Events>(name: Name, listener: (data: Events[Name]) => void): () => void;
    /**
     * @template {keyof Events} Name
     * @param {Name} name
     * @param {(data: Events[Name]) => void} listener The one given to `on`.
     */
    off<Name extends keyof Events>(name: Name, listener: (data: Events[Name]) => void): void;
    /**
     * @param {keyof Events} name
     * @returns {boolean} Whether anybody listens.
     */
    heard(name: keyof Events): boolean;
    /**
     * @template {keyof Events} Name
     * @param {Name} name
     * @param {Events[Name]} data
     */
    emit<Name extends keyof Events>(name: Name, data: Events[Name]): void;
    #private;
}
