"""An arm in a room with a lamp, simulated: ``python robot.py NAME [--seconds 10]``."""

from __future__ import annotations

import argparse
import threading
import time

import numpy as np
from numpy.typing import NDArray

import reactor_zmq

CAMERA_HZ, JOINTS_HZ, JOINTS = 30, 100, 7
WIDTH, HEIGHT = 320, 240
X, Y = np.meshgrid(np.arange(WIDTH), np.arange(HEIGHT))


def room(now_s: float) -> NDArray[np.uint8]:
    """Return what the camera sees: a lamp that goes round, (HEIGHT, WIDTH, 3) uint8."""
    x, y = WIDTH * (0.5 + 0.4 * np.cos(now_s)), HEIGHT * (0.5 + 0.4 * np.sin(now_s))
    glow = np.exp(-((X - x) ** 2 + (Y - y) ** 2) / 300)
    return (40 + 215 * glow[..., None] * [1.0, 0.9, 0.6]).astype(np.uint8)


class Arm(threading.Thread):
    """Publishes what the arm feels and sees, and goes where the newest chunk says."""

    def __init__(self, client: reactor_zmq.Client) -> None:
        super().__init__(daemon=True)
        self.client, self.stop = client, threading.Event()
        self.chunk: NDArray[np.float32] | None = None
        self.pose = np.zeros(JOINTS, np.float32)

    def run(self) -> None:
        begin = next_picture = time.monotonic()
        for tick in range(1 << 62):
            if self.stop.wait(max(0.0, begin + tick / JOINTS_HZ - time.monotonic())):
                return
            if self.chunk is not None:
                self.pose = self.pose + (self.chunk[0] - self.pose) / 2
            self.client.publish("joints", self.pose)
            if time.monotonic() >= next_picture:
                next_picture += 1 / CAMERA_HZ
                self.client.publish("camera", room(time.monotonic() - begin))


def follow(client: reactor_zmq.Client, arm: Arm, seconds: float) -> None:
    """Hand chunks to the arm; print once a second how many came and how evenly."""
    end, told, came_ms = time.monotonic() + seconds, time.monotonic(), []
    with client.frames("actions", every=True, timeout=10) as chunks:
        for chunk in chunks:
            arm.chunk = chunk.array.copy()
            now = time.monotonic()
            came_ms.append(now * 1e3)
            if now - told >= 1:
                late = np.abs(np.diff(came_ms) - 20).max()
                misses = client.send("get_punctuality").misses
                base, shoulder = arm.pose[:2]
                rate = f"{len(came_ms) / (now - told):5.1f} chunks/s, at most {late:.1f} ms off"
                print(f"{rate}, {misses} misses, arm at {base:+.2f} {shoulder:+.2f}", flush=True)
                told, came_ms = now, []
            if now > end:
                return


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("name", nargs="?", help="of the run; the only one if left out")
    options.add_argument("--seconds", type=float, default=float("inf"))
    given = options.parse_args()
    with reactor_zmq.connect(given.name) as client:
        client.wait_ready(60)
        arm = Arm(client)
        arm.start()
        try:
            follow(client, arm, given.seconds)
        finally:
            arm.stop.set()
            arm.join()


if __name__ == "__main__":
    main()
