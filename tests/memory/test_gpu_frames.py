"""The way from a real GPU: every CUDA line, with torch's and cupy's arrays."""

from __future__ import annotations

import importlib
import logging

import numpy as np
import pytest
from memory_fakes import Pair

from reactor_zmq.memory.arrays import check_video
from reactor_zmq.memory.cuda import CudaCopier, open_copier
from reactor_zmq.memory.device import DeviceArray
from reactor_zmq.memory.libcuda import CudaError, LibCuda
from reactor_zmq.memory.to_device import to_device
from reactor_zmq.memory.to_video import to_video

pytestmark = pytest.mark.gpu


class Torch:
    """What the tests ask of a library, in torch's words."""

    def __init__(self):
        self.lib = importlib.import_module("torch")

    def random(self, *shape):
        return self.lib.randint(0, 256, shape, dtype=self.lib.uint8, device="cuda")

    def floats(self, *shape, dtype):
        random = self.lib.rand(shape, device="cuda") * (255 if dtype == "uint8" else 1)
        return random.to(getattr(self.lib, dtype))

    def host(self, array):
        return array.cpu().numpy()

    def slow(self, array):
        """Give the current stream some milliseconds of work and then a change of the array."""
        self.lib.cuda._sleep(20_000_000)
        array.add_(1)

    def on_a_stream(self):
        return self.lib.cuda.stream(self.lib.cuda.Stream())


class Cupy:
    """The same in cupy's words."""

    def __init__(self):
        self.lib = importlib.import_module("cupy")
        code = "long long t = clock64(); while (clock64() - t < 20000000); y = x + 1"
        self.busy = self.lib.ElementwiseKernel("uint8 x", "uint8 y", code)

    def random(self, *shape):
        return self.lib.random.randint(0, 256, shape).astype(self.lib.uint8)

    def floats(self, *shape, dtype):
        return (self.lib.random.rand(*shape) * (255 if dtype == "uint8" else 1)).astype(dtype)

    def host(self, array):
        return array.get()

    def slow(self, array):
        self.busy(array, array)

    def on_a_stream(self):
        return self.lib.cuda.Stream(non_blocking=True)


@pytest.fixture(params=[Torch, Cupy])
def gpu(request):
    """Yield each library that is installed."""
    try:
        return request.param()
    except ImportError as error:
        pytest.skip(f"needs {error.name}")


def test_frames_arrive_whole(gpu, wait_until):
    """Pictures of several sizes come from the GPU byte for byte, without a processor's copy."""
    with Pair() as pair:
        for height, width, channels in ((720, 1280, 3), (1080, 1920, 4), (7, 5, 1)):
            frame = gpu.random(height, width, channels)
            assert pair.submit(check_video("main", frame))
            wait_until(lambda: pair.stored, "the frame")
            assert np.array_equal(pair.take(), gpu.host(frame))
        assert pair.writer.counts.copied_nbytes == 0


def test_the_copy_waits_for_the_kernel(gpu, wait_until):
    """What a kernel on the producer's stream still computes is in the frame."""
    with Pair() as pair, gpu.on_a_stream():
        frame = gpu.random(256, 256, 3)
        gpu.slow(frame)
        pair.submit(check_video("main", frame))
        wait_until(lambda: pair.stored, "the frame")
        assert np.array_equal(pair.take(), gpu.host(frame))


def test_an_array_that_is_let_go_at_once(gpu, wait_until):
    """The library can't hand the memory to the next array while it is being copied."""
    with Pair(8) as pair:
        expected = []
        for _ in range(8):
            frame = gpu.random(512, 512, 3)
            expected.append(gpu.host(frame))
            pair.submit(check_video("main", frame))
            del frame
        wait_until(lambda: len(pair.stored) == 8, "eight frames")
        for frame in expected:
            assert np.array_equal(pair.take(), frame)


def test_views_and_batches(gpu, wait_until):
    """A crop is packed on the GPU; the frames of a batch are copied one by one."""
    with Pair() as pair:
        crop = gpu.random(64, 64, 3)[8:40, 4:20]
        batch = gpu.random(2, 30, 40, 3)
        pair.submit(check_video("main", crop))
        frames = check_video("main", batch)
        assert isinstance(frames, DeviceArray)
        for k in range(2):
            pair.submit(frames[k])
        wait_until(lambda: len(pair.stored) == 3, "three frames")
        for expected in (gpu.host(crop), *gpu.host(batch)):
            assert np.array_equal(pair.take(), expected)


