/** The viewer: a page made of what the model says of itself. */

import { Reactor } from "../reactor.js";
import { bindingsOf, keyName } from "./bindings.js";
import { setUpFigures, setUpFullscreen, setUpTabs, setUpTheme } from "./chrome.js";
import { Devices } from "./devices.js";
import { h, the, toast } from "./dom.js";
import { Gamepads } from "./gamepad.js";
import { showFigures } from "./hud.js";
import { Keyboard } from "./keyboard.js";
import { Log } from "./log.js";
import { Panel } from "./panel.js";
import { Recorder } from "./recorder.js";
import { Sound } from "./sound.js";
import { Stage, takeDrops } from "./stage.js";
import { showStatus } from "./status_view.js";
import { Tape } from "./tape.js";
import { keepToken, options } from "./token.js";

const reactor = new Reactor(options());
const log = new Log();

/** @type {import("./panel.js").Send} */
const send = async (type, data) => {
  log.add("sent", type, data);
  try {
    const reply = await reactor.sendCommand(type, data);
    if (reply.type !== "$ok") log.add("reply", reply.type, reply.data);
    if (reply.type !== "$ok") panel.read(reply);
    return reply;
  } catch (error) {
    log.add("error", type, error instanceof Error ? error.message : String(error));
    throw error;
  }
};

const panel = new Panel(send, {
  upload: (file, onProgress) => reactor.uploadFile(file, { onProgress }),
});
const stage = new Stage(reactor, panel);
const sound = new Sound(reactor);
const devices = new Devices(reactor);
const tape = new Tape(reactor);
const recorder = new Recorder(stage, () => sound.stream());

const target = {
  set: (/** @type {string} */ field, /** @type {any} */ value) => panel.rows.get(field)?.set(value),
  press: (/** @type {string} */ event) => panel.buttons.get(event)?.click(),
};
const keyboard = new Keyboard(
  [
    { key: "f", label: "Full screen", run: setUpFullscreen() },
    { key: "c", label: "Screenshot", run: () => void recorder.shoot() },
    { key: "r", label: "Record", run: () => recorder.toggle() },
    { key: "m", label: "Sound", run: () => void sound.toggle() },
    { key: "h", label: "Figures", run: setUpFigures() },
    { key: "l", label: "Controls or messages", run: setUpTabs(() => log.seen()) },
    { key: "t", label: "Light or dark", run: setUpTheme() },
    { key: "?", label: "This help", run: () => keyboard.help() },
  ],
  target,
);
const gamepads = new Gamepads(target, toast);

the("shot").addEventListener("click", () => void recorder.shoot());
the("record").addEventListener("click", () => recorder.toggle());
the("veil-retry").addEventListener("click", () => void reactor.reconnect().catch(() => {}));
the("veil-token").addEventListener("submit", (/** @type {Event} */ event) => {
  event.preventDefault();
  keepToken(the("token").value);
  location.reload();
});
takeDrops(() => [...panel.rows.values()].filter(({ field }) => field.kind === "file"));

reactor.on("statusChanged", ({ status, model, error }) => {
  showStatus(status, model, error);
  if (status === "ready" || status === "waiting") build();
});
reactor.on("schemaReceived", build);
reactor.on("tracksChanged", build);
reactor.on("stateChanged", (state) => panel.follow(state));
reactor.on("statsUpdate", (stats) => showFigures(stats, stage.track));
reactor.on("message", (message) => {
  log.add("message", message.type, message.data);
  panel.read(message);
});
reactor.on("error", (error) => log.add("error", error.code, error.message));

/** Make what depends on the model, once it is known. */
function build() {
  const welcome = reactor.getWelcome();
  if (!welcome) return;
  const fresh = panel.build(reactor.getSchema(), welcome.scope !== "view");
  stage.show();
  tape.show(welcome.recording);
  sound.offer();
  if (welcome.scope !== "view") devices.offer();
  const { title, description } = panel.described;
  document.title = welcome.model?.name || title || "Reactor";
  the("title").textContent = document.title;
  the("subtitle").textContent = welcome.model?.description || description;
  if (fresh) bind(welcome.scope !== "view");
  panel.follow(reactor.getState());
}

/** @param {boolean} steerable */
function bind(steerable) {
  const bindings = steerable ? bindingsOf(panel.described) : { holds: [], presses: [], axes: [] };
  keyboard.bindings = gamepads.bindings = bindings;
  stage.offer(steerable ? panel.described.tools : []);
  for (const { event, code } of bindings.presses) {
    panel.buttons.get(event)?.append(h("kbd", { "aria-hidden": "true" }, keyName(code)));
  }
  for (const { field, codes } of bindings.holds) {
    panel.rows.get(field)?.kbd.append(h("kbd", { "aria-hidden": "true" }, keyName(codes[0] ?? "")));
  }
}

showStatus("connecting", { state: "unknown" }, null);
reactor.connect().catch(() => {}); // The status says why.
Object.assign(globalThis, { reactor });
