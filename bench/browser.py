"""What a real Chromium sees of a model through the bridge, all on this machine.

| figure | its clock starts | and stops | left out |
|---|---|---|---|
| made → drawn | when the model yields the frame: ``made_ms`` of its record | when the drawing worker's call that puts the picture on the canvas has returned | the screen: Chromium composes the page after that, at its own 60 per second |
| ceiling | in the page, after a warm-up; frames that are drawn are counted | ``--seconds`` later | the screen, as above |
| event → effect | in the page, before ``sendCommand`` | when the first frame that the event shows in has been drawn, as above | |
| twenty viewers | with a viewer's first record after the warm-up | with its last | browsers: the viewers are Python programs that acknowledge as browsers do, because twenty Chromiums would measure themselves |

All times are Unix time of this one machine. The model's pictures are made before the clock starts;
each costs it one copy. Ceiling: the model makes 120 per second, more than is to be shown; what it
and the front end spend on those that nobody sees is part of the figure, and one near 120 is the
model's own limit: the browser's lies above. CPU is that of the bridge's
process and of all of Chromium's, from /proc, per frame that was drawn. Rows are measured one after
the other, by one page each; nothing runs beside them, so look at the load that is printed first.
"""  # noqa: E501 - a table

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
from chromium import Chromium, Page, cpu_s, find_chromium, launched

from bridge import measure, own_rate, row
from reactor_zmq.testing.running import running

MODELS = Path(__file__).with_name("browser_models.py")
LATENCIES = [("i420", "stream"), ("jpeg", "stream"), ("h264", "stream"), ("jpeg", "ws")]
CEILINGS = [("i420", "stream"), ("jpeg", "stream"), ("rgba", "stream"), ("jpeg", "ws")]
PARTS = ("latency", "ceiling", "effect", "twenty")
EVENTS = 100
WARM_UP_S = 1.5
VIEWERS = 20
LEAST_SHARE = 0.98

COLLECT = """(async (seconds) => {
  const told = [];
  const off = reactor.on("frame", (f) => told.push([f.madeMs, f.drawnMs, f.missing]));
  await new Promise((resolve) => setTimeout(resolve, 1000 * seconds));
  off();
  return told;
})(%s)"""
EFFECTS = """(async (count) => {
  const waiting = new Map();
  const now = () => performance.timeOrigin + performance.now();
  reactor.on("frame", ({ metadata, drawnMs }) => {
    for (const [mark, resolve] of waiting) if (metadata.mark >= mark) resolve(drawnMs);
  });
  const took = [];
  for (let mark = 1; mark <= count; mark += 1) {
    await new Promise((resolve) => setTimeout(resolve, 20 + 40 * Math.random()));
    const drawn = new Promise((resolve) => waiting.set(mark, resolve));
    const began = now();
    await reactor.sendCommand("set_mark", { mark });
    took.push((await drawn) - began);
    waiting.delete(mark);
  }
  return took;
})(%s)"""


@dataclass
class Bridged:
    """A model with a bridge before it."""

    url: str
    pid: int


@dataclass
class Seen:
    """What one page drew: ``(made, drawn, missing)``, and the CPU in milliseconds per frame."""

    told: list[list[float]]
    seconds: float
    bridge_ms: float
    browser_ms: float

    @property
    def rate_hz(self) -> float:
        return len(self.told) / self.seconds

    def age_ms(self, share: float) -> float:
        return at(sorted(drawn - made for made, drawn, _ in self.told), share)

    def __str__(self) -> str:
        missed = sum(int(each) for *_, each in self.told)
        return (
            f"{self.rate_hz:7.1f} {self.age_ms(0.5):8.1f} {self.age_ms(0.99):8.1f} {missed:8} "
            f"{self.bridge_ms:9.2f} {self.browser_ms:9.2f}"
        )


HEAD = f"{'fps':>7} {'p50 ms':>8} {'p99 ms':>8} {'missed':>8} {'bridge':>9} {'browser':>9}  CPU ms"


