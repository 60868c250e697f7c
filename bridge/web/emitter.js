/** Listeners by name. A listener that throws is reported and harms no other. */

/** @template {Record<string, any>} Events */
export class Emitter {
  /** @type {Map<keyof Events, Set<(data: any) => void>>} */
  #listeners = new Map();

  /**
   * Call `listener` at each `name`.
   * @template {keyof Events} Name
   * @param {Name} name
   * @param {(data: Events[Name]) => void} listener
   * @returns {() => void} What takes it away again.
   */
  on(name, listener) {
    const listeners = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, listeners.add(listener));
    return () => this.off(name, listener);
  }

  /**
   * Call `listener` at the next `name` only.
   * @template {keyof Events} Name
   * @param {Name} name
   * @param {(data: Events[Name]) => void} listener
   * @returns {() => void} What takes it away again.
   */
  once(name, listener) {
    const off = this.on(name, (data) => {
      off();
      listener(data);
    });
    return off;
  }

  /**
   * @template {keyof Events} Name
   * @param {Name} name
   * @param {(data: Events[Name]) => void} listener The one given to `on`.
   */
  off(name, listener) {
    this.#listeners.get(name)?.delete(listener);
  }

  /**
   * @param {keyof Events} name
   * @returns {boolean} Whether anybody listens.
   */
  heard(name) {
    return (this.#listeners.get(name)?.size ?? 0) > 0;
  }

  /**
   * @template {keyof Events} Name
   * @param {Name} name
   * @param {Events[Name]} data
   */
  emit(name, data) {
    for (const listener of [...(this.#listeners.get(name) ?? [])]) {
      try {
        listener(data);
      } catch (error) {
        reportError(error);
      }
    }
  }
}

/** @param {unknown} error */
function reportError(error) {
  if (typeof globalThis.reportError === "function") globalThis.reportError(error);
  else console.error(error);
}
