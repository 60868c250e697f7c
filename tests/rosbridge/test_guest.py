"""What we say at a robot's rosbridge server and what we understand there, without a socket."""

from __future__ import annotations

import base64
import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reactor_zmq_bridge.backoff import Backoff
from reactor_zmq_bridge.rosbridge.graph import graph_of
from reactor_zmq_bridge.rosbridge.guest import (
    Called,
    Commanded,
    Complaint,
    Echoed,
    Given,
    Guest,
    Manners,
    Mapped,
    Word,
)
from reactor_zmq_bridge.rosbridge.window import TRIES, Window
from reactor_zmq_ros2.cdr import encode
from reactor_zmq_ros2.contract import Contract, Event, Value

EVENTS = {
    "clear": Event("clear"),
    "set_lit": Event("set_lit", {"lit": Value("lit", "bool")}, "lit"),
    "move": Event("move", {"x": Value("x", "float", -1.0, 1.0)}),
}
JOINTS = {"dtype": "<f4", "shape": [2], "names": ["hip", "knee"], "quantity": "position"}
GRAPH = graph_of(
    "eye",
    Contract("Eye", EVENTS, {}),
    [
        {"track": "main_video", "kind": "video"},
        {"track": "pose", "kind": "tensor", "tensor": JOINTS},
    ],
    [{"track": "camera", "kind": "video"}, {"track": "pose", "kind": "tensor", "tensor": JOINTS}],
)


def opened(**manners):
    """Return what is said first, by operation and name."""
    told = [json.loads(text) for text in Guest(GRAPH, Manners(**manners)).opening()]
    return {(each["op"], each.get("topic") or each["service"]): each for each in told}


def heard(operation, **manners):
    return Guest(GRAPH, Manners(**manners)).receive(json.dumps(operation))


def test_opening():
    """Topics, services and inputs are told, by types that ROS 1 and 2 both know."""
    told = opened()
    assert told["advertise", "/eye/main_video/image_raw/compressed"]["type"] == (
        "sensor_msgs/CompressedImage"
    )
    assert ("advertise", "/eye/main_video/image_raw") not in told
    assert told["advertise", "/eye/pose/joint_states"]["type"] == "sensor_msgs/JointState"
    assert told["advertise", "/eye/pose"]["type"] == "std_msgs/Float32MultiArray"
    assert told["advertise", "/eye/state"]["latch"] is True
    assert told["advertise_service", "/eye/clear"]["type"] == "std_srvs/Trigger"
    assert told["advertise_service", "/eye/set_lit"]["type"] == "std_srvs/SetBool"
    assert ("advertise_service", "/eye/move") not in told
    assert told["subscribe", "/eye/camera/image_raw/compressed"]["queue_length"] == 1
    assert told["subscribe", "/eye/pose_in/joint_states"]["type"] == "sensor_msgs/JointState"
    assert ("subscribe", "/eye/pose_in") not in told
    assert len({each["id"] for each in told.values()}) == len(told)


def test_raw_images():
    """Raw pictures, or both forms, where they are asked for."""
    raw, both = opened(images="raw"), opened(images="both")
    for op, name in (("advertise", "/eye/main_video"), ("subscribe", "/eye/camera")):
        assert (op, f"{name}/image_raw") in raw
        assert (op, f"{name}/image_raw/compressed") not in raw
        assert {(op, f"{name}/image_raw"), (op, f"{name}/image_raw/compressed")} <= set(both)
    assert ("advertise", "/eye/pose") in both


def test_remapped():
    """A topic and a service by the robot's names, both ways."""
    remap = {"~/camera/image_raw": "/front/image", "/eye/clear": "reset"}
    told = opened(remap=remap, images="raw")
    assert ("subscribe", "/front/image") in told
    assert told["advertise_service", "/reset"]["type"] == "std_srvs/Trigger"
    call = heard({"op": "call_service", "service": "/reset", "id": "7"}, remap=remap)
    assert (call.event.name, call.service, call.number) == ("clear", "/reset", "7")
    image = {"op": "publish", "topic": "/front/image", "msg": {"height": 1}}
    assert heard(image, remap=remap, images="raw").topic.track == "camera"


def test_words():
    """Each operation is what it means; what is not for us means nothing."""
    command = {"type": "clear", "id": 3}
    text = {"op": "publish", "topic": "/eye/command", "msg": {"data": json.dumps(command)}}
    assert heard(text) == Commanded(command)
    given = heard({"op": "publish", "topic": "eye/pose_in/joint_states", "msg": {"name": ["hip"]}})
    assert isinstance(given, Given)
    assert given.message == {"name": ["hip"]}
    call = heard(
        {"op": "call_service", "service": "/eye/set_lit", "id": "a", "args": {"data": True}}
    )
    assert isinstance(call, Called)
    assert call.arguments == {"data": True}
    empty = {"structure_needs_at_least_one_member": 0}
    assert (
        heard({"op": "call_service", "service": "/eye/clear", "id": 1, "args": empty}).arguments
        == {}
    )
    assert heard({"op": "status", "level": "error", "msg": "no"}) == Complaint("error", "no")
    assert heard({"op": "publish", "topic": "/other", "msg": {}}) is None
    assert heard({"op": "call_service", "service": "/other", "id": "b"}) is None
    assert heard({"op": "png", "data": ""}) is None


