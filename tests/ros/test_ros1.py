"""The ROS 1 bridge beside a real rospy, master and all; skipped where the system has none."""

from __future__ import annotations

import base64
import json
import os
import shutil
import signal
import socket
import subprocess
import sys

import numpy as np
import pytest
from conftest import BRIDGE, HERE, Peer, Process

PYTHON = "/usr/bin/python3"
IMAGE = "sensor_msgs/Image"
STRING = "std_msgs/String"


@pytest.fixture
def ros1(environment, stack, wait_until):
    """A master of the test's own, and the environment in which to find it; or skip."""
    probed = [PYTHON, "-c", "import rospy, zmq, sensor_msgs, diagnostic_msgs, std_srvs"]
    if not shutil.which("rosmaster") or subprocess.run(probed, check=False).returncode:
        pytest.skip("this system has no ROS 1: apt-get install python3-rospy python3-rosmaster …")
    with socket.create_server(("127.0.0.1", 0)) as found:
        port = found.getsockname()[1]
    environment |= {
        "ROS_MASTER_URI": f"http://127.0.0.1:{port}",
        "ROS_IP": "127.0.0.1",
        "PYTHONUNBUFFERED": "1",
    }
    master = Process(["rosmaster", "--core", "-p", str(port)], environment)
    stack.callback(master.end, signal.SIGKILL)

    def answers():
        with socket.socket() as line:
            return line.connect_ex(("127.0.0.1", port)) == 0

    wait_until(answers, "the master", 20)
    return environment


@pytest.fixture
def node(ros1, stack):
    """Return what starts the bridge."""

    def start(*words):
        made = Process([PYTHON, str(BRIDGE.parent / "reactor_zmq_ros1"), *words], ros1)
        stack.callback(lambda: made.process.poll() is None and made.end())
        made.said(lambda line: "is linked" in line)
        return made

    return start


@pytest.fixture
def probe(ros1, stack):
    """A node of another process: see peers/probe1.py."""
    made = Peer([PYTHON, str(HERE / "peers" / "probe1.py")], ros1)
    stack.callback(made.end, signal.SIGKILL)
    made.said(lambda line: line == "ready")
    return made


def test_pictures(model, node, probe, wait_until):
    """Exact pixels, JPEG or PNG, the calibration, all with the model's stamp."""
    model("Shown")
    node("eye")
    topics = {
        "/eye/main_video/image_raw": IMAGE,
        "/eye/clear/image_raw": IMAGE,
        "/eye/gray/image_raw/compressed": "sensor_msgs/CompressedImage",
        "/eye/main_video/camera_info": "sensor_msgs/CameraInfo",
        "/diagnostics": "diagnostic_msgs/DiagnosticArray",
    }
    for topic, kind in topics.items():
        probe.ask("subscribe", topic=topic, type=kind)
    for topic in topics:
        wait_until(lambda topic=topic: probe.ask("count", topic=topic), topic, 20)
    large = probe.ask("last", topic="/eye/main_video/image_raw")
    assert (large["height"], large["width"], large["encoding"]) == (480, 640, "rgb8")
    frame = np.frombuffer(base64.b64decode(large["data"]), np.uint8).reshape(480, 640, 3)
    assert (frame[1:, :, 0] == (np.arange(1, 480) % 256)[:, None]).all()
    assert (frame[1:, :, 1] == np.arange(640) % 256).all()
    assert large["header"]["frame_id"] == "main_video_optical_frame"
    assert large["header"]["stamp"]["secs"] > 1_000_000_000
    clear = probe.ask("last", topic="/eye/clear/image_raw")
    assert base64.b64decode(clear["data"]) == bytes(range(192))
    small = probe.ask("last", topic="/eye/gray/image_raw/compressed")
    assert small["format"].startswith("mono8; ")
    assert probe.ask("last", topic="/eye/main_video/camera_info")["K"] == [0.0] * 9
    (health,) = probe.ask("last", topic="/diagnostics")["status"]
    assert (health["level"], health["message"]) == (0, "ready")


