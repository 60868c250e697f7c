"""What was recorded comes back bit by bit from libraries that other people wrote."""

from __future__ import annotations

import contextlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from tape import BEGAN_NS, bag_messages, frame, ros2_messages, topic, write

from reactor_zmq.wire.contract import TensorContract
from reactor_zmq.wire.header import ITEMSIZE
from reactor_zmq_recording.numbers import from_message, message_type, to_message
from reactor_zmq_recording.pictures import PictureDecoder
from reactor_zmq_recording.reading import read_recording
from reactor_zmq_ros2.cdr import encode
from reactor_zmq_ros2.decode import decode

VIDEO = topic("main_video", "video")
JOINTS = topic("joints", "tensor", TensorContract("<f4", (3,), ("a", "b", "c"), "velocity"))
CHUNK = topic("actions", "tensor", TensorContract("<f4", (4, None), ("a", "b")))
SOUND = topic("sound", "audio")


def noise(*shape: int, dtype: str = "|u1") -> np.ndarray:
    return np.random.default_rng(1).integers(0, 255, shape).astype(dtype)


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_raw_pictures(tmp_path, channels):
    """Rosbags and mcap-ros2-support read every sample, encoding, step and stamp."""
    pictures = [noise(6, 8, channels), noise(6, 8, channels) // 2]
    path = tmp_path / "run.mcap"
    write(path, VIDEO, pictures)
    name = "/tape/main_video/image_raw"
    bag, ros = bag_messages(path, name), ros2_messages(path, name)
    assert [stamp for stamp, _ in bag] == [BEGAN_NS + 1_000_000, BEGAN_NS + 21_000_000]
    for (_, one), two, picture in zip(bag, ros, pictures, strict=True):
        for message in (one, two.ros_msg):
            assert (message.height, message.width, message.step) == (6, 8, 8 * channels)
            assert message.encoding == {1: "mono8", 3: "rgb8", 4: "rgba8"}[channels]
            assert bytes(message.data) == picture.tobytes()
            assert message.header.frame_id == "main_video_optical_frame"
    assert bag[1][1].header.stamp.nanosec == 20_000_000
    assert ros[1].publish_time_ns == BEGAN_NS + 20_000_000


def test_depth_keeps_its_sixteen_bits(tmp_path):
    """Rosbags reads every sample as ``mono16``, and so does who plays the recording."""
    depth = noise(6, 8, 1, dtype="<u2") * 257
    path = tmp_path / "run.mcap"
    write(path, VIDEO, [depth])
    ((_, message),) = bag_messages(path, "/tape/main_video/image_raw")
    assert (message.encoding, message.step) == ("mono16", 16)
    assert bytes(message.data) == depth.tobytes()
    values = {"height": 6, "width": 8, "encoding": "mono16", "data": message.data}
    (played,) = PictureDecoder("sensor_msgs/msg/Image").decode(values)
    assert np.array_equal(played, depth)


def test_named_joints_are_a_joint_state(tmp_path):
    """Names and numbers, as the quantity says."""
    path = tmp_path / "run.mcap"
    values = np.float32([0.1, -2.5, 3e-8])
    write(path, JOINTS, [values])
    [(_, message)] = bag_messages(path, "/tape/joints")
    assert message.name == ["a", "b", "c"]
    np.testing.assert_array_equal(message.velocity.astype(np.float32), values)
    assert len(message.position) == len(message.effort) == 0


def test_chunks_of_actions_are_arrays_with_a_layout(tmp_path):
    """Shape and labels stand in the layout, the numbers are what they were."""
    path = tmp_path / "run.mcap"
    values = np.arange(8, dtype=np.float32).reshape(4, 2) / 3
    write(path, CHUNK, [values])
    [(_, message)] = bag_messages(path, "/tape/actions")
    assert [d.size for d in message.layout.dim] == [4, 2]
    assert [d.stride for d in message.layout.dim] == [8, 2]
    assert message.layout.dim[1].label == "a,b"
    np.testing.assert_array_equal(message.data.reshape(4, 2), values)


def test_sound_is_interleaved(tmp_path):
    """Samples, rate and channels of a block."""
    path = tmp_path / "run.mcap"
    block = np.int16([[1, 2, 3], [-1, -2, -3]])
    write(path, SOUND, [block])
    [message] = [m.ros_msg for m in ros2_messages(path, "/tape/sound")]
    assert np.frombuffer(bytes(message.data), "<i2").tolist() == [1, -1, 2, -2, 3, -3]
    assert (message.sample_rate, message.number_of_channels) == (48_000, 2)


DTYPES = st.sampled_from(sorted(ITEMSIZE))


@given(DTYPES.flatmap(lambda d: npst.arrays(d, npst.array_shapes(max_dims=4, max_side=5))))
def test_numbers_of_every_type_come_back(array):
    """Through the message and its bytes, no bit of any dtype or shape is lost."""
    tensor = TensorContract(array.dtype.str)
    name = message_type(tensor)
    data = encode(name, to_message(array, tensor, BEGAN_NS))
    back = from_message(decode(name, data), tensor)
    assert back.dtype == array.dtype
    np.testing.assert_array_equal(back, array)


@given(npst.arrays("<f8", 6, elements=st.floats(allow_nan=False)))
def test_twists_come_back(array):
    """Six numbers called a twist are one, stamped."""
    tensor = TensorContract("<f8", (6,), (), "twist")
    name = message_type(tensor)
    assert name == "geometry_msgs/msg/TwistStamped"
    data = encode(name, to_message(array, tensor, BEGAN_NS))
    np.testing.assert_array_equal(from_message(decode(name, data), tensor), array)


@given(st.binary(max_size=60))
def test_any_bytes_decode_or_are_refused(data):
    """What is no message raises ValueError and nothing else."""
    for name in ("sensor_msgs/msg/Image", "sensor_msgs/msg/JointState"):
        with contextlib.suppress(ValueError):
            decode(name, b"\0\1\0\0" + data)


@pytest.mark.parametrize(("codec", "most"), [("raw", 0), ("jpeg", 6), ("h264", 8)])
def test_pictures_come_back(tmp_path, codec, most):
    """Each codec gives the picture back, as near as it can."""
    y, x = np.mgrid[0:48, 0:64].astype(np.uint8)
    pictures = [np.stack([x * 3, y * 4, x + y + n], 2) for n in range(5)]
    path = tmp_path / "run.mcap"
    write(path, VIDEO, pictures, codec)
    recorded = [m for m in read_recording(path) if m.plan.notes.get("kind") == "video"]
    decoder = PictureDecoder(recorded[0].plan.message_type)
    back = [picture for message in recorded for picture in decoder.decode(message.values)]
    assert len(back) == len(pictures)
    for one, two in zip(back, pictures, strict=True):
        assert np.abs(one.astype(int) - two).mean() <= most


def test_h264_is_what_foxglove_plays(tmp_path):
    """One message for a frame, in Annex B, the first a key frame with its parameter sets."""
    path = tmp_path / "run.mcap"
    write(path, VIDEO, [noise(32, 48, 3) for _ in range(3)], "h264")
    messages = [m.ros_msg for m in ros2_messages(path, "/tape/main_video/video")]
    assert [m.format for m in messages] == ["h264"] * 3
    assert all(bytes(m.data[:4]) == b"\0\0\0\1" or bytes(m.data[:3]) == b"\0\0\1" for m in messages)
    kinds = {part[0] & 31 for part in bytes(messages[0].data).split(b"\0\0\1")[1:] if part}
    assert {7, 8, 5} <= kinds  # SPS, PPS, IDR


def test_pictures_that_a_codec_can_not_hold_go_in_raw(tmp_path):
    """Two channels are no colour: such frames are written as they are."""
    path = tmp_path / "run.mcap"
    picture = noise(4, 6, 2)
    write(path, VIDEO, [picture], "jpeg")
    [(_, message)] = bag_messages(path, "/tape/main_video/image_raw")
    assert message.encoding == "8UC2"
    assert bytes(message.data) == picture.tobytes()


def test_a_size_may_change_within_a_film(tmp_path):
    """A stream goes on with a key frame of the new size; odd sizes lose a row."""
    path = tmp_path / "run.mcap"
    write(path, VIDEO, [noise(32, 48, 3), noise(49, 64, 3)], "h264")
    recorded = [m for m in read_recording(path) if m.plan.notes.get("kind") == "video"]
    decoder = PictureDecoder(recorded[0].plan.message_type)
    shapes = [p.shape for message in recorded for p in decoder.decode(message.values)]
    assert shapes == [(32, 48, 3), (48, 64, 3)]


def test_frames_are_stamped_with_their_making():
    """The stamp in a message is when the frame was made, not when it came."""
    made = frame(VIDEO, noise(2, 2, 3), seq=50)
    assert made.received_ns > made.produced_ns