def test_velocities():
    """A Twist becomes the events that the map names, bounded; a wrong line is told."""
    manners = {"twist_map": ("move.x = 2 * linear.x",)}
    twist = {"op": "publish", "topic": "/eye/cmd_vel", "msg": {"linear": {"x": 3.0, "y": 0}}}
    assert heard(twist, **manners) == Mapped([("move", {"x": 1.0})])
    assert ("subscribe", "/eye/cmd_vel") in opened(**manners)
    joy = {"op": "publish", "topic": "/eye/joy", "msg": {"axes": [], "buttons": [0, 1]}}
    assert heard(joy, joy_map=("clear = buttons[1]",)) == Mapped([("clear", {})])
    with pytest.raises(ValueError, match="no event 'dance'"):
        opened(twist_map=("dance.x = linear.x",))


@pytest.mark.parametrize(
    ("ros1", "stamp"), [(False, ["sec", "nanosec"]), (True, ["secs", "nsecs"])]
)
def test_names_of_ros1(ros1, stamp):
    """Times and calibrations have the names that the robot's ROS gives them."""
    guest = Guest(GRAPH, Manners(ros1=ros1))
    info = encode("sensor_msgs/msg/CameraInfo", {"width": 4, "header": {"stamp": {"sec": 5}}})
    told = json.loads(guest.publication("/eye/main_video/camera_info", info))
    assert list(told["msg"]["header"]["stamp"]) == stamp
    assert ("K" in told["msg"]) is ros1
    assert ("k" in told["msg"]) is not ros1
    picture = encode("sensor_msgs/msg/CompressedImage", {"format": "png", "data": b"\1\2"})
    told = json.loads(guest.publication("/eye/main_video/image_raw/compressed", picture))
    assert base64.b64decode(told["msg"]["data"]) == b"\1\2"
    header = {"seq": 9, "stamp": dict(zip(stamp, (1, 2), strict=True)), "frame_id": "x"}
    if not ros1:
        del header["seq"]
    message = {"header": header, "name": ["hip"], "position": [1.0]}
    taken = guest.receive(
        json.dumps({"op": "publish", "topic": "/eye/pose_in/joint_states", "msg": message})
    )
    assert taken.message["header"] == {"stamp": {"sec": 1, "nanosec": 2}, "frame_id": "x"}


def test_answers():
    """A call is answered under its number, and what went wrong is said."""
    guest = Guest(GRAPH, Manners())
    call = Called("7", "/eye/clear", EVENTS["clear"], {})
    good = json.loads(guest.answer(call, {"success": True, "message": ""}))
    assert (good["id"], good["service"], good["result"]) == ("7", "/eye/clear", True)
    assert json.loads(guest.answer(call, "no"))["result"] is False


PLAIN = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3)
    ),
    max_leaves=8,
)
OPERATIONS = st.fixed_dictionaries(
    {"op": st.sampled_from(["publish", "call_service", "status", "dance"])},
    optional={
        "topic": st.sampled_from(["/eye/command", "/eye/cmd_vel", "/eye/pose_in/joint_states"])
        | PLAIN,
        "service": st.sampled_from(["/eye/clear", "/eye/set_lit"]) | PLAIN,
        "msg": PLAIN | st.dictionaries(st.sampled_from(["data", "header", "linear"]), PLAIN),
        "id": PLAIN,
        "args": PLAIN,
    },
)


@given(OPERATIONS.map(json.dumps) | st.binary(max_size=64) | PLAIN.map(json.dumps))
@pytest.mark.parametrize("ros1", [False, True])
def test_anything_is_understood_or_refused(ros1, data):
    """Whatever a robot says is a word, nothing, or a ValueError."""
    guest = Guest(GRAPH, Manners(ros1=ros1, twist_map=("move.x = linear.x",)))
    with suppress(ValueError):
        assert isinstance(guest.receive(data), Word | None)


def test_deep_nesting_is_refused():
    """A message nested too deeply for anybody is no reason to fall."""
    with pytest.raises(ValueError, match="no operation"):
        Guest(GRAPH, Manners()).receive("[" * 100_000)


def test_echoes():
    """What we say of a frame comes back as the number that it was."""
    guest = Guest(GRAPH, Manners())
    pulse = guest.told("pulse", ["main_video", 3])
    assert guest.receive(pulse) == Echoed("main_video", 3)
    assert ("subscribe", "/eye/pulse") in opened()


def test_window():
    """Three frames may be on their way; echoes let more go, lost ones cost more and more."""
    window = Window()
    for number in (1, 2, 3):
        assert window.wait_s(0) == 0
        assert window.sent(0) == number
    assert window.wait_s(0.25) == 0.75
    window.heard(2)
    assert window.wait_s(0.25) == 0
    window.sent(0.5)
    window.sent(0.5)
    window.heard(1)
    window.heard(99)
    assert window.wait_s(0.5) == 1
    assert window.wait_s(1.5) == 0
    window.sent(1.5)
    assert window.wait_s(1.5) == 2
    window.heard(6)
    for _ in range(3):
        window.sent(2)
    assert window.wait_s(2) == 1


def test_window_without_echo():
    """A server that never echoes is sent to as if there were no window."""
    window = Window()
    for _ in range(TRIES):
        assert not window.mute
        window.sent(0)
    assert window.mute
    assert window.wait_s(0) == 0
    window.heard(TRIES)
    assert not window.mute


def test_backoff():
    """Waits double up to the longest, chance halves them, and a good while begins anew."""
    backoff = Backoff(0.25, 2.0)
    assert [backoff.after(0, 0) for _ in range(5)] == [0.25, 0.5, 1, 2, 2]
    assert backoff.after(0, 1) == 1
    assert backoff.after(3, 0) == 0.25
