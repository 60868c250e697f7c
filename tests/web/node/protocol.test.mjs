import assert from "node:assert/strict";
import { test } from "node:test";

import { sourceOf, readRecords } from "../../../bridge/web/frames/source.js";
import { codecOf } from "../../../bridge/web/frames/h264.js";
import { CODECS, Kind, decodeHeader, decodeRecord, encodeRecord, isOlder, metadataOf } from "../../../bridge/web/protocol.js";

const record = (more = {}) => ({
  kind: Kind.VIDEO,
  codec: "i420",
  track: 3,
  epoch: 5,
  seq: 7,
  madeMs: 1_700_000_000_000.5,
  width: 640,
  height: 480,
  missing: 2,
  metadata: new TextEncoder().encode('{"a":"t"}'),
  payload: Uint8Array.of(1, 2, 3),
  ...more,
});

test("a record survives its bytes", () => {
  const { nbytes, metadata, payload, ...read } = decodeRecord(encodeRecord(record()));
  assert.equal(nbytes, 48 + 9 + 3);
  assert.deepEqual([...payload], [1, 2, 3]);
  assert.deepEqual(metadataOf({ metadata }), { a: "t" });
  assert.deepEqual(read, {
    kind: 1, codec: "i420", key: true, discontinuity: false, track: 3, epoch: 5, seq: 7,
    madeMs: 1_700_000_000_000.5, width: 640, height: 480, missing: 2, metadataNbytes: 9,
  });
});

test("each field stands at its place", () => {
  const view = new DataView(encodeRecord(record({ codec: "h264", key: false, discontinuity: true })).buffer);
  assert.deepEqual(
    [view.getUint32(0, true), view.getUint8(4), view.getUint8(5), view.getUint8(6), view.getUint8(7)],
    [56, 1, 1, 3, 2],
  );
  assert.deepEqual(
    [view.getUint16(8, true), view.getUint32(12, true), view.getBigUint64(16, true), view.getFloat64(24, true)],
    [3, 5, 7n, 1_700_000_000_000.5],
  );
  assert.deepEqual([32, 36, 40, 44].map((at) => view.getUint32(at, true)), [640, 480, 2, 9]);
});

test("what is no record is refused with the reason", () => {
  const bytes = encodeRecord(record());
  const broken = (at, value) => {
    const copy = bytes.slice();
    copy[at] = value;
    return () => decodeRecord(copy);
  };
  assert.throws(broken(4, 9), /version 9 is not 1/);
  assert.throws(broken(6, 77), /codec 77 is not known/);
  assert.throws(broken(3, 255), /are more than/);
  assert.throws(broken(47, 1), /of metadata/);
  assert.throws(() => decodeRecord(bytes.subarray(0, 20)), /are no record/);
  assert.throws(() => decodeRecord(bytes.subarray(0, 55)), /has 55/);
  assert.throws(() => encodeRecord(record({ codec: "gif" })), /gif is not known/);
});

test("metadata that is no JSON is nothing", () => {
  assert.equal(metadataOf({ metadata: Uint8Array.of(255, 1) }), null);
  assert.equal(metadataOf({ metadata: new Uint8Array(0) }), null);
});

test("any forty-eight bytes are a header or a RangeError", () => {
  let seed = 1;
  const next = () => (seed = (seed * 48271) % 2147483647) & 255;
  for (let n = 0; n < 3000; n += 1) {
    const bytes = Uint8Array.from({ length: 48 }, next);
    if (n % 2) bytes.set([1, 1, 1, 0], 4);
    try {
      assert.ok(CODECS.includes(decodeHeader(bytes).codec));
    } catch (error) {
      assert.ok(error instanceof RangeError, String(error));
    }
  }
});

test("frames are ordered by epoch, then by seq", () => {
  assert.ok(isOlder({ epoch: 1, seq: 9 }, { epoch: 2, seq: 0 }));
  assert.ok(isOlder({ epoch: 2, seq: 1 }, { epoch: 2, seq: 2 }));
  assert.ok(!isOlder({ epoch: 2, seq: 2 }, { epoch: 2, seq: 2 }));
});

/** A stream that brings its bytes in pieces of the given size. */
function pieces(bytes, size, type) {
  let at = 0;
  return new ReadableStream({
    type,
    pull(controller) {
      if (at >= bytes.length) {
        controller.close();
        return controller.byobRequest?.respond(0);
      }
      controller.enqueue(bytes.slice(at, (at += size)));
    },
  });
}

for (const type of ["bytes", undefined]) {
  test(`records come out of a ${type ?? "default"} stream, however it is cut`, async () => {
    const whole = [0, 1, 2].map((seq) => encodeRecord(record({ seq, payload: new Uint8Array(1000 * seq).fill(seq) })));
    const bytes = Uint8Array.from(whole.flatMap((one) => [...one]));
    for (const size of [1, 47, 48, 49, 700, 5000]) {
      const seen = [];
      for await (const { seq, payload } of readRecords(pieces(bytes, size, type))) seen.push([seq, payload.length, payload.at(-1)]);
      assert.deepEqual(seen, [[0, 0, undefined], [1, 1000, 1], [2, 2000, 2]]);
    }
  });

  test(`a ${type ?? "default"} stream that ends inside a record ends without it`, async () => {
    const bytes = encodeRecord(record());
    const seen = [];
    for await (const one of readRecords(pieces(bytes.subarray(0, 50), 20, type))) seen.push(one);
    assert.deepEqual(seen, []);
    assert.equal(await sourceOf(pieces(bytes, 20, type)).take(1000), null);
  });
}

test("the codec text is read from the parameter set", () => {
  assert.equal(codecOf(Uint8Array.of(0, 0, 0, 1, 0x67, 0x42, 0xc0, 0x0a, 9)), "avc1.42c00a");
  assert.equal(codecOf(Uint8Array.of(0, 0, 1, 0x09, 0xf0, 0, 0, 1, 0x27, 0x64, 0, 0x1f, 7)), "avc1.64001f");
  assert.equal(codecOf(Uint8Array.of(0, 0, 1, 0x41, 1, 2, 3, 4)), null);
});
