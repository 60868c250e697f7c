"""What ROS shows a model: cameras and joints; and what it answers in numbers."""

from __future__ import annotations

import base64

import numpy as np
import pytest

IMAGE, OUT = "sensor_msgs/msg/Image", "/eye/main_video/image_raw"
JOINTS = "sensor_msgs/msg/JointState"


def octets(array: np.ndarray) -> str:
    return base64.b64encode(array.tobytes()).decode()


def padded_bgr(rgb: np.ndarray) -> dict:
    """Return a picture as a driver might give it: BGR, each row five octets too long."""
    height, width, _ = rgb.shape
    rows = np.full((height, width * 3 + 5), 0xEE, np.uint8)
    rows[:, : width * 3] = rgb[..., ::-1].reshape(height, -1)
    return {
        "height": height, "width": width, "encoding": "bgr8", "step": width * 3 + 5,
        "data": octets(rows),
    }  # fmt: skip


def seen(probe, expected: np.ndarray) -> bool:
    last = probe.ask("last", topic=OUT)
    if last is None or (last["height"], last["width"]) != expected.shape[:2]:
        return False
    data = np.frombuffer(base64.b64decode(last["data"]), np.uint8)
    return bool((data == expected.reshape(-1)).all())


@pytest.mark.parametrize("reliable", [True, False], ids=["reliable", "best-effort"])
def test_camera_in(model, bridge, peer, wait_until, reliable):
    """A camera of either reliability reaches the input track, padding and colours put right."""
    model("Mirror")
    bridge("eye")
    probe = peer()
    probe.ask("subscribe", topic=OUT, type=IMAGE)
    picture = np.random.default_rng(1).integers(0, 255, (5, 7, 3), np.uint8)
    sent = {"topic": "/eye/camera/image_raw", "type": IMAGE, "message": padded_bgr(picture)}

    def mirrored() -> bool:
        probe.ask("publish", **sent, reliable=reliable)
        return seen(probe, picture)

    wait_until(mirrored)


def test_deep_camera_in(model, bridge, peer, wait_until):
    """Of 16 bits the upper 8 are taken, whichever end comes first."""
    model("Mirror")
    bridge("eye")
    probe = peer()
    probe.ask("subscribe", topic=OUT, type=IMAGE)
    deep = np.array([[0x1234, 0xABCD]], ">u2")
    message = {
        "height": 1, "width": 2, "encoding": "mono16", "is_bigendian": 1, "step": 4,
        "data": octets(deep),
    }  # fmt: skip

    def mirrored() -> bool:
        probe.ask("publish", topic="/eye/camera/image_raw", type=IMAGE, message=message)
        return seen(probe, np.array([[[0x12], [0xAB]]], np.uint8))

    wait_until(mirrored)


def test_compressed_camera_in(model, bridge, peer, wait_until):
    """A compressed image is decoded where the interpreter has a library for it."""
    from io import BytesIO  # noqa: PLC0415

    from PIL import Image  # noqa: PLC0415

    model("Mirror")
    bridge("eye", distro="kilted")
    probe = peer("jazzy")
    probe.ask("subscribe", topic=OUT, type=IMAGE)
    picture = np.random.default_rng(2).integers(0, 255, (6, 8, 3), np.uint8)
    packed = BytesIO()
    Image.fromarray(picture).save(packed, "PNG")
    message = {"format": "png", "data": base64.b64encode(packed.getvalue()).decode()}
    topic, kind = "/eye/camera/image_raw/compressed", "sensor_msgs/msg/CompressedImage"

    def mirrored() -> bool:
        probe.ask("publish", topic=topic, type=kind, message=message)
        return seen(probe, picture)

    wait_until(mirrored)


def test_unknown_encoding(model, bridge, peer, wait_until):
    """A picture that can't be taken is named in the log, and the bridge goes on."""
    model("Mirror")
    made = bridge("eye")
    probe = peer()
    message = {
        "height": 1,
        "width": 1,
        "encoding": "yuv422",
        "step": 2,
        "data": "AAAA",
    }

    def complained() -> bool:
        probe.ask("publish", topic="/eye/camera/image_raw", type=IMAGE, message=message)
        return "'yuv422' is not taken" in made.output

    wait_until(complained)


def test_joints(model, bridge, peer, wait_until):
    """Joint states go in by name, in any order, and come out as joint states."""
    model("Arm")
    bridge("eye")
    probe = peer()
    probe.ask("subscribe", topic="/eye/pose/joint_states", type=JOINTS)
    message = {"name": ["knee", "ankle", "hip"], "position": [0.5, 0.25, -1.0]}

    def doubled() -> bool:
        probe.ask("publish", topic="/eye/joints/joint_states", type=JOINTS, message=message)
        last = probe.ask("last", topic="/eye/pose/joint_states")
        return last is not None and last["position"] == [-2.0, 1.0, 0.5]

    wait_until(doubled)
    last = probe.ask("last", topic="/eye/pose/joint_states")
    assert last["name"] == ["hip", "knee", "ankle"]
    assert last["header"]["stamp"]["sec"] > 0


def test_arrays_and_twists(model, bridge, peer, wait_until):
    """Numbers of any shape are multi-arrays with their layout; a twist is a Twist besides."""
    model("Arm")
    bridge("eye")
    probe = peer()
    kinds = {
        "/eye/chunk": "std_msgs/msg/Float32MultiArray",
        "/eye/drive/twist": "geometry_msgs/msg/Twist",
    }
    for topic, kind in kinds.items():
        probe.ask("subscribe", topic=topic, type=kind)
    wait_until(lambda: all(probe.ask("count", topic=topic) for topic in kinds))
    chunk = probe.ask("last", topic="/eye/chunk")
    assert chunk["data"] == [0, 1, 2, 3, 4, 5]
    assert [(d["size"], d["stride"]) for d in chunk["layout"]["dim"]] == [(2, 6), (3, 3)]
    twist = probe.ask("last", topic="/eye/drive/twist")
    assert twist["linear"] == {"x": 0, "y": 1, "z": 2}
    assert twist["angular"] == {"x": 3, "y": 4, "z": 5}
