"""What becomes of a model's names, numbers and times in ROS, and of ROS's sticks in a model."""

from __future__ import annotations

from io import BytesIO
from types import SimpleNamespace as Namespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from reactor_zmq_ros2 import calibration, frames, health, tensors
from reactor_zmq_ros2.config_map import ConfigMap, joy_reading, read_rule, twist_reading
from reactor_zmq_ros2.contract import Contract, Event, Value
from reactor_zmq_ros2.decode import decode
from reactor_zmq_ros2.figures import Figures
from reactor_zmq_ros2.frames import Header
from reactor_zmq_ros2.names import input_name, ros_name, service_name
from reactor_zmq_ros2.pictures import best_encoder, png
from reactor_zmq_ros2.sim_clock import SimClock

CONTRACT = Contract(
    "M",
    {
        "move": Event("move", {"x": Value("x", "float", -1, 1), "n": Value("n", "int", 0, 9)}),
        "light": Event("light", {"on": Value("on", "bool")}),
        "reset": Event("reset"),
    },
    {},
)


def header(**fields) -> Header:
    base = {
        "version": 1, "epoch": 1, "seq": 0, "pts_ns": 0, "produced_ns": 0, "sent_ns": 0,
        "shape": (2, 3, 3), "dtype": "|u1", "encoding": "rgb8",
    }  # fmt: skip
    return Header(**{**base, **fields})


@given(st.text())
def test_names_are_names(text):
    """Any run's name becomes one that ROS takes."""
    name = ros_name(text)
    assert name.isascii()
    assert name.replace("_", "a").isalnum()
    assert not name[0].isdigit()
    assert "__" not in name


def test_names_do_not_clash():
    """What nodes have themselves is left to them, and outputs keep their names."""
    assert service_name("reset") == "~/reset"
    assert service_name("get_state") == "~/get_state_event"
    assert input_name("camera", ["main_video"]) == "camera"
    assert input_name("camera", ["camera"]) == "camera_in"


def mapped(*rules: str) -> ConfigMap:
    return ConfigMap([read_rule(rule, CONTRACT) for rule in rules], CONTRACT)


def test_twist():
    """Several numbers make one event, and the same reading makes none."""
    table = mapped("move.x = 0.5 * linear.x + 0.1", "move.n=angular.z")
    vector = Namespace(x=1.0, y=0.0, z=4.4)
    reading = twist_reading(Namespace(linear=vector, angular=vector))
    assert table.events(reading) == [("move", {"x": 0.6, "n": 4})]
    assert table.events(reading) == []


def test_stick_beyond_its_bounds():
    """A stick that goes too far goes as far as the event takes it."""
    table = mapped("move.x = -3 * axes[0]")
    assert table.events({"axes[0]": 1.0}) == [("move", {"x": -1})]


def test_buttons():
    """A button sends a bare event when it goes down, and a boolean both ways."""
    table = mapped("reset = buttons[1]", "light.on = buttons[0]")
    up, down = (joy_reading(Namespace(axes=[], buttons=[n, n])) for n in (0, 1))
    assert table.events(up) == [("light", {"on": False})]
    assert table.events(down) == [("reset", {}), ("light", {"on": True})]
    assert table.events(down) == []
    assert table.events(up) == [("light", {"on": False})]


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        ("move.x", "write EVENT"),
        ("move.x = lidar", "write EVENT"),
        ("fly.x = linear.x", "no event 'fly'"),
        ("move.y = linear.x", "no parameter 'y'"),
    ],
)
def test_rules_refused(rule, says):
    """A slip in the map says what it is."""
    with pytest.raises(ValueError, match=says):
        read_rule(rule, CONTRACT)


def test_sim_clock():
    """Between two readings of /clock the time lies between; a jump back begins anew."""
    clock = SimClock()
    assert clock.at(5) == 0
    clock.note(100, 1000)
    clock.note(200, 2000)
    assert [clock.at(wall) for wall in (50, 100, 150, 200, 300)] == [1000, 1000, 1500, 2000, 2000]
    clock.note(300, 10)
    assert clock.at(250) == 10


def test_image():
    """An image has size, encoding, step, stamp and frame of its track."""
    payload = bytes(range(18))
    found = decode("sensor_msgs/msg/Image", frames.image(header(), payload, 10**9 + 5, "f"))
    assert (found["height"], found["width"], found["step"]) == (2, 3, 9)
    assert (found["encoding"], bytes(found["data"])) == ("rgb8", payload)
    assert found["header"] == {"stamp": {"sec": 1, "nanosec": 5}, "frame_id": "f"}


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"encoding": "mono16", "dtype": "<u2", "shape": (2, 3, 1)}, "mono16"),
        ({"encoding": "raw", "shape": (2, 3, 2)}, "8UC2"),
        ({"encoding": "raw", "dtype": "<f4", "shape": (2, 3)}, "32FC1"),
    ],
)
def test_encodings(fields, name):
    """Pixels without a colour are named by depth and channels."""
    assert frames.ros_encoding(header(**fields)) == name


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_png(channels):
    """The standard library's PNG is read by others, to the pixel."""
    picture = np.random.default_rng(0).integers(0, 255, (5, 7, channels), np.uint8)
    read = np.asarray(Image.open(BytesIO(png(picture.tobytes(), 5, 7, channels))))
    assert (read.reshape(picture.shape) == picture).all()


