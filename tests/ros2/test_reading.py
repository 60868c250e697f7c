"""What the bridge reads: MessagePack headers, CDR, contracts, other nodes' images."""

from __future__ import annotations

from contextlib import suppress

import msgspec
import numpy as np
import pytest
from golden_cases import CASES
from hypothesis import given
from hypothesis import strategies as st

from reactor_zmq import Input, InputField, InputState, Output, ReactorPipeline, Video, event
from reactor_zmq.actor.loading import read_spec
from reactor_zmq.wire.header import FrameHeader, encode_header
from reactor_zmq.wire.openapi import openapi
from reactor_zmq_ros2.cdr import encode
from reactor_zmq_ros2.contract import read_contract
from reactor_zmq_ros2.decode import decode
from reactor_zmq_ros2.frames import read_header, ros_encoding
from reactor_zmq_ros2.inputs import picture_of
from reactor_zmq_ros2.unpack import unpack

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(VALUES)
def test_unpacks_what_was_packed(value):
    """Every value that MessagePack has comes back."""
    assert unpack(msgspec.msgpack.encode(value)) == value


@given(st.binary(max_size=64))
def test_unpack_refuses_or_returns(data):
    """Any bytes are a value, or a ValueError."""
    with suppress(ValueError):
        unpack(data)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["type"])
def test_decodes_what_was_encoded(case):
    """What one half of the codec writes, the other reads."""
    found = decode(case["type"], encode(case["type"], case["message"]))
    for name, value in case["message"].items():
        assert_alike(found[name], value)


def assert_alike(found, value):
    if isinstance(value, dict):
        for name, inner in value.items():
            assert_alike(found[name], inner)
    elif isinstance(value, list):
        for one, inner in zip(found, value, strict=True):
            assert_alike(one, inner)
    else:
        assert found == value


@given(st.sampled_from([case["type"] for case in CASES]), st.binary(max_size=96))
def test_decode_refuses_or_returns(type_name, data):
    """Any bytes are a message, or a ValueError."""
    with suppress(ValueError):
        decode(type_name, b"\0\1\0\0" + data)


def test_header():
    """A header of the front end is read, and one with more at its end too."""
    header = FrameHeader(
        version=1, epoch=2, seq=3, pts_ns=4, produced_ns=5, sent_ns=6, shape=(1, 2, 3),
        dtype="|u1", encoding="rgb8", metadata=b"m",
    )  # fmt: skip
    read = read_header(encode_header(header))
    assert (read.epoch, read.seq, read.produced_ns, read.shape) == (2, 3, 5, (1, 2, 3))
    assert read.metadata == b"m"
    longer = [*msgspec.msgpack.decode(encode_header(header)), 0.0, "new"]
    assert read_header(msgspec.msgpack.encode(longer)).shape == (1, 2, 3)
    assert ros_encoding(read) == "rgb8"


@pytest.mark.parametrize("data", [b"\xc0", b"\x91\x01", msgspec.msgpack.encode([2] * 9)])
def test_header_refused(data):
    """What is no header of version 1 is refused."""
    with pytest.raises(ValueError, match="header"):
        read_header(data)


class Pictures(Output):
    main_video: Video


class Eye(Input):
    camera: Video


class Controls(InputState):
    level: int = InputField(default=3, ge=0, le=9, description="How much")
    seed: int | None = None
    lit: bool = False


class Model(ReactorPipeline):
    state: Controls
    input: Eye
    output: Pictures

    @event(name="move", description="Go")
    def move(self, tags: list[str], x: float = InputField(ge=-1, le=1)):
        pass

    @event(name="reset")
    def reset(self):
        pass

    def inference(self):
        yield None


def test_contract():
    """Events, bounds, kinds and setters are read from the schema that the front end gives."""
    contract = read_contract(msgspec.to_builtins(openapi(read_spec(Model).contract)))
    assert contract.model == "Model"
    level = contract.state["level"]
    assert (level.kind, level.minimum, level.maximum) == ("int", 0, 9)
    assert level.description == "How much"
    assert contract.state["seed"].kind == "int"
    assert contract.events["reset"].values == {}
    move = contract.events["move"].values
    assert (move["x"].kind, move["x"].required, move["tags"].kind) == ("float", True, "str[]")
    setter = contract.setter("lit")
    assert setter is not None
    assert setter.name == "set_lit"


def image(**fields):
    zero = {"stamp": {"sec": 1, "nanosec": 2}, "frame_id": ""}
    return {"header": zero, "height": 1, "width": 1, "is_bigendian": 0, **fields}


@pytest.mark.parametrize(
    ("encoding", "data", "expected"),
    [
        ("rgb8", b"\1\2\3", b"\1\2\3"),
        ("bgr8", b"\1\2\3", b"\3\2\1"),
        ("bgra8", b"\1\2\3\4", b"\3\2\1\4"),
        ("mono8", b"\7", b"\7"),
        ("mono16", b"\x34\x12", b"\x12"),
    ],
)
def test_pictures(encoding, data, expected):
    """Each encoding becomes 8-bit samples in the order of our own."""
    picture = picture_of(image(encoding=encoding, step=len(data), data=data))
    assert bytes(picture.samples) == expected
    assert picture.shape == (1, 1, len(expected))
    assert picture.pts_ns == 1_000_000_002


@given(st.integers(0, 6), st.integers(1, 5), st.integers(1, 4))
def test_padding(padding, height, width):
    """However long the rows are, the pixels are the same."""
    pixels = np.arange(height * width * 3, dtype=np.uint8).reshape(height, width * 3)
    rows = np.pad(pixels, ((0, 0), (0, padding)), constant_values=255)
    told = image(
        encoding="rgb8", height=height, width=width, step=rows.shape[1], data=rows.tobytes()
    )
    assert bytes(picture_of(told).samples) == pixels.tobytes()


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"encoding": "yuv422", "step": 2, "data": b"12"}, "'yuv422' is not taken"),
        ({"encoding": "rgb8", "step": 2, "data": b"12"}, "step 2"),
        ({"encoding": "rgb8", "step": 3, "data": b"12"}, "2 bytes are too few"),
    ],
)
def test_pictures_refused(fields, says):
    """What is not taken says why."""
    with pytest.raises(ValueError, match=says):
        picture_of(image(**fields))
