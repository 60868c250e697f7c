/** Positions of sticks as values of fields. */

const DEAD = 0.12;
const STEPS = 100;

/**
 * @param {number} position Of a stick, -1 to 1.
 * @param {{min: number, max: number, rest: number}} axis
 * @returns {number} The field's value, with a dead zone in the middle.
 */
export function valueAt(position, { min, max, rest }) {
  const size = Math.abs(position) < DEAD ? 0 : (Math.abs(position) - DEAD) / (1 - DEAD);
  const value = rest + size * (position > 0 ? max - rest : min - rest);
  return Math.round(value * STEPS) / STEPS;
}