def test_services_commands_and_velocities(model, node, probe, wait_until):
    """Services answer, commands get results, a velocity moves the state, messages come."""
    model("Shown")
    node("eye", "__name:=front", "_twist_map:=['set_level.level = 200 * linear.x']")
    for name in ("state", "events", "command_result"):
        probe.ask("subscribe", topic=f"/front/{name}", type=STRING)
    got = probe.ask("call", service="/front/get_gain", type="std_srvs/Trigger")
    assert (got["success"], json.loads(got["message"])["data"]) == (True, {"gain": 0.5})
    got = probe.ask("call_with", service="/front/set_lit", type="std_srvs/SetBool", data=False)
    assert got == {"success": True, "message": ""}
    command = {"data": json.dumps({"type": "double", "data": {"gain": 2}, "id": 9})}

    def answered():
        probe.ask("publish", topic="/front/command", type=STRING, message=command)
        return probe.ask("count", topic="/front/command_result")

    wait_until(answered, "the result of a command", 20)
    result = json.loads(probe.ask("last", topic="/front/command_result")["data"])
    assert (result["type"], result["data"]["code"], result["id"]) == ("$error", "invalid_data", 9)
    probe.ask("call", service="/front/announce", type="std_srvs/Trigger")
    wait_until(lambda: probe.ask("count", topic="/front/events"), "the message", 20)

    def moved():
        message = {"linear": {"x": 0.5}}
        probe.ask("publish", topic="/front/cmd_vel", type="geometry_msgs/Twist", message=message)
        last = probe.ask("last", topic="/front/state")
        return last and json.loads(last["data"])["fields"].get("level") == 100

    wait_until(moved, "the level", 20)


def test_camera_in_over_a_restart_of_the_model(model, node, probe, wait_until):
    """A camera feeds the model, with padding and the other order of colours, and another one."""
    run = model("Mirror", "mirror")
    made = node("mirror", "~camera/image_raw:=/front/image")
    probe.ask("subscribe", topic="/mirror/main_video/image_raw", type=IMAGE)
    rows = np.random.default_rng(3).integers(0, 255, (4, 5, 3), np.uint8)
    padded = np.zeros((4, 18), np.uint8)
    padded[:, :15] = rows[..., ::-1].reshape(4, 15)
    message = {"height": 4, "width": 5, "encoding": "bgr8", "step": 18}
    octets = base64.b64encode(padded.tobytes()).decode()

    def mirrored():
        given = {"topic": "/front/image", "type": IMAGE, "message": message, "octets": octets}
        probe.ask("publish", **given)
        last = probe.ask("last", topic="/mirror/main_video/image_raw")
        return last and base64.b64decode(last["data"]) == rows.tobytes()

    wait_until(mirrored, "the picture", 20)
    run.stop()
    made.said(lambda line: "no link" in line)
    model("Mirror", "mirror")
    rows = rows[::-1].copy()
    octets = base64.b64encode(padded[::-1].tobytes()).decode()
    wait_until(mirrored, "the picture of the next run", 20)


def test_joints(model, node, probe, wait_until):
    """Joint states go in; joint states, twists and arrays come out."""
    model("Arm", "arm")
    node("arm")
    kinds = {
        "/arm/pose/joint_states": "sensor_msgs/JointState",
        "/arm/drive/twist": "geometry_msgs/Twist",
        "/arm/chunk": "std_msgs/Float32MultiArray",
    }
    for topic, kind in kinds.items():
        probe.ask("subscribe", topic=topic, type=kind)
    joints = {"name": ["knee", "hip", "ankle"], "position": [0.5, 1.0, 2.0]}

    def moved():
        topic, kind = "/arm/joints/joint_states", "sensor_msgs/JointState"
        probe.ask("publish", topic=topic, type=kind, message=joints)
        last = probe.ask("last", topic="/arm/pose/joint_states")
        return last and last["position"] == [2.0, 1.0, 4.0]

    wait_until(moved, "the joints, doubled", 20)
    for topic in kinds:
        wait_until(lambda topic=topic: probe.ask("count", topic=topic), topic, 20)
    assert probe.ask("last", topic="/arm/drive/twist")["angular"] == {"x": 3.0, "y": 4.0, "z": 5.0}
    chunk = probe.ask("last", topic="/arm/chunk")
    assert (chunk["data"], [d["size"] for d in chunk["layout"]["dim"]]) == (
        [float(n) for n in range(6)],
        [2, 3],
    )


def test_the_command(model, ros1, stack, run_directory):
    """``reactor-zmq ros1`` becomes the bridge, and ends in order."""
    model("Shown")
    words = ["-m", "reactor_zmq.cli.main", "ros1", "eye", "--python", PYTHON]
    environment = {**ros1, "PYTHONPATH": os.environ.get("PYTHONPATH", "")}
    made = Process([sys.executable, *words], environment)
    made.said(lambda line: "is linked" in line)
    assert made.end() == 0
