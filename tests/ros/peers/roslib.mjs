// Peer: roslib, as npm has it; prints what it saw as JSON. roslib.mjs PORT TOKEN
import { Ros, Service, Topic } from "roslib";

const [port, token] = process.argv.slice(2);
const ros = new Ros();
ros.on("error", (error) => { console.error(error); process.exit(1); });
await ros.connect(`ws://127.0.0.1:${port}/rosbridge`);
ros.authenticate(token, "client", "dest", "rand", 0, "level", 0);

const first = (name, messageType, compression) => new Promise((resolve) => {
  const topic = new Topic({ ros, name, messageType, compression, throttle_rate: 20 });
  topic.subscribe((message) => { topic.unsubscribe(); resolve(message); });
});
const called = (name, request) => new Promise((resolve, reject) => {
  new Service({ ros, name, serviceType: "std_srvs/srv/Trigger" }).callService(request, resolve, reject);
});

const json = await first("/shown/clear/image_raw", "sensor_msgs/Image", "none");
const cbor = await first("/shown/clear/image_raw", "sensor_msgs/msg/Image", "cbor");
const gain = await called("/shown/get_gain", {});
console.log(JSON.stringify({
  json: [...Buffer.from(json.data, "base64")],
  cbor: [...cbor.data],
  encoding: cbor.encoding,
  gain: JSON.parse(gain.message).data.gain,
}));
process.exit(0);
