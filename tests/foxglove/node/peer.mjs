// A walk with Foxglove's own libraries: node peer.mjs FOLDER URL; prints what it saw as JSON.
import { createRequire } from "node:module";

const [folder, url] = process.argv.slice(2);
const need = createRequire(`${folder}/`);
const { FoxgloveClient } = need("@foxglove/ws-protocol");
const { parse } = need("@foxglove/rosmsg");
const { MessageReader } = need("@foxglove/rosmsg2-serialization");
const { WebSocket } = need("ws");

const client = new FoxgloveClient({ ws: new WebSocket(url, [FoxgloveClient.SUPPORTED_SUBPROTOCOL]) });
const once = (event, good = () => true) =>
  new Promise((resolve) => client.on(event, (found) => good(found) && resolve(found)));
const encode = (value) => new TextEncoder().encode(JSON.stringify(value));
const decode = (view) => JSON.parse(new TextDecoder().decode(view));
client.on("error", (error) => {
  throw error;
});

const infoCame = once("serverInfo");
const channelsCame = once("advertise");
const servicesCame = once("advertiseServices");
const info = await infoCame;
const channels = new Map((await channelsCame).map((each) => [each.topic, each]));
const services = new Map((await servicesCame).map((each) => [each.name, each]));

async function first(topic, good = () => true) {
  const channel = channels.get(topic);
  const reader = new MessageReader(parse(channel.schema, { ros2: true }));
  const id = client.subscribe(channel.id);
  const read = (message) => reader.readMessage(message.data);
  const found = await once("message", (m) => m.subscriptionId === id && good(read(m)));
  client.unsubscribe(id);
  return { ...read(found), receivedNs: String(found.timestamp) };
}

const image = await first("/Shown/main_video/image_raw");
const jpeg = await first("/Shown/main_video/image_raw/compressed");
const state = await first("/Shown/state");

let calls = 0;
async function call(name, data) {
  const callId = ++calls;
  const answered = (event) => once(event, (found) => found.callId === callId);
  const answers = Promise.race([answered("serviceCallResponse"), answered("serviceCallFailure")]);
  client.sendServiceCallRequest({
    serviceId: services.get(name).id, callId, encoding: "json", data: encode(data),
  });
  const found = await answers;
  return "data" in found ? decode(found.data) : { failure: found.message };
}
const gain = await call("/Shown/double", { gain: 0.25 });
const refused = await call("/Shown/double", { gain: 3 });

const followed = once("parameterValues", ({ id }) => id == undefined);
client.subscribeParameterUpdates(["/Shown.level"]);
const wereSet = once("parameterValues", ({ id }) => id === "set");
client.setParameters([{ name: "/Shown.level", value: 42 }], "set");
const set = (await wereSet).parameters;
const told = (await followed).parameters;

const commands = client.advertise({ topic: "/Shown/command", encoding: "json", schemaName: "Command" });
const changed = first("/Shown/state", ({ data }) => JSON.parse(data).fields.level === 43);
client.sendMessage(commands, encode({ type: "set_level", data: { level: 43 } }));
await changed;

const { data, ...header } = image;
console.log(JSON.stringify({
  info, image: header, row: [...data.slice(300 * 3, 301 * 3)], nbytes: data.length,
  jpeg: [...jpeg.data.slice(0, 2)], format: jpeg.format, state: JSON.parse(state.data),
  gain, refused, set, told, topics: [...channels.keys()],
}));
client.close();
