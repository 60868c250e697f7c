"""Publish video and watch what comes back: ``python client.py NAME [--camera 0]``."""

from __future__ import annotations

import argparse
import threading
import time
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

import reactor_zmq

FPS, WIDTH, HEIGHT = 30, 320, 240
X, Y = np.meshgrid(np.arange(WIDTH), np.arange(HEIGHT))


def drawn() -> Iterator[NDArray[np.uint8]]:
    """Yield a ball that bounces over a lawn, for those without a camera, FPS times a second."""
    start = time.monotonic()
    for number in range(1 << 62):
        time.sleep(max(0.0, start + number / FPS - time.monotonic()))
        x = WIDTH * (0.5 + 0.4 * np.sin(number / 25))
        y = HEIGHT * (0.78 - 0.6 * abs(np.sin(number / 10)))
        frame = np.stack([60 + Y // 4, 120 + Y // 3, 230 - Y // 2], 2).astype(np.uint8)
        frame[HEIGHT * 5 // 6 :] = (52, 124, 58)
        frame[(X - x) ** 2 + (Y - y) ** 2 < 20**2] = (240, 84, 60)
        yield frame


def filmed(number: int) -> Iterator[NDArray[np.uint8]]:
    """Yield a camera's frames as it gives them."""
    import cv2  # noqa: PLC0415 - only needed with a camera

    camera = cv2.VideoCapture(number)
    while True:
        there, frame = camera.read()
        if not there:
            raise SystemExit(f"camera {number} gives no picture")
        yield np.ascontiguousarray(frame[..., ::-1])  # OpenCV's order is BGR


class Publisher(threading.Thread):
    """Publish frames until it is told to stop."""

    def __init__(self, client: reactor_zmq.Client, frames: Iterator[NDArray[np.uint8]]) -> None:
        super().__init__(daemon=True)
        self.client, self.frames, self.stop = client, frames, threading.Event()

    def run(self) -> None:
        for frame in self.frames:
            if self.stop.is_set():
                return
            self.client.publish("camera", frame, metadata={"filmed_ns": time.monotonic_ns()})


def watch(client: reactor_zmq.Client, seconds: float) -> None:
    """Print once a second how many frames come back, and how long each was under way."""
    end, told, delays_ms, lost = time.monotonic() + seconds, time.monotonic(), [], 0
    with client.frames("main_video", every=True, timeout=10) as frames:
        for frame in frames:
            now = time.monotonic()
            delays_ms.append((now - frame.metadata_json["filmed_ns"] / 1e9) * 1e3)
            lost += frame.gap
            if now - told >= 1:
                median, fps = np.median(delays_ms), len(delays_ms) / (now - told)
                print(f"{fps:5.1f} frames/s  {lost} lost  {median:.1f} ms to and fro", flush=True)
                told, delays_ms = now, []
            if now > end:
                return


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("name", nargs="?", help="of the run; the only one if left out")
    options.add_argument("--camera", type=int, help="an OpenCV camera number")
    options.add_argument("--seconds", type=float, default=float("inf"))
    given = options.parse_args()
    source = drawn() if given.camera is None else filmed(given.camera)
    with reactor_zmq.connect(given.name) as client:
        client.wait_ready(60)
        publisher = Publisher(client, source)
        publisher.start()
        try:
            watch(client, given.seconds)
        finally:
            publisher.stop.set()
            publisher.join()


if __name__ == "__main__":
    main()
