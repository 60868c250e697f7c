"""From host memory to a GPU, on a driver whose device is plain memory and a library made for it."""

from __future__ import annotations

import contextlib
import ctypes
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from reactor_zmq.actor.inputs import InputFrame, InputTrack
from reactor_zmq.client.frame import make_frame
from reactor_zmq.memory import to_device as module
from reactor_zmq.memory.libcuda import CudaError
from reactor_zmq.memory.to_device import DeviceLoader, to_device
from reactor_zmq.model.port import ReadMode
from reactor_zmq.wire.header import FrameHeader


class Driver:
    """A driver with two devices; copies are done at once, and counted."""

    def __init__(self):
        self.copied = []
        self.retained = []
        self.on = {}
        self.current_context = None

    def device_of(self, pointer):
        return self.on[pointer]

    def retain_context(self, ordinal):
        self.retained.append(ordinal)
        return 70 + ordinal

    @contextlib.contextmanager
    def current(self, context):
        self.current_context = context
        yield
        self.current_context = None

    def copy_to_device(self, pointer, address, nbytes, stream):
        assert self.current_context == 70 + self.on[pointer]
        ctypes.memmove(pointer, address, nbytes)
        self.copied.append((nbytes, stream))


class FakeCupy:
    """What is used of cupy, with arrays in plain memory."""

    def __init__(self, driver):
        self.driver = driver
        self.device = 0
        self.cuda = SimpleNamespace(
            Device=self.use, get_current_stream=lambda: SimpleNamespace(ptr=40 + self.device)
        )

    @contextlib.contextmanager
    def use(self, ordinal):
        self.device = ordinal or 0
        yield

    def empty(self, shape, dtype):
        made = np.empty(shape, dtype)
        self.driver.on[made.ctypes.data] = self.device
        return SimpleNamespace(held=made, data=SimpleNamespace(ptr=made.ctypes.data))


@pytest.fixture
def driver(monkeypatch):
    """Let the only GPU library be one on the fake driver."""
    driver = Driver()
    loader = DeviceLoader(driver)
    monkeypatch.setattr(module, "open_loader", lambda: loader)
    monkeypatch.setitem(sys.modules, "cupy", FakeCupy(driver))
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    return driver


def picture(value=7):
    made = np.full((4, 6, 3), value, np.uint8)
    made.flags.writeable = False
    return made


def test_one_copy_on_the_library_s_stream(driver):
    """What is asked for is there, by one copy of its bytes, on the device that was named."""
    for device, stream in (("cuda", 40), ("cuda:1", 41), ("cuda:0", 40)):
        made = to_device(picture(), device)
        assert np.array_equal(made.held, picture())
        assert driver.copied.pop() == (72, stream)
    assert driver.retained == [0, 1]


def test_any_strides(driver):
    """A crop goes over packed."""
    crop = np.arange(7 * 9, dtype=np.float32).reshape(7, 9)[1::2, ::-1]
    assert np.array_equal(to_device(crop, "cuda").held, crop)
    assert driver.copied == [(crop.nbytes, 40)]


def test_on_the_host_nothing_is_copied():
    """The same call with another device is the array itself."""
    array = picture()
    assert to_device(array, "cpu") is array


def test_torch_on_the_host():
    """A tensor is a copy: torch knows no read-only ones."""
    torch = pytest.importorskip("torch")
    tensor = to_device(picture(), "cpu", "torch")
    assert tensor.dtype is torch.uint8
    tensor += 1
    assert int(tensor[0, 0, 0]) == 8


@pytest.mark.parametrize(
    ("device", "like", "words"),
    [
        ("gpu", None, "'cuda:N', not 'gpu'"),
        ("cuda:", None, "not 'cuda:'"),
        ("cuda:x", None, "not 'cuda:x'"),
        ("cpu", "cupy", "not 'cpu' for cupy"),
        ("cuda", "jax", "'torch' or 'cupy', not 'jax'"),
    ],
)
def test_what_is_not_to_be_had(device, like, words):
    """Errors say what came, and what to say instead."""
    with pytest.raises(ValueError, match=words):
        to_device(picture(), device, like)


def test_without_a_library(monkeypatch):
    """One line says what to install."""
    for name in ("torch", "cupy"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ImportError, match="install the extra"):
        to_device(picture(), "cuda")


def test_a_viewer_s_frame_goes_to_its_gpu(driver):
    """From the memory that the frame lies in, the lane's included, by one copy."""
    header = FrameHeader(1, 1, 0, 0, 0, 0, (4, 6, 3), "|u1", "rgb8")
    frame = make_frame("main", header, picture(9), 0, 0)
    assert np.array_equal(frame.to("cuda").held, picture(9))
    assert driver.copied == [(72, 40)]
    assert frame.to("cpu") is frame.array


class _NoClock:
    def monotonic_ns(self):
        return 0


def test_input_frames_are_read_onto_the_gpu(driver):
    """Each frame by one copy, newest or oldest as asked; what is beside the picture stays."""
    track = InputTrack("camera", _NoClock())
    for k in range(4):
        track.push(InputFrame(picture(k), pts_ns=k, metadata=b"m"))
    (oldest,) = track.try_read(1, ReadMode.FIFO, "cuda")
    newest = track.try_read(2, device="cuda:1", like="cupy")
    assert [f.data.held[0, 0, 0] for f in (oldest, *newest)] == [0, 2, 3]
    assert [(f.pts_ns, f.metadata) for f in newest] == [(2, b"m"), (3, b"m")]
    assert driver.copied == [(72, 40), (72, 41), (72, 41)]
    assert track.try_read(1, device="cuda") is None


def test_a_machine_without_a_driver_says_so(monkeypatch):
    """The driver's absence is told in its own words."""

    def refuse():
        raise CudaError("libcuda.so.1", -1, "no NVIDIA driver")

    fake = FakeCupy(Driver())
    monkeypatch.setitem(sys.modules, "cupy", fake)
    monkeypatch.setattr(module, "open_loader", refuse)
    with pytest.raises(CudaError, match="no NVIDIA driver"):
        to_device(picture(), "cuda", "cupy")
