"""The guide's node, as a roboticist would paste it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from conftest import DISTROS, Process, python_of

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "ros2.md"
PROFILE = GUIDE.parents[2] / "bridge" / "reactor_zmq_ros2" / "config" / "fastdds_shm.xml"


def test_the_guides_node(model, bridge, environment, stack, tmp_path):
    """The node of the how-to gets images and an answer."""
    (block,) = re.findall(r"```python\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    path = tmp_path / "watcher.py"
    path.write_text(block)
    model("Shown")
    bridge("eye")
    watcher = Process([python_of("kilted"), str(path)], environment)
    stack.callback(watcher.end)
    assert watcher.said(lambda line: line.startswith('{"type": "gain"'))


@pytest.fixture(params=["given", "its_own"])
def segment(request, environment):
    """The shipped profile on both sides, or none: then the bridge brings it."""
    if request.param == "given":
        environment["FASTRTPS_DEFAULT_PROFILES_FILE"] = str(PROFILE)
        environment["FASTDDS_DEFAULT_PROFILES_FILE"] = str(PROFILE)


@pytest.mark.usefixtures("segment")
@pytest.mark.parametrize("distro", DISTROS)
def test_shared_memory(model, bridge, peer, wait_until, distro):
    """Best-effort video arrives through a segment that holds frames.

    Fast DDS shares memory between nodes of one distribution: others hear it over UDP.
    """
    model("Shown")
    topic = "/eye/main_video/image_raw"
    override = f"qos_overrides.{topic}.publisher.reliability:=best_effort"
    made = bridge("eye", "--ros-args", "-p", override, distro=distro)
    probe = peer(distro)
    probe.ask("subscribe", topic=topic, type="sensor_msgs/msg/Image", reliable=False)

    def share() -> float:
        numbers = [number for number, _ in probe.ask("firsts_of", topic=topic)][-60:]
        return len(numbers) / (numbers[-1] - numbers[0] + 1) if len(numbers) == 60 else 0

    # Without such a segment it is about a third.
    wait_until(lambda: share() > 0.95, "nearly all frames", 30)
    assert "XML" not in made.output + probe.output
