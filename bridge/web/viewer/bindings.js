/** Which keys and sticks do what, made from the names and bounds of the model's fields. */

/** @typedef {import("./schema.js").Described} Described */

/** A key that sets a value while it is held, and puts it back when it is let go.
 * @typedef {{field: string, label: string, codes: string[], on: any, off: any}} Hold */
/** A key that sends an event.
 * @typedef {{event: string, label: string, code: string}} Press */
/** A field that runs from left to right or from down to up through zero.
 * @typedef {{field: string, min: number, max: number, rest: number, vertical: boolean}} Axis */
/** @typedef {{holds: Hold[], presses: Press[], axes: Axis[]}} Bindings */

/** @type {[RegExp, string[]][]} */
const DIRECTIONS = [
  [/(^|_)(forward|forwards|up|ahead|gas|accelerate)$/, ["KeyW", "ArrowUp"]],
  [/(^|_)(back|backward|backwards|down|reverse)$/, ["KeyS", "ArrowDown"]],
  [/(^|_)left$/, ["KeyA", "ArrowLeft"]],
  [/(^|_)right$/, ["KeyD", "ArrowRight"]],
  [/(^|_)(jump|fire|brake|shoot|action|use)$/, ["Space"]],
  [/(^|_)(run|sprint|boost)$/, ["ShiftLeft"]],
];
const ACROSS = /(^|_)(x|steer|steering|turn|yaw|strafe|sideways|roll)$/;
const ALONG = /(^|_)(y|throttle|drive|move|pitch|vertical)$/;
const NEUTRAL = new Set(["none", "idle", "stop", "still", "stay", "neutral", "noop"]);

/**
 * @param {Described} described
 * @returns {Bindings}
 */
export function bindingsOf({ fields, actions }) {
  const axes = fields.flatMap(({ field }) => axisOf(field));
  const holds = [...fields.flatMap(({ field }) => holdsOf(field)), ...axes.flatMap(axisHolds)];
  /** @type {Set<string>} */
  const taken = new Set();
  const free = holds.map((hold) => ({ ...hold, codes: hold.codes.filter((c) => !taken.has(c) && taken.add(c)) }));
  const presses = actions
    .filter(({ params }) => !params.length)
    .slice(0, 9)
    .map(({ event, label }, place) => ({ event, label, code: `Digit${place + 1}` }));
  return { axes, presses, holds: free.filter(({ codes }) => codes.length) };
}

/**
 * @param {string} code Of a key.
 * @returns {string} What stands on it.
 */
export function keyName(code) {
  /** @type {Record<string, string>} */
  const names = { ArrowUp: "↑", ArrowDown: "↓", ArrowLeft: "←", ArrowRight: "→", ShiftLeft: "Shift" };
  return names[code] ?? code.replace(/^(Key|Digit)/, "");
}

/** @param {string} name */
function codesFor(name) {
  return DIRECTIONS.find(([pattern]) => pattern.test(name))?.[1] ?? [];
}

/**
 * @param {import("./schema.js").Field} field
 * @returns {Hold[]}
 */
function holdsOf({ name, label, kind, choices, default: rest }) {
  if (kind === "toggle") return [{ field: name, label, codes: codesFor(name), on: true, off: false }];
  if (kind !== "choice") return [];
  const off = choices.find((choice) => NEUTRAL.has(String(choice))) ?? (codesFor(String(rest)).length ? undefined : rest);
  const moves = choices.filter((choice) => choice !== off && codesFor(String(choice)).length);
  if (off === undefined || moves.length < 2) return [];
  return moves.map((on) => ({ field: name, label: `${label}: ${on}`, codes: codesFor(String(on)), on, off }));
}

/**
 * @param {import("./schema.js").Field} field
 * @returns {Axis[]}
 */
function axisOf({ name, kind, min, max, default: rest }) {
  if (kind !== "number" || min === undefined || max === undefined || !(min < 0 && max > 0)) return [];
  if (!ACROSS.test(name) && !ALONG.test(name)) return [];
  return [{ field: name, min, max, rest: typeof rest === "number" ? rest : 0, vertical: !ACROSS.test(name) }];
}

/**
 * @param {Axis} axis
 * @returns {Hold[]}
 */
function axisHolds({ field, min, max, rest, vertical }) {
  const [less, more] = vertical ? ["down", "up"] : ["left", "right"];
  return [
    { field, label: `${field} ${less}`, codes: codesFor(less), on: min, off: rest },
    { field, label: `${field} ${more}`, codes: codesFor(more), on: max, off: rest },
  ];
}
