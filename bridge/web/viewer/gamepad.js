/** Game controllers: sticks move axes, buttons hold and press. */

import { valueAt } from "./gamepad_values.js";

/** @typedef {import("./bindings.js").Bindings} Bindings */

export class Gamepads {
  /** @type {Bindings} */
  bindings = { holds: [], presses: [], axes: [] };
  /** @type {Map<string, any>} What was last sent. */
  #last = new Map();
  #running = false;

  /**
   * @param {{set: (field: string, value: any) => void, press: (event: string) => void}} target
   * @param {(text: string) => void} say
   */
  constructor(target, say) {
    this.target = target;
    addEventListener("gamepadconnected", ({ gamepad }) => {
      say(`${gamepad.id.replace(/\(.*/, "").trim()} is connected`);
      this.#start();
    });
    addEventListener("blur", () => this.#release());
  }

  #start() {
    if (this.#running) return;
    this.#running = true;
    const look = () => {
      const pad = navigator.getGamepads().find((one) => one);
      this.#running = Boolean(pad);
      if (pad && document.hasFocus()) this.#read(pad);
      if (pad) requestAnimationFrame(look);
      else this.#release();
    };
    requestAnimationFrame(look);
  }

  /** @param {Gamepad} pad */
  #read(pad) {
    // Sticks come as across, along, across, along; along is positive downwards.
    const sticks = { across: [pad.axes[0] ?? 0, pad.axes[2] ?? 0], along: [-(pad.axes[1] ?? 0), -(pad.axes[3] ?? 0)] };
    for (const axis of this.bindings.axes) {
      const position = (axis.vertical ? sticks.along : sticks.across).shift() ?? 0;
      this.#set(axis.field, valueAt(position, axis), axis.rest);
    }
    this.bindings.presses.forEach(({ event }, place) => {
      const down = pad.buttons[place]?.pressed ?? false;
      if (down && !this.#last.get(`!${event}`)) this.target.press(event);
      this.#last.set(`!${event}`, down);
    });
  }

  /**
   * @param {string} field
   * @param {number} value
   * @param {number} rest
   */
  #set(field, value, rest) {
    if ((this.#last.get(field) ?? rest) === value) return;
    this.#last.set(field, value);
    this.target.set(field, value);
  }

  #release() {
    for (const { field, rest } of this.bindings.axes) this.#set(field, rest, rest);
  }
}
