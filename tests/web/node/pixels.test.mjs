import assert from "node:assert/strict";
import { test } from "node:test";

import { Ways } from "../../../bridge/web/frames/pixels.js";

const tried = (times) => {
  const ways = new Ways();
  for (let n = 0; n < 40; n += 1) ways.took(ways.next, times[ways.next][n] ?? times[ways.next][0]);
  return ways.next;
};

test("both ways are tried, and the quicker one stays", () => {
  assert.equal(tried({ draw: [4], copy: [2] }), "copy");
  assert.equal(tried({ draw: [0.1], copy: [2] }), "draw");
});

test("a time with other work in it does not decide", () => {
  assert.equal(tried({ draw: [4], copy: [2, 90, 90, 90, 2] }), "copy");
});

test("what this browser can't do is not tried again", () => {
  const ways = new Ways();
  ways.onlyDraw();
  assert.equal(ways.next, "draw");
  ways.took("draw", 50);
  assert.equal(ways.next, "draw");
});
