import assert from "node:assert/strict";
import { test } from "node:test";

import { Meter, quantile } from "../../../bridge/web/frames/meter.js";
import { bindingsOf, keyName } from "../../../bridge/web/viewer/bindings.js";
import { sizeText } from "../../../bridge/web/viewer/file_widget.js";
import { valueAt } from "../../../bridge/web/viewer/gamepad_values.js";
import { describe, labelOf, shown, stepOf } from "../../../bridge/web/viewer/schema.js";
import { say } from "../../../bridge/web/viewer/status_view.js";
import { Steering } from "../../../bridge/web/viewer/steering.js";
import { tokenIn } from "../../../bridge/web/viewer/token.js";

const upload = { $ref: "#/components/schemas/ReactorUploadReference" };
const components = { schemas: { ReactorUploadReference: { format: "reactor-upload-reference" } } };

/** The schema of a model with these events: name → [parameters, the field that it sets]. */
function schemaOf(events) {
  const paths = Object.entries(events).map(([name, [properties, sets, required = []]]) => [
    `/events/${name}`,
    {
      post: {
        operationId: name,
        summary: name,
        requestBody: { content: { "application/json": { schema: { properties, required } } } },
        ...(sets && { "x-reactor-sets": sets }),
      },
    },
  ]);
  return { info: { title: "m" }, paths: Object.fromEntries(paths), components };
}

const place = { type: "number", minimum: 0, maximum: 1, default: 0.5 };

test("state fields, actions and pointer tools are told apart", () => {
  const { fields, actions, tools } = describe(
    schemaOf({
      set_hue: [{ hue: place }, "hue"],
      set_photo: [{ photo: { anyOf: [upload, { type: "null" }] } }, "photo"],
      clear: [{}],
      damage: [{ x: place, y: place, radius: place }],
      stamp: [{ x: place, y: place, name: { type: "string" } }, undefined, ["name"]],
    }),
  );
  assert.deepEqual(fields.map(({ event, field }) => [event, field.name, field.kind]), [
    ["set_hue", "hue", "number"],
    ["set_photo", "photo", "file"],
  ]);
  assert.deepEqual(actions.map(({ event, params }) => [event, params.length]), [["clear", 0], ["damage", 3], ["stamp", 3]]);
  assert.deepEqual(tools.map(({ event }) => event), ["damage"]);
});

test("each type gets its kind of control", () => {
  const kinds = {
    number: { type: "integer" }, text: { type: "string", maxLength: 9 }, toggle: { type: "boolean" },
    choice: { enum: ["a", "b"] }, json: { type: "array", items: {} }, file: upload,
  };
  for (const [kind, property] of Object.entries(kinds)) {
    const [{ field }] = describe(schemaOf({ set_it: [{ it: property }, "it"] })).fields;
    assert.equal(field.kind, kind);
  }
  assert.deepEqual(describe(null).fields, []);
});

test("names become labels, suffixes units", () => {
  assert.equal(labelOf("reference_image"), "Reference image");
  const [{ field }] = describe(schemaOf({ set_delay_ms: [{ delay_ms: { type: "number" } }, "delay_ms"] })).fields;
  assert.deepEqual([field.label, field.unit], ["Delay", "ms"]);
});

test("steps are round, about a hundred from end to end", () => {
  const steps = [[0, 1], [0, 0.3], [-180, 180], [0, 1e6], [0.01, 0.5]].map(([min, max]) => stepOf({ min, max }));
  assert.deepEqual(steps, [0.01, 0.002, 2, 10000, 0.002]);
  assert.equal(stepOf({ integer: true, min: 0, max: 8 }), 1);
  assert.deepEqual([shown(0.5, 0.01), shown(0.0125, 0.002), shown(7, 1)], ["0.50", "0.013", "7"]);
});

/** A steering whose sends end when the test says so. */
function steered() {
  const story = [];
  const ends = [];
  const steering = new Steering({
    send: (value) => (story.push(["send", value]), new Promise((resolve, reject) => ends.push({ resolve, reject }))),
    show: (value, elsewhere) => story.push(["show", value, elsewhere]),
    settled: (error) => error && story.push(["error", error]),
  });
  const end = async (how = "resolve", why) => {
    ends.shift()[how](why);
    await new Promise((resolve) => setTimeout(resolve, 20));
  };
  return { steering, story, end };
}

test("what others set is shown at once, and as theirs", () => {
  const { steering, story } = steered();
  steering.heard(3);
  assert.deepEqual(story, [["show", 3, true]]);
});