def test_jpeg():
    """What encodes here makes JPEG that others read."""
    encoder = best_encoder()
    assert encoder.form == "jpeg"
    picture = np.full((16, 16, 3), (200, 30, 90), np.uint8)
    read = np.asarray(Image.open(BytesIO(encoder.encode(picture.tobytes(), 16, 16, 3))))
    assert np.abs(read.astype(int) - picture).max() < 6


JOINTS = {"dtype": "<f4", "shape": [2], "names": ["hip", "knee"], "quantity": "velocity"}


def test_joint_states_out():
    """Named joints are joint states, and an array besides."""
    track = {"kind": "tensor", "tensor": JOINTS}
    topics = dict(tensors.topics_of(track))
    assert topics == {
        "": "std_msgs/msg/Float32MultiArray",
        "/joint_states": "sensor_msgs/msg/JointState",
    }
    told = header(shape=(2,), dtype="<f4", encoding="tensor")
    data = np.array([1.5, -2], "<f4").tobytes()
    made = tensors.message("/joint_states", JOINTS, told, data, 10**9, "f")
    found = decode("sensor_msgs/msg/JointState", made)
    assert (found["name"], found["velocity"], found["position"]) == (["hip", "knee"], (1.5, -2), ())


def test_joint_states_in():
    """Joints go by name; one that is missing is named."""
    heard = {"header": {"stamp": {"sec": 1, "nanosec": 0}}, "name": ["knee", "hip"]}
    fields, data = tensors.taken(
        "sensor_msgs/msg/JointState", JOINTS, {**heard, "velocity": [1.0, 2.0]}
    )
    assert fields == {"shape": [2], "dtype": "<f4", "pts_ns": 10**9}
    assert np.frombuffer(data, "<f4").tolist() == [2, 1]
    with pytest.raises(ValueError, match="no velocity of hip"):
        tensors.taken("sensor_msgs/msg/JointState", JOINTS, {**heard, "velocity": [1.0]})


@pytest.mark.parametrize("dtype", ["|u1", "|b1", "<i2", "<u2", "<i4", "<i8", "<f2", "<f4", "<f8"])
def test_arrays_both_ways(dtype):
    """An array of any dtype goes out with its shape and comes in again as it was."""
    tensor = {"dtype": dtype, "shape": [2, None]}
    array = np.arange(6).reshape(2, 3).astype(dtype)
    told = header(shape=(2, 3), dtype=dtype, encoding="tensor")
    ((_, type_name),) = tensors.topics_of({"kind": "tensor", "tensor": tensor})
    made = decode(type_name, tensors.message("", tensor, told, array.tobytes(), 0, "f"))
    fields, data = tensors.taken(type_name, tensor, made)
    assert fields["shape"] == [2, 3]
    assert data == array.tobytes()


def test_array_that_does_not_fit():
    """Five numbers are no rows of three."""
    tensor = {"dtype": "<f4", "shape": [None, 3]}
    with pytest.raises(ValueError, match="5 numbers do not fit"):
        tensors.taken("std_msgs/msg/Float32MultiArray", tensor, {"data": (0,) * 5})


def test_figures():
    """Rate, age and gaps are counted; a new epoch is no gap."""
    figures = Figures()
    for place, (epoch, seq) in enumerate([(1, 0), (1, 1), (1, 4), (2, 0)]):
        now_ns = place * 100_000_000
        figures.note(header(epoch=epoch, seq=seq, produced_ns=now_ns - 3_000_000), now_ns)
    assert (figures.frames, figures.gaps, figures.age_ms()) == (4, 2, 3)
    assert figures.rate_hz(400_000_000) == 10
    assert figures.rate_hz(9_000_000_000) == 0


@pytest.mark.parametrize(
    ("status", "trouble", "level", "text"),
    [
        ({"state": "ready"}, "", 0, "ready"),
        ({"state": "waiting", "missing": ["prompt"]}, "", 1, "waiting: prompt"),
        ({"state": "failed", "reason": "error"}, "", 2, "failed: error"),
        ({"state": "ready"}, "no link", 2, "no link"),
    ],
)
def test_diagnostics(status, trouble, level, text):
    """The level follows the model's state, and a lost link is an error."""
    type_name = "diagnostic_msgs/msg/DiagnosticArray"
    link = {"round trip ms": 1.5, "clock offset ms": None}
    made = health.diagnostics("eye", status, trouble, link, {"main": Figures()}, 10**9)
    (found,) = decode(type_name, made)["status"]
    assert (found["level"], found["message"]) == (level, text)
    values = {entry["key"]: entry["value"] for entry in found["values"]}
    assert values["round trip ms"] == "1.500"
    assert values["main fps"] == "0.0"
    assert "clock offset ms" not in values


def test_calibration(tmp_path):
    """A calibration file is read by ROS's names, and a broken one is named."""
    path = tmp_path / "c.yaml"
    path.write_text("distortion_model: plumb_bob\ncamera_matrix: {data: [1, 2]}\n")
    found = calibration.read_calibration(f"file://{path}")
    assert found == {"k": [1.0, 2.0], "distortion_model": "plumb_bob"}
    with pytest.raises(ValueError, match=r"nowhere\.yaml: no calibration"):
        calibration.read_calibration(str(tmp_path / "nowhere.yaml"))