def main() -> int:
    """Measure and print a table; 1 when a target was missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=float, default=8.0, help="for each row")
    parser.add_argument("--only", choices=PARTS, default=None)
    options = parser.parse_args()
    path = find_chromium()
    if path is None:
        print("needs Chromium: sh scripts/get_chromium.sh", file=sys.stderr)
        return 2
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    print(f"{os.cpu_count()} cores, load before: {load}; {options.seconds:g} s a row\n")
    with launched(path) as (pid, port):
        good = asyncio.run(in_chromium(pid, port, options.only, options.seconds))
    if options.only in (None, "twenty"):
        good.append(measure_twenty(options.seconds))
    return 0 if all(good) else 1


async def in_chromium(pid: int, port: int, only: str | None, seconds: float) -> list[bool]:
    """Measure what needs a browser; return what was good enough."""
    good: list[bool] = []
    async with aiohttp.ClientSession() as http:
        browser = Chromium(pid, port, http)
        if only in (None, "latency"):
            good.append(await measure_latency(browser, seconds))
        if only in (None, "ceiling"):
            good.append(await measure_ceiling(browser, seconds))
        if only in (None, "effect"):
            good.append(await measure_effect(browser))
    return good


async def measure_latency(browser: Chromium, seconds: float) -> bool:
    """Print how old frames are when they are drawn, at 30 per second."""
    print(f"{'720p at 30 fps: made → drawn':<30}{HEAD}")
    best = float("inf")
    with bridged("At30") as run:
        for codec, transport in LATENCIES:
            seen = await look(browser, run, codec, transport, seconds)
            best = min(best, seen.age_ms(0.5))
            print(f"  {codec:<6}{transport:<22}{seen}", flush=True)
    return verdict("p50", best, "ms", "at most 15", good=best <= 15)


async def measure_ceiling(browser: Chromium, seconds: float) -> bool:
    """Print how many frames are drawn per second while more are made than are to be shown."""
    print(f"{'720p, 120 fps made: ceiling':<30}{HEAD}")
    best = 0.0
    with bridged("At120") as run:
        for codec, transport in CEILINGS:
            seen = await look(browser, run, codec, transport, seconds)
            if transport == "stream" and codec in ("jpeg", "i420"):
                best = max(best, seen.rate_hz)
            print(f"  {codec:<6}{transport:<22}{seen}", flush=True)
    return verdict("jpeg or i420 over fetch", best, "fps", "at least 90", good=best >= 90)


async def measure_effect(browser: Chromium) -> bool:
    """Print how long an event takes to be seen, at 60 frames per second."""
    with bridged("At60") as run:
        async with page_of(browser, run.url) as page:
            took = sorted(await page.evaluate(EFFECTS % EVENTS))
    print(f"720p at 60 fps, {EVENTS} events: event → effect p50 {at(took, 0.5):.1f} ms, ", end="")
    print(f"p99 {at(took, 0.99):.1f} ms")
    p50 = at(took, 0.5)
    return verdict("p50", p50, "ms", "at most 40", good=p50 <= 40)


def measure_twenty(seconds: float) -> bool:
    """Print what twenty viewers of one model cost, and what they do to its rate."""
    alone = own_rate((480, 640), 30, seconds)
    print(f"480p at 30 fps, {VIEWERS} viewers; the model with no bridge: {alone:.1f} fps")
    print(f"{'':<22} {'kB/frame':>8} {'p50 ms':>7} {'p99 ms':>7} {'CPU ms':>8} "
          f"{'fps':>7} {'model':>7}  CPU of the bridge, per viewer-frame")  # fmt: skip
    worst = float("inf")
    for codec in ("jpeg", "h264"):
        seen, cpu_ms = measure((480, 640), 30, codec, VIEWERS, seconds)
        print(row(f"  {codec}", seen, cpu_ms), flush=True)
        worst = min(worst, sum(each.model_hz for each in seen) / len(seen) / alone)
    return verdict(
        "model's rate", 100 * worst, "% of alone", "at least 98", good=worst >= LEAST_SHARE
    )


def verdict(name: str, value: float, unit: str, target: str, *, good: bool) -> bool:
    print(
        f"  {name} {value:.1f} {unit}: {'ok' if good else 'MISSED'}, target {target}\n", flush=True
    )
    return good


def at(values: list[float], share: float) -> float:
    return values[min(len(values) - 1, int(len(values) * share))] if values else float("inf")


async def look(browser: Chromium, run: Bridged, codec: str, transport: str, seconds: float) -> Seen:
    """Watch in one way for so long."""
    async with page_of(browser, f"{run.url}&codecs={codec}&transport={transport}") as page:
        before = cpu_s(run.pid), browser.cpu_s()
        told = await page.evaluate(COLLECT % json.dumps(seconds))
        after = cpu_s(run.pid), browser.cpu_s()
    bridge_ms, browser_ms = (
        1e3 * (b - a) / max(len(told), 1) for a, b in zip(before, after, strict=True)
    )
    return Seen(told, seconds, bridge_ms, browser_ms)


@asynccontextmanager
async def page_of(browser: Chromium, url: str) -> AsyncIterator[Page]:
    """Open the viewer and wait until a picture has been there for a while."""
    async with browser.page(url) as page:
        await page.until("Boolean(document.querySelector('.tile.live'))")
        await asyncio.sleep(WARM_UP_S)
        yield page


@contextmanager
def bridged(model: str) -> Iterator[Bridged]:
    """Run a model and a bridge."""
    with (
        tempfile.TemporaryDirectory(prefix="rz-", dir="/tmp") as folder,
        running(f"{MODELS}:{model}", name="bench", env={"XDG_RUNTIME_DIR": folder}) as run,
        subprocess.Popen(
            [
                *(sys.executable, "-m", "reactor_zmq.cli.main", "bridge"),
                *(str(run.connection_file), "--port", "0", "--sessions-per-address", "32"),
            ],
            stdout=subprocess.PIPE,
            text=True,
        ) as bridge,
    ):
        assert bridge.stdout is not None
        try:
            url = next(line.strip() for line in bridge.stdout if line.startswith("http"))
            yield Bridged(url, bridge.pid)
        finally:
            bridge.send_signal(signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(main())