def test_staging_gives_the_same_bytes(gpu, wait_until, monkeypatch, caplog):
    """Where page-locking the ring is refused frames are the same, after one line in the log."""

    def refuse(self, address, nbytes):
        raise CudaError("cuMemHostRegister_v2", 801, "operation not supported")

    monkeypatch.setattr(LibCuda, "register", refuse)
    with caplog.at_level(logging.WARNING), Pair() as pair:
        for _ in range(3):
            frame = gpu.random(100, 100, 3)
            pair.submit(check_video("main", frame))
            wait_until(lambda: pair.stored, "the frame")
            assert np.array_equal(pair.take(), gpu.host(frame))
    assert len(caplog.records) == 1


def test_dlpack_alone(gpu, wait_until):
    """An object that offers nothing but DLPack is reached through the library that is loaded."""

    class Only:
        def __init__(self, held):
            self.held = held

        def __dlpack__(self, **options):
            return self.held.__dlpack__(**options)

        def __dlpack_device__(self):
            return self.held.__dlpack_device__()

    with Pair() as pair:
        frame = gpu.random(20, 30, 3)
        pair.submit(check_video("main", Only(frame)))
        wait_until(lambda: pair.stored, "the frame")
        assert np.array_equal(pair.take(), gpu.host(frame))


def test_the_slot_is_page_locked(gpu, wait_until):
    """Memory that the copier locked is locked: a second registration is refused, until it goes."""
    copier = open_copier()
    assert isinstance(copier, CudaCopier)
    with Pair(1, open_device=lambda: copier) as pair:
        pair.submit(check_video("main", gpu.random(64, 64, 3)))
        wait_until(lambda: pair.stored, "the frame")
        (address,) = copier._locked
        driver, context = copier._driver, copier._devices[0].context
        with driver.current(context), pytest.raises(CudaError):
            driver.register(address, 4096)


def test_pictures_are_made_on_the_gpu(gpu, wait_until):
    """The kernel gives the host's bits, for every dtype, layout, mix and size, on any stream."""
    with Pair() as pair, gpu.on_a_stream():
        for dtype in ("float16", "float32", "float64", "uint8"):
            samples = gpu.floats(3, 45, 64, dtype=dtype)
            for wish in ({}, {"channels": 1}, {"channels": 4, "size": (90, 31)}):
                made = to_video(samples, layout="chw", **wish)
                pair.submit(check_video("main", made))
                wait_until(lambda: pair.stored, "the frame")
                expected = to_video(gpu.host(samples), layout="chw", **wish)
                assert np.array_equal(pair.take(), expected)
        assert pair.writer.counts.copied_nbytes == 0


def test_pictures_of_another_library(gpu, wait_until):
    """An object with nothing but the CUDA interface gets memory of our own, which goes back."""

    class Only:
        def __init__(self, held):
            self.held = held
            self.__cuda_array_interface__ = held.__cuda_array_interface__

    with Pair() as pair:
        samples = gpu.floats(45, 64, 3, dtype="float32")
        expected = to_video(gpu.host(samples))
        for _ in range(20):
            pair.submit(check_video("main", to_video(Only(samples))))
            wait_until(lambda: pair.stored, "the frame")
            assert np.array_equal(pair.take(), expected)


def test_a_frame_goes_to_the_gpu(gpu):
    """Host memory, a crop of it too, arrives whole, and work on the stream comes behind it."""
    array = np.random.default_rng(5).integers(0, 256, (720, 1280, 3), np.uint8)
    array.flags.writeable = False
    with gpu.on_a_stream():
        for part in (array, array[100:300:2, ::-1]):
            made = to_device(part, "cuda", like=gpu.lib.__name__)
            assert np.array_equal(gpu.host(made), part)
            gpu.slow(made)
            assert np.array_equal(gpu.host(made), part + 1)


def test_a_pointer_that_is_none(gpu):
    """An address outside the GPU is refused before anything is begun, and no slot is lost."""
    with Pair(1) as pair:
        host = np.zeros(12, np.uint8)
        lie = DeviceArray(host, "no array", host.ctypes.data, (2, 2, 3), host.dtype)
        with pytest.raises(CudaError):
            pair.submit(lie)
        assert pair.submit(np.zeros((2, 2, 3), np.uint8))
