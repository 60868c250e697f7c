import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";

import { Backoff, DELAYS_MS } from "../../../bridge/web/backoff.js";
import { Clock } from "../../../bridge/web/clock.js";
import { Connection } from "../../../bridge/web/connection.js";
import { Requests } from "../../../bridge/web/requests.js";
import { FakeSocket } from "./fake_socket.mjs";

const turn = () => new Promise((resolve) => setImmediate(resolve));
let story;

function connection(more = {}) {
  const options = { url: "ws://bridge/ws", token: "t", name: "test", reconnect: true, Socket: FakeSocket, random: () => 0, ...more };
  return new Connection(options, {
    linkChanged: (state, error) => story.push(error ? [state, error.code] : [state]),
    welcomed: (welcome) => story.push(["welcomed", welcome.session]),
    said: ({ type, data }) => story.push([type, data]),
    showed: (record) => story.push(["showed", record.byteLength]),
  });
}

/** A connection whose first link is up. */
function linked(more) {
  const made = connection(more);
  void made.open();
  FakeSocket.last.open();
  FakeSocket.last.say("$welcome", { session: "s1", resumed: false });
  story.length = 0;
  return made;
}

/** Time passes, and what was due happens. */
async function pass(ms) {
  mock.timers.tick(ms);
  await turn();
}

beforeEach((context) => {
  story = [];
  FakeSocket.made = [];
  mock.timers.enable({ apis: ["setTimeout", "Date"] });
  context.after?.(() => mock.timers.reset());
});

test.afterEach(() => mock.timers.reset());

test("hello comes first and carries the token", async () => {
  const made = connection();
  const welcome = made.open();
  FakeSocket.last.open();
  assert.equal(FakeSocket.last.protocol, "reactor.v1");
  assert.deepEqual(FakeSocket.last.sent, [
    { type: "$hello", data: { version: 1, follow_state: true, token: "t", name: "test", resume: null } },
  ]);
  FakeSocket.last.say("$welcome", { session: "s1", resumed: false });
  assert.equal((await welcome).session, "s1");
  assert.deepEqual(story, [["connecting"], ["connected"], ["welcomed", "s1"]]);
});

test("an event gets the reply with its id, whatever else is said", async () => {
  const made = linked();
  const reply = made.requests.ask("get_hue", {});
  const [{ id }] = FakeSocket.last.words.slice(-1);
  FakeSocket.last.say("progress", { step: 1 });
  FakeSocket.last.say("current_hue", { hue: 1 }, id);
  assert.deepEqual((await reply).data, { hue: 1 });
  assert.deepEqual(story, [["progress", { step: 1 }]]);
});

test("a refused event rejects with code, field and text", async () => {
  const made = linked();
  const reply = made.requests.ask("set_hue", { hue: 9 });
  FakeSocket.last.say("$error", { code: "invalid_data", message: "hue is at most 1", field: "hue" }, FakeSocket.last.words.at(-1).id);
  await assert.rejects(reply, { name: "ReactorError", code: "invalid_data", field: "hue", message: "hue is at most 1" });
});

test("an event that nobody answers ends by its timeout, or by the caller's signal", async () => {
  const made = linked();
  const late = assert.rejects(made.requests.ask("a", {}, { timeoutMs: 500 }), { code: "timeout", recoverable: true });
  await pass(500);
  await late;
  const abort = new AbortController();
  const given = assert.rejects(made.requests.ask("b", {}, { signal: abort.signal }), { code: "aborted" });
  abort.abort();
  await given;
  await assert.rejects(made.requests.ask("c", {}, { signal: abort.signal }), { code: "aborted" });
  assert.equal(made.requests.size, 0);
});

test("a broken link is tried again with growing delays, and resumes its session", async () => {
  linked();
  await pass(3000);
  FakeSocket.last.break();
  assert.deepEqual(story.splice(0), [["reconnecting", "connection_lost"]]);
  for (const [attempt, delay] of [...DELAYS_MS, 7000].entries()) {
    if (delay) {
      await pass(delay - 1);
      assert.equal(FakeSocket.made.length, attempt + 1);
      await pass(1);
    } else await pass(0);
    assert.equal(FakeSocket.made.length, attempt + 2);
    if (attempt < DELAYS_MS.length) FakeSocket.last.break();
  }
  FakeSocket.last.open();
  assert.equal(FakeSocket.last.sent[0].data.resume, "s1");
  story.length = 0;
  FakeSocket.last.say("$welcome", { session: "s1", resumed: true });
  assert.deepEqual(story, [["connected"], ["welcomed", "s1"]]);
});

test("what waits for its answer is sent again, marked, when the session was kept", async () => {
  const made = linked();
  const reply = made.requests.ask("set_hue", { hue: 1 });
  FakeSocket.last.break();
  await pass(0);
  const later = made.requests.ask("set_hue", { hue: 2 });
  FakeSocket.last.open();
  assert.equal(FakeSocket.last.words.length, 1);
  FakeSocket.last.say("$welcome", { session: "s1", resumed: true });
  const [, first, second] = FakeSocket.last.words;
  assert.deepEqual(first, { type: "set_hue", data: { hue: 1 }, id: "1", again: true });
  assert.deepEqual(second, { type: "set_hue", data: { hue: 2 }, id: "2" });
  FakeSocket.last.say("$ok", {}, "1");
  FakeSocket.last.say("$ok", {}, "2");
  await Promise.all([reply, later]);
});

