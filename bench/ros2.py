"""Model to ROS 2 subscriber, beside rclpy publishing the same pictures itself.

The clock starts when a frame is made (the model yields it; the direct publisher stamps it) and
stops in the subscriber's callback, in a process of its own: reliable, depth 2. *plain* is rclpy as
it comes, *direct* rclpy with the segment of shared memory that the bridge gives itself: what the
bridge is held against. Ways take turns, figures are medians over the rounds; the ratio of rates is
taken round by round. Environments are those of `make test-ros`.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import reactor_zmq
from reactor_zmq.testing.running import running
from reactor_zmq_ros2.segment import PROFILE, VARIABLES

HERE = Path(__file__).resolve().parent
BRIDGE = HERE.parent / "bridge" / "reactor_zmq_ros2"
PEER = HERE / "ros2_peer.py"
SIZES = {"640x480": (640, 480), "720p": (1280, 720)}
SLACK_S = 6

Found = dict[str, float]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rates", type=float, nargs="+", default=[30, 60])
    parser.add_argument("--ros", default=str(HERE.parent / ".ros"), help="folder of environments")
    parser.add_argument("--distro", default="jazzy")
    options = parser.parse_args()
    python = Path(options.ros).resolve() / options.distro / "bin" / "python"
    if not python.exists():
        parser.error(f"there is no {python}: run `make test-ros` first")
    print(f"{'':22}{'plain':>20}{'direct':>20}{'model':>20}{'model / direct':>20}")
    print(f"{'':22}" + 3 * f"{'Hz':>10}{'p50 ms':>10}" + f"{'of rates':>20}")
    for name, (width, height) in SIZES.items():
        for rate_hz in options.rates:
            asked = (str(python), width, height, rate_hz, options.seconds)
            rounds = [[way(*asked) for way in WAYS] for _ in range(options.rounds)]
            print(f"{name:>10} at {rate_hz:3.0f} Hz  {cells(rounds)}", flush=True)


def cells(rounds: list[list[Found]]) -> str:
    """Return medians of each way, and of the last two ways' ratio."""
    told = ""
    for way in zip(*rounds, strict=True):
        for key in ("rate_hz", "p50_ms"):
            told += f"{statistics.median(found[key] or 0 for found in way):10.1f}"
    ratio = statistics.median(
        model["rate_hz"] / max(direct["rate_hz"], 1) for *_, direct, model in rounds
    )
    return f"{told}{ratio:20.2f}"


def plain(python: str, width: int, height: int, rate_hz: float, seconds: float) -> Found:
    """Measure rclpy to rclpy as Fast DDS comes."""
    return published(python, width, height, rate_hz, seconds, {})


def direct(python: str, width: int, height: int, rate_hz: float, seconds: float) -> Found:
    """Measure rclpy to rclpy through a segment that holds frames."""
    profile = dict.fromkeys(VARIABLES, str(PROFILE))
    return published(python, width, height, rate_hz, seconds, profile)


def published(
    python: str, width: int, height: int, rate_hz: float, seconds: float, more: dict[str, str]
) -> Found:
    """Measure rclpy's own publisher, which has ``more`` in its environment."""
    words = [python, str(PEER), "publish", str(width), str(height), str(rate_hz)]
    publisher = subprocess.Popen([*words, str(seconds + SLACK_S)], env={**clean(), **more})
    try:
        return meter(python, "/direct/image_raw", seconds, clean())
    finally:
        publisher.kill()
        publisher.wait()


def model(python: str, width: int, height: int, rate_hz: float, seconds: float) -> Found:
    """Measure model, front end, bridge, rclpy."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XDG_RUNTIME_DIR"] = folder
        options = (f"--model.width={width}", f"--model.height={height}", f"--model.fps={rate_hz}")
        with running(f"{HERE / 'ros2_models.py'}:Plain", *options, name="plain"):
            with reactor_zmq.connect("plain", timeout=20) as client:
                client.wait_ready(20)
            environment = {**clean(), "XDG_RUNTIME_DIR": folder}
            words = [python, str(BRIDGE), "plain"]
            bridge = subprocess.Popen(words, env=environment, stderr=subprocess.DEVNULL)
            try:
                return meter(python, "/plain/main_video/image_raw", seconds, environment)
            finally:
                bridge.terminate()
                bridge.wait()


def meter(python: str, topic: str, seconds: float, environment: dict[str, str]) -> Found:
    """Subscribe and return rate and median age."""
    time.sleep(1)  # for the publisher to be there
    words = [python, str(PEER), "subscribe", topic, str(seconds)]
    done = subprocess.run(
        words, env=environment, capture_output=True, text=True, check=True, timeout=60
    )
    return json.loads(done.stdout)


WAYS = (plain, direct, model)


def clean() -> dict[str, str]:
    """Return an environment without ours: ROS's wheels bring their own."""
    return {
        "PATH": "/usr/bin:/bin",
        "HOME": tempfile.gettempdir(),
        "ROS_DOMAIN_ID": "97",
        "ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST",
    }


if __name__ == "__main__":
    main()