test("a drag is not fought: the model's values wait until it is over", async () => {
  const { steering, story, end } = steered();
  steering.hold();
  steering.edit(1);
  steering.edit(2);
  steering.edit(3);
  steering.heard(1);
  await end();
  await end();
  steering.heard(3);
  assert.deepEqual(story, [["send", 1], ["send", 3]]);
  steering.release();
  assert.deepEqual(story.at(-1), ["show", 3, false]);
});

test("a refused value goes back to the model's", async () => {
  const { steering, story, end } = steered();
  steering.heard(5);
  steering.edit(99);
  await end("reject", "too big");
  assert.deepEqual(story.slice(1), [["send", 99], ["error", "too big"], ["show", 5, false]]);
});

test("keys are bound by names: directions, switches, axes, and digits for actions", () => {
  const axis = { type: "number", minimum: -1, maximum: 1, default: 0 };
  const described = describe(
    schemaOf({
      set_forward: [{ forward: { type: "boolean", default: false } }, "forward"],
      set_move: [{ move: { enum: ["none", "left", "right"], default: "none" } }, "move"],
      set_throttle: [{ throttle: axis }, "throttle"],
      set_size: [{ size: axis }, "size"],
      jump: [{}],
    }),
  );
  const { holds, presses, axes } = bindingsOf(described);
  assert.deepEqual(
    holds.map(({ field, codes, on, off }) => [field, codes[0], on, off]),
    [["forward", "KeyW", true, false], ["move", "KeyA", "left", "none"], ["move", "KeyD", "right", "none"], ["throttle", "KeyS", -1, 0]],
  );
  assert.deepEqual(presses.map(({ event, code }) => [event, code]), [["jump", "Digit1"]]);
  assert.deepEqual(axes.map(({ field, vertical }) => [field, vertical]), [["throttle", true]]);
  assert.deepEqual([keyName("KeyW"), keyName("Digit1"), keyName("ArrowUp")], ["W", "1", "↑"]);
});

test("a choice of targets is no direction", () => {
  const target = { enum: ["lizard", "fish"], default: "lizard" };
  assert.deepEqual(bindingsOf(describe(schemaOf({ set_target: [{ target }, "target"] }))).holds, []);
});

test("a stick rests in its dead zone and reaches both ends", () => {
  const axis = { min: -2, max: 4, rest: 0 };
  assert.deepEqual([0.1, -0.1, 1, -1].map((position) => valueAt(position, axis)), [0, 0, 4, -2]);
});

test("every state of link and model is said", () => {
  const none = { state: "unknown" };
  assert.equal(say("connecting", none, null).word, "Connecting");
  assert.equal(say("reconnecting", none, null).tone, "busy");
  assert.equal(say("ready", { state: "ready" }, null).title, "");
  assert.equal(say("waiting", { state: "failed" }, null).tone, "bad");
  assert.match(say("waiting", { state: "waiting", missing: ["prompt"] }, null).text, /prompt/);
  assert.equal(say("waiting", { state: "loading", progress: { done: 1, total: 4, text: "weights" } }, null).text, "weights");
  assert.ok(say("disconnected", none, { code: "unauthenticated", message: "no" }).token);
  assert.equal(say("connecting", none, { code: "unreachable", message: "no run" }).text, "no run");
});

test("a token is found in a link, or taken as it is", () => {
  assert.equal(tokenIn("http://127.0.0.1:8765/#token=abc"), "abc");
  assert.equal(tokenIn(" abc "), "abc");
});

test("figures are those of the last two seconds", () => {
  const meter = new Meter();
  for (let n = 0; n <= 60; n += 1) meter.show({ codec: "jpeg", width: 4, height: 2, madeMs: n * 50, nbytes: 100 }, n * 50 + 8, n * 50 + 10);
  const read = meter.read(3000, 5);
  assert.equal(Math.round(read.fps), 20);
  assert.equal(read.latencyMs, 15);
  assert.equal(read.decodeMs, 2);
  assert.equal(Math.round(read.nbytesPerS), 2000);
  assert.equal(read.shown, 61);
  assert.equal(meter.read(90_000, 0).fps, 0);
  assert.equal(quantile([], 0.5), 0);
});

test("sizes are short", () => {
  assert.deepEqual([0, 999, 1500, 25_000_000].map(sizeText), ["0 B", "999 B", "1.5 kB", "25 MB"]);
});