test("what was sent is refused when the session is gone, what was not is sent", async () => {
  const made = linked();
  const lost = assert.rejects(made.requests.ask("a", {}), { code: "connection_lost", recoverable: true });
  FakeSocket.last.break();
  await pass(0);
  const kept = made.requests.ask("b", {});
  FakeSocket.last.open();
  FakeSocket.last.say("$welcome", { session: "s2", resumed: false });
  await lost;
  assert.deepEqual(FakeSocket.last.words.slice(1).map(({ type }) => type), ["b"]);
  FakeSocket.last.say("$ok", {}, "2");
  await kept;
});

test("what is asked as soon as the link is there belongs to it", async () => {
  const made = connection();
  made.listener.welcomed = () => (made.asked = made.requests.ask("$ticket", {}));
  void made.open();
  FakeSocket.last.open();
  FakeSocket.last.say("$welcome", { session: "s1", resumed: false });
  FakeSocket.last.say("$ticket", { ticket: "x" }, FakeSocket.last.words.at(-1).id);
  assert.equal((await made.asked).data.ticket, "x");
});

test("control words speak of their link: they are never sent again", async () => {
  const made = linked();
  const lost = assert.rejects(made.requests.ask("$view", {}), { code: "connection_lost" });
  FakeSocket.last.break();
  await pass(0);
  FakeSocket.last.open();
  FakeSocket.last.say("$welcome", { session: "s1", resumed: true });
  await lost;
});

for (const [code, word] of [[4401, "unauthenticated"], [4403, "forbidden"]]) {
  test(`close code ${code} ends it: trying again would not help`, async () => {
    const opened = connection().open();
    FakeSocket.last.open();
    FakeSocket.last.break(code);
    await assert.rejects(opened, { code: word, recoverable: false });
    await pass(60_000);
    assert.equal(FakeSocket.made.length, 1);
    assert.deepEqual(story.at(-1), ["disconnected", word]);
  });
}

test("a refusal's own words are what is told", async () => {
  void connection().open();
  FakeSocket.last.open();
  FakeSocket.last.say("$error", { code: "too_many", message: "8 browsers are the most" });
  FakeSocket.last.break(4429);
  assert.deepEqual(story.at(-1), ["connecting", "too_many"]);
});

test("a link without a word for eight seconds is given up", async () => {
  linked();
  await pass(400);
  for (let n = 0; n < 10; n += 1) await pass(2000);
  assert.equal(FakeSocket.made[0].closed, 4000);
  assert.ok(FakeSocket.made.length > 1);
});

test("a socket that never opens is given up", async () => {
  void connection().open();
  await pass(8000);
  await pass(0);
  assert.equal(FakeSocket.made.length, 2);
});

test("disconnecting says goodbye and refuses what waits", async () => {
  const made = linked();
  const waiting = assert.rejects(made.requests.ask("a", {}), { code: "disconnected" });
  made.close();
  await waiting;
  assert.equal(FakeSocket.last.words.at(-1).type, "$bye");
  assert.deepEqual(story, [["disconnected"]]);
  await pass(60_000);
  assert.equal(FakeSocket.made.length, 1);
});

test("without reconnect the first break is the end", async () => {
  linked({ reconnect: false });
  FakeSocket.last.break(1001);
  assert.deepEqual(story, [["disconnected", "connection_lost"]]);
});

test("retry leaves the old link and takes a new one at once", async () => {
  const made = linked();
  const [old] = FakeSocket.made;
  void made.retry();
  assert.equal(FakeSocket.made.length, 2);
  old.break();
  assert.deepEqual(story, [["reconnecting"]]);
});

test("garbage harms nothing; binary is a frame", async () => {
  linked();
  for (const data of ["", "{", "[]", "7", "null", '{"type":5}']) FakeSocket.last.onmessage({ data });
  FakeSocket.last.onmessage({ data: new ArrayBuffer(9) });
  assert.deepEqual(story, [["showed", 9]]);
});

test("delays grow to seven seconds, jitter on top", () => {
  const backoff = new Backoff(() => 1);
  assert.deepEqual(Array.from({ length: 7 }, () => backoff.next()), [...DELAYS_MS, 7000].map((ms) => ms * 1.25));
  backoff.reset();
  assert.equal(backoff.next(), 0);
});

test("the clock trusts the quickest round trip", () => {
  const clock = new Clock();
  assert.equal(clock.offsetMs, 0);
  clock.add(1000, 5040, 1080);
  clock.add(2000, 6001, 2002);
  clock.add(3000, 7900, 3100);
  clock.add(4000, 1, 3999);
  assert.equal(clock.offsetMs, 4000);
  assert.equal(clock.roundTripMs, 2);
  clock.reset();
  assert.equal(clock.offsetMs, 0);
});

test("what has left once stays marked, though it could not leave again", async () => {
  const sent = [];
  let open = true;
  const requests = new Requests((text) => open && Boolean(sent.push(JSON.parse(text))));
  const reply = requests.ask("add", {});
  open = false;
  requests.linked(true);
  open = true;
  requests.linked(true);
  assert.deepEqual(sent.map(({ again }) => again), [undefined, true]);
  requests.answered({ type: "$ok", data: {}, id: "1" });
  await reply;
});
