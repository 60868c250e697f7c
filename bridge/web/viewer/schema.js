/** The model's OpenAPI document as what a page shows: fields, actions, pointer tools. */

/** @typedef {"number" | "text" | "toggle" | "choice" | "file" | "json"} Kind */

/**
 * One value that a person can give.
 * @typedef {object} Field
 * @property {string} name
 * @property {string} label
 * @property {string} unit
 * @property {string} description
 * @property {Kind} kind
 * @property {boolean} integer
 * @property {number | undefined} min
 * @property {number | undefined} max
 * @property {number | undefined} minLength
 * @property {number | undefined} maxLength
 * @property {any[]} choices
 * @property {any} default Undefined when there is none.
 * @property {boolean} required
 */

/** @typedef {{event: string, field: Field}} StateField */
/** @typedef {{event: string, label: string, summary: string, params: Field[]}} Action */
/** @typedef {{event: string, label: string, x: Field, y: Field}} Tool */

/**
 * @typedef {object} Described
 * @property {string} title
 * @property {string} description
 * @property {StateField[]} fields Events that set a field of the state.
 * @property {Action[]} actions All others.
 * @property {Tool[]} tools Actions that take a place in the picture.
 */

const UNITS = new Map(
  Object.entries({ ms: "ms", s: "s", hz: "Hz", px: "px", deg: "°", pct: "%", percent: "%", fps: "fps", db: "dB", m: "m", kg: "kg" }),
);

/**
 * @param {any} schema The OpenAPI document.
 * @returns {Described}
 */
export function describe(schema) {
  const events = Object.values(schema?.paths ?? {}).map((path) => eventOf(path.post, schema));
  const sets = events.filter((event) => event.sets);
  const actions = events.filter((event) => !event.sets).map(actionOf);
  return {
    title: schema?.info?.title ?? "",
    description: schema?.info?.description ?? "",
    fields: sets.flatMap(({ name, params }) => params.map((field) => ({ event: name, field }))),
    actions,
    tools: actions.flatMap(toolOf),
  };
}

/**
 * @param {string} name In snake case.
 * @returns {string} For people.
 */
export function labelOf(name) {
  const words = name.replaceAll("_", " ").trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/**
 * @param {any} operation
 * @param {any} schema
 */
function eventOf(operation, schema) {
  const body = operation.requestBody?.content?.["application/json"]?.schema ?? {};
  const required = new Set(body.required ?? []);
  const params = Object.entries(body.properties ?? {}).map(([name, property]) =>
    fieldOf(name, property, required.has(name), schema),
  );
  const sets = params.length === 1 && operation["x-reactor-sets"] === params[0]?.name;
  return { name: operation.operationId, summary: operation.summary ?? "", params, sets };
}

/** @param {{name: string, summary: string, params: Field[]}} event */
function actionOf({ name, summary, params }) {
  return { event: name, label: labelOf(name), summary: summary === name ? "" : summary, params };
}

/**
 * @param {Action} action
 * @returns {Tool[]}
 */
function toolOf({ event, label, params }) {
  const x = params.find((p) => p.name === "x");
  const y = params.find((p) => p.name === "y");
  const placed = [x, y].every((p) => p?.kind === "number" && p.min !== undefined && p.max !== undefined);
  const rest = params.every((p) => p === x || p === y || !p.required);
  return x && y && placed && rest ? [{ event, label, x, y }] : [];
}

/**
 * @param {string} name
 * @param {any} property
 * @param {boolean} required
 * @param {any} schema
 * @returns {Field}
 */
function fieldOf(name, property, required, schema) {
  const plain = plainOf(property, schema);
  const kind = kindOf(plain);
  const suffix = name.split("_").length > 1 ? (name.split("_").at(-1) ?? "") : "";
  const unit = kind === "number" ? UNITS.get(suffix) ?? "" : "";
  return {
    name,
    label: labelOf(unit ? name.slice(0, -suffix.length - 1) : name),
    unit,
    description: property.description ?? "",
    kind,
    integer: plain.type === "integer",
    min: plain.minimum,
    max: plain.maximum,
    minLength: plain.minLength,
    maxLength: plain.maxLength,
    choices: plain.enum ?? [],
    default: property.default,
    required,
  };
}

/**
 * Follow references, and look through "or null".
 * @param {any} property
 * @param {any} schema
 * @returns {any}
 */
function plainOf(property, schema) {
  if (property.anyOf) {
    const rest = property.anyOf.filter((/** @type {any} */ one) => one.type !== "null");
    return rest.length === 1 ? plainOf(rest[0], schema) : {};
  }
  if (typeof property.$ref !== "string") return property;
  const name = property.$ref.split("/").at(-1);
  return schema.components?.schemas?.[name] ?? {};
}

/**
 * @param {any} plain
 * @returns {Kind}
 */
function kindOf(plain) {
  if (plain.format === "reactor-upload-reference") return "file";
  if (plain.enum) return "choice";
  if (plain.type === "boolean") return "toggle";
  if (plain.type === "number" || plain.type === "integer") return "number";
  return plain.type === "string" ? "text" : "json";
}

/**
 * How far one step of a slider goes: round, and about a hundred of them from end to end.
 * @param {Field} field
 * @returns {number}
 */
export function stepOf({ integer, min = 0, max = 1 }) {
  if (integer) return 1;
  const exact = (max - min) / 100;
  const power = 10 ** Math.floor(Math.log10(exact || 0.01));
  return [1, 2, 5].map((n) => n * power).findLast((step) => step <= exact * 1.0001) ?? power;
}

/**
 * @param {number} value
 * @param {number} step
 * @returns {string} With as many places as the step has.
 */
export function shown(value, step) {
  if (Number.isInteger(step)) return String(+value.toFixed(6));
  return value.toFixed(Math.max(0, -Math.floor(Math.log10(step) + 1e-9)));
}
