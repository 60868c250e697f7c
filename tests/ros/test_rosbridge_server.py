"""The client mode at a rosbridge server that is not ours, with real ROS 2 behind it."""

from __future__ import annotations

import base64
import json
import os
import re
import shlex
import signal
import socket
import sys
from pathlib import Path

import numpy as np
import pytest
from conftest import HERE, VARIABLE, Process, python_of

from reactor_zmq.testing.running import running

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "rosbridge.md"
IMAGE = "sensor_msgs/msg/Image"
STRING = "std_msgs/msg/String"


@pytest.fixture
def port():
    """A port that nobody has."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        return found.getsockname()[1]


@pytest.fixture
def server(environment, stack, tmp_path, port):
    """Return what starts the robot's server, again at the same port."""
    python = python_of("jazzy")
    if not (Path(os.environ[VARIABLE]) / "jazzy" / ".rosbridge").exists():
        pytest.skip("rosbridge-server-rs is not to be had here")

    def start():
        folder = tmp_path / f"links{len(list(tmp_path.glob('links*')))}"
        folder.mkdir()
        peer = str(HERE / "peers" / "rosbridge_server.py")
        made = Process([python, peer, str(port), str(folder)], environment)
        stack.callback(lambda: made.process.poll() is None and made.end(signal.SIGKILL))
        made.said(lambda line: "listening" in line)
        return made

    return start


@pytest.fixture
def visitor(run_directory, stack, port):
    """Return what starts ``reactor-zmq rosbridge``."""

    def start(name, *words):
        command = [sys.executable, "-m", "reactor_zmq.cli.main", "rosbridge", name]
        made = Process([*command, "--to", f"ws://127.0.0.1:{port}", *words], dict(os.environ))
        stack.callback(lambda: made.process.poll() is None and made.end())
        return made

    return start


def linked(line):
    return "is linked" in line


def test_pictures_services_and_commands(model, server, visitor, peer, wait_until):
    """Real ROS 2 nodes get exact pictures, call the services, and command the model."""
    model("Shown")
    server()
    visitor("eye", "--images", "raw", "--most-hz", "10").said(linked)
    probe = peer()
    for name in ("main_video/image_raw", "clear/image_raw"):
        probe.ask("subscribe", topic=f"/eye/{name}", type=IMAGE)
    probe.ask("subscribe", topic="/eye/command_result", type=STRING)
    for name in ("main_video/image_raw", "clear/image_raw"):
        wait_until(lambda name=name: probe.ask("count", topic=f"/eye/{name}"), name, 20)
    clear = probe.ask("last", topic="/eye/clear/image_raw")
    assert base64.b64decode(clear["data"]) == bytes(range(192))
    assert (clear["encoding"], clear["header"]["frame_id"]) == ("rgba8", "clear_optical_frame")
    large = probe.ask("last", topic="/eye/main_video/image_raw")
    frame = np.frombuffer(base64.b64decode(large["data"]), np.uint8).reshape(480, 640, 3)
    assert (frame[1:, :, 1] == np.arange(640) % 256).all()
    called = probe.ask("call", service="/eye/get_gain", type="std_srvs/srv/Trigger")
    assert json.loads(called["message"]) == {"type": "gain", "data": {"gain": 0.5}}
    called = probe.ask("call", service="/eye/set_lit", type="std_srvs/srv/SetBool", data=False)
    assert called == {"success": True, "message": ""}
    command = {"data": json.dumps({"type": "double", "data": {"gain": 0.25}, "id": 9})}

    def answered():
        probe.ask("publish", topic="/eye/command", type=STRING, message=command)
        return probe.ask("count", topic="/eye/command_result")

    wait_until(answered, "the result of a command", 20)
    result = json.loads(probe.ask("last", topic="/eye/command_result")["data"])
    assert result == {"type": "gain", "data": {"gain": 0.5}, "id": 9}


def test_camera_in_over_a_restart(model, server, visitor, peer, wait_until):
    """A camera of ROS 2 feeds the model, and does so again after the robot's server was killed."""
    model("Mirror", "mirror")
    robot = server()
    words = ["--images", "raw", "--remap", "~/camera/image_raw:=/front/image"]
    made = visitor("mirror", *words)
    made.said(linked)
    probe = peer()
    shown = "/mirror/main_video/image_raw"
    probe.ask("subscribe", topic=shown, type=IMAGE)

    def mirrored(level):
        data = bytes([level] * 60)
        message = {"height": 4, "width": 5, "encoding": "rgb8", "step": 15}
        message["data"] = base64.b64encode(data).decode()

        def came():
            probe.ask("publish", topic="/front/image", type=IMAGE, message=message)
            last = probe.ask("last", topic=shown)
            return last and base64.b64decode(last["data"]) == data

        return came

    wait_until(mirrored(10), "the picture", 20)
    robot.end(signal.SIGKILL)
    server()
    wait_until(lambda: sum(map(linked, made.lines)) == 2, "the second link", 20)
    wait_until(mirrored(200), "the picture after the restart", 20)


def test_joints_and_twist(model, server, visitor, peer, wait_until):
    """Joint states of ROS 2 go in; joint states, twists and arrays come out."""
    model("Arm", "arm")
    server()
    visitor("arm").said(linked)
    probe = peer()
    kinds = {
        "/arm/pose/joint_states": "sensor_msgs/msg/JointState",
        "/arm/drive/twist": "geometry_msgs/msg/Twist",
        "/arm/chunk": "std_msgs/msg/Float32MultiArray",
    }
    for topic, kind in kinds.items():
        probe.ask("subscribe", topic=topic, type=kind)
    joints = {"name": ["knee", "hip", "ankle"], "position": [0.5, 1.0, 2.0]}

    def moved():
        kind = "sensor_msgs/msg/JointState"
        probe.ask("publish", topic="/arm/joints/joint_states", type=kind, message=joints)
        last = probe.ask("last", topic="/arm/pose/joint_states")
        return last and last["position"] == [2.0, 1.0, 4.0]

    wait_until(moved, "the joints, doubled", 20)
    for topic in kinds:
        wait_until(lambda topic=topic: probe.ask("count", topic=topic), topic, 20)
    assert probe.ask("last", topic="/arm/drive/twist")["angular"] == {"x": 3.0, "y": 4.0, "z": 5.0}
    assert probe.ask("last", topic="/arm/chunk")["data"] == list(range(6))


def test_the_guides_line(resources, server, stack, visitor, peer, wait_until):
    """The command of the how-to brings JPEG of its model to ROS 2."""
    block = re.search(r"```bash\n(reactor-zmq rosbridge .*?)```", GUIDE.read_text(), re.DOTALL)
    words = shlex.split(block[1])
    assert words[2:5] == ["automaton", "--to", "ws://robot:9090"]
    example = GUIDE.parents[2] / "examples" / "neural_automaton"
    stack.enter_context(running(example, name="automaton"))
    server()
    visitor("automaton", *words[5:]).said(linked)
    probe = peer()
    topic = "/automaton/main_video/image_raw/compressed"
    probe.ask("subscribe", topic=topic, type="sensor_msgs/msg/CompressedImage")
    wait_until(lambda: probe.ask("count", topic=topic), "a picture", 20)
    last = probe.ask("last", topic=topic)
    assert last["format"] == "rgb8; jpeg compressed bgr8"
    assert base64.b64decode(last["data"])[:2] == b"\xff\xd8"
