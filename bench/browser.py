"""What a real Chromium sees of a 720p model through the bridge, all on this machine.

Made → drawn: the clock starts when the model yields a frame (its ``made_ms``) and stops when the
drawing worker's ``drawImage`` has returned; both are Unix time of this one machine. Ceiling: frames
drawn per second while the model makes 200. Event → effect: the clock starts before ``sendCommand``
and stops when the first frame that the event shows in is drawn. ``--seconds`` is for each row.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

from reactor_zmq.testing.running import running

MODELS = Path(__file__).with_name("browser_models.py")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
LATENCIES = [("i420", "stream"), ("jpeg", "stream"), ("h264", "stream"), ("jpeg", "ws")]
CEILINGS = [("i420", "stream"), ("rgba", "stream"), ("jpeg", "stream"), ("jpeg", "ws")]
EVENTS = 100

COLLECT = """async (seconds) => {
  const told = [];
  const off = reactor.on("frame", (f) => told.push([f.madeMs, f.drawnMs, f.missing]));
  await new Promise((resolve) => setTimeout(resolve, 1000 * seconds));
  off();
  return told;
}"""
EFFECTS = """async (count) => {
  const waiting = new Map();
  const now = () => performance.timeOrigin + performance.now();
  reactor.on("frame", (f) => {
    for (const [mark, resolve] of waiting) if (f.metadata.mark >= mark) resolve(f.drawnMs);
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
}"""


def main() -> int:
    """Measure and print a table; 1 when a target was missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=float, default=5.0, help="for each row")
    options = parser.parse_args()
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        print("needs Chromium: sh scripts/get_chromium.sh", file=sys.stderr)
        return 2
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    print(f"{os.cpu_count()} cores, load before: {load}; 1280 x 720, {options.seconds:g} s a row\n")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        good = [
            measure_latency(browser, options.seconds),
            measure_ceiling(browser, options.seconds),
            measure_effect(browser),
        ]
        browser.close()
    return 0 if all(good) else 1


def measure_latency(browser: Any, seconds: float) -> bool:
    """Print how old frames are when they are drawn, at 30 per second."""
    print("made → drawn at 30 fps       p50 ms   p99 ms      fps   missed")
    best = float("inf")
    with bridged("At30") as url:
        for codec, transport in LATENCIES:
            with page_of(browser, f"{url}&codecs={codec}&transport={transport}") as page:
                told = page.evaluate(COLLECT, seconds)
            ages = sorted(drawn - made for made, drawn, _ in told)
            best = min(best, at(ages, 0.5))
            missed = sum(each for *_, each in told)
            figures = f"{at(ages, 0.5):8.1f} {at(ages, 0.99):8.1f} {len(told) / seconds:8.1f}"
            print(f"  {codec:<6}{transport:<18}{figures} {missed:8}")
    return verdict("p50", best, "ms", best <= 15, "at most 15")


def measure_ceiling(browser: Any, seconds: float) -> bool:
    """Print how many frames are drawn per second while more are made than anybody can show."""
    print("ceiling, 200 fps made           fps   p50 ms")
    best = 0.0
    with bridged("At200") as url:
        for codec, transport in CEILINGS:
            with page_of(browser, f"{url}&codecs={codec}&transport={transport}") as page:
                told = page.evaluate(COLLECT, seconds)
            rate = len(told) / seconds
            best = max(best, rate)
            ages = sorted(drawn - made for made, drawn, _ in told)
            print(f"  {codec:<6}{transport:<18}{rate:8.1f} {at(ages, 0.5):8.1f}")
    return verdict("ceiling", best, "fps", best >= 90, "at least 90")


def measure_effect(browser: Any) -> bool:
    """Print how long an event takes to be seen, at 60 frames per second."""
    with bridged("At60") as url, page_of(browser, url) as page:
        took = sorted(page.evaluate(EFFECTS, EVENTS))
    print(f"event → effect at 60 fps, {EVENTS} events: p50 {at(took, 0.5):.1f} ms, ", end="")
    print(f"p99 {at(took, 0.99):.1f} ms")
    return verdict("p50", at(took, 0.5), "ms", at(took, 0.5) <= 40, "at most 40")


def verdict(name: str, value: float, unit: str, good: bool, target: str) -> bool:
    print(f"  best {name} {value:.1f} {unit}: {'ok' if good else 'MISSED'}, target {target}\n")
    return good


def at(values: list[float], share: float) -> float:
    return values[min(len(values) - 1, int(len(values) * share))] if values else float("inf")


@contextmanager
def page_of(browser: Any, url: str) -> Generator[Page]:
    """Open the viewer and wait until a picture has been there for a second."""
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.goto(url)
    page.locator(".tile.live").wait_for()
    page.wait_for_timeout(1000)
    try:
        yield page
    finally:
        page.close()


@contextmanager
def bridged(model: str) -> Generator[str]:
    """Run a model and a bridge; yield the address of the page."""
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
            yield next(line.strip() for line in bridge.stdout if line.startswith("http"))
        finally:
            bridge.send_signal(signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(main())
