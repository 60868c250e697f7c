"""Coming and going: lifecycle, restarts of every part, names, health, the command."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import pytest

import reactor_zmq

RAW, IMAGE = "/eye/gray/image_raw", "sensor_msgs/msg/Image"
STRING = "std_msgs/msg/String"


def grows(probe, topic: str) -> bool:
    """Say whether more than a moment's messages have come since this was asked first."""
    before = probe.__dict__.setdefault("before", {}).setdefault(
        topic, probe.ask("count", topic=topic)
    )
    return probe.ask("count", topic=topic) > before + 5


def test_late_join(model, bridge, peer, wait_until):
    """Who comes late hears the state at once: the last one is kept for him."""
    model("Shown")
    bridge("eye")
    probe = peer()
    probe.ask("subscribe", topic="/eye/state", type=STRING, latched=True, depth=1)
    wait_until(lambda: probe.ask("count", topic="/eye/state"))
    told = json.loads(probe.ask("last", topic="/eye/state")["data"])
    assert told["state"] == "ready"
    assert told["fields"]["gain"] == 0.5


def test_bridge_before_model(model, bridge, peer, wait_until):
    """A bridge that is there first waits, says so in its diagnostics, and links when it can."""
    made = bridge("eye", linked=False)
    probe = peer()
    probe.ask("subscribe", topic="/diagnostics", type="diagnostic_msgs/msg/DiagnosticArray")
    wait_until(lambda: probe.ask("count", topic="/diagnostics"))
    (status,) = probe.ask("last", topic="/diagnostics")["status"]
    assert "reactor-zmq run" in status["message"]
    model("Shown")
    made.said(lambda line: "is linked" in line)
    wait_until(lambda: probe.ask("last", topic="/diagnostics")["status"][0]["message"] == "ready")


def test_bridge_killed(model, bridge, peer, wait_until):
    """A bridge that is killed and started again goes on for the subscribers it had."""
    model("Shown")
    first = bridge("eye")
    probe = peer()
    probe.ask("subscribe", topic=RAW, type=IMAGE)
    wait_until(lambda: probe.ask("count", topic=RAW) > 5)
    first.end(signal.SIGKILL)
    probe.before = {}
    bridge("eye", distro="kilted")
    wait_until(lambda: grows(probe, RAW))


def test_front_end_killed(model, bridge, peer, wait_until):
    """The bridge survives its front end, and goes on with the next run of that name."""
    run = model("Shown")
    made = bridge("eye")
    probe = peer()
    probe.ask("subscribe", topic=RAW, type=IMAGE)
    wait_until(lambda: probe.ask("count", topic=RAW) > 5)
    run.process.kill()
    made.said(lambda line: "no link" in line)
    made.lines.clear()
    model("Shown")
    made.said(lambda line: "is linked" in line)
    probe.before = {}
    wait_until(lambda: grows(probe, RAW))
    assert probe.ask("call", service="/eye/get_gain", type="std_srvs/srv/Trigger")["success"]


def test_actor_killed(model, bridge, peer, wait_until):
    """An actor's death is a pause: images go on, and nothing is built anew."""
    run = model("Shown")
    bridge("eye")
    probe = peer()
    probe.ask("subscribe", topic=RAW, type=IMAGE)
    wait_until(lambda: probe.ask("count", topic=RAW) > 5)
    run.kill_actor()
    probe.before = {}
    wait_until(lambda: grows(probe, RAW))


def test_lifecycle(model, bridge, peer, wait_until):
    """A manager configures, activates and stops the node as any managed node."""
    model("Shown")
    bridge("eye", "--ros-args", "-p", "autostart:=false", linked=False)
    probe = peer()

    def change(transition: int) -> None:
        asked = {"transition": {"id": transition}}
        kind = "lifecycle_msgs/srv/ChangeState"
        assert probe.ask("call", service="/eye/change_state", type=kind, **asked)["success"]

    change(1)  # configure
    change(3)  # activate
    probe.ask("subscribe", topic=RAW, type=IMAGE)
    wait_until(lambda: probe.ask("count", topic=RAW) > 5)
    change(4)  # deactivate
    with reactor_zmq.connect("eye", timeout=20) as client:
        wait_until(lambda: client.refresh_status().viewers == 0)
        refused = probe.ask("call", service="/eye/get_gain", type="std_srvs/srv/Trigger")
        assert "inactive" in refused["message"]
        change(2)  # clean up
        wait_until(lambda: client.refresh_status().clients == 1)
    change(1)
    change(3)
    probe.before = {}
    wait_until(lambda: grows(probe, RAW))


def test_names(model, bridge, peer, wait_until):
    """Namespace, node name and topics are remapped as those of any node."""
    model("Shown")
    words = ("-r", "__ns:=/robot", "-r", "__node:=cam", "-r", "~/gray/image_raw:=/front/image")
    bridge("eye", "--ros-args", *words)
    probe = peer()
    probe.ask("subscribe", topic="/front/image", type=IMAGE)
    wait_until(lambda: probe.ask("count", topic="/front/image"))
    assert probe.ask("get_parameter", node="/robot/cam", name="gain") == 0.5


def test_ends_in_order(model, bridge, wait_until):
    """Ctrl-C ends the bridge with code 0 and no traceback, and the front end has its goodbye."""
    model("Shown")
    made = bridge("eye")
    assert made.end() == 0
    assert "Traceback" not in made.output
    with reactor_zmq.connect("eye", timeout=20) as client:
        assert client.refresh_status().clients == 1


def test_command(model, environment, stack):
    """`reactor-zmq ros2` becomes the bridge in the Python that it is told."""
    from conftest import Process, python_of  # noqa: PLC0415 - the one that lies beside

    model("Shown")
    words = [sys.executable, "-m", "reactor_zmq.cli.main", "ros2", "eye"]
    words += ["--python", python_of("jazzy"), "--ros-args", "-r", "__node:=other"]
    made = Process(words, {**environment, "PYTHONPATH": os.environ.get("PYTHONPATH", "")})
    stack.callback(made.end)
    assert "[other]" in made.said(lambda line: "is linked" in line)


def test_command_without_ros(environment):
    """Where no Python has rclpy, one line says what to do."""
    words = [sys.executable, "-m", "reactor_zmq.cli.main", "ros2", "eye", "--python", "/bin/false"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "needs a Python with rclpy and pyzmq" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("distro", ["jazzy", "kilted"])
def test_golden_bytes(distro, environment, tmp_path):
    """Rclpy serializes every message of the golden cases to the pinned bytes."""
    from conftest import HERE, python_of  # noqa: PLC0415

    sys.path.insert(0, str(HERE.parent / "ros2"))
    from golden_cases import CASES  # noqa: PLC0415

    path = tmp_path / "cases.json"
    path.write_text(json.dumps(CASES))
    words = ["timeout", "60", python_of(distro), str(HERE / "peers" / "golden.py"), str(path)]
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=True)
    pinned = json.loads((HERE.parent / "ros2" / "golden_cdr.json").read_text())
    assert json.loads(done.stdout) == pinned
